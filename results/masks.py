"""Measures whether the masks of generated images are true, by real ones.

  python -m results.masks runs/x0 runs/x1 runs/x2 --out results/masks/x

The runs are of one data set with masks, and of a method whose images have masks. A small
segmenter is trained on several sets of crops, each beside clean ones, and tested on all
held-out crops with masks and the clean ones of a fifth of the clean frames, which no set
has (but the runs have seen them: a data set holds out no backgrounds). The sets:

  real       the crops of a few frames
  pasted     the defects of these, pasted on clean crops
  generated  images of one of the runs, by turns
  own        images of a run of its own, which sees these few frames and clean crops alone

and the last three beside the first. Each draw has other frames, images and initial weights;
within a draw, the sets share them. What is measured lies in OUT/draws, and is not measured
again: several commands may share the work.

A segmenter of all real masks then says what it finds in the runs' images, where their masks
are, and in the real defects that they erased. Classes without masks are left out.
"""

import itertools
import pathlib
import sys

from ml_collections import ConfigDict
import numpy as np
from scipy import ndimage, stats

from data_prep import dataset as data_dataset
from data_prep.crops.cutting import BACKGROUND
from pegan_jax.common import command_line, files, terminal
from pegan_jax.common.errors import UserError
from pegan_jax.common.runtime import compilation
from pegan_jax.data import dataset
from pegan_jax.generation import acceptance, jobs, masks, pasting
from pegan_jax.generation.sampler import Sampler
from pegan_jax.inspection import segmenter
from pegan_jax.metrics.localisation import average_precision, intersection_over_union
from pegan_jax.nets.masks import MARGIN
from pegan_jax.runs import own_settings
from pegan_jax.runs.restore import restore
from pegan_jax.runs.run import Run
from pegan_jax.training import train as train_lib

KINDS = ('real', 'pasted', 'generated', 'real + pasted', 'real + generated', 'own',
         'real + own')
_HELD = 0.2  # Share of the clean frames.
_CLEAN = 0.2  # Share of each batch.
_ADDED = 0.4  # As _CLEAN, of pasted or generated crops that lie beside real ones.


class Crops:
  """Sets of crops with masks, laid end to end: images, inside and the sets' indices."""

  def __init__(self, **sets):
    self.images, self.inside = map(np.concatenate, zip(*sets.values()))
    ends = np.cumsum([len(images) for images, _ in sets.values()])
    self.indices = dict(zip(sets, np.split(np.arange(ends[-1]), ends[:-1])))

  def parts(self, *names):
    """Returns `segmenter.Part`s: these sets beside clean crops."""
    shares = [1 - _CLEAN] if len(names) == 1 else [1 - _CLEAN - _ADDED, _ADDED]
    return [segmenter.Part(self.indices[name], share)
            for name, share in zip([*names, 'clean'], [*shares, _CLEAN])]


def crops(records, indices):
  """Returns images and where their defects are: uint8 [n, H, W, C], bool [n, H, W]."""
  return records.images(indices), records.masks(indices)[..., 0] > 0


def masked(records, label):
  """Returns the indices of a class's records with masks."""
  found = records.find(label)
  return found[np.array(records.annotations(found), str) == 'mask']


def frames_of(records, indices):
  """Returns the frames that crops were cut from: [n] strings."""
  return np.array([source.rsplit('[', 1)[0] for source in records.sources(indices)], str)


def of_frames(records, indices, count, rng):
  """Returns those of the indices that were cut from `count` frames, drawn at random."""
  frames = frames_of(records, indices)
  known = np.unique(frames)
  if len(known) < count:
    raise UserError(f'a class has masks of {len(known)} frames, and --frames is {count}')
  return indices[np.isin(frames, rng.choice(known, count, replace=False))]


def paste(records, few, clean, count, rng):
  """Pastes `count` defects of each array of indices in `few` on clean crops: as `crops`."""
  made = []
  for indices in few:
    for index, ground in zip(rng.choice(indices, count), rng.choice(clean, count)):
      made.append(pasting.paste(rng, records.images([index])[0],
                                records.masks([index])[0, ..., 0],
                                records.images([ground])[0]))
  images, inside = map(np.stack, zip(*made))
  return images, inside > 0


