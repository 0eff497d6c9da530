"""Trains, generates and evaluates every method alike; ends in a table.

  python -m pegan_jax.main --mode compare --config compare \\
      --workdir runs/compare
"""

import functools
import pathlib
import re

import jax
import numpy as np
from PIL import Image

from data_prep.images import reading
from pegan_jax import methods
from pegan_jax.common import config_files, files, provenance, terminal
from pegan_jax.common.errors import check_at_least, check_seed, listed, UserError
from pegan_jax.common.image_grid import grid
from pegan_jax.data import dataset, layouts, manifest
from pegan_jax.generation import generate
from pegan_jax.metrics import comparison, evaluate, features, match
from pegan_jax.runs.checkpoints import fit
from pegan_jax.runs.restore import restore
from pegan_jax.runs.run import Run
from pegan_jax.training import writers
from pegan_jax.training.train import train

# Images per class and method on the sheet.
_SHOWN = 3


def compare(config, workdir):
  """Runs every method with every seed, and compares them.

  Results that exist, and fit the settings, are kept, so that an interrupted comparison
  goes on where it stopped.

  Args:
    config: from configs/compare.py.
    workdir: gets <method>/seed<n>/, a run's folder each; table.md, table.json,
      table.png and sheet.png. A variant pegan:x is in pegan-x/.

  Raises:
    UserError: bad settings, or as the stages do.
    Interrupted: SIGTERM or Ctrl-C in training.
  """
  workdir = pathlib.Path(workdir)
  info = dataset.load_info(config.data_dir or workdir / 'dataset')
  runs = {method: {seed: Run(_run_config(config, info, method, seed),
                             workdir / method.replace(':', '-') / f'seed{seed}')
                   for seed in config.seeds} for method in _methods(config)}
  _check_evaluation(config, info)
  extractor = features.from_config(config.evaluate)
  each = [run for by_seed in runs.values() for run in by_seed.values()]
  _check_trained(each, {'dataset.matches'})  # Before the minutes that matching takes.
  for run in each:
    match.ensure(run)
  _check_trained(each)
  with files.locked(workdir, f'comparing in {workdir}',
                    'wait for it, or name another --workdir'):
    _compare(config, runs, info, extractor, workdir)


def _compare(config, runs, info, extractor, workdir):
  any_run = next(iter(runs.values()))[config.seeds[0]]
  real = functools.cache(lambda: evaluate.real_features(any_run, extractor))
  results = {}
  for seed in config.seeds:  # Outer loop: each method once before any twice.
    for method, by_seed in runs.items():
      run = by_seed[seed]
      terminal.say(f'{method}, seed {seed}: {run.workdir}')
      train(run.config, run.workdir)
      generate.generate(run.config, run.workdir)
      restored = restore(run, 'newest')
      report = evaluate.ensure(run, restored, extractor, real)
      results.setdefault(method, {})[seed] = _result(run, report)
  budget = (f'{config.updates:,} updates of the generator' if config.updates
            else f'{config.reals:,} real images shown to discriminators')
  try:
    table = comparison.build(
        results, {'data': str(info.folder), 'budget': budget,
                  'image_size': config.image_size, 'width': config.width,
                  'seeds': list(config.seeds), 'per_class': config.per_class,
                  'device': jax.devices()[0].device_kind})
  except (KeyError, TypeError, AttributeError, ValueError) as e:
    raise UserError(f'a report.json in {workdir} is damaged: delete the folders '
                    'called evaluation there') from e
  _write(table, runs, info, workdir)


def _methods(config):
  for name, least in (('updates', 0), ('per_class', 1)):
    check_at_least(f'config.{name}', config[name], least)
  for seed in config.seeds:
    check_seed('config.seeds', seed)
  names = [x.strip() for name in config.methods for x in name.split(',')]
  for key, values in (('methods', names), ('seeds', config.seeds)):
    if not values or len(set(values)) < len(values):
      raise UserError(f'config.{key} is {tuple(values)}: give one or more, each once')
  for name in (*names, *config.settings):
    _base(name)  # A check, before anything is trained.
  return tuple(names)


def _base(name):
  """Returns the method that a name stands for: 'pegan:x' is a variant of pegan."""
  method, colon, variant = name.partition(':')
  methods.get(method)
  if colon and not re.fullmatch(r'\w+', variant):
    raise UserError(f'config.methods has {name!r}: a variant is METHOD:NAME, the '
                    'name of letters, digits and _')
  return method


def _check_evaluation(config, info):
  """Refuses before the training what evaluation could not do after it."""
  evaluate.options(config).check()
  records = dataset.Records(info, 'train')
  evaluate.check_count(config, {
      name: len(records.find(label)) for label, name in enumerate(info.classes)})


