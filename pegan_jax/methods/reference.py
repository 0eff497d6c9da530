"""Shows a generator a real defect of the class that it is to paint.

The defect is drawn, cut out and moved into the region as `paste` does it. What is shown is
how it would change the image x, blended with opacity o and an offset u as by
`blending.feather`, and the opacity:

  o (g + u - x), o

Both are 0 where nothing is shown, so that no reference is all 0.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from pegan_jax.methods import blending, cut_outs


class Reference(NamedTuple):
  """Holds real defects, moved into the regions of images.

  Attributes:
    record: int [...], their numbers in the train split.
    shown: float [..., H, W, channels + 1], what the generator is shown.
    crop: float [..., H, W, 3] in [-1, 1], the training image as it was mirrored, scaled and
      moved, with its own ground; where it has no pixels, those of the image.
  """
  record: Any
  shown: Any
  crop: Any


def draw(bank, image, label, key, region):
  """Draws a real defect for each image.

  Args:
    bank: from `cut_outs.defects`.
    image: [B, H, W, 3] in [-1, 1].
    label: [B] int, of the classes.
    key: [B] random keys. The noise may be drawn from the same ones.
    region: [B, H, W, 1] in [0, 1], as `masks.soften` gives it.

  Returns:
    `Reference` [B, ...].
  """
  def one(image, label, key, soft):
    # The noise takes the first two.
    cut = cut_outs.cut(bank, jax.random.fold_in(key, 2), label, soft)
    own = image[..., :cut.patch.shape[-1]]
    change = blending.feather(own, cut.patch, cut.shown, cut.known) - own
    return Reference(bank['record'][cut.number], jnp.concatenate([change, cut.shown], -1),
                     jnp.where(cut.known, cut.patch, image))

  return jax.vmap(one)(image, label, key, region)
