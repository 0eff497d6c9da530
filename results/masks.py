"""Measures whether the masks of generated images are true, by real ones.

  python -m results.masks runs/x0 runs/x1 runs/x2 --out results/masks/x

The runs are of one data set with masks, and of a method whose images have masks. A small
segmenter is trained on several sets of crops, each beside clean ones, and tested on all
held-out crops with masks and the clean ones of a fifth of the clean frames, which no set
has (but the runs have seen them: a data set holds out no backgrounds). The sets:

  real       the crops of a few frames
  pasted     images of the method `paste`, which has the defects of these few frames and
             clean crops alone
  generated  images of one of the runs, by turns
  own        images of a run of its own, which sees these few frames and clean crops alone

and the last three beside the first. Each draw has other frames, images and initial weights;
within a draw, the sets share them. What is measured lies in OUT/draws, and is not measured
again: several commands may share the work.

A segmenter of all real masks then says what it finds in the runs' images, where their masks
are, and in the real defects that they erased. Classes without masks are left out.
"""

import pathlib
import sys

from configs import paste as paste_config
from ml_collections import ConfigDict
import numpy as np

from pegan_jax.common import command_line, files, terminal
from pegan_jax.common.errors import UserError
from pegan_jax.common.runtime import compilation
from pegan_jax.data import dataset
from pegan_jax.inspection.localise.settings import Settings
from pegan_jax.inspection.segmenter import Segmenter
from pegan_jax.metrics.localisation import average_precision, intersection_over_union
from pegan_jax.runs import own_settings
from results.masks_report import KINDS, to_markdown
from results.masks_sets import (
    Crops, crops, erase, frames_of, masked, of_frames, places, restored, sample, train_own)

_HELD = 0.2  # Share of the clean frames.


class Trial:
  """Holds what all sets are trained beside and tested on.

  Args:
    info: of the data set.
    seed: of the choice of clean frames that are held out.

  Raises:
    UserError: no class has masks in both splits, or there are too few clean frames.
  """

  def __init__(self, info, seed):
    self.info = info
    self.train, test = (dataset.Records(info, split, 2048) for split in ('train', 'test'))
    self.labels = [c for c in range(len(info.classes))
                   if len(masked(self.train, c)) and len(masked(test, c))]
    if not self.labels:
      raise UserError(f'the data set at {info.folder} has no masks in both splits')
    self.names = [info.classes[c] for c in self.labels]
    clean = self.train.find(info.background)
    frames = frames_of(self.train, clean)
    known = np.unique(frames)
    apart = np.isin(frames, np.random.default_rng(seed).choice(
        known, round(_HELD * len(known)), replace=False))
    if not apart.any():
      raise UserError(f'the clean crops of {info.folder} are of {len(known)} frames: too '
                      'few to hold some out')
    self.ground, self.clean = crops(self.train, clean[apart]), clean[~apart]
    self.held = {name: crops(test, masked(test, c))
                 for name, c in zip(self.names, self.labels)}

  def score(self, trained, params):
    """Returns the pixel AP of a segmenter: {class or 'all': AP}."""
    scores = {name: trained.scores(params, images)
              for name, (images, _) in self.held.items()}
    beside = trained.scores(params, self.ground[0])
    def precision(chosen):
      return average_precision(
          np.concatenate([beside, *(scores[n] for n in chosen)]),
          np.concatenate([self.ground[1], *(self.held[n][1] for n in chosen)]))
    return {'all': precision(self.names)} | {n: precision([n]) for n in self.names}


def paste_settings(info):
  """Returns the config of `paste` that puts any class on any background."""
  config = paste_config.get_config()
  config.image_size, config.match = info.image_size, False
  return config


def measure_draw(trial, runs, kinds, draw, args):
  """Returns the pixel APs of one draw: {kind: {class or 'all': AP}}."""
  train, needed = trial.train, {name for kind in kinds for name in kind.split(' + ')}
  rng = np.random.default_rng([args.seed, draw])
  few = [of_frames(train, masked(train, c), args.frames, rng) for c in trial.labels]
  sets = {'real': crops(train, np.concatenate(few)), 'clean': crops(train, trial.clean)}
  if 'generated' in needed:
    run, found = runs[draw % len(runs)]
    sets['generated'] = sample(run, found.state.ema, trial.labels, args.count, draw)[:2]
  for name, config in (('own', runs[0][0].config), ('pasted', paste_settings(trial.info))):
    if name in needed:
      own, found = train_own(trial, np.concatenate([*few, trial.clean]), config,
                             args.out / name / str(draw), draw)
      sets[name] = sample(
          own, found.state.ema, range(len(trial.names)), args.count, draw)[:2]
  sets, found = Crops(**sets), {}
  trained = Segmenter(Settings(steps=args.steps), sets.images, sets.inside)
  for kind in kinds:
    found[kind] = trial.score(trained, trained.train(sets.parts(*kind.split(' + ')), draw))
    terminal.say(f'draw {draw}, {kind}: pixel AP {found[kind]["all"]:.3f}')
  return found


