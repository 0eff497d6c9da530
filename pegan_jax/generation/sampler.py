"""The only way from weights to images and masks.

Image i of a class is a function of (weights, seed, class, i, trial) and, where the method
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
# shapes give the same rounding, and so the same bytes. Fewer of larger images: memory grows
# with their pixels, and a frame's few defects are filled up to a chunk.
CHUNK = 16
_LARGE = 128  # Side in pixels from which on a chunk keeps its number of pixels.


class Painted(NamedTuple):
  """Images, and where a defect was painted.

  Attributes:
    image: uint8 [..., h, w, channels].
    visible_mask: uint8 [..., h, w], 255 where only the defect is seen. A method
      without masks has the change in its place, 255 from black to white. None where
      images are sampled from noise.
    region: uint8 [..., h, w], 255 where the defect was asked for. None where the method
      takes no regions.
    record: int [...], the real defect that the generator was shown, by its number in the
      train split. None where it is shown none.
    reference: uint8 [..., h, w, channels], the training image with it as it was mirrored,
      scaled and moved, or None likewise.
  """
  image: Any
  visible_mask: Any
  region: Any = None
  record: Any = None
  reference: Any = None


class Sampler:
  """Turns weights, backgrounds and keys into images and masks.

  The functions may be called inside of `jax.jit`; `stream` compiles them. Images go in
  and come out in the data set's form and size, uint8 [..., h, w, channels].

  Args:
    run: a `Run`.
    frozen: from `run.frozen`, where it is an argument of a function that is compiled; None
      makes it a constant of the code.
  """

  def __init__(self, run, frozen=None):
    self._run = run
    self._nets = run.nets if frozen is None else run.nets._replace(frozen=frozen)
    self._chunk = jax.jit(self._sample_chunk,
                          out_shardings=sharding.replicated(run.mesh))

  def produce(self, weights, backgrounds, keys, regions=None):
    """Samples images of every class, their defects at full strength.

    Args:
      weights: what the method samples with, such as a state's `ema`.
      backgrounds: [C, n, h, w, channels], row c for class c; None where the method
        samples from noise.
      keys: [C, n] random keys.
      regions: uint8 [C, n, h, w], 255 where to paint, for a method that takes regions.

    Returns:
      `Painted` [C, n, ...].
    """
    method = self._run.method
    image = None if backgrounds is None else self.to_network(backgrounds)
    placed = self._placed(regions)
    found = method.references(self._nets, image, keys, *placed)
    if found is None:
      return self.finish(backgrounds, image, *method.produce(
          self._nets, weights, image, keys, *placed))
    x, mask = method.produce(self._nets, weights, image, keys, *placed, found.shown)
    return self.finish(backgrounds, image, x, mask)._replace(
        record=found.record, reference=self.to_pixels(found.crop))

  def finish(self, backgrounds, image, x, mask):
    """Brings what a network made to the data set's form and size.

    Args:
      backgrounds: as of `produce`.
      image: them as the network took them, from `to_network`.
      x, mask: what `Method.produce` returned.

    Returns:
      `Painted` [C, n, ...].
    """
    method, info = self._run.method, self._run.info
    if image is None:
      return Painted(self.to_pixels(x), None)
    if mask is None:
      change = x - image
      if info.channels == 1:
        change = change.mean(-1, keepdims=True)
      mask = jnp.abs(change).mean(-1, keepdims=True) / 2
    kept = backgrounds if method.layout.placed and x.shape[2] != info.image_size else None
    return Painted(self.to_pixels(x) if kept is None else self._painted(kept, x - image),
                   self.to_pixels(2 * mask - 1).squeeze(-1))

  def eliminate(self, weights, defects, regions=None):
    """Turns defects into backgrounds: [C, n, h, w, channels], class c in row c.

    `regions` are where the defects are, as `produce` takes them.
    """
    return self.to_pixels(self._run.method.eliminate(
        self._nets, weights, self.to_network(defects), *self._placed(regions)))

  def stream(self, weights, job, *, seed=0, in_flight=1, only=None, trial=0):
    """Samples a job's images at full strength, a few chunks under way at once.

    Args:
      weights: what the method samples with, such as a state's `ema`.
      job: a `jobs.Job`.
      seed: of the noise, where the method takes any and the job has no keys.
      in_flight: number of chunks that the device computes while others are fetched.
      only: for each class [k] int, the numbers of the images to sample; None for all.
      trial: 0, or the number of times that these images were drawn before.

    Yields:
      (label, [k] numbers of the images within their class, `Painted` [k, ...]).
    """
    size, frozen = _chunk(self._run), self._run.frozen()
    only = [np.arange(count) for count in job.counts] if only is None else only

    def start(parts):
      # Classes that need fewer are filled up by wrapping round: one shape.
      full = [np.resize(part, size) if len(part) else None for part in parts]
      fill = lambda take, empty: np.stack([
          empty if numbers is None else take(label, numbers)
          for label, numbers in enumerate(full)])
      keys = fill(lambda label, numbers: (
          np.stack([np.full(size, seed), numbers], -1) if job.keys is None
          else job.keys[label][numbers]).astype(np.int32), np.zeros((size, 2), np.int32))
      image = regions = None
      if job.backgrounds is not None:
        image = fill(lambda label, numbers: job.backgrounds[job.chosen[label][numbers]],
                     np.zeros_like(job.backgrounds[:1]).repeat(size, 0))
      if job.regions is not None:
        regions = fill(lambda label, numbers: job.regions(label, numbers, trial),
                       np.zeros((size, *image.shape[2:4]), np.uint8))
      return parts, regions, self._chunk(
          frozen, weights, image, regions, keys, trial)

    def take(parts, regions, chunk):
      chunk = jax.tree.map(np.asarray, chunk)._replace(region=regions)
      for label, part in enumerate(parts):
        if len(part):
          yield label, part, jax.tree.map(lambda x, n=len(part), c=label: x[c, :n], chunk)

    pending = collections.deque()
    for first in range(0, max(map(len, only)), size):
      pending.append(start([part[first:first + size] for part in only]))
      if len(pending) > in_flight:
        yield from take(*pending.popleft())
    while pending:
      yield from take(*pending.popleft())

  def _sample_chunk(self, frozen, weights, backgrounds, regions, keys, trial):
    """Samples an image of each class for keys [C, n, 2], (seed, number), on all devices."""
    def draw_key(label, pair):
      key = jax.random.fold_in(jax.random.fold_in(jax.random.key(pair[0]), label), pair[1])
      return jnp.where(trial > 0, jax.random.fold_in(key, trial), key)

    keys = jax.vmap(jax.vmap(draw_key, (None, 0)))(jnp.arange(len(keys)), keys)
    split = functools.partial(jax.lax.with_sharding_constraint,
                              shardings=sharding.batch_sharding(self._run.mesh))
    backgrounds, regions = jax.tree.map(split, (backgrounds, regions))
    return Sampler(self._run, frozen).produce(weights, backgrounds, split(keys), regions)

  def _placed(self, regions):
    """Returns what a method takes for regions [C, n, h, w]: nothing, or their soft maps."""
    if not self._run.method.layout.placed:
      return ()
    return scale_region(regions[..., None], self._run.config.image_size),

  def to_network(self, image):
    """Scales uint8 [..., h, w, channels] to the network's [..., H, W, 3] in [-1, 1]."""
    x = scale(image, self._run.config.image_size)
    return jnp.broadcast_to(x, (*x.shape[:-1], 3))

  def _painted(self, backgrounds, change):
    """Adds a change of the network's size to images, which else stay as they are."""
    info = self._run.info
    if info.channels == 1:
      change = change.mean(-1, keepdims=True)
    change = jax.image.resize(change, backgrounds.shape, 'cubic')
    return jnp.clip(jnp.round(backgrounds + 127.5 * change), 0, 255).astype(jnp.uint8)

  def to_pixels(self, x):
    """Turns [C, n, H, W, 1 or 3] in [-1, 1] into uint8 [C, n, h, w, channels]."""
    info = self._run.info
    flat = to_pixels(x.reshape(-1, *x.shape[2:]), info.image_size,
                     min(info.channels, x.shape[-1]))
    return flat.reshape(*x.shape[:2], *flat.shape[1:])


def chunks_in_flight(run):
  """Returns how many chunks `generate.batch_size` amounts to, 1 or more."""
  together = _chunk(run) * len(run.info.classes)
  return max(1, run.config.generate.batch_size // together)


def _chunk(run):
  """Returns how many images of each class are computed together, on all devices."""
  side = max(run.config.image_size, _LARGE)
  return max(1, CHUNK * _LARGE**2 // side**2) * run.mesh.size
