"""--mode inspect --config.task=localise: trains, tests and saves one segmenter."""

import pathlib
import time

from pegan_jax.common import files, terminal
from pegan_jax.common.errors import check_at_least, check_seed, UserError
from pegan_jax.data import dataset
from pegan_jax.inspection import images, kept, training
from pegan_jax.inspection.localise import crops, tested
from pegan_jax.inspection.localise.settings import Settings
from pegan_jax.inspection.localise.training_sets import TrainingSets
from pegan_jax.inspection.segmenter import Segmenter


def inspect(config, workdir):
  """Trains a segmenter, or goes on training it, and tests it.

  Args:
    config: from configs/inspect.py.
    workdir: gets inspector/ (checkpoints), inspector.json and
      inspection.json, .md, .png: figures by class, speed, and some answers.

  Returns:
    The content of inspection.json.

  Raises:
    UserError: bad settings or data, generated images that test crops had a part in, a
      workdir whose inspector has other settings or another data set, or a full disk.
  """
  training.set_up()
  settings = Settings.of(config)
  settings.check()
  _check(config)
  workdir = pathlib.Path(workdir)
  info = dataset.load_info(config.data_dir or workdir / 'dataset')
  real = crops.load(info)
  generated, checks, notes = crops.load_all_generated(config, info, real)
  notes = crops.notes(info, real) + notes
  for note in notes:
    terminal.say(f'note: {note}')
  used = settings.as_config() | {'truth': real.kinds} | {
      key: config[key] for key in ('task', 'seed', 'per_class', 'checkpoint_every')}
  if not generated:
    used['localise']['real_share'] = 0.0  # Without effect.
  saved = kept.config(info, images.window(info, real.defects), settings, used,
                      [x.checksum() for x in generated.values()], config.data_dir)
  sets = TrainingSets(real, generated)
  segmenter = Segmenter(settings, *sets.arrays())
  rows = sets.rows(settings, sets.defects(), config.seed)
  with files.locked(workdir, f'training in {workdir}',
                    'wait for it, or name another --workdir'):
    state, start = kept.train(
        workdir, saved, segmenter, config.checkpoint_every,
        lambda state, until, progress: segmenter.train_on(
            rows, config.seed, progress, state, until))
    classes = {info.classes.index(name): name for name in real.kinds}
    scores, speed = _ask(segmenter, state, real.test.pixels)
    report = tested.measure(scores, real.test, classes) | {
        'classes': list(real.kinds), 'images_per_second': speed, 'notes': notes,
        'checks': checks, 'protocol': used | {
            'dataset': saved['dataset'], 'described': settings.described(),
            'crops': len(sets.defects()), 'clean': len(real.clean)}}
    if start == segmenter.steps:  # A rerun with nothing to do changes no byte.
      report |= kept.kept_speed(workdir, report)
    tested.write(report, scores, real.test, classes, workdir)
  print(tested.to_text(report), end='')
  print(f'written to {workdir / "inspection.png"}')
  return report


def _check(config):
  """Raises UserError for settings of classifiers, and values out of their range."""
  if other := [key for key in ('strong', 'rotate', 'generated_first') if config[key]]:
    raise UserError(f'{other[0]} is for --config.task=classify: leave it out')
  if not config.augment:
    raise UserError('augment is for --config.task=classify: segmenters always augment, '
                    'leave it out')
  check_seed('seed', config.seed)
  check_at_least('checkpoint_every', config.checkpoint_every, 1)


def _ask(segmenter, state, pixels):
  """Returns the scores of crops, and how many are scored in a second."""
  segmenter.scores(state, pixels[:1])  # Compilation, not to be timed.
  began = time.perf_counter()
  scores = segmenter.scores(state, pixels)
  return scores, len(pixels) / (time.perf_counter() - began)
