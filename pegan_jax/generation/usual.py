"""Measures what is usual for real defects of each class, and what of generated ones is not.

Every bound is one of prediction, from the class's own training defects, measured as
generated ones are, at the size of the data set's images: of real defects that it has not
seen it leaves out about one in fifty, also where a handful are known.
"""

from typing import NamedTuple

import numpy as np
import scipy

from pegan_jax.data import dataset, measures, placing
from pegan_jax.nets.masks import MARGIN
from pegan_jax.pretrained import region_features

TAIL = 0.02  # Share of unseen real defects beyond each bound.

INVISIBLE = 'nothing visible'
FAINT = 'too faint'
DARK = 'darker than real ones'
BRIGHT = 'brighter than real ones'
OUTSIDE = 'changed outside of its region'
BESIDE = 'beside its region'
SMALL = 'unusually small'
LARGE = 'unusually large'
ROUND = 'unusually round'
LONG = 'unusually long'
COLOURS = 'colours too strong'
SEAM = 'a seam along its region'
FAR = 'unlike the real ones'
COPY = 'a copy of a real one'

# Of what is visible and its region, the least share of the smaller that lies in the other:
# a mark may be wider than a thin region, whose edge is soft, and not lie beside it.
_OVERLAP = 0.5
# What is visible has the area and elongation asked for, but for this factor: outlines are
# a pixel or two off.
_AS_ASKED = 1.5
# Two features nearer than this share of their norm are the same but for rounding.
_SAME = 1e-5
_BLOCK = 256  # Rows of distances computed at once.
_GROUNDS = 64  # Backgrounds that tell, beside the defects, how far features vary.


class Figure(NamedTuple):
  """Tells what was measured of a defect, and what is usual.

  Attributes:
    what: what was measured, as people say it.
    value: the figure; nan where it cannot be measured.
    low, high: the usual values, infinite where there is no bound.
    below, above: the reason to reject the defect on that side, or ''.
  """
  what: str
  value: float
  low: float
  high: float
  below: str
  above: str

  @property
  def reason(self):
    """Returns why the defect is rejected, or ''."""
    return (self.below if self.value < self.low else
            self.above if self.value > self.high else '')


