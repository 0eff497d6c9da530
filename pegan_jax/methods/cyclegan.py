"""CycleGAN (Zhu et al. 2017): background <-> defect, one pair of models per class.

https://arxiv.org/abs/1703.10593. 'ab' puts the defect on a background, 'ba' takes
it away; discriminator 'a' sees backgrounds, 'b' defects. Weights and the pool of
generated images are those of the paper and of its PyTorch code.
"""

import jax
import jax.numpy as jnp

from pegan_jax.data.layouts import CLASS_PAIRS
from pegan_jax.methods import conditional, losses, per_class
from pegan_jax.methods.method import average, Method, Networks
from pegan_jax.nets.cyclegan import Discriminator, Generator


def networks(config, num_classes, channels):
  """Builds the two networks, each for both directions and every class."""
  del channels  # Images have three, whatever the data's.
  dtype = jnp.dtype(config.dtype)
  return Networks(Generator(config.width, config.num_blocks, dtype),
                  Discriminator(config.width, dtype), num_classes)


def init(nets, config, key):
  """Initialises (gen, disc, aux), aux being the pools of generated images."""
  image = jnp.zeros((1, config.image_size, config.image_size, 3))

  def one(key):
    keys = jax.random.split(key, 4)
    gen = {name: nets.gen.init(k, image)['params']
           for name, k in zip(('ab', 'ba'), keys)}
    disc = {name: nets.disc.init(k, image)['params']
            for name, k in zip(('a', 'b'), keys[2:])}
    pools = {name: empty_pool(config.pool_size, image.shape[1:])
             for name in ('a', 'b')}
    return gen, disc, pools

  return per_class.init(one, key, nets.num_classes)


def _gen(nets, gen, name, image):
  return nets.gen.apply({'params': gen[name]}, image)


def _disc(nets, disc, name, image):
  return nets.disc.apply({'params': disc[name]}, image)


def produce(nets, gen, image, key):
  """Puts class c on the backgrounds of row c: [C, B, H, W, 3] -> the same, no masks."""
  del key
  return jax.vmap(lambda gen, x: _gen(nets, gen, 'ab', x))(gen, image), None


def eliminate(nets, gen, image):
  """Turns defects of class c in row c into backgrounds: the same shape."""
  return jax.vmap(lambda gen, x: _gen(nets, gen, 'ba', x))(gen, image)


def paint(nets, gen, image, label, noise):
  """Puts a class on [B, H, W, 3] by its own weights, without masks."""
  del label, noise
  return _gen(nets, gen, 'ab', image), None


def erase(nets, gen, image):
  """Turns a class's defects [B, H, W, 3] into backgrounds by its own weights."""
  return _gen(nets, gen, 'ba', image)


def empty_pool(size, shape):
  """Returns an empty pool for `size` images of `shape`."""
  return {'image': jnp.zeros((size, *shape)), 'count': jnp.zeros((), jnp.int32)}


def query(pool, image, key):
  """Exchanges images with the pool (Shrivastava et al. 2017, section 2.3).

  Until the pool is full, images are kept and returned. Then each is returned, or,
  as often, takes the place of one of the pool that is returned instead.

  Args:
    pool: from `empty_pool`.
    image: [B, H, W, C].
    key: a random key.

  Returns:
    ([B, H, W, C], the pool).
  """
  size = len(pool['image'])

  def exchange(pool, inputs):
    image, key = inputs
    key_swap, key_index = jax.random.split(key)
    full = pool['count'] == size
    swap = jax.random.bernoulli(key_swap)
    index = jnp.where(full, jax.random.randint(key_index, (), 0, size),
                      pool['count'])
    old = pool['image'][index]
    kept = jnp.where(~full | swap, image, old)
    return ({'image': pool['image'].at[index].set(kept),
             'count': jnp.minimum(pool['count'] + 1, size)},
            jnp.where(full & swap, old, image))

  pool, image = jax.lax.scan(
      exchange, pool, (image, jax.random.split(key, len(image))))
  return image, pool


def _by_class(batch):
  """Splits a batch into backgrounds and defects: [2 B, C, ...] -> two of [C, B, ...]."""
  image = batch['image'].swapaxes(0, 1)
  return image[:, ::2], image[:, 1::2]


def disc_loss(nets, config, disc, gen, aux, batch, key):
  """Returns half of (D(x) - 1)^2 + D(fake)^2 for both discriminators of each class."""
  del config
  def one(disc, gen, pools, background, defect, key):
    total, metrics, changed = 0.0, {}, {}
    for name, real, fake, k in zip(
        ('a', 'b'), (background, defect),
        (_gen(nets, gen, 'ba', defect), _gen(nets, gen, 'ab', background)),
        jax.random.split(key)):
      fake, changed[name] = query(pools[name], jax.lax.stop_gradient(fake), k)
      loss = (losses.least_squares(_disc(nets, disc, name, real), 1.0)
              + losses.least_squares(_disc(nets, disc, name, fake), 0.0)) / 2
      metrics[f'disc/loss_{name}'] = average(loss)
      total += loss.mean()
    metrics['disc/loss'] = average(total[None])
    return total, (metrics, changed)

  background, defect = _by_class(batch)
  keys = jax.random.split(key, len(background))
  return per_class.add(one, disc, gen, aux, background, defect, keys)


def gen_loss(nets, config, gen, disc, aux, batch, key):
  """Returns adversarial, cycle and identity losses of both generators of each class.

  `config` has the weights `lambda_cycle` and `lambda_identity`; the original
  writes the latter as half of the former.
  """
  del key
  def one(gen, disc, pools, background, defect):
    total, metrics = 0.0, {}
    for process, forward, backward, critic, source, target in (
        ('production', 'ab', 'ba', 'b', background, defect),
        ('elimination', 'ba', 'ab', 'a', defect, background)):
      fake = _gen(nets, gen, forward, source)
      terms = {
          'adv': losses.least_squares(_disc(nets, disc, critic, fake), 1.0),
          'cycle': losses.reconstruction(source, _gen(nets, gen, backward, fake)),
          'identity': losses.reconstruction(
              target, _gen(nets, gen, forward, target))}
      total += jnp.mean(
          terms['adv'] + config.lambda_cycle * terms['cycle']
          + config.lambda_identity * terms['identity'])
      terms['change'] = losses.reconstruction(source, fake)
      metrics |= {f'gen/{name}_{process}': average(x)
                  for name, x in terms.items()}
    metrics['gen/loss'] = average(total[None])
    return total, (metrics, pools)

  return per_class.add(one, gen, disc, aux, *_by_class(batch))


METHOD = Method(
    CLASS_PAIRS, networks, init, disc_loss, gen_loss, conditional.weights, produce,
    eliminate, paint=paint, erase=erase)
