"""The part with the exact commands, the versions, and the date of each stage's files."""

import dataclasses
import datetime
from importlib import metadata
import json
import platform
import shlex

import jax

from pegan_jax.common import class_names, config_files, provenance
from pegan_jax.common.errors import UserError
from pegan_jax.inspection.settings import NETWORKS, Settings
from pegan_jax.reporting.source import Missing

TITLE = 'How it was made'

_PACKAGES = ('pegan_jax', 'jax', 'flax', 'optax', 'numpy')
_FOLDERS = ('images', 'annotations', 'defects', 'clean')  # Arguments of data_prep.build.
# Files that tell when a stage was done.
_DATED = (('data set', 'data', 'dataset_info.json'), ('training', 'run', 'metrics.jsonl'),
          ('generated images', 'generated', 'provenance.json'),
          ('study', 'study', 'study.json'))


def collect(source):
  """Returns commands, versions and dates: a dict."""
  stages = {'data set': _build, 'training': train, 'generated images': _generate,
            'pasted images': _paste, 'evaluation': _evaluate, 'study': study}
  commands = []
  for name, make in stages.items():
    try:
      if command := make(source):
        commands.append({'stage': name, 'command': command})
    except (Missing, UserError):  # Said in the part that it belongs to.
      continue
  commands.append({'stage': 'this page', 'command': source.command('report', *_report_flags(
      source))})
  return {'commands': commands, 'facts': _facts(source), 'dates': _dates(source)}


def _build(source):
  """Returns the command of the data set, with words in capitals for its folders."""
  return _build_command(provenance.read(source.data_dir) or {}, source.data_dir)


def build_of_more(source, out):
  """Returns the command of a data set of other images, to test a study's inspectors on.

  Args:
    source: `Source` of the run that is studied.
    out: folder of the new data set.
  """
  info, made_of = source.info, provenance.read(source.data_dir) or {}
  return _build_command(made_of | {
      'classes': info.classes, 'skip_classes': [], 'window_size': info.window,
      'per_class': 0, 'backgrounds': 0, 'at_most': False}, out)


def _build_command(made_of, out):
  given = [f'--{name} {name.upper()}' for name in _FOLDERS if made_of.get(name)]
  if not given:
    raise Missing('it is not known what the data set was made of.', '')
  flags = []  # All of them, as another version may have other defaults.
  for name, value in made_of.items():
    if name in _FOLDERS or value in ('', [], None):
      continue
    if isinstance(value, bool):
      flags.append(f'--{"" if value else "no-"}{name}')
    else:
      text = class_names.join(value) if isinstance(value, list) else str(value)
      flags.append(f'--{name} {shlex.quote(text)}')
  return ' '.join(['python -m data_prep.build', *given,
                   f'--out {shlex.quote(str(out))}', *flags])


def train_flags(noted):
  """Returns how a command gives a run its settings.

  Args:
    noted: from `own_settings.read`.

  Returns:
    (name of a config of ours, flags for what differs from it).

  Raises:
    UserError: there is no config of that name.
  """
  name = noted['method']
  if name not in config_files.names():
    raise UserError(f'there is no config {name!r}')
  usual = provenance.flat(json.loads(json.dumps(
      config_files.load(name).get_config().to_dict())))
  return name, [
      config_files.flag(key, json.loads(value))
      for key, value in provenance.flat(noted).items()
      if key in usual and usual[key] != value]


def train(source, workdir=None, **changed):
  """Returns the command of the run, or of one in another workdir with other settings."""
  if not source.noted:
    raise Missing('no generator was trained.', source.train_command)
  name, flags = train_flags(source.noted | changed)
  return source.command('train', f'--config {name}', *flags, workdir=workdir)


def _generate(source):
  made_of, own = source.made_of, source.noted or source.config.to_dict()
  flags = _differing('generate', made_of.get('generate'), own)
  if (step := made_of.get('step')) is not None:
    flags += _checkpoint(source, 'generate', step)
  if isinstance(made_of.get('painted_on'), dict) and 'files' in made_of['painted_on']:
    name = 'frames' if made_of.get('frames') else 'backgrounds'
    flags.append(f'--config.generate.{name}={name.upper()}')
  return source.command('generate', *flags)


def _paste(source):
  return source.pasted and '\n'.join([train(source.pasted), _generate(source.pasted)])


