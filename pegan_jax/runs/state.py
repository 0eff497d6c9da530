"""Everything that training changes, as one pytree."""

from typing import Any

from flax import struct
import jax

PyTree = Any


@struct.dataclass
class GANState:
  """The whole state of a run: from a checkpoint of it training resumes bit for bit.

  Attributes:
    step: generator updates done, int32 scalar.
    gen: the generator's parameters, any pytree.
    disc: the discriminator's parameters, any pytree.
    opt_gen: optax state of `gen`.
    opt_disc: optax state of `disc`.
    ema: exponential moving average of the method's `weights`, with which images are
      sampled.
    key: the run's key; each step folds its number into it, so it never changes.
    aux: the method's auxiliary state, which changes without being trained: batch
      statistics, image pools; () where there is none.
  """
  step: jax.Array
  gen: PyTree
  disc: PyTree
  opt_gen: PyTree
  opt_disc: PyTree
  ema: PyTree
  key: jax.Array
  aux: PyTree = ()
