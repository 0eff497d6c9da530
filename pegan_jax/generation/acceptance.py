"""Draws images, and draws those again that are not like the class's real defects."""

import collections
from typing import NamedTuple

import jax
from jax.experimental import multihost_utils
import numpy as np

from pegan_jax.common import terminal
from pegan_jax.generation import masks
from pegan_jax.generation.sampler import chunks_in_flight, Sampler
from pegan_jax.generation.usual import Judge
from pegan_jax.generation.verdicts import Verdict


def tries(run):
  """Returns how often an image is drawn at most; 0 where none is judged."""
  return run.config.generate.tries * run.method.layout.placed


class Tools(NamedTuple):
  """Holds what draws and judges a run's images; what it compiled and measured is kept.

  Attributes:
    sampler: a `Sampler`.
    judge: a `Judge`, or None where nothing is judged.
  """
  sampler: Sampler
  judge: Judge | None

  @classmethod
  def of(cls, run):
    """Returns the tools of a `Run`."""
    return cls(Sampler(run), Judge(run, masks.defect_finder(run)) if tries(run) else None)


def draw(run, weights, job, primary=True, tools=None):
  """Samples a job's images by `generate.seed`, and draws rejected images again.

  What `generate` writes and `evaluate` scores comes from here.

  Args:
    run: a `Run`.
    weights: what the method samples with, such as a state's `ema`.
    job: a `jobs.Job`.
    primary: whether this process is the one that prints. Of several processes, every one
      must draw.
    tools: the run's `Tools` where more than one job is drawn, or None.

  Yields:
    (label, [k] numbers, `Painted` [k, ...], k `Verdict`s): each image once, its defect
    as strong as asked for. An image that is rejected `generate.tries` times is yielded as
    it is.
  """
  most, (sampler, judge) = tries(run), tools or Tools.of(run)
  if judge and primary and not judge.sees:
    terminal.say('the weights of EfficientNet-Lite0 are not installed: whether defects are '
                 'like real ones, or copies of them, is not checked')
  only, rejected = None, collections.defaultdict(tuple)
  for trial in range(max(most, 1)):
    again = [[] for _ in job.counts]
    for label, numbers, painted in sampler.stream(
        weights, job, seed=run.config.generate.seed, in_flight=chunks_in_flight(run),
        only=only, trial=trial):
      before = job.chosen and job.backgrounds[job.chosen[label][numbers]]
      verdicts = [Verdict(None, 1)] * len(numbers)
      if judge:
        reasons = judge(label, before, painted)
        accepted = _agreed([not found for found in reasons])
        for number, found in zip(numbers.tolist(), reasons):
          rejected[label, number] += (found,) if found else ()
        verdicts = [Verdict(bool(fine), trial + 1, rejected[label, number])
                    for number, fine in zip(numbers.tolist(), accepted)]
        done = accepted | (trial == most - 1)
        again[label] += numbers[~done].tolist()
        numbers, before = numbers[done], before[done]
        painted = jax.tree.map(lambda x, done=done: x[done], painted)
        verdicts = [verdict for verdict, keep in zip(verdicts, done) if keep]
      if len(numbers):
        yield label, numbers, _fade(run, job, label, numbers, painted, before), verdicts
    only = [np.array(sorted(numbers), int) for numbers in again]
    if not any(map(len, only)):
      return


def _agreed(accepted):
  """Returns process 0's [k] bool: another machine may round otherwise."""
  accepted = np.array(accepted)
  if jax.process_count() == 1:
    return accepted
  return np.asarray(multihost_utils.broadcast_one_to_all(accepted))


def strength(run, job, label, numbers):
  """Returns how strongly images are painted: [k] in [0, 1]."""
  if job.strengths is None:
    return np.full(len(numbers), run.config.generate.strength)
  return job.strengths[label][numbers]


def _fade(run, job, label, numbers, painted, before):
  """Returns `Painted` [k, ...] with defects as strong as asked for, masks as they were."""
  if before is None:
    return painted
  share = strength(run, job, label, numbers)[:, None, None, None]
  faded = np.rint(before + share * (painted.image.astype(np.float32) - before))
  return painted._replace(image=faded.astype(np.uint8))
