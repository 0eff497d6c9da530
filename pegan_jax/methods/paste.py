"""Real defects cut out and pasted: nothing is trained.

A training defect is cut out by its mask, or by its box where its class has no masks. It is
mirrored, scaled to the region asked for, and blended with the image there, see `cut_outs`
and `blending`. The mask is what was pasted: all other pixels stay, bit for bit.
"""

import jax
import jax.numpy as jnp

from pegan_jax.common.errors import UserError
from pegan_jax.data.dataset import Records
from pegan_jax.data.layouts import PLACED_PAIRS
from pegan_jax.methods import blending, conditional, cut_outs
from pegan_jax.methods.method import Method, Networks

BLENDS = {'feather': blending.feather, 'poisson': blending.poisson}


def networks(config, num_classes, channels):
  """Returns the blend in place of a generator.

  Raises:
    UserError: there is no such blend.
  """
  del channels
  if config.blend not in BLENDS:
    raise UserError(f'blend is {config.blend!r}: choose from {", ".join(BLENDS)}')
  return Networks(BLENDS[config.blend], None, num_classes)


def init(nets, config, key):
  """Returns an empty state: nothing is trained."""
  del nets, config, key
  return (), (), ()


def with_defects(nets, config, info):
  """Returns networks with the training defects as what is frozen.

  Raises:
    UserError: as `cut_outs.defects`.
  """
  records = Records(info, 'train', config.cache_mb)
  return nets._replace(frozen=cut_outs.defects(config, info, records, config.method))


def produce(nets, weights, image, key, region):
  """Pastes a defect of class c on the backgrounds of row c.

  Args:
    nets: `Networks`; `frozen` is from `cut_outs.defects`.
    weights: none.
    image: [C, B, H, W, 3] in [-1, 1].
    key: [C, B] random keys, one per image.
    region: where to paste, [C, B, H, W, 1] in [0, 1].

  Returns:
    [C, B, H, W, 3], and the masks, [C, B, H, W, 1], 1 on what was pasted and 0 elsewhere.
  """
  del weights
  bank = nets.frozen

  def one(label, image, key, soft):
    _, patch, shown, known = cut_outs.cut(bank, key, label, soft)
    # Grey data have one channel, and their images three alike.
    pasted = nets.gen(image[..., :patch.shape[-1]], patch, shown, known)
    return jnp.clip(jnp.broadcast_to(pasted, image.shape), -1, 1), shown

  return jax.vmap(jax.vmap(one, (None, 0, 0, 0)))(
      jnp.arange(len(image)), image, key, region)


def eliminate(nets, weights, image, region):
  """Fills regions smoothly from what surrounds them; arguments and result as elsewhere."""
  del nets, weights

  def one(image, soft):
    inside = soft > 0
    start = image.mean((0, 1))
    filled = blending.harmonic(image, inside, ~inside, start)
    return jnp.where(inside, filled, image)

  return jax.vmap(jax.vmap(one))(image, region)


METHOD = Method(
    PLACED_PAIRS, networks, init, None, None, conditional.weights, produce, eliminate,
    has_masks=True, matched=lambda config: config.match,
    of_data=with_defects)
