"""Training defects, cut out by their masks or boxes and moved into regions.

The defect for a region is drawn at random. The less its own region has to change to become
the one asked for, the more likely it is. Its probability p depends on a distance d of the
two regions:

  p ~ exp(-d / T),  d = |log(h / h')| + |log(w / w')| + share lost + sides cut

T is small. h and w are the height and width of its own region, h' and w' those of the one
asked for. `share lost` is the share of the defect that lies outside of the region asked
for. `sides cut` counts the sides at which the edge of its crop cut the defect off, except
those where the region asked for also ends at the edge of the image.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from pegan_jax.common.errors import listed, UserError
from pegan_jax.data import placing
from pegan_jax.methods import blending
from pegan_jax.nets import masks

_TEMPERATURE = 0.05  # T.
_POINTS = 16  # On each axis, at which two regions are compared.
_MIRRORS = [(1, 1), (1, -1), (-1, 1), (-1, -1)]  # Steps along rows and columns.


def defects(config, info, records, what):
  """Collects the training defects.

  Args:
    config: `image_size`, and `flip`, whether defects may be mirrored.
    info: `data.dataset.DataInfo`.
    records: `data.dataset.Records` of its train split.
    what: what needs them, for errors.

  Returns:
    A dict of numpy arrays: image uint8 [N, H, W, channels], mask bool [N, H, W, 1], label
    int32 [N], record int32 [N], its number in the train split, mirrors bool [4], which of
    the ways to mirror are allowed, and what `of_region` says of each mask. Of a class with
    masks those that have one, else those with a box.

  Raises:
    UserError: another image size than the data's, which would blur what is pasted; a class
      without boxes and masks.
  """
  if config.image_size != info.image_size:
    raise UserError(f'image_size is {config.image_size}, and {what} copies pixels'
                    f': give --config.image_size={info.image_size}, which the data set has')
  chosen = []
  for label in range(len(info.classes)):
    indices, kind = placing.best_of(records, label)
    seen = records.masks(indices).any((1, 2, 3)) & (kind != 'none')
    chosen.append(indices[seen])
  if bare := [name for name, indices in zip(info.classes, chosen) if not len(indices)]:
    raise UserError(
        f'the data set at {str(info.folder)!r} has neither masks nor boxes of '
        f'{listed(bare, 10)}, and {what} cuts defects out by these: build it with '
        'annotations, or without such classes by --skip_classes')
  chosen = np.concatenate(chosen)
  inside = records.masks(chosen) > 0
  return {'image': records.images(chosen), 'mask': inside, 'label': records.labels[chosen],
          'record': chosen.astype(np.int32),
          'mirrors': np.array([config.flip or way == (1, 1) for way in _MIRRORS]),
          **jax.tree.map(np.asarray, jax.jit(jax.vmap(of_region))(inside))}


def of_region(region):
  """Describes a region.

  Args:
    region: [H, W, 1], float in [0, 1] or bool; it ends where it is 0.5 or less. An empty
      one counts as the whole image.

  Returns:
    span: float [2, 2], start and end in pixels, of rows and of columns. cut: bool [2, 2],
    which of these lie at the image's edge. points: [16, 16], the region at points spread
    evenly over its span.
  """
  covered = region[..., 0] > 0.5
  covered |= ~covered.any()
  spans = []
  for axis in (0, 1):
    seen = covered.any(1 - axis)
    spans.append(jnp.stack([jnp.argmax(seen), len(seen) - jnp.argmax(seen[::-1])]))
  span = jnp.stack(spans)
  return {'span': span.astype(jnp.float32),
          'cut': span == jnp.array([[0, size] for size in covered.shape]),
          'points': _points(region, span)}


def _points(region, span):
  """Returns [H, W, 1] at points spread evenly over a span [2, 2]: [16, 16]."""
  steps = (jnp.arange(_POINTS) + 0.5) / _POINTS
  rows, columns = (jnp.floor(start + steps * (end - start)).astype(int)
                   for start, end in span)
  return region[rows[:, None], columns, 0]


def draw(bank, key, label, soft):
  """Draws a defect for a region.

  Args:
    bank: from `defects`.
    key: a random key.
    label: int scalar, its class.
    soft: float [H, W, 1], the region as `masks.soften` gives it.

  Returns:
    Its number in the bank, and bool [2], whether its rows and its columns are mirrored.
  """
  asked = of_region(masks.harden(soft))
  kept = _points(soft, asked['span'])  # The share that is shown there.
  size = lambda x: jnp.log(x['span'][..., 1] - x['span'][..., 0])
  stretched = jnp.abs(size(bank) - size(asked)).sum(-1)
  points = bank['points'].reshape(len(bank['points']), -1).astype(kept.dtype)
  # The region is mirrored, not each defect: one product of matrices for all.
  shown = points @ jnp.stack([kept[::rows, ::columns].ravel()
                              for rows, columns in _MIRRORS], 1)
  lost = 1 - shown / jnp.maximum(points.sum(1, keepdims=True), 1)
  distances = []
  for i, (rows, columns) in enumerate(_MIRRORS):
    cut = jnp.stack([bank['cut'][:, 0, ::rows], bank['cut'][:, 1, ::columns]], 1)
    distances.append(stretched + lost[:, i] + (cut & ~asked['cut']).sum((1, 2)))
  logits = jnp.where((bank['label'] == label) & bank['mirrors'][:, None],
                     -jnp.stack(distances) / _TEMPERATURE, -jnp.inf)
  mirror, number = jnp.divmod(jax.random.categorical(key, logits.ravel()), logits.shape[1])
  return number, jnp.array(_MIRRORS)[mirror] < 0


def cut_out(bank, number, mirrored, span):
  """Takes a defect from the bank, mirrored and scaled to a region's span.

  Args:
    bank: from `defects`.
    number: int scalar, of the defect.
    mirrored: bool [2], whether its rows and its columns are.
    span: float [2, 2], as `of_region` gives it.

  Returns:
    The image, float [H, W, channels] in [-1, 1], the defect's pixels in it, bool
    [H, W, 1], and where it has pixels at all, likewise.
  """
  image, mask, own = (bank[name][number] for name in ('image', 'mask', 'span'))
  image = image.astype(jnp.float32) / 127.5 - 1
  for axis in (0, 1):
    image, mask = (jnp.where(mirrored[axis], jnp.flip(x, axis), x) for x in (image, mask))
  size = jnp.array(mask.shape[:2], jnp.float32)[:, None]
  own = jnp.where(mirrored[:, None], size - own[:, ::-1], own)
  scale = (span[:, 1] - span[:, 0]) / (own[:, 1] - own[:, 0])
  moved = lambda x, kernel: jax.image.scale_and_translate(
      x.astype(jnp.float32), x.shape, (0, 1), scale, span[:, 0] - scale * own[:, 0], kernel)
  return (jnp.clip(moved(image, 'cubic'), -1, 1), moved(mask, 'linear') > 0.5,
          moved(jnp.ones_like(mask), 'linear') > 0.5)


class CutOut(NamedTuple):
  """Holds a training defect that was moved into a region.

  Attributes:
    number: int scalar, of the defect in the bank.
    patch: float [H, W, channels] in [-1, 1], it and the ground around it.
    shown: float [H, W, 1] in [0, 1], the opacity that it has in the region.
    known: bool [H, W, 1], where the patch has pixels.
  """
  number: Any
  patch: Any
  shown: Any
  known: Any


def cut(bank, key, label, soft):
  """Draws a defect and moves it into a region: a `CutOut`; arguments as of `draw`."""
  number, mirrored = draw(bank, key, label, soft)
  patch, inside, known = cut_out(
      bank, number, mirrored, of_region(masks.harden(soft))['span'])
  return CutOut(number, patch, blending.opacity(inside, soft * known), known)
