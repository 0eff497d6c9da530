"""The visibility of an opacity m that paints content c on an image x: x + m (c - x)."""

import jax.numpy as jnp


def content_distance(x, fake, opacity):
  """Returns |c - x| from fake = x + m (c - x): [B, H, W, C], m [B, H, W, 1] -> as m."""
  return jnp.abs(fake - x).mean(-1, keepdims=True) / (opacity + 1e-3)


def unseen(distance):
  """Returns exp(-d / 0.3) in (0, 1]: near 1, content at distance d cannot be seen."""
  return jnp.exp(-distance / 0.3)
