"""Settles what the values of mask images mean."""

import json

from pegan_jax.annotations import mask_names
from pegan_jax.annotations import masks as masks_lib
from pegan_jax.annotations.regions import IGNORED
from pegan_jax.common.errors import UserError

_VOID = 255  # Of Pascal VOC's masks.
_ABOVE = 2  # Folders above the masks that may have the names of their values.


def names_for(folder):
  """Returns the `mask_names.Names` in a folder of masks or above it, or None."""
  for place in [folder, *folder.absolute().parents][:1 + _ABOVE]:
    if names := mask_names.names_in(place):
      return names
  return None


def of_one_rule(read_from, names):
  """Yields ([masks whose values mean the same], their `mask_names.Names` or None).

  Args:
    read_from: {image path: list of (mark, `masks.Mask`)}.
    names: {folder of masks: what `names_for` gives}.
  """
  for base in sorted({mark.base for some in read_from.values() for mark, _ in some}):
    own = [mask for some in read_from.values() for mark, mask in some if mark.base == base]
    said = [names[mask.path.parent] for mask in own]
    several = [x for k, x in enumerate(said) if x and x not in said[:k]]
    if len(several) < 2:  # Perhaps in one folder of several.
      yield own, several[0] if several else None
      continue
    for one in several + [None] * (None in said):
      yield [mask for mask, x in zip(own, said) if x == one], one


class Rule:
  """Settles what the values of masks mean, by all masks of a folder together."""

  def __init__(self, masks, names):
    """Settles it.

    Args:
      masks: list of `masks.Mask`.
      names: `mask_names.Names` of their values, or None.

    Raises:
      UserError: they have more values than masks have, or such as have no name.
    """
    self._path = masks[0].path if masks else None
    self._first = {value: mask for mask in masks[::-1] for value in mask.values}
    names = names and names.for_values(self._first)
    nameless = [value for value in self._first
                if not names or names.get(value) is None]
    self._soft = nameless and (len(self._first) > masks_lib.FEW or
                               any(mask.lossy for mask in masks) or
                               masks_lib.have_soft_edges(masks))
    if self._soft:
      for mask in masks:
        if not mask.may_be_soft:
          if _is_generated(mask.path):
            raise UserError(
                f'{mask.path} is of a generated image, and tells by its grey how much that '
                'was changed: generate with --config.generate.formats=labelme or coco, '
                'which have outlines, and name these by --annotations.')
          raise UserError(f'{mask.path} is no mask: it, or others of its folder, hold '
                          f'{len(self._first)} values, as a photograph does or JPEG '
                          'makes of one; save masks as PNG, with a value for each class.')
    # Around objects, in Pascal VOC.
    if nameless == [_VOID] and not self._soft and any(
        _VOID in mask.values and len(mask.values) > 1 for mask in masks):
      nameless = []
    if nameless and names and len(self._first) > 1 and not self._soft:
      raise UserError(f'{self._first[nameless[0]].path} has the value {nameless[0]}, '
                      f'which {names.path} gives no class: put {self._remedy(names)} in '
                      'its place.')
    self._names = None if nameless else names
    # As of programs that write what is true as 1, or as white.
    self._in_two_ways = {*self._first} == {1, _VOID} and not any(
        len(mask.values) > 1 for mask in masks)

  def _remedy(self, names=None):
    """Returns a file of names for all values, for an error."""
    said = {value: names and names.get(value) or f'class{k}'
            for k, value in enumerate(sorted(self._first, key=str), 1)}
    if any(isinstance(value, tuple) for value in said):
      said = {name: value for value, name in said.items()}
    return (f"classes.json with {json.dumps(said, ensure_ascii=False)}, and your names, "
            f"'{IGNORED}' for void,")

  @property
  def names_classes(self):
    """Says whether the values name classes; one without a name is then of no class."""
    return bool(self._names)

  def regions(self, mask, name, in_boxes, noted):
    """Returns a mask's regions.

    Args:
      mask: `masks.Mask`.
      name: its class where its values name none; '' for none.
      in_boxes: whether its image has boxes, which say the class.
      noted: as of `folder.Layout`.
    """
    if self._names:
      names = {value: self._names.get(value) for value in mask.values}
      names = {value: None if name == IGNORED else name for value, name in names.items()}
      if None in names.values():
        noted[f'masks with pixels that are void, {_VOID} without a name or {IGNORED}: kept '
              'clear of backgrounds, of no class'].append(mask.path)
      return [region._replace(name=name or '') for value, name in names.items()
              if name or name is None for region in mask.regions([value])]
    if self._soft and len(mask.values) > 1:
      noted['masks with soft edges: cut at half'].append(mask.path)
    elif self._in_two_ways and mask.values:
      noted[f'masks of a set that have 1 or {_VOID} for what is marked, and never both: '
            'taken for one class'].append(mask.path)
    elif len(self._first) > 1 and not (name or in_boxes or self._soft or (
        self._in_two_ways)):
      values = sorted(self._first, key=str)
      counts = ('; where they count objects, which are of one class, give it to all of them'
                if values == [*range(1, len(values) + 1)] else '')
      raise UserError(f'{self._path} is one of masks with the values {values}, and no '
                      f'file names the classes of these: put {self._remedy()} beside '
                      f'them{counts}.')
    regions = mask.regions(soft=self._soft)
    if name and len(mask.values) > 1 and not self._soft:
      noted['masks with several values, which no file names: taken for parts of one class, '
            'that of their folder; add classes.txt where they are classes'
            ].append(mask.path)
    if sum(int(region.mask.sum()) for region in regions) > mask.height * mask.width / 2:
      noted['masks that mark more than half of their image: where that is the ground, '
            'invert them'].append(mask.path)
    return [region._replace(name=name) for region in regions]


def _is_generated(path):
  """Returns whether a mask is one that pegan_jax wrote beside what it generated."""
  beside = [folder.parent / folder.name.removesuffix('_annotations')
            for folder in path.absolute().parents if folder.name.endswith('_annotations')]
  return any((folder / 'manifest.csv').is_file() for folder in beside)
