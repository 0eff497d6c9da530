"""The only way from weights to images and masks.

Image i of a class is a function of (weights, seed, class, i) and, where the method
translates, of its background and region, whatever else is sampled with it.
"""

import collections
import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from pegan_jax.common.runtime import sharding
from pegan_jax.runs.step import scale, scale_region, to_pixels

# Images per class that a device computes together, whatever the batch size: the same
# shapes give the same rounding, and so the same bytes.
CHUNK = 16


class Painted(NamedTuple):
  """Images, and where a defect was painted.

  Attributes:
    image: uint8 [..., h, w, channels].
    visible_mask: uint8 [..., h, w], 255 where only the defect is seen. A method
      without masks has the change in its place, 255 from black to white. None where
      images are sampled from noise.
  """
  image: Any
  visible_mask: Any


class Sampler:
  """Turns weights, backgrounds and keys into images and masks.

  The functions may be called inside of `jax.jit`; `stream` compiles them. Images go in
  and come out in the data set's form and size, uint8 [..., h, w, channels].

  Args:
    run: a `Run`.
  """

  def __init__(self, run):
    self._run = run
    # The strength is an argument, so that another value is not compiled again.
    self._chunk = jax.jit(self._sample_chunk,
                          out_shardings=sharding.replicated(run.mesh))

  def produce(self, weights, backgrounds, keys, strength=1.0, regions=None):
    """Samples images of every class.

    Args:
      weights: what the method samples with, such as a state's `ema`.
      backgrounds: [C, n, h, w, channels], row c for class c; None where the method
        samples from noise.
      keys: [C, n] random keys.
      strength: 0 to 1, how strongly defects are painted. Masks are of the full strength.
      regions: uint8 [C, n, h, w], 255 where to paint, for a method that takes regions.

    Returns:
      `Painted` [C, n, ...].
    """
    method, nets = self._run.method, self._run.nets
    image = None if backgrounds is None else self._to_network(backgrounds)
    x, mask = method.produce(nets, weights, image, keys, *self._placed(regions))
    if image is None:
      return Painted(self._to_pixels(x), None)
    if mask is None:
      change = x - image
      if self._run.info.channels == 1:
        change = change.mean(-1, keepdims=True)
      mask = jnp.abs(change).mean(-1, keepdims=True) / 2
    # At strength 1 the formula would round.
    x = jnp.where(strength == 1, x, image + strength * (x - image))
    return Painted(self._to_pixels(x), self._to_pixels(2 * mask - 1)[..., 0])

  def eliminate(self, weights, defects, regions=None):
    """Turns defects into backgrounds: [C, n, h, w, channels], class c in row c.

    `regions` are where the defects are, as `produce` takes them.
    """
    return self._to_pixels(self._eliminate(weights, defects, regions))

  def restore(self, weights, defects, keys, regions=None):
    """Erases defects and puts them on again, at the network's own size in between.

    Args:
      weights, keys, regions: as `produce` takes them.
      defects: [C, n, h, w, channels], class c in row c.

    Returns:
      The erased and the restored images, as `defects`.
    """
    erased = self._eliminate(weights, defects, regions)
    restored, _ = self._run.method.produce(
        self._run.nets, weights, erased, keys, *self._placed(regions))
    return self._to_pixels(erased), self._to_pixels(restored)

  def stream(self, weights, job, *, seed=0, strength=1.0, in_flight=1):
    """Samples a job's images, a few chunks under way at once.

    Args:
      weights: what the method samples with, such as a state's `ema`.
      job: a `jobs.Job`.
      seed: of the noise, where the method takes any.
      strength: as `produce` takes it.
      in_flight: number of chunks that the device computes while others are fetched.

    Yields:
      (label, number of the first image within its class, `Painted` [k, ...]).
    """
    counts, size = job.counts, CHUNK * self._run.mesh.size

    def start(first):
      image = regions = None
      if job.backgrounds is not None:
        # Classes that need fewer are filled up by wrapping round: one shape.
        image = np.stack([
            job.backgrounds[np.resize(index[first:first + size], size)]
            if first < len(index) else np.zeros_like(job.backgrounds[:1]).repeat(
                size, 0) for index in job.chosen])
      if job.regions is not None:
        numbers = np.arange(first, first + size)
        regions = np.stack([
            job.regions(label, numbers) if first < count
            else np.zeros((size, *image.shape[2:4]), np.uint8)
            for label, count in enumerate(counts)])
      return first, self._chunk(
          weights, image, regions, seed, first, np.float32(strength))

    def take(first, chunk):
      images, masks = jax.tree.map(np.asarray, chunk)
      for label, count in enumerate(counts):
        if first < count:
          yield label, first, Painted(
              images[label, :count - first],
              None if masks is None else masks[label, :count - first])

    pending = collections.deque()
    for first in range(0, max(counts), size):
      pending.append(start(first))
      if len(pending) > in_flight:
        yield from take(*pending.popleft())
    while pending:
      yield from take(*pending.popleft())

  def sample(self, weights, job, **kwargs):
    """Returns the images of a job by class, as `stream` samples them.

    Args:
      weights, job, **kwargs: as `stream` takes them.

    Returns:
      List of uint8 [count, h, w, channels], one per class.
    """
    info = self._run.info
    images = [[np.zeros((0, info.image_size, info.image_size, info.channels), np.uint8)]
              for _ in job.counts]
    for label, _, painted in self.stream(weights, job, **kwargs):
      images[label].append(painted.image)
    return [np.concatenate(parts) for parts in images]

  def _sample_chunk(self, weights, backgrounds, regions, seed, first, strength):
    """Samples images `first`, `first` + 1, ... of each class, on all devices."""
    run = self._run
    key, fold = jax.random.key(seed), jax.vmap(jax.random.fold_in, (None, 0))
    keys = jax.vmap(fold, (0, None))(
        fold(key, jnp.arange(len(run.info.classes))),
        first + jnp.arange(CHUNK * run.mesh.size))
    split = functools.partial(jax.lax.with_sharding_constraint,
                              shardings=sharding.batch_sharding(run.mesh))
    backgrounds, regions = jax.tree.map(split, (backgrounds, regions))
    return self.produce(weights, backgrounds, split(keys), strength, regions)

  def _eliminate(self, weights, defects, regions):
    return self._run.method.eliminate(
        self._run.nets, weights, self._to_network(defects), *self._placed(regions))

  def _placed(self, regions):
    """Returns what a method takes for regions [C, n, h, w]: nothing, or their soft maps."""
    if not self._run.method.layout.placed:
      return ()
    return scale_region(regions[..., None], self._run.config.image_size),

  def _to_network(self, image):
    x = scale(image, self._run.config.image_size)
    return jnp.broadcast_to(x, (*x.shape[:-1], 3))

  def _to_pixels(self, x):
    """Turns [C, n, H, W, 1 or 3] in [-1, 1] into uint8 [C, n, h, w, channels]."""
    info = self._run.info
    flat = to_pixels(x.reshape(-1, *x.shape[2:]), info.image_size,
                     min(info.channels, x.shape[-1]))
    return flat.reshape(*x.shape[:2], *flat.shape[1:])


def chunks_in_flight(run):
  """Returns how many chunks `generate.batch_size` amounts to, 1 or more."""
  together = CHUNK * run.mesh.size * len(run.info.classes)
  return max(1, run.config.generate.batch_size // together)
