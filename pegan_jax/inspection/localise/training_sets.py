"""The crops that segmenters are trained on, and the batches of a training."""

import numpy as np

from pegan_jax.data import rounds
from pegan_jax.inspection import training


class TrainingSets:
  """Crops laid end to end: real defects, clean ones, each generated set.

  Args:
    real: `crops.Real`.
    generated: {name: `Crops`}.

  Attributes:
    generated: {name: int [n], its crops}.
  """

  def __init__(self, real, generated):
    self._sets = [real.defects, real.clean, *generated.values()]
    ends = np.cumsum([len(x) for x in self._sets])
    self._real, self._clean, *made = np.split(np.arange(ends[-1]), ends[:-1])
    self.generated = dict(zip(generated, made))
    self._labels = np.concatenate([x.labels for x in self._sets])

  def arrays(self):
    """Returns images and where their defects are: uint8 [N, S, S, C], bool [N, S, S]."""
    return (np.concatenate([x.pixels for x in self._sets]),
            np.concatenate([x.inside for x in self._sets]))

  def defects(self):
    """Returns all crops of defects: int [n]."""
    return np.concatenate([self._real, *self.generated.values()])

  def rows(self, settings, pool, seed):
    """Chooses a training's batches: int [steps, batch_size].

    Args:
      settings: `settings.Settings`.
      pool: int [n], the crops of defects to train on.
      seed: of the choice.
    """
    s = settings
    defects = training.batches(pool, self._labels, s.steps, s.batch_size - s.clean, seed,
                               len(self._real), s.real_share)
    clean = rounds.draw(np.random.default_rng([seed, 1]), self._clean, s.steps * s.clean)
    return np.concatenate([defects, clean.reshape(s.steps, s.clean)], 1)