def sample(run, weights, labels, count, seed):
  """Samples `count` images of each of the labels, as `--mode generate` does.

  Returns:
    images uint8 [n, H, W, C], the masks that they claim bool [n, H, W], and the regions
    asked for uint8 [n, H, W], or None.
  """
  run.config.generate.seed = seed
  job = jobs.plan(run, [count * (c in labels) for c in range(len(run.info.classes))])
  found = {label: [] for label in labels}
  for label, _, painted, _ in acceptance.draw(run, weights, job):
    found[label].append((
        painted.image, claimed(run, label, painted.visible_mask),
        painted.visible_mask if painted.region is None else painted.region))
  images, inside, asked = (np.concatenate(x) for x in zip(
      *(part for label in labels for part in found[label])))
  return images, inside, asked if run.method.layout.placed else None


def claimed(run, label, visible):
  """Returns the pixels of the defects that are found in visible masks: as `visible`."""
  find, inside = masks.defect_finder(run), np.zeros(visible.shape, bool)
  for mask, pixels in zip(visible, inside):
    for region in find(mask, run.info.classes[label]):
      pixels[region.box.slices] |= region.mask
  return inside


def erase(run, weights, images, regions, label):
  """Erases real defects of one class: uint8 [n, H, W, C], [n, H, W] -> [n, H, W, C]."""
  regions = regions[None] if run.method.layout.placed else None
  return np.asarray(Sampler(run).eliminate(weights, images[None], regions))[0]


def places(asked, inside):
  """Measures what is claimed by what was asked for, of images that claim anything.

  Args:
    asked: uint8 [n, H, W], 255 inside.
    inside: bool [n, H, W].

  Returns:
    Share of the images whose claimed pixels lie in the asked region, widened by the
    pixels that it is softened over; and the share of the asked pixels that is claimed,
    averaged over images.
  """
  some = inside.any((1, 2))
  wide = ndimage.binary_dilation(
      asked > 0, np.ones((1, 2 * MARGIN + 1, 2 * MARGIN + 1)))
  within = ~(inside & ~wide).any((1, 2))
  covered = (inside & (asked > 0)).sum((1, 2)) / np.maximum((asked > 0).sum((1, 2)), 1)
  return float(within[some].mean()), float(covered[some].mean())


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


def train_own(trial, indices, config, folder, seed):
  """Trains a run that sees some records alone; goes on with one that was begun.

  Args:
    trial: `Trial`.
    indices: of the records in train.
    config: of a run; its settings but the data set are kept.
    folder: path; gets data/ and run/.
    seed: of the run.

  Returns:
    The run and its weights.
  """
  info, train = trial.info, trial.train
  names = [*info.classes, BACKGROUND]
  if not (folder / 'data').is_dir():
    folder.mkdir(parents=True, exist_ok=True)
    examples = [{'image': image, 'mask': mask[..., 0] > 0, 'label': names[label],
                 'source': source, 'group': int(group), 'annotation': annotation}
                for image, mask, label, source, group, annotation in zip(
                    train.images(indices), train.masks(indices), train.labels[indices],
                    train.sources(indices), train.groups(indices),
                    train.annotations(indices))]
    with files.whole(folder / 'data') as (new, keep):
      keep(data_dataset.write(
          new, {'train': examples}, names,
          (info.image_size, info.image_size, info.channels),
          {k: v for k, v in info.metadata.items() if k != 'areas'}, 1))
  config = ConfigDict(config.to_dict() | {
      'data_dir': str(folder / 'data'), 'seed': seed, 'eval_every': 0})
  train_lib.train(config, folder / 'run')
  return restored(config, folder / 'run')


def restored(config, workdir):
  """Returns a run and its newest weights."""
  run = Run(config, workdir)
  return run, restore(run, 'newest')


