"""Generated images of every class from a sampler, the same whatever is asked for.

Image i of a class is a function of (sampler, seed, class, i) and, where the method
translates, of the backgrounds there are.
"""

import collections
import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from data_prep import images, sources as source_files
from pegan_jax.common import provenance
from pegan_jax.common.errors import UserError
from pegan_jax.common.runtime import sharding
from pegan_jax.data import dataset, matches
from pegan_jax.runs.step import scale, to_pixels

# Images of a class that a device computes together, whatever the batch size: the
# same shapes give the same rounding, and so the same bytes.
CHUNK = 16

# Of windows of a folder's images, at least so many are kept, for the memory's sake.
_MOST_WINDOWS = 5000


class Job(NamedTuple):
  """What is to be drawn.

  Attributes:
    counts: images of each class, in label order.
    backgrounds: uint8 [n, h, w, C], or None where the method does not translate.
    chosen: for each class [count] int, indices of its backgrounds, or None.
    sources: n names of the backgrounds; of windows, `frames.Window`s.
  """
  counts: list[int]
  backgrounds: np.ndarray | None
  chosen: list[np.ndarray] | None
  sources: list | None


def folder_of_inputs(run):
  """The user's folder of images that are painted on, or '' for the data set's own."""
  return run.config.generate.frames or run.config.generate.backgrounds


def inputs(run):
  """What the images that are painted on depend on, as provenance has it."""
  settings = run.config.generate
  if folder := folder_of_inputs(run):
    return {'files': provenance.of_files(folder, images.list_images(folder))}
  if run.config.get('match') and settings.matched:
    return {'split': settings.split, 'matches': matches.digest(run.info)}
  return {'split': settings.split}


def load_backgrounds(run):
  """The clean images to put defects on.

  Args:
    run: a `Run`; its config's `generate.backgrounds` names a folder of the
      user's own, cut into windows as `data_prep.build --clean` cuts them, else
      `generate.split` names a split of the data set.

  Returns:
    uint8 [n, h, w, C] at the data set's size and number of channels, and n
    names; (None, None) where the method does not translate.
  """
  settings, info = run.config.generate, run.info
  if not run.method.TRANSLATES:
    return None, None
  if settings.backgrounds:
    return _cut_backgrounds(settings.backgrounds, info)
  records = dataset.Records(info, settings.split)
  found = records.find(info.background)
  if not len(found):
    raise UserError(
        f'the {settings.split} split of {str(info.folder)!r} has no '
        'backgrounds: name another with --config.generate.split, or a folder '
        'with --config.generate.backgrounds')
  return records.images(found), records.sources(found)


def _cut_backgrounds(folder, info):
  """Windows of a folder's clean images, and their names."""
  paths = images.list_images(folder)
  if not paths:
    raise UserError(f'no images in {folder!r}')
  items = source_files.read_clean(
      paths, folder, info.reader, info.window, max(len(paths), _MOST_WINDOWS))
  # What is a window as it is keeps its file's name.
  names = [item.frame.split('/', 1)[1]
           if item.whole and item.place.height == info.window else item.source
           for item in items]
  return np.stack([item.image for item in items]), names


def choose(run, counts, available):
  """`choose_backgrounds` by the run's `generate.seed` and, if it has any, matches.

  Matches are of the data set's own backgrounds: on a folder of the user's every
  class goes with each, and without `generate.matched` on these too.
  """
  config, match = run.config, None
  if (config.get('match') and config.generate.matched
      and not config.generate.backgrounds):
    split = config.generate.split
    match = matches.load(run.info, split)
    matches.check_count(run.info, split, match, available)
  return choose_backgrounds(config.generate.seed, counts, available, match)


