"""The GANs by name: the only place that tells one method from another."""

from pegan_jax.common.errors import UserError
from pegan_jax.methods import cyclegan, dcgan, lsgan, paste, pegan, pegan_plus
from pegan_jax.methods import pegan_region, stargan, wgan_gp

METHODS = {
    'pegan': pegan.METHOD, 'pegan_plus': pegan_plus.METHOD,
    'pegan_region': pegan_region.METHOD, 'stargan': stargan.METHOD,
    'cyclegan': cyclegan.METHOD, 'dcgan': dcgan.METHOD, 'lsgan': lsgan.METHOD,
    'wgan_gp': wgan_gp.METHOD, 'paste': paste.METHOD}


def get(name):
  """Returns the `Method` called `name`; raises UserError if there is none."""
  if name not in METHODS:
    raise UserError(
        f'no method is called {name!r}: choose from {", ".join(METHODS)}')
  return METHODS[name]