def measure_draw(trial, runs, kinds, draw, args):
  """Returns the pixel APs of one draw: {kind: {class or 'all': AP}}."""
  train, needed = trial.train, {name for kind in kinds for name in kind.split(' + ')}
  rng = np.random.default_rng([args.seed, draw])
  few = [of_frames(train, masked(train, c), args.frames, rng) for c in trial.labels]
  sets = {'real': crops(train, np.concatenate(few)), 'clean': crops(train, trial.clean)}
  if 'pasted' in needed:
    sets['pasted'] = paste(train, few, trial.clean, args.count, rng)
  if 'generated' in needed:
    run, found = runs[draw % len(runs)]
    sets['generated'] = sample(run, found.state.ema, trial.labels, args.count, draw)[:2]
  if 'own' in needed:
    own, found = train_own(trial, np.concatenate([*few, trial.clean]), runs[0][0].config,
                           args.out / 'own' / str(draw), draw)
    sets['own'] = sample(own, found.state.ema, trial.labels, args.count, draw)[:2]
  sets, found = Crops(**sets), {}
  trained = segmenter.Segmenter(
      segmenter.Settings(steps=args.steps), sets.images, sets.inside)
  for kind in kinds:
    found[kind] = trial.score(trained, trained.train(sets.parts(*kind.split(' + ')), draw))
    terminal.say(f'draw {draw}, {kind}: pixel AP {found[kind]["all"]:.3f}')
  return found


def measure_agreement(trial, runs, args):
  """Returns what a segmenter of all real masks finds: see `to_markdown`."""
  train = trial.train
  sets = Crops(real=crops(train, np.concatenate([masked(train, c) for c in trial.labels])),
               clean=crops(train, trial.clean))
  trained = segmenter.Segmenter(
      segmenter.Settings(steps=args.steps), sets.images, sets.inside)
  params = trained.train(sets.parts('real'), args.seed)
  finds = lambda images: trained.scores(params, images) > 0.5
  empty = lambda inside: float((~inside.any((1, 2))).mean())
  agreement = {'all real masks': trial.score(trained, params),
               'nothing found on clean crops': empty(finds(trial.ground[0]))}
  for name, label in zip(trial.names, trial.labels):
    real, regions = trial.held[name]
    found = []
    for run, restored in runs:
      images, inside, asked = sample(run, restored.state.ema, [label], args.count, 0)
      erased = erase(run, restored.state.ema, real, np.uint8(255) * regions, label)
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


def interval(values):
  """Returns 'mean +- half width' of the 95% interval of Student's t."""
  values = np.array(values)
  if len(values) < 2:
    return f'{values.mean():.3f}'
  half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
  return f'{values.mean():.3f} ± {half:.3f}'


def to_markdown(draws, agreement, names, args):
  """Returns the report as text; `draws` is {draw: {kind: {class or 'all': AP}}}."""
  columns = ['all', *names]
  lines = [f'Pixel AP on held-out crops, mean and 95% interval over draws of {args.frames} '
           f'real frames per class; {args.count} pasted or generated crops per class.', '',
           f'| trained on | draws | {" | ".join(columns)} |',
           '|---' * (len(columns) + 2) + '|']
  for kind in KINDS:
    if some := [draw[kind] for draw in draws.values() if kind in draw]:
      cells = [interval([each[c] for each in some]) for c in columns]
      lines.append(f'| {kind} | {len(some)} | {" | ".join(cells)} |')
  lines.append('| all real masks | 1 | ' + ' | '.join(
      f'{agreement["all real masks"][c]:.3f}' for c in columns) + ' |')
  differences = []
  for a, b in itertools.permutations(KINDS, 2):
    if b in ('real', 'pasted', 'real + pasted') and KINDS.index(b) < KINDS.index(a):
      if some := [draw[a]['all'] - draw[b]['all'] for draw in draws.values()
                  if a in draw and b in draw]:
        differences.append(f'{a} less {b} {interval(some)}')
  lines += ['', f'Differences within a draw: {"; ".join(differences)}.', '',
            'By the segmenter of all real masks: nothing found on '
            f'{agreement["nothing found on clean crops"]:.0%} of the clean crops.', '',
            f'| | {" | ".join(names)} |', '|---' * (len(names) + 1) + '|']
  for figure in agreement[names[0]]:
    lines.append(f'| {figure} | ' + ' | '.join(
        f'{agreement[name][figure]:.2f}' for name in names) + ' |')
  return '\n'.join(lines) + '\n'


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
