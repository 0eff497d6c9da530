"""Measures what two sets of real images of one class score against each other.

  python -m results.floors data/neu64-all --out results/floors

The data set holds every crop (data_prep.build --per_class 0). For each class and
each N of which it has two disjoint sets, FID and KID between such sets, drawn at
random and, beside that, with near-duplicates kept on one side.
"""

import argparse
import json
import pathlib

import numpy as np

from pegan_jax.common.runtime import compilation
from pegan_jax.data import dataset
from pegan_jax.metrics import features, fid, kid, reports
from pegan_jax.metrics.intervals import Resamples

COUNTS = (60, 140, 200)


def measure(crops, repeats, seed=0):
  """Floors of one data set.

  Args:
    crops: `FeatureSet` of all its images.
    repeats: pairs of sets drawn for each figure.
    seed: of the draws.

  Returns:
    {class: {N: {'random' or 'grouped': {'fid' or 'kid': [mean, sd]}}}}.
  """
  rows = {}
  for label, x in crops.features.items():
    rows[label] = {'images': len(x)}
    for count in COUNTS:
      if len(x) < 2 * count:
        continue
      rows[label][count] = {}
      for kind, groups in (('random', np.arange(len(x))),
                           ('grouped', crops.groups[label])):
        draws = Resamples(count, count, groups, repeats,
                      np.random.default_rng([seed, count]))
        values = np.array([
            [fid.from_features(x[a], x[b]), kid.kid(x[a], x[b])]
            for a, b in draws.floors])
        rows[label][count][kind] = {
            name: [float(v.mean()), float(v.std())]
            for name, v in zip(('fid', 'kid'), values.T)}
  return rows


def to_markdown(rows, protocol, repeats):
  lines = [f'{protocol["network"]}, weights {protocol["weights_sha256"][:16]}, '
           f'resize {protocol["resize"]} to {protocol["input_size"]}', '',
           '| class | images | ' + ' | '.join(
               f'FID at {n} | grouped | KID at {n} | grouped'
               for n in COUNTS) + ' |',
           '|---' * (2 + 4 * len(COUNTS)) + '|']
  for label, row in rows.items():
    cells = [label, str(row['images'])]
    for count in COUNTS:
      for name, digits in (('fid', 1), ('kid', 4)):
        for kind in ('random', 'grouped'):
          found = row.get(count)
          cells.append('-' if found is None else
                       '{:z.{d}f} ± {:.{d}f}'.format(*found[kind][name],
                                                    d=digits))
    lines.append(f'| {" | ".join(cells)} |')
  lines += ['', f'Mean ± standard deviation of {repeats} draws. -: the class has '
            'fewer than 2 N images, and so no two disjoint sets of N.']
  return '\n'.join(lines) + '\n'


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('data')
  parser.add_argument('--out', type=pathlib.Path, required=True)
  parser.add_argument('--repeats', type=int, default=20)
  parser.add_argument('--network', default='auto')
  args = parser.parse_args()
  compilation.keep()
  extractor = features.load(args.network)
  info = dataset.load_info(args.data)
  crops = reports.together(*(reports.split_features(extractor, info, s)
                             for s in ('train', 'test')))
  rows = measure(crops, args.repeats)
  text = to_markdown(rows, extractor.protocol(), args.repeats)
  print(text, end='')
  args.out.mkdir(parents=True, exist_ok=True)
  (args.out / 'floors.md').write_text(text, 'utf-8')
  (args.out / 'floors.json').write_text(json.dumps(
      {'protocol': extractor.protocol(), 'repeats': args.repeats,
       'classes': rows}, indent=1) + '\n', 'utf-8')


if __name__ == '__main__':
  main()