class Judge:
  """Says what is wrong with generated defects.

  What is usual for a class is measured when the first of its defects is judged.

  Args:
    run: a `Run` whose method takes regions.
    find: from `masks.defect_finder`.
  """

  def __init__(self, run, find):
    self._run, self._find = run, find
    self._records = dataset.Records(run.info, 'train', run.config.cache_mb)
    self._features = region_features.load()
    self._usual = {}
    # How far the soft edge of a region goes on, in pixels of the data set's, and what
    # resampling adds to that: a pixel of a linear kernel, two of a cubic one.
    enlarged = run.info.image_size / run.config.image_size
    self._margin = MARGIN * enlarged + 3 * max(1, enlarged) * (enlarged != 1)

  @property
  def sees(self):
    """Tells whether defects are compared with real ones in features."""
    return self._features is not None

  def __call__(self, label, before, painted):
    """Judges images of one class.

    Args:
      label: of the class.
      before: uint8 [n, h, w, C], their backgrounds.
      painted: `sampler.Painted` [n, ...], at full strength.

    Returns:
      n tuples of reasons, empty for what is accepted.
    """
    return [reasons for reasons, _ in self.look(label, before, painted)]

  def look(self, label, before, painted):
    """Judges as a call does; returns n pairs of reasons and a list of `Figure`."""
    if label not in self._usual:
      self._usual[label] = Usual(
          self._records, label, self._run.info.background, self._features)
    usual, name = self._usual[label], self._run.info.classes[label]
    found = [self._of_pixels(usual, name, *sample) for sample in zip(
        before, painted.image, painted.visible_mask, painted.region > 0)]
    seen = [i for i, (reasons, _) in enumerate(found) if INVISIBLE not in reasons]
    if self.sees and seen:
      regions = painted.region[seen] > 0
      shown = (None if painted.reference is None
               else self._features(painted.reference[seen], regions))
      features = self._features(painted.image[seen], regions)
      for i, figure in zip(seen, usual.compare(features, shown)):
        found[i][1].append(figure)
    return [(reasons + tuple(filter(None, (figure.reason for figure in figures))), figures)
            for reasons, figures in found]

  def _of_pixels(self, usual, name, before, after, visible_mask, region):
    """Returns reasons that no figure has, and the figures."""
    visible = np.zeros(region.shape, bool)
    for part in self._find(visible_mask, name):
      visible[part.box.slices] |= part.mask
    if not visible.any() or not region.any():
      return (INVISIBLE,), []
    away = measures.distances(region)
    colours = measures.increase(
        *(measures.spread(image)[region] for image in (after, before)))
    after, before = measures.grey(after), measures.grey(before)
    ground = before[region]
    steps = scipy.ndimage.distance_transform_cdt(~region, 'chessboard')
    outside = (after != before)[steps > self._margin].any()
    found = [Figure("contrast, shares of the ground's light",
                    measures.share(measures.contrast(after[region], ground), ground),
                    usual.contrast, np.inf, FAINT, ''),
             Figure('brightness above the ground, shares',
                    measures.share(measures.increase(after[region], ground), ground),
                    *usual.brightness, DARK, BRIGHT),
             Figure('colours above the ground, shares', measures.share(colours, ground),
                    -np.inf, usual.colours, '', COLOURS),
             Figure('overlap with its region, share of the smaller',
                    visible[region].sum() / min(visible.sum(), region.sum()), _OVERLAP,
                    np.inf, BESIDE, '')]
    if usual.annotated:
      own = measures.extent(visible, usual.boxed)
      asked = measures.extent(region, usual.boxed)
      # Where the user asks for something unusual, it may be as unusual as asked for.
      found += [Figure(what, value, min(low, wanted / _AS_ASKED),
                       max(high, wanted * _AS_ASKED), *reasons)
                for what, reasons, value, wanted, (low, high) in zip(
                    ('area, pixels of a crop', 'elongation'),
                    ((SMALL, LARGE), (ROUND, LONG)), own, asked, usual.extents)]
      found.append(Figure('steepness of its edge', measures.seam(after, region, away),
                          -np.inf, usual.seam, '', SEAM))
    return (OUTSIDE,) * bool(outside), found


