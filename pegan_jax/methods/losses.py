"""Loss terms: pure functions, one value per example; the caller reduces.

Equation numbers are the paper's (Sensors 2024, 24, 2642).
"""

import jax
import jax.numpy as jnp
import optax

from pegan_jax.nets import masks


def critic_score(adv):
  """Returns D(x) of each image: the mean over patches, [B, h, w, ...] -> [B, ...]."""
  return adv.mean(axis=(1, 2))


def wasserstein_disc(real, fake):
  """Returns the critic's loss D(fake) - D(real), which replaces equation 2.

  Args:
    real: [B] scores of real images.
    fake: [B] scores of generated images.

  Returns:
    [B]; minus its mean is the estimate of the Wasserstein distance.

  References:
    Arjovsky et al. 2017, https://arxiv.org/abs/1701.07875.
  """
  return fake - real


def wasserstein_gen(fake):
  """Returns the generator's loss -D(fake): [B] -> [B]."""
  return -fake


def interpolate(key, real, fake):
  """Returns points on the lines between pairs: a x + (1 - a) fake, one a per image.

  Args:
    key: a random key; the same one gives the same points, whatever the shape.
    real: [B, ...].
    fake: the same shape.

  Returns:
    The same shape.
  """
  shape = (real.shape[0],) + (1,) * (real.ndim - 1)
  a = jax.random.uniform(key, shape, real.dtype)
  return a * real + (1 - a) * fake


def gradient_penalty(score, x):
  """Returns (||grad D(x)||_2 - 1)^2, the norm over all pixels of one image.

  Args:
    score: maps [B, H, W, C] to [B]; each image's score depends on it alone.
    x: [B, H, W, C], the interpolates.

  Returns:
    [B] penalties and [B] gradient norms.

  References:
    Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028, equation 3.
  """
  grad = jax.grad(lambda x: score(x).sum())(x)
  square = jnp.square(grad).sum(axis=(1, 2, 3))
  # The square root's own gradient is infinite where the norm is zero.
  norm = jnp.sqrt(jnp.maximum(square, 1e-24))
  return jnp.square(norm - 1), norm


def r1_penalty(score, x):
  """Returns ||grad D(x)||_2^2 / 2, the norm over all pixels of one real image.

  Args:
    score: maps x to [B, ...], which is added up; an image's score depends on it alone.
    x: [B, H, W, C], real images, or a pytree of their features.

  Returns:
    [B].

  References:
    Mescheder et al. 2018, https://arxiv.org/abs/1801.04406, equation 9.
  """
  grad = jax.grad(lambda x: score(x).sum())(x)
  return sum(jnp.square(g).sum(axis=(1, 2, 3)) for g in jax.tree.leaves(grad)) / 2


def cross_entropy_disc(real, fake):
  """Returns the original GAN's -log s(real) - log(1 - s(fake)), s being logistic.

  Args:
    real: [B] logits of real images.
    fake: [B] logits of generated images.

  Returns:
    [B], in nats.

  References:
    Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661, equation 1.
  """
  return jax.nn.softplus(-real) + jax.nn.softplus(fake)


def cross_entropy_gen(fake):
  """Returns its generator's -log s(fake), which does not saturate: [B] -> [B]."""
  return jax.nn.softplus(-fake)


def least_squares(score, target):
  """Returns (score - target)^2, the mean over patches: [B] or [B, h, w] -> [B].

  References:
    Mao et al. 2017, https://arxiv.org/abs/1611.04076, equation 2.
  """
  square = jnp.square(score - target)
  return square.mean(axis=tuple(range(1, square.ndim)))


def classification(logits, label):
  """Returns the cross-entropy of domain logits and labels (equations 3 and 4).

  Args:
    logits: [B, num_domains].
    label: [B] int.

  Returns:
    [B], in nats.
  """
  return optax.softmax_cross_entropy_with_integer_labels(logits, label)


def reconstruction(x, recon):
  """Returns each image's mean absolute difference (equation 5): [B, H, W, C] -> [B]."""
  return jnp.abs(x - recon).mean(axis=(1, 2, 3))


def unseen_mask(x, fake, opacity):
  """Penalises opacity where the content c hardly differs from the image x.

  The mean of m exp(-|c - x| / 0.3), with fake = x + m (c - x). No gradient reaches c, so
  that the content does not change to justify the mask.

  Args:
    x: [B, H, W, C] in [-1, 1].
    fake: [B, H, W, C], what was painted on it.
    opacity: [B, H, W, 1] in [0, 1].

  Returns:
    [B], 0 where every part of the mask is seen, 1 of a whole mask that changes nothing.
  """
  painted = jax.lax.stop_gradient(masks.content_distance(x, fake, opacity))
  return (opacity * masks.unseen(painted)).mean(axis=(1, 2, 3))


def outside_area(opacity, area):
  """Penalises a mask's share of the image by how far it lies outside of a range.

  Args:
    opacity: [B, H, W, 1] in [0, 1].
    area: [B, 2], the least and the largest share, in [0, 1].

  Returns:
    [B], 0 within the range.
  """
  return _outside(opacity.mean(axis=(1, 2, 3)), area)


def outside_brightness(image, fake, region, brightness):
  """Penalises a defect that is darker or brighter than those of its class are.

  Args:
    image, fake: [B, H, W, 3] in [-1, 1], without and with it.
    region: [B, H, W, 1], 1 where it is and 0 elsewhere.
    brightness: [B, 2], the least and the largest difference of the two means there.

  Returns:
    [B], how far the difference lies outside of the range; 0 of an empty region.
  """
  change = (fake - image).mean(-1, keepdims=True) * region
  change = change.sum((1, 2, 3)) / jnp.maximum(region.sum((1, 2, 3)), 1)
  return _outside(change, brightness) * region.any((1, 2, 3))


def _outside(value, bounds):
  """Returns how far [B] values lie outside of [B, 2] bounds."""
  return jax.nn.relu(bounds[:, 0] - value) + jax.nn.relu(value - bounds[:, 1])


def soft_mask(opacity):
  """Penalises a mask that is neither open nor closed: the mean of 4 m (1 - m).

  Args:
    opacity: [B, H, W, 1] in [0, 1].

  Returns:
    [B], 0 where it is 0 or 1 everywhere, 1 where it is a half.
  """
  return 4 * (opacity * (1 - opacity)).mean(axis=(1, 2, 3))