def choose_backgrounds(seed, counts, available, match=None):
  """Which background each image is put on.

  Rounds of seeded permutations, so that each is used as often as any other, or with
  `match` as often as the class goes with it; more images of a class leave the first
  ones as they are.

  Args:
    seed: of the permutations.
    counts: images of each class, in label order.
    available: number of backgrounds.
    match: None, or [available, classes], weights of the classes.

  Returns:
    For each class [count] int.
  """
  chosen = []
  for label, count in enumerate(counts):
    rng = np.random.default_rng([seed, label])
    if match is not None:
      weights = match[:, label].astype(np.float64)
      chosen.append(rng.choice(available, count, p=weights / weights.sum()))
      continue
    rounds = [rng.permutation(available) for _ in range(-(-count // available))]
    chosen.append(np.concatenate([np.zeros(0, int), *rounds])[:count])
  return chosen


@functools.lru_cache(1)  # A run draws again and again: traced once.
def _make_chunk(run):
  """A jitted function that draws CHUNK images of each class on every device.

  It takes the sampler, uint8 backgrounds [C, n, h, w, channels] or None, the seed
  and the first image's number, and returns uint8 of the first shape and the masks
  [C, n, h, w], None without backgrounds; n is CHUNK for each device.
  """
  info, size = run.info, run.config.image_size
  strength = run.config.generate.strength
  shape = (len(info.classes), CHUNK * run.mesh.size)
  split = sharding.batch_sharding(run.mesh)

  @functools.partial(jax.jit, out_shardings=sharding.replicated(run.mesh))
  def chunk(sampler, image, seed, first):
    key = jax.random.key(seed)
    fold = jax.vmap(jax.random.fold_in, (None, 0))
    keys = jax.vmap(fold, (0, None))(
        fold(key, jnp.arange(shape[0])), first + jnp.arange(shape[1]))
    keys = jax.lax.with_sharding_constraint(keys, split)
    if image is not None:
      image = jax.lax.with_sharding_constraint(image, split)
      image = scale(image, size)
      image = jnp.broadcast_to(image, (*image.shape[:-1], 3))
    x, mask = _produce(run, sampler, image, keys)
    if image is not None and strength != 1:
      x = image + strength * (x - image)
    x = to_pixels(x.reshape(-1, *x.shape[2:]), info.image_size, info.channels)
    if mask is not None:
      mask = to_pixels(2 * mask.reshape(-1, *mask.shape[2:]) - 1, info.image_size, 1)
      mask = mask.reshape(*shape, *mask.shape[1:3])
    return x.reshape(*shape, *x.shape[1:]), mask

  return chunk


def _produce(run, sampler, image, keys):
  """`produce`, and masks [C, B, H, W, 1] in [0, 1], None without an input.

  The mask of a generator that has none is how much is seen to change, 1 being from
  black to white.
  """
  method = run.method
  if run.has_masks:
    return method.produce_masked(run.nets, sampler, image, keys)
  x = method.produce(run.nets, sampler, image, keys)
  if image is None:
    return x, None
  change = x - image
  if run.info.channels == 1:
    change = change.mean(-1, keepdims=True)
  return x, jnp.abs(change).mean(-1, keepdims=True) / 2


def chunks_in_flight(run):
  """Chunks that `generate.batch_size` amounts to, 1 or more."""
  together = CHUNK * run.mesh.size * len(run.info.classes)
  return max(1, run.config.generate.batch_size // together)


def draw(run, sampler, counts, *, seed=0, backgrounds=None, chosen=None,
         in_flight=1):
  """Draws images of every class, a few chunks under way at once.

  Args:
    run: a `Run`.
    sampler: what the method draws with, such as a state's `ema`.
    counts: images of each class, in label order.
    seed: of the noise, where the method takes any.
    backgrounds: uint8 [n, h, w, C], or None where the method does not translate.
    chosen: for each class [count] int, indices of its backgrounds, or None.
    in_flight: chunks that the device works on while others are taken in.

  Yields:
    (label, number of the first image within its class, uint8 [k, h, w, C], uint8
    [k, h, w] masks or None).
  """
  run_chunk, size = _make_chunk(run), CHUNK * run.mesh.size

  def start(first):
    image = None
    if backgrounds is not None:
      # Classes that need fewer are filled up by wrapping round: one shape.
      image = np.stack([
          backgrounds[np.resize(index[first:first + size], size)]
          if first < len(index) else np.zeros_like(backgrounds[:1]).repeat(
              size, 0) for index in chosen])
    return first, run_chunk(sampler, image, seed, first)

  def take(first, drawn):
    fakes, masks = jax.tree.map(np.asarray, drawn)
    for label, count in enumerate(counts):
      if first < count:
        yield (label, first, fakes[label, :count - first],
               None if masks is None else masks[label, :count - first])

  pending = collections.deque()
  for first in range(0, max(counts), size):
    pending.append(start(first))
    if len(pending) > in_flight:
      yield from take(*pending.popleft())
  while pending:
    yield from take(*pending.popleft())


def collect(drawn, num_classes):
  """The images of what `draw` yields: uint8 [count, h, w, C], one a class."""
  parts = [[] for _ in range(num_classes)]
  for label, _, fake, _ in drawn:
    parts[label].append(fake)
  return [np.concatenate(p) for p in parts]


def file_name(i):
  return f'{i:05d}.png'
