"""The crops of a study of segmenters: real ones of both splits, and generated ones."""

import dataclasses
import pathlib
from typing import NamedTuple
import zlib

import numpy as np

from data_prep.images import reading
from pegan_jax.common.errors import listed, UserError
from pegan_jax.data import dataset, manifest, placing
from pegan_jax.inspection import arms, images, leaks
from pegan_jax.metrics import origins

# The grey of a mask above which a pixel is a defect's: by what the manifest calls the mask.
_OPACITY, _CHANGE = 0.5, 0.1


@dataclasses.dataclass(frozen=True)
class Crops(images.Images):
  """Crops in memory, and where their defects are.

  Attributes:
    inside: bool [n, S, S], true on defects.
  """
  inside: np.ndarray

  def take(self, indices):
    """Returns the crops of these indices."""
    return Crops(self.pixels[indices], self.labels[indices],
                 [self.names[i] for i in indices], self.groups[indices],
                 self.inside[indices])

  def frames(self):
    """Returns the frames that the crops were cut from: [n] strings."""
    return np.array([name.rsplit('[', 1)[0] for name in self.names], str)

  def of_share(self, fraction, seed):
    """Chooses a share of the frames of each class: int indices, sorted.

    Smaller shares lie within larger ones.

    Args:
      fraction: in (0, 1].
      seed: of the choice.

    Returns:
      All crops that were cut from the frames chosen: 2 or more of each class, or all.
    """
    rng = np.random.default_rng(seed)
    frames, chosen = self.frames(), []
    for label in np.unique(self.labels):
      own = np.flatnonzero(self.labels == label)
      known = rng.permutation(np.unique(frames[own]))
      count = max(2, round(fraction * len(known)))
      chosen.append(own[np.isin(frames[own], known[:count])])
    return np.sort(np.concatenate(chosen))

  def checksum(self):
    """Returns a checksum of pixels, labels and masks, in order."""
    return zlib.crc32(np.packbits(self.inside), super().checksum())


class Real(NamedTuple):
  """The real crops of a study.

  Attributes:
    defects: `Crops` of the train split.
    clean: `Crops` of the train split's backgrounds.
    test: `Crops` of the test split, the clean ones last.
    kinds: {class: 'mask' or 'box'}, what says where its defects are.
    left_out: classes that have neither in both splits.
  """
  defects: Crops
  clean: Crops
  test: Crops
  kinds: dict
  left_out: list


def load(info):
  """Reads the crops of a data set whose defects have masks, or boxes.

  A class with masks is learned from these alone: its boxes are larger than its defects.

  Args:
    info: `dataset.DataInfo`.

  Raises:
    UserError: no class has masks or boxes in both splits, or there are no clean crops to
      train on.
  """
  train, test = (dataset.Records(info, split) for split in ('train', 'test'))
  kinds, of_train, of_test = {}, [], []
  for label, name in enumerate(info.classes):
    indices, kind = placing.best_of(train, label)
    held = test.find(label)
    held = held[np.array(test.annotations(held), str) == kind]
    if kind != 'none' and len(indices) and len(held):
      kinds[name] = kind
      of_train.append(indices)
      of_test.append(held)
  if not kinds:
    raise UserError(f'the data set at {str(info.folder)!r} has no class with masks or '
                    'boxes in both splits: build it from annotated images, or take '
                    '--config.task=classify')
  clean = train.find(info.background)
  if not len(clean):
    raise UserError(f'the train split of {str(info.folder)!r} has no backgrounds, which '
                    'segmenters learn from as well: build it again with clean images')
  of_test.append(test.find(info.background))
  return Real(_read(train, np.concatenate(of_train)), _read(train, clean),
              _read(test, np.concatenate(of_test)), kinds,
              [c for c in info.classes if c not in kinds])


def notes(info, real):
  """Lists what is to be known of the real crops."""
  said = []
  if real.left_out:
    said.append(f'{", ".join(real.left_out)}: left out, as not both splits have masks or '
                'boxes of it')
  if boxes := [name for name, kind in real.kinds.items() if kind == 'box']:
    said.append(f'{", ".join(boxes)}: there are boxes and no masks, so that the truth is '
                'the whole of each box, and figures of pixels are of boxes')
  if not (real.test.labels == info.background).any():
    said.append('there are no clean test crops: how much is found on clean surface is not '
                'measured, and image AUROC not known; build with --test_clean=0.2 and '
                'generate anew')
  return said


