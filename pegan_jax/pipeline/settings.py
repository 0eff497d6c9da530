"""Turns the config of all stages into that of each."""

import types

from pegan_jax import methods
from pegan_jax.common import config_files
from pegan_jax.common.errors import check_seed, UserError
from pegan_jax.generation import settings as generate_settings
from pegan_jax.inspection.settings import check_study, Settings
from pegan_jax.reporting.source import RIVAL
from pegan_jax.runs import ranges

_SOURCES = ('images', 'annotations', 'defects', 'clean')


def of_build(config, workdir):
  """Returns the arguments of `data_prep.build`: a dict.

  Raises:
    UserError: folders are given where the images are drawn.
  """
  given = config.build.to_dict()
  if 'synthetic' in config:
    if wrong := [name for name in _SOURCES if given.get(name)]:
      raise UserError(f'--config demo draws its own images: leave out --{wrong[0]}, or '
                      'take --config quick')
    raw = workdir / 'synthetic'
    given |= {'images': str(raw / 'frames'), 'clean': str(raw / 'clean'),
              'annotations': (str(raw / 'boxes'), str(raw / 'masks'))}
  return given | {'out': str(workdir / 'dataset')}


def of_runs(config, workdir, sizes):
  """Returns the configs of the runs, the trained one first: {method: config}.

  Args:
    config: that of all stages.
    workdir: gets the trained run; the rival's is in `RIVAL`.
    sizes: `sizes.Sizes` of the data.

  Raises:
    UserError: a setting is out of its range, is none of the method's, or is for a stage
      alone.
  """
  check_seed('config.seed', config.seed)
  for name in ('out', 'frames', 'jobs', 'roi', 'backgrounds'):
    if config.generate[name]:
      raise UserError(f'--config.generate.{name} goes with --mode generate, which can '
                      'follow in the same workdir: leave it out here')
  names = ('pegan_region', RIVAL) if sizes.regions else ('pegan_plus',)
  found = {name: _of_run(config, name) for name in names}
  if min(sizes.train.values()) < 2:  # Which an evaluation within a run compares.
    for of_run in found.values():
      of_run.eval_every = 0
  if sizes.regions:
    found[RIVAL].data_dir = str(workdir / 'dataset')
  if config.study.task != 'classify':
    raise UserError(f'--config.study.task={config.study.task} goes with --mode study, '
                    'which can follow on the same data set: leave it out here')
  if config.generate.checkpoint not in ('newest', 'best'):
    raise UserError(f'--config.generate.checkpoint={config.generate.checkpoint} is of no '
                    'run yet: take newest or best')
  for name, of_run in found.items():
    generate_settings.check(types.SimpleNamespace(
        config=of_run, method=methods.get(name),
        info=types.SimpleNamespace(classes=sorted(sizes.train))))
  Settings.of(config.study).check()
  check_study(config.study)
  return found


def _of_run(config, method):
  """Returns the method's own config, with what the config of all stages changes."""
  found = config_files.load(method).get_config().lock()
  found.seed, found.flip = config.seed, config.flip
  found.image_size = config.build.image_size
  for name in ('generate', 'evaluate', 'report'):
    found[name] = config[name].copy_and_resolve_references()
  try:
    found.update(config.settings.get(method, {}))
  except (KeyError, TypeError) as e:
    raise UserError(f'config.settings.{method}: {e.args[0]}') from e
  ranges.check(found)
  return found