def measure_agreement(trial, runs, args):
  """Returns what a segmenter of all real masks finds: see `to_markdown`."""
  train = trial.train
  sets = Crops(real=crops(train, np.concatenate([masked(train, c) for c in trial.labels])),
               clean=crops(train, trial.clean))
  trained = Segmenter(Settings(steps=args.steps), sets.images, sets.inside)
  params = trained.train(sets.parts('real'), args.seed)
  finds = lambda images: trained.scores(params, images) > 0.5
  empty = lambda inside: float((~inside.any((1, 2))).mean())
  agreement = {'all real masks': trial.score(trained, params),
               'nothing found on clean crops': empty(finds(trial.ground[0]))}
  for name, label in zip(trial.names, trial.labels):
    real, regions = trial.held[name]
    found = []
    for run, saved in runs:
      images, inside, asked = sample(run, saved.state.ema, [label], args.count, 0)
      erased = erase(run, saved.state.ema, real, np.uint8(255) * regions, label)
      found.append({
          'IoU of generated': float(np.nanmean(
              intersection_over_union(inside, finds(images)))),
          'IoU of real': float(np.nanmean(intersection_over_union(regions, finds(real)))),
          'nothing claimed': empty(inside),
          'nothing found where erased': empty(finds(erased) & regions)})
      if asked is not None:
        found[-1] |= dict(zip(
            ('claimed within the region', 'share of the region claimed'),
            places(asked, inside)))
    agreement[name] = {key: float(np.mean([each[key] for each in found]))
                       for key in found[0]}
  return agreement


def _parse():
  parser = command_line.Parser(description=__doc__)
  parser.add_argument('runs', type=pathlib.Path, nargs='+')
  parser.add_argument('--out', type=pathlib.Path, required=True)
  parser.add_argument('--sets', default=','.join(KINDS[:-1]),
                      help=f'what to train on, of: {", ".join(KINDS)}')
  parser.add_argument('--frames', type=int, default=10, help='real frames per class')
  parser.add_argument('--count', type=int, default=200, help='crops per class made')
  parser.add_argument('--draws', type=int, default=3)
  parser.add_argument('--first', type=int, default=0, help='number of the first draw')
  parser.add_argument('--steps', type=int, default=400, help='of a segmenter')
  parser.add_argument('--seed', type=int, default=0)
  args = parser.parse_args()
  args.sets = [name.strip() for name in args.sets.split(',')]
  if unknown := set(args.sets) - set(KINDS):
    raise UserError(f'--sets has {unknown.pop()!r}: choose from {", ".join(KINDS)}')
  return args


def _run(args):
  compilation.keep()
  runs = []
  for workdir in args.runs:
    if (config := own_settings.read(workdir)) is None:
      raise UserError(f'no run in {workdir}')
    del config['dataset']
    runs.append(restored(ConfigDict(config), workdir))
  if len({run.info.content for run, _ in runs}) > 1:
    raise UserError('the runs are of several data sets')
  trial = Trial(runs[0][0].info, args.seed)
  settings = {'frames': args.frames, 'count': args.count, 'steps': args.steps,
              'seed': args.seed, 'runs': [found.digest for _, found in runs]}
  for draw in range(args.first, args.first + args.draws):
    path = args.out / 'draws' / f'{draw}.json'
    known = _read(path, settings)
    if kinds := [kind for kind in args.sets if kind not in known]:
      known |= measure_draw(trial, runs, kinds, draw, args)
      path.parent.mkdir(parents=True, exist_ok=True)
      files.write_json(path, settings | {'found': known})
  path = args.out / 'agreement.json'
  if not (agreement := _read(path, settings)):
    agreement = measure_agreement(trial, runs, args)
    files.write_json(path, settings | {'found': agreement})
  draws = {int(path.stem): _read(path, settings)
           for path in sorted((args.out / 'draws').glob('*.json'))}
  text = to_markdown(draws, agreement, trial.names, args)
  print(text, end='')
  files.write(args.out / 'masks.md', text)


def _read(path, settings):
  """Returns what a file says was found, {} where there is none.

  Raises:
    UserError: it was found with other settings or runs.
  """
  if not path.exists():
    return {}
  said = files.read_json(path)
  found = said.pop('found')
  if said != settings:
    raise UserError(f'{path} was measured with other settings or runs: name another --out')
  return found


if __name__ == '__main__':
  sys.exit(command_line.run(lambda: _run(_parse()), 'what was measured is kept',
                            '--count or --frames'))
