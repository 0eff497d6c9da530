"""Says what an inspector's windows are worth on the annotated frames of a test split.

  python -m benchmarks.windows data/det runs/inspector NEU-DET

DATASET is built from the annotated images of the folder FRAMES alone, INSPECTOR is the
workdir of `--mode inspect` on it. --mode predict is asked about every frame that a test
record was cut from. A window lies on a box if it covers at least half of what a window can
cover of it.
"""

import argparse
import collections
import csv
import pathlib
import tempfile

import numpy as np

from configs import predict as config
from data_prep.annotated import layouts
from data_prep.images import reading
from pegan_jax.annotations.regions import Box
from pegan_jax.data import dataset
from pegan_jax.inspection import predict

SURE = 0.9


def _frames(data, root):
  """Returns {path: `Annotated`} of the frames of a data set's test split."""
  info, layout = dataset.load_info(data), layouts.read(root)
  records = dataset.Records(info, 'test')
  names = {source[:source.rindex('[')].split('/', 1)[1]
           for source in records.sources(np.flatnonzero(records.labels != info.background))}
  return {path: annotated for path, annotated in layout.annotated
          if path.relative_to(layout.root).as_posix() in names}


def _ask(paths, workdir):
  """Returns predict's answers, and {file: [(Box, class, probability)]} of its windows."""
  settings, windows = config.get_config(), collections.defaultdict(list)
  with tempfile.TemporaryDirectory() as folder:
    settings.csv = str(pathlib.Path(folder) / 'answers.csv')
    settings.images = ','.join(map(str, paths))
    answers = predict.predict(settings, workdir)
    with open(settings.csv, newline='', encoding='utf-8') as f:
      for row in csv.DictReader(f):
        windows[row['file']].append((Box(*(int(row[x]) for x in Box._fields)),
                                     row['class'], float(row['probability'])))
  return answers, windows


def _lies_on(window, box):
  most = min(window.width, box.width) * min(window.height, box.height)
  return 2 * window.overlap(box) >= most


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  for name in ('dataset', 'inspector', 'frames'):
    parser.add_argument(name)
  args = parser.parse_args()
  frames = _frames(args.dataset, args.frames)
  answers, windows = _ask(frames, args.inspector)
  count = collections.Counter()
  for path, name, _ in answers:
    regions = frames[path].regions_in(*reading.size(path))
    count['frames right'] += name in {region.name for region in regions}
    seen = windows[str(path)]
    for region in filter(lambda region: region.name, regions):
      right = [c == region.name for box, c, _ in seen if _lies_on(box, region.box)]
      count['boxes'] += 1
      count['boxes found'] += any(right)
      count['windows on a box'] += len(right)
      count['of these right'] += sum(right)
    clean = [p for box, _, p in seen if not any(box.overlap(r.box) for r in regions)]
    count['windows on no region'] += len(clean)
    count[f'of these above {SURE}'] += sum(p > SURE for p in clean)
  print(f'frames {len(frames)}', *(f'{name} {n}' for name, n in count.items()), sep=', ')


if __name__ == '__main__':
  main()