class Usual:
  """The bounds of one class.

  Args:
    records: `dataset.Records` of the training split.
    label, background: of the class, and of backgrounds.
    features: `region_features.RegionFeatures`, or None: then no distances are compared.

  Attributes:
    annotated: whether it is known where the class's defects lie in their images.
    boxed: whether only boxes are known of them.
    contrast: the least, as a share of the light on the ground, see `data/light.py`.
    brightness: (least, most) above the ground, likewise; below 0 it is darker.
    colours: the most, likewise.
    extents: (least, most) of area and of elongation.
    seam: the most.
  """

  def __init__(self, records, label, background, features):
    indices, kind = placing.best_of(records, label)
    self.annotated, self.boxed = kind != 'none', kind == 'box'
    images, regions = records.images(indices), records.masks(indices)[..., 0] > 0
    groups = records.groups(indices)
    found = [measure(*defect, self.boxed) for defect in zip(images, regions)]
    found = {what: [one[what] for one in found] for what in found[0]}
    self.contrast, _ = _bounds(found['contrast'], groups)
    self.brightness = _bounds(found['brightness'], groups, positive=False)
    _, self.colours = _bounds(found['colours'], groups, positive=False)
    _, self.seam = _bounds(found['seam'], groups)
    self.extents = [_bounds(found[what], groups) for what in ('area', 'shape')]
    if features:
      grounds = records.find(background)
      grounds = grounds[np.linspace(0, len(grounds) - 1, _GROUNDS).round().astype(int)]
      self._set_features(
          features(images, regions),
          features(records.images(grounds),
                   np.resize(regions, (_GROUNDS, *regions.shape[1:]))),
          groups)

  def _set_features(self, real, grounds, groups):
    """Sets the bounds of distances between features.

    Args:
      real: [n, D] of the class's defects.
      grounds: [m, D] of backgrounds, in such regions. A few defects alone do not tell how
        far a feature varies.
      groups: [n] of the defects.
    """
    self._scale = np.concatenate([real, grounds]).std(0) + 1e-6 * np.abs(real).max()
    self._real = real / self._scale
    same = _SAME * np.sqrt(np.square(self._real).sum(1).mean())
    nearest, other = [], []  # The latter of another piece of steel.
    for first in range(0, len(real), _BLOCK):
      rows = np.arange(first, min(first + _BLOCK, len(real)))
      between = scipy.spatial.distance.cdist(self._real[rows], self._real)
      between[np.arange(len(rows)), rows] = np.inf
      nearest.append(between.min(1))
      between[groups[rows][:, None] == groups] = np.inf
      other.append(between.min(1))
    nearest, other = np.concatenate(nearest), np.concatenate(other)
    other = np.where(np.isfinite(other), other, nearest)
    _, self._far = _bounds(other, groups)
    self._near = max(same, _bounds(nearest, groups)[0])

  def compare(self, features, shown=None):
    """Returns n `Figure`s for features [n, D].

    `shown` are those of the real defects that the generator was shown, moved as they were.
    Each is compared with its image as every training defect is with all of them.
    """
    nearest = scipy.spatial.distance.cdist(features / self._scale, self._real).min(1)
    if shown is not None:
      nearest = np.minimum(
          nearest, np.linalg.norm((features - shown) / self._scale, axis=1))
    # As near as the bound is too near.
    return [Figure('distance to the nearest real one', float(d),
                   np.nextafter(self._near, np.inf), self._far, COPY, FAR) for d in nearest]


def measure(image, region, boxed):
  """Measures a real defect, whose ground is what lies around it.

  Args:
    image: uint8 [h, w, C].
    region: bool [h, w].
    boxed: whether only boxes are known of its class.

  Returns:
    {'contrast', 'brightness', 'colours', 'area', 'shape', 'seam': float}, nan for what
    cannot be measured.
  """
  grey, spread = measures.grey(image), measures.spread(image)
  away = measures.distances(region)
  area, shape = measures.extent(region, boxed)
  ground = measures.ground(grey, away)
  colours = measures.increase(spread[region], measures.ground(spread, away))
  return {'contrast': measures.share(measures.contrast(grey[region], ground), ground),
          'brightness': measures.share(measures.increase(grey[region], ground), ground),
          'colours': measures.share(colours, ground),
          'area': area, 'shape': shape, 'seam': measures.seam(grey, region, away)}


def _bounds(values, groups, positive=True):
  """Returns between which two values an unseen real defect lies, but for `TAIL` each.

  They are the limits of prediction of Student's t for a normal distribution or, where
  values are positive, one of their logarithms. Defects of a group are alike, so that it is
  groups that are counted. Where quantiles of the values themselves lie further out, they
  are the bounds.

  Args:
    values: [n] float of the class's training defects, not finite where there is no value.
    groups: [n], which of them are of one piece of steel.
    positive: whether they are, and so is the lower bound.

  Returns:
    (low, high); infinite where less than two groups have a value, but 0 for a positive one.
  """
  values, least = np.asarray(values, float), 0.0 if positive else -np.inf
  known = np.isfinite(values)
  values, count = values[known], len(set(np.asarray(groups)[known]))
  if count < 2:
    return least, np.inf
  x = np.log1p(values) if positive else values
  reach = (scipy.stats.t.ppf(1 - TAIL, count - 1) * x.std(ddof=1) * np.sqrt(1 + 1 / count))
  limits = x.mean() + reach * np.array([-1, 1])
  low, high = np.expm1(limits) if positive else limits
  return (float(max(least, min(low, np.quantile(values, TAIL)))),
          float(max(high, np.quantile(values, 1 - TAIL))))
