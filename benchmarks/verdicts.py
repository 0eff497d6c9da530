"""Measures how often a study's advice is right, by simulated studies of known truth.

  python -m benchmarks.verdicts --studies 200

A study of an inspector whose head is fitted: three arms without generated images, three
with, on 539 test images in 207 groups, as large as NEU-CLS-64's at 64x64. Whether an image
is answered rightly comes from normal variables: of its group and itself, which all arms
share; of each arm and group, which all seeds share; of each seed, which all arms share, as
they have its real images; of each arm and seed; and of each answer. Their sizes are those
with which a study of few and one of more real images look as those of
`efficientnet_lite0` with 5 and 20 real crops per class did (docs/inspection.md). The gain
is of an endless number of groups and seeds, so that the interval has to cover what differs
by chance in both.

A part of the seeds' own variable is one draw that all of them share, where real images are
drawn from few: the share of the real images that a seed takes.

Prints, for each, how often the advice is `helps` and `hurts`, and the mean half width of
the 95% interval of two arms; and the spreads that the measured ones are to be compared
with. A study of five seeds takes about a second of one AMD EPYC core.
"""

import argparse

import numpy as np
import scipy

from pegan_jax.inspection import arms as arms_lib, decision, verdict

RIGHT = 0.8   # Share of right answers without generated images.
GROUP, IMAGE = 0.47, 0.47  # Variances, before the rest, that all arms and seeds share.
SIZES = np.repeat([1, 2, 3, 4, 5, 6, 9, 12, 18], [111, 37, 22, 8, 8, 9, 4, 5, 3])[:207]

# Standard deviations: of an arm and group, of a seed, of an arm and seed, of an answer.
KINDS = {'5 per class': (0.30, 0.08, 0.045, 0.26),
         '20 per class': (0.20, 0.08, 0.025, 0.18)}


def simulate(rng, kind, seeds, times, gain, share):
  """Draws a study.

  Args:
    rng: a generator.
    kind: of `KINDS`.
    seeds: number of seeds.
    times: how many times as many groups of test images there are.
    gain: what generated images add to the share of right answers.
    share: part of the variance of arms and seeds that all seeds have in common.

  Returns:
    (`verdict.TestSet`, arms, {name of an arm: bool [seeds, n] right answers}).
  """
  arm_group, seed, arm_seed, answer = KINDS[kind]
  sizes = np.tile(SIZES, times)
  groups = np.repeat(np.arange(len(sizes)), sizes)
  test = verdict.TestSet(np.zeros(len(groups), int), groups, ['a', 'b'])
  draw = lambda *shape: rng.normal(size=shape)
  image = GROUP**0.5 * draw(len(sizes))[groups] + IMAGE**0.5 * draw(len(groups))
  luck = seed * draw(seeds, 1)
  spread = (GROUP + IMAGE + arm_group**2 + seed**2 + arm_seed**2 + answer**2)**0.5
  right, plan = {}, arms_lib.plan(['x'], in_steps=False)
  for arm in plan:
    own = arm_seed * ((1 - share)**0.5 * draw(seeds, 1) + share**0.5 * draw(1, 1))
    level = spread * scipy.stats.norm.ppf(RIGHT + (gain if arm.generated else 0))
    right[arm.name] = 0 < (level + image + luck + own + arm_group * draw(
        len(sizes))[groups] + answer * draw(seeds, len(groups)))
  return test, plan, right


def advise(test, plan, right, resamples):
  """Returns the decision about a simulated study's set, and each arm's figures."""
  known = {name: verdict.figures(test, (~x).astype(int), resamples)
           for name, x in right.items()}
  return decision.all_sets(test, plan, known, [])['x'], known


def look(test, right):
  """Returns what a study's users can measure, in points.

  Returns:
    Standard deviations over seeds of the accuracy and of the difference of two arms, and
    the share of images that these answer differently.
  """
  one, two = right['augmented'], right['strong']
  return 100 * np.array([one.mean(1).std(ddof=1), (one.mean(1) - two.mean(1)).std(ddof=1),
                         (one != two).mean()])


def main():
  parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
  parser.add_argument('--studies', type=int, default=200, help='studies of each kind')
  parser.add_argument('--designs', default='2x1,5x1,20x1,5x4',
                      help='seeds x how many times as many groups of test images')
  flags = parser.parse_args()
  designs = [tuple(map(int, design.split('x'))) for design in flags.designs.split(',')]
  verdict.RESAMPLES = 1000  # The intervals' ends are blurred by a twentieth, no more.
  print('kind          seeds  groups  shared  gain  helps  hurts  +- of two arms  '
        'seeds: sd, sd of differences; % of answers that differ')
  cells = [(kind, *design, 0, gain) for kind in KINDS
           for design in designs for gain in (0, 0.03)]
  cells += [('20 per class', 5, 1, share, 0) for share in (0.143, 0.357, 1)]
  for kind, seeds, times, share, gain in cells:
    rng, words, widths, seen = np.random.default_rng(0), [], [], []
    for _ in range(flags.studies):
      test, plan, right = simulate(rng, kind, seeds, times, gain, share)
      resamples = verdict.Resamples(test, seeds, rng.integers(2**31))
      found, known = advise(test, plan, right, resamples)
      words.append(found['verdict'])
      low, high = verdict.interval(known['augmented+x'][1][:, 0]
                                   - known['augmented'][1][:, 0])
      widths.append(100 * (high - low) / 2)
      seen.append(look(test, right))
    helps, hurts = (np.mean([w == word for w in words])
                    for word in (verdict.HELPS, verdict.HURTS))
    print(f'{kind:<12} {seeds:6} {times * len(SIZES):7} {share:7.3g} {100 * gain:5.0f} '
          f'{helps:6.1%} {hurts:6.1%} {np.mean(widths):15.1f} ',
          *(f'{x:6.2f}' for x in np.mean(seen, 0)), flush=True)


if __name__ == '__main__':
  main()
