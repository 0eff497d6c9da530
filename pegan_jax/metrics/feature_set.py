"""Images as features."""

from __future__ import annotations

import dataclasses

import numpy as np

from pegan_jax.metrics.sets import FLAT


@dataclasses.dataclass(frozen=True)
class FeatureSet:
  """Images as features, by class.

  Attributes:
    features: {class: [n, D] float}; {FLAT: ...} where classes are not known.
    names: {class: n strings}.
    groups: {class: [n] int} near-duplicates share a number; None if there are none.
    changes: {class: [n, 2]} from `change.scores`; None where that is not known.
    crops: `FeatureSet` of crops around the defects of those images and classes where they
      are known, see `region_crops`; None where none is.
    references: `FeatureSet` of the training images that a generator was shown for these, as
      they were mirrored, scaled and moved, image by image; None where it is shown none.
  """
  features: dict[str, np.ndarray]
  names: dict[str, list[str]]
  groups: dict[str, np.ndarray] | None = None
  changes: dict[str, np.ndarray] | None = None
  crops: FeatureSet | None = None
  references: FeatureSet | None = None

  def flattened(self):
    """Returns the same images with all classes in one, and without crops."""
    def join(by_class):
      return None if by_class is None else {
          FLAT: np.concatenate([by_class[c] for c in self.features])}
    groups = self.groups
    if groups is not None:  # Numbers of two classes may be the same.
      groups = {c: np.unique(g, return_inverse=True)[1] for c, g
                in groups.items()}
      start = 0
      for c in self.features:
        groups[c] = groups[c] + start
        start = groups[c].max() + 1
    names = {FLAT: [n for c in self.features for n in self.names[c]]}
    return FeatureSet(join(self.features), names, join(groups),
                      join(self.changes))

  def with_crops(self, found):
    """Returns the same with crops: {class: ([k] int, of which images; [k, D] float)}."""
    if not found:
      return self
    pick = lambda values: values and {
        c: np.asarray(values[c])[of_images] for c, (of_images, _) in found.items()}
    return dataclasses.replace(self, crops=FeatureSet(
        {c: x for c, (_, x) in found.items()}, pick(self.names), pick(self.groups)))

  def in_order(self, names):
    """Returns the classes `names` alone, in that order."""
    by_class = {field: values and {c: values[c] for c in names}
                for field, values in vars(self).items()
                if field not in ('crops', 'references')}
    return FeatureSet(**by_class, crops=self.crops and self.crops.in_order(
        [c for c in names if c in self.crops.features]),
                      references=self.references and self.references.in_order(names))

  def group_numbers(self, class_name):
    """Returns the groups of a class; each image is its own where none are known."""
    if self.groups is None:
      return np.arange(len(self.features[class_name]))
    return self.groups[class_name]