def _read(records, indices):
  return Crops(records.images(indices), records.labels[indices], records.sources(indices),
               records.groups(indices), records.masks(indices)[..., 0] > 0)


def load_all_generated(config, info, real):
  """Reads the folders of generated images that a config names, and checks them.

  Args:
    config: has `generated` and `per_class`.
    info: `dataset.DataInfo`.
    real: `Real`.

  Returns:
    ({name: `Crops`}, {name: sentences on what was compared}, notes).

  Raises:
    UserError: as `load_generated`, or images that test crops had a part in.
  """
  generated, checks, said = {}, {}, []
  paths = images.folders(config)
  names = images.methods(paths) or arms.names(paths)
  for name, path in zip(names, paths):
    found, folder, left_out = load_generated(
        info, name, path, config.per_class, real.kinds)
    seen = _joined(real.defects, real.clean)
    checks[name] = origins.check_scale(info, folder) + leaks.check(
        info, seen, real.test, folder, found)
    generated[name] = found
    said += left_out
  return generated, checks, said


def load_generated(info, name, path, per_class, kinds):
  """Reads generated images and their masks.

  The mask of PATH/<class>/<n>.png is PATH_annotations/masks/<class>/<n>.png, which
  `--mode generate` writes; your own images may lie so as well. Images whose mask has no
  defect are left out.

  Args:
    info: `dataset.DataInfo`.
    name: of the set, for notes.
    path: the folder.
    per_class: how many to choose of a class that has more; 0 takes all.
    kinds: {class: ...} of the real crops; images of other classes are left out.

  Returns:
    (`Crops`, the `sets.ImageFolder`, sentences on what was left out).

  Raises:
    UserError: as `images.load_generated`; there are no masks, or one is missing, damaged
      or of another size; or no image is left.
  """
  found, folder, rejected = images.load_generated(info, path, per_class)
  path = pathlib.Path(path)
  beside = path.with_name(f'{path.name}_annotations') / 'masks'
  if not beside.is_dir():
    raise UserError(f'{str(path)!r} (generated) has no masks in {str(beside)!r}: a '
                    'segmenter learns from images with masks alone; --mode generate writes '
                    'both where images are painted on backgrounds')
  keep = [i for i, label in enumerate(found.labels) if info.classes[label] in kinds]
  found = found.take(keep)
  inside = _masks(beside, found, _by_change(path))
  some = np.flatnonzero(inside.any((1, 2)))
  if not len(some):
    raise UserError(f'{str(path)!r} (generated) has no image of {", ".join(kinds)} with a '
                    'defect in its mask')
  notes = images.left_out({name: rejected})
  if empty := len(found) - len(some):
    notes.append(f'{name}: {empty} images whose masks show no defect')
  return Crops(found.pixels, found.labels, found.names, found.groups,
               inside).take(some), folder, notes


def _by_change(path):
  """Returns the files whose masks are how much an image was changed, by the manifest."""
  table = path / manifest.FILE
  return {row['file'] for row in manifest.read(table) if row.get('mask') == 'change'} if (
      table.is_file()) else set()


def _masks(folder, found, by_change):
  """Reads the masks of images: bool [n, S, S]."""
  paths = [(folder / name).with_suffix('.png') for name in found.names]
  if missing := [name for name, path in zip(found.names, paths) if not path.is_file()]:
    raise UserError(f'{str(folder)!r} has no masks of {listed(missing)}: put them back, or '
                    'take these images away')
  inside = np.zeros(found.pixels.shape[:3], bool)
  for mask, name, path in zip(inside, found.names, paths):
    grey = reading.read_image(path, grey=True)[..., 0]
    if grey.shape != mask.shape:
      raise UserError(f'{path} has {grey.shape[1]}x{grey.shape[0]} pixels, and its image '
                      f'{mask.shape[1]}x{mask.shape[0]}: a mask has the size of its image')
    # An opacity is relative, as for the boxes: a faint defect has a faint mask.
    mask[:] = (grey > 255 * _CHANGE if name in by_change else
               grey > max(_CHANGE * 255, _OPACITY * grey.max()))
  return inside


def _joined(*parts):
  """Returns several `Crops` as one, in order."""
  return Crops(*(np.concatenate([getattr(x, name) for x in parts])
                 for name in ('pixels', 'labels')),
               sum((x.names for x in parts), []),
               *(np.concatenate([getattr(x, name) for x in parts])
                 for name in ('groups', 'inside')))