def _run_config(config, info, method, seed):
  """Returns one run's config: the method's own, with the comparison's budget."""
  c = config_files.load(_base(method)).get_config().lock()
  c.data_dir = str(info.folder)
  c.seed = seed
  c.image_size, c.width = config.image_size, config.width
  c.evaluate = config.evaluate
  c.generate.per_class, c.generate.seed = config.per_class, seed
  c.eval_every = 0  # No choice of the best: the last weights are compared.
  try:
    c.update(config.settings.get(method, {}))
  except (KeyError, TypeError) as e:
    raise UserError(f'config.settings.{method}: {e.args[0]}') from e
  kind = methods.get(c.method)
  if not kind.trained:
    return c
  if config.updates:
    c.num_steps = config.updates
  else:
    reals = layouts.reals_per_step(c, kind.layout, len(info.classes))
    if config.reals < reals:
      raise UserError(f'config.reals is {config.reals}, and one step of {method} '
                      f'takes {reals}')
    c.num_steps = -(-config.reals // reals)
  c.log_every = max(1, c.num_steps // 50)
  c.sample_every = c.checkpoint_every = max(1, c.num_steps // 5)
  return c


def _check_trained(runs, also_free=frozenset()):
  """Refuses runs that were begun with other settings, before anything is done."""
  for run in runs:
    path = run.workdir / 'config.json'
    if not path.exists():
      continue
    try:
      saved = files.read_json(path)
      # Without num_steps: with more of them the rate would fall differently.
      free = fit.FREE_KEYS - {'num_steps'} | fit.not_noted(saved) | also_free
      differing = provenance.flat_differences(
          fit.bound(run.saved_config, free), fit.bound(saved, free))
      _, data = fit.other_data(run.workdir, run.saved_config, saved, differing)
    except (ValueError, AttributeError, TypeError) as e:
      raise UserError(f'{path} is damaged: move {run.workdir} away') from e
    made = provenance.read(run.workdir / 'generated') or {}
    differing += provenance.differences(
        generate.settings_of(run), made.get('generate', generate.settings_of(run)))
    if differing:
      raise UserError(f'{run.workdir} {data or "was begun with other settings"}: '
                      f'{listed(differing)}; put that back, move it away, or '
                      'name another --workdir')


def _result(run, report):
  """Returns what the table needs of one run, given its report."""
  seconds, before = 0.0, 0
  for line in writers.read_lines(run.workdir):
    if 'time/seconds_per_step' in line:
      seconds += (line['step'] - before) * line['time/seconds_per_step']
      before = line['step']
  if before < run.config.num_steps:
    raise UserError(f'{run.workdir}/metrics.jsonl has no times after step {before} of '
                    f'{run.config.num_steps}: put it back, or move that folder away')
  shapes = run.state_template()
  reals = run.config.num_steps * layouts.reals_per_step(
      run.config, run.method.layout, len(run.info.classes))
  return {
      'report': report, 'seconds': seconds, 'reals': reals,
      'images_per_second': reals / seconds if seconds else 0.0,
      'updates': run.config.num_steps,
      'parameters': {name: sum(x.size for x in jax.tree.leaves(params))
                     for name, params in (('gen', shapes.gen),
                                          ('disc', shapes.disc))}}


def _write(table, runs, info, workdir):
  text = comparison.to_markdown(table)
  files.write_json(workdir / 'table.json', table)
  files.write(workdir / 'table.md', text)
  comparison.draw(table, workdir / 'table.png')
  first = {method: next(iter(by_seed.values()))
           for method, by_seed in runs.items()}
  files.write(workdir / 'sheet.png', reading.encode_png(sheet(first, info)))
  print(text, end='')
  print(f'written to {workdir}: table.md, table.json, table.png, sheet.png')


def sheet(runs, info):
  """Returns real crops next to each method's first images, none picked by hand.

  Args:
    runs: {method: `Run` that has generated}.
    info: the data set's `DataInfo`.

  Returns:
    uint8 [h, w, 3], a row per class, and below it the images' masks if any method
    has some.
  """
  rng = np.random.default_rng(0)
  records = dataset.Records(info, 'train')
  blank = np.full((info.image_size, info.image_size, info.channels), 255, np.uint8)
  rows, names = [], []
  for label, name in enumerate(info.classes):
    row = list(records.images(rng.choice(records.find(label), _SHOWN)))
    masks = [blank] * _SHOWN
    for run in runs.values():
      for i in range(min(_SHOWN, run.config.generate.per_class)):
        file = manifest.file_of(name, i)
        row.append(_read(run.workdir / 'generated' / file, blank))
        mask = run.workdir / 'generated_annotations' / 'masks' / file
        masks.append(_read(mask, blank) if mask.exists() else blank)
    rows.append(row)
    names.append(name)
    if any(mask is not blank for mask in masks):
      rows.append(masks)
      names.append('')
  headings = []
  for name in ('real', *runs):
    headings += [name] + [''] * (_SHOWN - 1)
  return grid(np.array(rows), headings[:len(rows[0])], names)


def _read(path, like):
  with Image.open(path) as image:
    pixels = np.asarray(image)
  return np.broadcast_to(pixels.reshape(*pixels.shape[:2], -1), like.shape)
