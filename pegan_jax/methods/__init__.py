"""The GANs by name: the only place that tells one method from another.

A method is a module of pure functions over pytrees:

  networks(config, num_domains) -> any object that the other functions take
  init(nets, key, image_size) -> (gen, disc) parameters
  disc_loss(nets, config, disc, gen, batch, key) -> (scalar, metrics)
  gen_loss(nets, config, gen, disc, batch, key) -> (scalar, metrics)
  translate(nets, gen, image, label) -> images

`batch` is {'image': [B, H, W, 3] in [-1, 1], 'label': [B]}: backgrounds and
defects by turns; label num_domains - 1 is the background. `metrics` maps names
to `clu.metrics.Average`. A name in `metrics` is a tag in TensorBoard.
"""

from pegan_jax.errors import UserError
from pegan_jax.methods import pegan

METHODS = {'pegan': pegan}


def get(name):
  """The module of the method called `name`; UserError if there is none."""
  if name not in METHODS:
    raise UserError(
        f'no method is called {name!r}: choose from {", ".join(METHODS)}')
  return METHODS[name]