def _evaluate(source):
  _, report = source.evaluation
  own = source.noted or source.config.to_dict()
  made_of = report.get('provenance') or {}
  flags = _differing('generate', made_of.get('generate'), own)
  flags += _differing('evaluate', {
      key: report['protocol'].get(key) for key in ('count', 'repeats', 'seed', 'resize')},
                      own)
  if (step := report['protocol'].get('step')) is not None:
    flags += _checkpoint(source, 'evaluate', step)
  return source.command('evaluate', *flags)


def _differing(section, used, own):
  """Returns flags for the keys of a section that had another value than the run's own."""
  own = own.get(section) or {}
  return [config_files.flag(f'{section}.{key}', value)
          for key, value in (used or {}).items()
          if key in own and value is not None and own[key] != value]


def _checkpoint(source, section, step):
  """Returns the flag for a checkpoint that is not the newest: none, or one."""
  steps = [int(p.name) for p in source.workdir.glob('checkpoints/*') if p.name.isdecimal()]
  if not steps or step == max(steps):
    return []
  best = source.workdir / 'best' / str(step)
  return [config_files.flag(f'{section}.checkpoint', step if step in steps or
                            not best.is_dir() else 'best')]


def study(source, workdir=None, **changed):
  """Returns the command of the study, or of one in another workdir with other settings."""
  report, usual = source.study, config_files.load('study').get_config()
  protocol = report['protocol'] | {
      'fractions': tuple(map(float, report['fractions']))} | changed
  unused = NETWORKS.get(protocol['network'], ())
  flags = [config_files.flag('data_dir', protocol['data']),
           config_files.flag('generated', protocol['generated'])]
  flags += [config_files.flag(key, protocol[key]) for key in usual
            if key not in ('data_dir', 'generated', 'localise', *unused) and key in protocol
            and protocol[key] != usual[key]]
  flags += [config_files.flag(f'localise.{key}', value)
            for key, value in protocol.get('localise', {}).items()
            if value != usual.localise[key]]
  return source.command('study', *flags, workdir=workdir or source.study_dir)


def inspect(source, protocol, chosen):
  """Returns the command of an inspector that is trained as a study's.

  Args:
    source: `Source`.
    protocol: the study's.
    chosen: {key of configs/inspect.py: value} beside or instead of the protocol's.
  """
  usual = provenance.flat(config_files.load('inspect').get_config().to_dict())
  names = ('task', 'localise', *(field.name for field in dataclasses.fields(Settings)))
  wanted = {key: protocol[key] for key in names if key in protocol} | chosen
  unused = NETWORKS.get(wanted['network'], ())
  return source.command(
      'inspect', config_files.flag('data_dir', protocol['data']), *(
          config_files.flag(key, json.loads(value))
          for key, value in provenance.flat(wanted).items()
          if key not in unused and value != usual[key]),
      workdir=source.workdir / 'inspector')


def _report_flags(source):
  usual = config_files.load('default').get_config().report
  return [config_files.flag(f'report.{key}', value)
          for key, value in source.config.report.items() if value != usual[key]]


def _facts(source):
  """Returns pairs of a name and what the results depend on."""
  facts = [('Python', platform.python_version())]
  for name in _PACKAGES:
    try:
      facts.append((name, metadata.version(name)))
    except metadata.PackageNotFoundError:  # Run from a folder of the source.
      continue
  facts.append(('device', f'{len(jax.devices())} x {jax.devices()[0].device_kind}'))
  try:
    facts.append(('data fingerprint', source.info.content))
  except (Missing, UserError):
    pass
  if source.noted:
    facts.append(('method', source.noted['method']))
    trained_on = source.noted.get('dataset')
    if isinstance(trained_on, dict) and trained_on.get('content'):
      facts.append(('trained on data', trained_on['content']))
  if source.trains and source.step_of_images is not None:
    facts.append(('images of checkpoint', f'step {source.step_of_images}'))
    facts.append(('its weights', str(source.made_of.get('weights', 'not noted'))))
  return facts


def _dates(source):
  """Returns pairs of a stage and when its files were written, in UTC."""
  folders = {'data': source.data_dir, 'run': source.workdir,
             'generated': source.generated, 'study': source.study_dir}
  paths = [(stage, folders[where] / name) for stage, where, name in _DATED]
  try:
    paths.insert(3, ('evaluation', source.evaluation[0] / 'report.json'))
  except (Missing, UserError):
    pass
  found = []
  for stage, path in paths:
    try:
      written = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC)
    except OSError:
      continue
    found.append((stage, f'{written:%Y-%m-%d %H:%M} UTC'))
  return found
