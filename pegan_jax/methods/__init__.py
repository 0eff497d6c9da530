"""The GANs by name: the only place that tells one method from another.

A method is a module of pure functions over pytrees:

  LAYOUT: of the batches it learns from, see `data.batches`
  TRANSLATES: whether it changes an image; otherwise it draws one from noise
  networks(config, num_domains) -> any object that the other functions take
  init(nets, key, image_size) -> (gen, disc, extra)
  disc_loss(nets, config, disc, gen, extra, batch, key)
      -> (scalar, (metrics, extra))
  gen_loss(nets, config, gen, disc, extra, batch, key)
      -> (scalar, (metrics, extra))
  sampler(gen, extra) -> the pytree that samples are drawn with
  produce(nets, sampler, image, key) -> images of every defect class
  eliminate(nets, sampler, image) -> backgrounds, if it TRANSLATES

`gen` and `disc` are the trained parameters; `extra` is what else changes, such as
batch statistics, and () where nothing does. A batch is {'image': [*layout, H, W, 3]
in [-1, 1], 'label': [*layout]}; label num_domains - 1 is the background.
`metrics` maps names to `clu.metrics.Average`; a name is a tag in TensorBoard.

`produce` takes and returns [C, B, H, W, 3], row c for class c: `image` is the
backgrounds, or None where the method does not translate, and `key` [C, B] random
keys, one for each image. `eliminate` takes defects of class c in row c. A method whose
generator has a mask has `produce_masked` as well: the images, and the masks
[C, B, H, W, 1] in [0, 1], 0 where the background is kept.
"""

from pegan_jax.common.errors import UserError
from pegan_jax.methods import cyclegan, dcgan, lsgan, pegan, pegan_plus, stargan
from pegan_jax.methods import wgan_gp

METHODS = {'pegan': pegan, 'pegan_plus': pegan_plus, 'stargan': stargan,
           'cyclegan': cyclegan, 'dcgan': dcgan, 'lsgan': lsgan, 'wgan_gp': wgan_gp}


def get(name):
  """The module of the method called `name`; UserError if there is none."""
  if name not in METHODS:
    raise UserError(
        f'no method is called {name!r}: choose from {", ".join(METHODS)}')
  return METHODS[name]
