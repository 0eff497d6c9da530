"""Draws some of many so that none comes twice before all others have come."""

import numpy as np


def draw(rng, members, count):
  """Returns `count` of some members, in shuffled rounds of all of them.

  Args:
    rng: numpy Generator.
    members: array [n], n at least 1.
    count: 0 or more; more of them leave the first ones as they are.
  """
  rounds = [rng.permutation(members) for _ in range(-(-count // len(members)))]
  return np.concatenate([members[:0], *rounds])[:count]
