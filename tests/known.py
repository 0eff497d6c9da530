"""Networks whose answers can be worked out by hand."""

from flax import linen as nn
import jax.numpy as jnp


class Constant(nn.Module):
  """A generator that paints the target's number / 10, whatever it is given."""

  @nn.compact
  def __call__(self, x, label):
    shift = self.param('shift', nn.initializers.zeros, ())
    return jnp.broadcast_to(
        (label / 10 + shift)[:, None, None, None], x.shape)
