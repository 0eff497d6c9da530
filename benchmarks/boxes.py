"""Are boxes true? Erases real defects and compares the change with annotated boxes.

  python -m benchmarks.boxes --workdir runs/plus --frames NEU-DET/IMAGES \\
      --boxes NEU-DET/ANNOTATIONS --out results/boxes [--per_class 40]

The generator turns whole frames into background, in overlapping windows of the data set's
size. The change map is how much each pixel changed, averaged over its windows. Its
connected components above --threshold become the found boxes, as `--mode generate` finds
the boxes of generated defects. They are compared with the annotated boxes:

- hit: the share of annotated boxes that a found box overlaps with IoU >= 0.3;
- IoU: of the area in annotated boxes and the area in found boxes, per frame;
- AUROC of the change map: a pixel in an annotated box against one outside. 0.5 is
  chance. It depends on no threshold.

--seed chooses the frames. Writes boxes.md and boxes.png: for each class the frames with
the highest and the lowest IoU, annotated boxes in green and found boxes in red.
"""

import argparse
import json
import pathlib

import jax
from ml_collections import ConfigDict
import numpy as np
from PIL import Image, ImageDraw
from scipy import stats

from data_prep.annotated import layouts
from data_prep.images import reading
from pegan_jax.annotations import components
from pegan_jax.annotations.regions import Box
from pegan_jax.generation.sampler import Sampler
from pegan_jax.runs.restore import restore
from pegan_jax.runs.run import Run

_HIT = 0.3
_SHOWN = 2  # Frames per class in the picture: this many of the best and of the worst.


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--workdir', required=True)
  parser.add_argument('--frames', type=pathlib.Path, required=True)
  parser.add_argument('--boxes', type=pathlib.Path, required=True)
  parser.add_argument('--out', type=pathlib.Path, required=True)
  parser.add_argument('--per_class', type=int, default=40)
  parser.add_argument('--threshold', type=float, default=0.1)
  parser.add_argument('--min_area', type=int, default=48)
  parser.add_argument('--seed', type=int, default=0)
  args = parser.parse_args()
  run = _load_run(args.workdir)
  restored = restore(run, 'newest')
  sampler = Sampler(run)
  erase = jax.jit(lambda x: sampler.eliminate(restored.state.ema, x[None])[0])
  results = {}
  for name, cases in _draw(args).items():
    results[name] = [_compare(args, run, erase, *case) for case in cases]
  args.out.mkdir(parents=True, exist_ok=True)
  text = _table(args, run, restored.step, results)
  (args.out / 'boxes.md').write_text(text, 'utf-8')
  _picture(results).save(args.out / 'boxes.png')
  print(text, end='')


def _load_run(workdir):
  config = json.loads((pathlib.Path(workdir) / 'config.json').read_text('utf-8'))
  del config['dataset']
  return Run(ConfigDict(config), workdir)


def _draw(args):
  """Chooses `per_class` frames: {name of the first box: [(path, `Annotated`)]}."""
  found = {}
  for path, annotated in layouts.read(args.frames, [args.boxes]).annotated:
    if annotated.regions:
      found.setdefault(annotated.regions[0].name, []).append((path, annotated))
  rng = np.random.default_rng(args.seed)
  return {name: [cases[i] for i in rng.permutation(len(cases))[:args.per_class]]
          for name, cases in sorted(found.items())}


def _change_map(frame, erase, side):
  """Returns the mean change of each pixel over its windows, in [0, 1]: [h, w]."""
  starts = [sorted({*range(0, n - side, side // 2), n - side}) for n in frame.shape[:2]]
  windows = [Box(left, top, left + side, top + side)
             for top in starts[0] for left in starts[1]]
  cuts = np.stack([frame[window.slices] for window in windows])
  change = np.abs(np.asarray(erase(cuts)).astype(float) - cuts).mean(-1) / 255
  total, count = np.zeros((2, *frame.shape[:2]))
  for window, part in zip(windows, change):
    total[window.slices] += part
    count[window.slices] += 1
  return total / count


def _compare(args, run, erase, path, annotated):
  frame = reading.read_image(path, run.info.channels == 1,
                            run.info.metadata['max_value'])
  change = _change_map(frame, erase, run.info.image_size)
  true = [r.box for r in annotated.regions_in(*frame.shape[:2])]
  found = [r.box for r in components.find_defects(
      np.rint(255 * change).astype(np.uint8), '', args.threshold, args.min_area)]
  inside, covered = (_union(b, frame.shape[:2]) for b in (true, found))
  hits = [max((_iou(t, f) for f in found), default=0) >= _HIT for t in true]
  union = (inside | covered).sum()
  auroc = np.nan
  if 0 < inside.mean() < 1:
    auroc = stats.mannwhitneyu(change[inside], change[~inside]).statistic / (
        inside.sum() * (~inside).sum())
  return {'path': path, 'frame': frame, 'change': change, 'true': true, 'found': found,
          'hits': hits, 'iou': (inside & covered).sum() / union, 'auroc': auroc}


def _union(boxes, shape):
  inside = np.zeros(shape, bool)
  for box in boxes:
    inside[box.slices] = True
  return inside


def _iou(a, b):
  overlap = a.overlap(b)
  return overlap / (a.width * a.height + b.width * b.height - overlap)


def _table(args, run, step, results):
  lines = [f'{run.config.method}, {run.workdir}, step {step}; threshold '
           f'{args.threshold:g}, {args.min_area} pixels at least, seed {args.seed}.', '',
           '| class | frames | boxes | hit | IoU of a frame | AUROC | found a frame |',
           '|---|---|---|---|---|---|---|']
  for name, cases in {**results, 'all': sum(results.values(), [])}.items():
    hits = sum((c['hits'] for c in cases), [])
    lines.append(
        f'| {name} | {len(cases)} | {len(hits)} | {np.mean(hits):.2f} | '
        f'{np.mean([c["iou"] for c in cases]):.2f} | '
        f'{np.nanmean([c["auroc"] for c in cases]):.2f} | '
        f'{np.mean([len(c["found"]) for c in cases]):.1f} |')
  return '\n'.join(lines) + '\n'


def _picture(results):
  """Returns one row per class: best and worst frames by IoU, beside their change maps."""
  rows = []
  for cases in results.values():
    ranked = sorted(cases, key=lambda c: -c['iou'])
    rows.append(np.concatenate([
        panel for case in ranked[:_SHOWN] + ranked[-_SHOWN:]
        for panel in _panels(case)], axis=1))
  return Image.fromarray(np.concatenate(rows))


def _panels(case):
  image = Image.fromarray(np.broadcast_to(
      case['frame'], (*case['frame'].shape[:2], 3)).copy())
  draw = ImageDraw.Draw(image)
  for boxes, colour in ((case['true'], 'lime'), (case['found'], 'red')):
    for left, top, right, bottom in boxes:
      draw.rectangle((left, top, right - 1, bottom - 1), outline=colour)
  change = np.clip(255 * 2 * case['change'], 0, 255).astype(np.uint8)  # 0.5 is white.
  return np.asarray(image), np.broadcast_to(change[..., None], (*change.shape, 3))


if __name__ == '__main__':
  main()
