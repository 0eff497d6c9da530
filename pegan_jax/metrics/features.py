"""Turns images into features: the networks, their weights, and batches of images."""

import os

import jax
import jax.numpy as jnp
import numpy as np

from pegan_jax.common.errors import UserError
from pegan_jax.common.runtime import sharding
from pegan_jax.metrics.resize import MODES, resize
from pegan_jax.pretrained import efficientnet, inception, weights as weight_files

NETWORKS = ('auto', 'inception', 'efficientnet')
# Version of the conversion in `layers.from_torch`, to be raised when its values change.
_VERSION = 1


class Extractor:
  """A network that turns images into features, float32 throughout.

  Attributes:
    name: the network and its layer.
    dim: features per image.
    checksum: SHA-256 of the file of weights, 64 hex digits.
    resize: one of `resize.MODES`.
    batch_size: images that the network takes at a time, over all devices.
  """

  def __init__(self, module, params, checksum, resize_mode='bicubic',
               batch_size=None):
    """Makes an extractor from the `Net` in `module`, such as `inception`.

    `batch_size` is that of one device. Every process of a job makes the extractor, and
    calls it with the same images.
    """
    self.name = module.NAME
    self.dim = module.DIM
    self.checksum = checksum
    self.resize = resize_mode
    self._size = module.SIZE
    gpu = jax.default_backend() != 'cpu'
    self._mesh, net = sharding.make_mesh(), module.Net()
    self.batch_size = self._mesh.size * (
        batch_size or (64 if gpu else module.CPU_BATCH))
    replicated = sharding.replicated(self._mesh)
    self._params = jax.device_put(params, replicated)

    # On recent GPUs the default is TF32, which keeps three digits.
    @jax.default_matmul_precision('highest')
    def compute(params, x):
      return net.apply({'params': params}, module.scale_input(x, resize_mode))
    self._net = jax.jit(
        compute, in_shardings=(replicated, sharding.split(self._mesh)),
        out_shardings=replicated)
    self._compute = compute
    self._resize = jax.jit(lambda x: resize(x, self._size, resize_mode))

  def __call__(self, images, progress=None):
    """Computes the features of images.

    Args:
      images: uint8 [N, H, W, 1 or 3], or an iterable of such arrays, each of any
        N, H and W.
      progress: None, or a function of the number of images done since its last call.

    Returns:
      float32 [N, dim], in the order of the images.

    Raises:
      UserError: a feature is not finite.
    """
    if isinstance(images, (np.ndarray, jax.Array)):
      images = [images]
    done, running = [np.zeros((0, self.dim), np.float32)], None
    for x, count in self._batches(images):
      # Fetching overlaps with the next batch.
      features = self._net(
          self._params, sharding.spread(self._mesh, x)), count
      if running:
        done.append(self._fetch(*running, progress))
      running = features
    if running:
      done.append(self._fetch(*running, progress))
    return np.concatenate(done)

  def features(self, images):
    """Computes float32 [N, dim] of uint8 [N, H, W, 1 or 3], where JAX traces it."""
    resized = resize(images, self._size, self.resize)
    return self._compute(jax.device_get(self._params), resized)

  def protocol(self):
    """Returns what the features depend on, as printed with every figure."""
    return {'network': self.name, 'weights_sha256': self.checksum,
            'resize': self.resize, 'dim': self.dim, 'input_size': self._size}

  def _batches(self, arrays):
    """Yields (resized images [batch_size, S, S, 3], how many are not padding)."""
    parts, count = [], 0
    for array in arrays:
      start = 0
      while start < len(array):
        part = array[start:start + self.batch_size - count]
        parts.append(self._resize(part))
        start, count = start + len(part), count + len(part)
        if count == self.batch_size:
          yield parts[0] if len(parts) == 1 else jnp.concatenate(parts), count
          parts, count = [], 0
    if count:
      parts.append(jnp.zeros((self.batch_size - count, *parts[0].shape[1:])))
      yield jnp.concatenate(parts), count

  def _fetch(self, features, count, progress):
    features = np.asarray(features)[:count]
    if not np.isfinite(features).all():
      raise UserError(f'{self.name} gave a feature that is not finite: its '
                      'weights are damaged or not its own')
    if progress:
      progress(count)
    return features


def from_config(settings):
  """Loads the network that `config.evaluate` names, like `load`."""
  return load(settings.network, settings.weights or None, settings.resize)


def load(network='auto', weights=None, resize='bicubic'):
  """Loads a feature network.

  Args:
    network: 'inception', downloaded if need be; 'efficientnet', from its
      package; 'auto': InceptionV3 where its file is present (`weights`,
      $PEGAN_INCEPTION_WEIGHTS, the cache), EfficientNet-Lite0 otherwise.
    weights: the network's .pth file, or None.
    resize: 'bicubic' or 'legacy', see `resize.py`.

  Returns:
    An `Extractor`.

  Raises:
    UserError: an unknown name, or weights that are absent or not the network's.
  """
  if network not in NETWORKS:
    raise UserError(
        f'there is no feature network {network!r}: choose from '
        f'{", ".join(NETWORKS)}')
  if resize not in MODES:
    raise UserError(
        f'there is no resize {resize!r}: choose from {", ".join(MODES)}')
  if network == 'auto':
    found = weight_files.find_inception(weights)
    network = 'inception' if found else 'efficientnet'
  if network == 'inception':
    module, path = inception, weight_files.inception_weights(weights)
  else:
    module = efficientnet
    path = os.path.expanduser(weights or weight_files.efficientnet_path())
  params, checksum = weight_files.load(
      path, network, module.convert, version=_VERSION)
  return Extractor(module, params, checksum, resize)
