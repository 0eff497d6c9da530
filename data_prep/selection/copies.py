"""Finds images that are others: mirrored, turned by quarters, resized, or changed in place.

Whole images are compared, by the texture that they show at 64 x 64 samples, in the seven
ways in which a square may lie beside its own. Tools enlarge sets by such copies; one that
was also cut, zoomed or turned by another angle is another image.

The least correlation was set by eye: docs/data.md has what was seen on nine sets. Of
textures no pair above it is wrong; what is symmetric, or checked as cloth, may be.
"""

import functools
import itertools

import numpy as np

from data_prep.images import parallel
from data_prep.selection import cells, texture

LEAST = 0.6  # Correlation of 2 x 2 averages.
_PROPOSE = 0.5  # Of 4 x 4 averages.
_MOST_OF_A_NAME = 16  # Images of one name: that of more, as image.png, tells nothing.
_WAYS = [(turns, mirrored) for turns in range(4) for mirrored in (False, True)][1:]


def _turn(looks, turns, mirrored):
  """Returns [n, h, h], turned by quarters and then mirrored."""
  looks = np.rot90(looks, turns, axes=(1, 2))
  return looks[:, :, ::-1] if mirrored else looks


def _look(small):
  """Returns an image's texture as averages over 2 x 2 samples: float32 [32, 32]."""
  return texture.average(texture.thumbnail(small[:, :, None], 64), 2)[::2, ::2]


def find(images):
  """Finds the pairs of images that are copies, mirrored or turned by quarters.

  Args:
    images: N arrays uint8 [64, 64], as by `reading.small`.

  Returns:
    int [P, 2] with i < j, sorted.
  """
  if len(images) < 2:
    return np.zeros((0, 2), int)
  looks = np.stack(list(parallel.each(_look, images)))
  coarse = looks.reshape(-1, 16, 2, 16, 2).mean(axis=(2, 4))
  searched = cells.Cells(np.stack(
      [texture.unit(_turn(coarse, *way)) for way in _WAYS], axis=1).reshape(-1, 256))
  found = []
  for start in range(0, len(images), texture.ROWS):
    block = texture.unit(coarse[start:start + texture.ROWS])
    j, template, _ = searched.find(block, _PROPOSE)
    i, way = np.divmod(template, len(_WAYS))
    found.append(np.column_stack([i, start + j, way])[i != start + j])
  found = np.concatenate(found)
  sure = np.zeros(len(found), bool)
  for start in range(0, len(found), texture.ROWS):
    part = found[start:start + texture.ROWS]
    turned = np.stack([_turn(looks[i:i + 1], *_WAYS[way])[0] for i, _, way in part])
    sure[start:start + texture.ROWS] = (
        texture.correlation(turned, looks[part[:, 1]]) > LEAST)
  return np.unique(np.sort(found[sure, :2], axis=1), axis=0)


def find_resized(images, names):
  """Finds the pairs of images of one name that show the same.

  Args:
    images: as of `find`.
    names: N values; None for an image that is not compared.

  Returns:
    int [P, 2] with i < j, sorted.
  """
  by_name = {}
  for i, name in enumerate(names):
    if name is not None:
      by_name.setdefault(name, []).append(i)
  pairs = sorted(pair for some in by_name.values() if len(some) <= _MOST_OF_A_NAME
                 for pair in itertools.combinations(some, 2))
  looks = functools.cache(lambda i: _look(images[i]))
  return np.array([(i, j) for i, j in pairs if texture.correlation(
      looks(i), looks(j)) > LEAST], int).reshape(-1, 2)


def find_alike(images, folders):
  """Finds the image of another folder that shows most surely what an image shows, in place.

  Args:
    images: as of `find`.
    folders: N values, of which folder each image is.

  Returns:
    int [P, 2] of an image and the one that it resembles, the former sorted, once each.
  """
  if len(set(folders)) < 2:
    return np.zeros((0, 2), int)
  numbers = np.unique(folders, return_inverse=True)[1]
  looks = np.stack(list(parallel.each(_look, images)))
  coarse = texture.unit(looks.reshape(-1, 16, 2, 16, 2).mean(axis=(2, 4)))
  searched, found = cells.Cells(coarse), []
  for start in range(0, len(images), texture.ROWS):
    i, j, scores = searched.find(coarse[start:start + texture.ROWS], _PROPOSE)
    i, j, scores = (some[numbers[start + i] != numbers[j]] for some in (i, j, scores))
    order = np.lexsort((-scores, i))
    first = order[np.unique(i[order], return_index=True)[1]]
    found.append(np.column_stack([start + i[first], j[first]]))
  found = np.concatenate(found)
  return found[texture.correlation(looks[found[:, 0]], looks[found[:, 1]]) > LEAST]
