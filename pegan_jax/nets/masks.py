"""What is seen of a mask m that paints content c on an image x: x + m (c - x)."""

import jax.numpy as jnp


def content_distance(x, fake, mask):
  """|c - x| of fake = x + m (c - x): [B, H, W, C] twice, [B, H, W, 1] -> [B, H, W, 1]."""
  return jnp.abs(fake - x).mean(-1, keepdims=True) / (mask + 1e-3)


def unseen(distance):
  """How little of content so far from the image is seen, in (0, 1]: exp(-d / 0.3)."""
  return jnp.exp(-distance / 0.3)
