"""Checks the verdict of a study of segmenters by simulation: how often is it wrong?

  python -m benchmarks.localise_verdicts --studies 200

Each study has test crops in groups, two arms and some trainings of each. The scores of
true pixels lie above those of false ones by a distance that differs by group, by training
(a segmenter's luck, which each arm has its own of) and, in the second arm, by what is
planted: nothing, or a gain. How a group takes the gain differs as well. Luck is as large
as on NEU-DET's ten frames per class (a standard deviation of about 0.03 of pixel AP).
"""

import argparse

import numpy as np

from pegan_jax.inspection import verdict
from pegan_jax.inspection.localise import arms, figures, outcome
from pegan_jax.inspection.localise.crops import Crops
from pegan_jax.metrics import localisation, score_histograms

_RESAMPLES = 1000  # A quarter of a study's: hundreds of studies would take hours.
_SIDE = 24  # Of a crop, in pixels.
_CLEAN = 0.2  # Share of clean crops.
_BETWEEN_GROUPS, _LUCK, _TAKEN = 0.6, 0.13, 0.3  # Deviations of distances between pixels.


def simulate(rng, groups, seeds, gain):
  """Returns (`Trial`, {arm: `Answers` of each seed}, mean pixel AP of each arm)."""
  member = np.repeat(np.arange(groups), rng.integers(1, 4, groups))
  clean = rng.random(groups)[member] < _CLEAN
  inside = np.zeros((len(member), _SIDE, _SIDE), bool)
  inside[~clean, 8:16, 8:16] = True
  own = 1.5 + _BETWEEN_GROUPS * rng.normal(size=groups)
  taken = 1 + _TAKEN * rng.normal(size=groups)
  answers, exact = {}, []
  for name, planted in (('real', 0), ('real+made', gain)):
    answers[name] = []
    for _ in range(seeds):
      above = (own + planted * taken + _LUCK * rng.normal())[member]
      scores = rng.normal(size=inside.shape) + inside * above[:, None, None]
      answers[name].append(figures.Answers(
          np.full(len(figures.TITLES), localisation.average_precision(scores, inside)),
          score_histograms.count(scores, inside)))
    exact.append(np.mean([x.figures[0] for x in answers[name]]))
  test = Crops(np.zeros((len(member), 1, 1, 1), np.uint8), clean.astype(int),
               [''] * len(member), member, inside)
  return outcome.Trial(test, {0: 'defect'}, seeds), answers, exact


def measure(studies, groups, seeds, gain, seed):
  """Returns the shares of verdicts that help and hurt, mean gain and half width."""
  found, gains, widths = [], [], []
  for i in range(studies):
    trial, answers, exact = simulate(
        np.random.default_rng([seed, i]), groups, seeds, gain)
    difference = outcome.collect(trial, arms.plan(['made'])[:2], answers)[
        'real+made']['against']
    found.append(difference['verdict'])
    gains.append(exact[1] - exact[0])
    widths.append((difference['high'] - difference['low']) / 2)
  return (found.count(verdict.HELPS) / studies, found.count(verdict.HURTS) / studies,
          np.mean(gains), np.mean(widths))


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--studies', type=int, default=200)
  parser.add_argument('--seeds', type=int, nargs='+', default=[5])
  parser.add_argument('--groups', type=int, nargs='+', default=[60])
  parser.add_argument('--gains', type=float, nargs='+', default=[0, 0.2, 0.4])
  args = parser.parse_args()
  verdict.RESAMPLES = _RESAMPLES
  print('| seeds | groups | planted gain of pixel AP | helps | hurts | half width |')
  print('|---|---|---|---|---|---|')
  for seeds in args.seeds:
    for groups in args.groups:
      for gain in args.gains:
        helps, hurts, mean, width = measure(args.studies, groups, seeds, gain, 0)
        print(f'| {seeds} | {groups} | {mean:+.3f} | {helps:.1%} | {hurts:.1%} | '
              f'{width:.3f} |', flush=True)


if __name__ == '__main__':
  main()
