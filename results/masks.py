"""Measures whether the masks of generated images are true, by real ones.

  python -m results.masks runs/x --out results/masks/x

`runs/x` is a run on a data set with masks, of a method whose images have masks. A small
segmenter is trained on several sets of crops, each beside clean ones, and tested on all
held-out crops with masks and the clean ones of a fifth of the clean frames, which no set has
(but the run has seen them: a data set holds out no backgrounds). The sets: `real`, the crops of a few
frames; `pasted`, the defects of these pasted on clean crops; `generated`, the run's images;
and the last two beside the first. Each draw has other frames, images and initial weights;
within a draw, the sets share them.

A segmenter of all real masks then says what it finds in the run's images, where their masks
are, and in the real defects that the run erased. Classes without masks are left out.
"""

import argparse
import json
import pathlib
import sys

from ml_collections import ConfigDict
import numpy as np
from scipy import ndimage, stats

from pegan_jax.common import command_line, terminal
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


def measure(run, restored, args):
  """Returns the report: {'draws': [{set: {class or 'all': AP}}], 'agreement': ...}."""
  train, test = (dataset.Records(run.info, split, 2048) for split in ('train', 'test'))
  labels = [c for c in range(len(run.info.classes))
            if len(masked(train, c)) and len(masked(test, c))]
  if not labels:
    raise UserError(f'the data set at {run.info.folder} has no masks in both splits')
  names = [run.info.classes[c] for c in labels]
  clean = train.find(run.info.background)
  frames = frames_of(train, clean)
  known = np.unique(frames)
  apart = np.isin(frames, np.random.default_rng(args.seed).choice(
      known, round(_HELD * len(known)), replace=False))
  if not apart.any():
    raise UserError(f'the clean crops of {run.info.folder} are of {len(known)} frames: too '
                    'few to hold some out')
  ground, clean = crops(train, clean[apart]), clean[~apart]
  held = {name: crops(test, masked(test, c)) for name, c in zip(names, labels)}
  weights, settings = restored.state.ema, segmenter.Settings(steps=args.steps)

  def score(trained, params):
    scores = {name: trained.scores(params, images) for name, (images, _) in held.items()}
    beside = trained.scores(params, ground[0])
    def precision(chosen):
      return average_precision(
          np.concatenate([beside, *(scores[n] for n in chosen)]),
          np.concatenate([ground[1], *(held[n][1] for n in chosen)]))
    return {'all': precision(names)} | {n: precision([n]) for n in names}

  draws = []
  for draw in range(args.draws):
    rng = np.random.default_rng([args.seed, draw])
    few = [of_frames(train, masked(train, c), args.frames, rng) for c in labels]
    sets = Crops(
        real=crops(train, np.concatenate(few)), clean=crops(train, clean),
        pasted=paste(train, few, clean, args.count, rng),
        generated=sample(run, weights, labels, args.count, draw)[:2])
    trained = segmenter.Segmenter(settings, sets.images, sets.inside)
    found = {}
    for chosen in (('real',), ('pasted',), ('generated',),
                   ('real', 'pasted'), ('real', 'generated')):
      params = trained.train(sets.parts(*chosen), draw)
      found[' + '.join(chosen)] = score(trained, params)
      terminal.say(f'draw {draw}, {" + ".join(chosen)}: pixel AP '
                   f'{found[" + ".join(chosen)]["all"]:.3f}')
    draws.append(found)

  sets = Crops(real=crops(train, np.concatenate([masked(train, c) for c in labels])),
               clean=crops(train, clean))
  trained = segmenter.Segmenter(settings, sets.images, sets.inside)
  params = trained.train(sets.parts('real'), args.seed)
  finds = lambda images: trained.scores(params, images) > 0.5
  empty = lambda inside: float((~inside.any((1, 2))).mean())
  agreement = {'all real masks': score(trained, params),
               'nothing found on clean crops': empty(finds(ground[0]))}
  for name, label in zip(names, labels):
    images, inside, asked = sample(run, weights, [label], args.count, 0)
    real, regions = held[name]
    erased = erase(run, weights, real, np.uint8(255) * regions, label)
    agreement[name] = {
        'IoU of generated': float(np.nanmean(
            intersection_over_union(inside, finds(images)))),
        'IoU of real': float(np.nanmean(intersection_over_union(regions, finds(real)))),
        'nothing claimed': empty(inside),
        'nothing found where erased': empty(finds(erased) & regions)}
    if asked is not None:
      agreement[name] |= dict(zip(
          ('claimed within the region', 'share of the region claimed'),
          places(asked, inside)))
  return {'draws': draws, 'agreement': agreement}


def interval(values):
  """Returns 'mean +- half width' of the 95% interval of Student's t."""
  values = np.array(values)
  if len(values) < 2:
    return f'{values.mean():.3f}'
  half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
  return f'{values.mean():.3f} ± {half:.3f}'


def to_markdown(report, args):
  """Returns the report as text."""
  draws, agreement = report['draws'], report['agreement']
  kinds, columns = list(draws[0]), list(draws[0]['real'])
  lines = [f'Pixel AP on held-out crops, mean and 95% interval of {len(draws)} draws of '
           f'{args.frames} real frames per class; {args.count} pasted or generated crops '
           'per class.', '',
           f'| trained on | {" | ".join(columns)} |', '|---' * (len(columns) + 1) + '|']
  for kind in kinds:
    cells = [interval([draw[kind][c] for draw in draws]) for c in columns]
    lines.append(f'| {kind} | {" | ".join(cells)} |')
  lines.append('| all real masks, once | ' + ' | '.join(
      f'{agreement["all real masks"][c]:.3f}' for c in columns) + ' |')
  lines += ['', 'Differences within a draw: ' + '; '.join(
      f'{a} less {b} {interval([d[a]["all"] - d[b]["all"] for d in draws])}'
      for a, b in (('generated', 'real'), ('generated', 'pasted'),
                   ('real + generated', 'real'), ('real + pasted', 'real'),
                   ('real + generated', 'real + pasted'))) + '.', '']
  rows = [name for name in agreement if isinstance(agreement[name], dict)
          and name in columns]
  lines += ['By the segmenter of all real masks: nothing found on '
            f'{agreement["nothing found on clean crops"]:.0%} of the clean crops.', '',
            f'| | {" | ".join(rows)} |', '|---' * (len(rows) + 1) + '|']
  for figure in agreement[rows[0]]:
    lines.append(f'| {figure} | ' + ' | '.join(
        f'{agreement[row][figure]:.2f}' for row in rows) + ' |')
  return '\n'.join(lines) + '\n'


def _parse():
  parser = argparse.ArgumentParser(
      description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument('run', type=pathlib.Path)
  parser.add_argument('--out', type=pathlib.Path, required=True)
  parser.add_argument('--frames', type=int, default=10, help='real frames per class')
  parser.add_argument('--count', type=int, default=200, help='crops per class made')
  parser.add_argument('--draws', type=int, default=3)
  parser.add_argument('--steps', type=int, default=400, help='of a segmenter')
  parser.add_argument('--seed', type=int, default=0)
  return parser.parse_args()


def _run(args):
  compilation.keep()
  config = own_settings.read(args.run)
  if config is None:
    raise UserError(f'no run in {args.run}')
  del config['dataset']
  run = Run(ConfigDict(config), args.run)
  restored = restore(run, 'newest')
  report = {'run': str(args.run), 'step': restored.step, 'weights': restored.digest,
            'settings': {k: v for k, v in vars(args).items() if k not in ('run', 'out')},
            **measure(run, restored, args)}
  text = to_markdown(report, args)
  print(text, end='')
  args.out.mkdir(parents=True, exist_ok=True)
  (args.out / 'masks.md').write_text(text, 'utf-8')
  (args.out / 'masks.json').write_text(json.dumps(report, indent=1) + '\n', 'utf-8')


if __name__ == '__main__':
  sys.exit(command_line.run(lambda: _run(_parse()), 'nothing was written',
                            '--count or --frames'))
