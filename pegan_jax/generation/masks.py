"""Turns visible masks into masks to write, and into boxes.

A mask has three stages. The network's opacity (`nets.masked_translator`) counts only where
its content differs from the image: that is the visible mask, which `Sampler` gives. Scaled
by the strength it is the written mask. Boxes are found in the visible one, so that a faint
defect has the boxes of a strong one, unless it is so faint that no pixel changed.
"""

import collections

import numpy as np

from data_prep.images import reading
from pegan_jax.annotations import components, regions
from pegan_jax.common import terminal
from pegan_jax.data import manifest
from pegan_jax.generation import settings

# A visible mask that is nowhere above this paints no defect.
_VEIL = 0.1


def written_mask(visible, strength, before, after):
  """Returns the mask to write for a visible one, at least 1 where a pixel changed.

  Args:
    visible: uint8 [h, w].
    strength: in [0, 1].
    before, after: uint8 [h, w, C], the image without and with the defect.

  Returns:
    uint8 [h, w]; all 0 where no pixel changed.
  """
  changed = (before != after).any(-1)
  return np.maximum(np.rint(strength * visible).astype(np.uint8) * changed.any(), changed)


def read(path):
  """Returns a written mask, uint8 [h, w]; raises UserError where it cannot be read."""
  return reading.read_image(path, grey=True)[..., 0]


def mask_source(run):
  """Returns a mask's origin, for the manifest: 'generator', 'change' or ''."""
  if not run.method.translates:
    return ''
  return 'generator' if run.method.has_masks else 'change'


def defect_finder(run):
  """Returns find(visible mask, class name, corner=(0, 0), asked=None): a defect's regions.

  With `asked`, the region that was asked for, bool as the mask, what belongs to one piece
  of it is one; see `components.joined`.

  Args:
    run: a `Run`, whose `config.generate` has the thresholds; see `find_defects`.
  """
  config, textures = run.config.generate, settings.textures(run)
  strong = _upper_quartile if run.method.layout.placed else np.max

  def find(mask, name, corner=(0, 0), asked=None):
    threshold = config.change_threshold
    if run.method.has_masks:
      threshold = max(config.mask_threshold * strong(mask) / 255, _VEIL)
    found = components.find_defects(
        mask, name, threshold, config.min_area, name in textures, corner)
    return found if asked is None else components.joined(found, asked, corner)

  return find


def _upper_quartile(mask):
  """Returns the upper quartile of what is above the veil: of a glint, the rest counts too.

  Only where the place is known: elsewhere a faint mask may cover all of an image.
  """
  seen = mask[mask > 255 * _VEIL]
  return np.quantile(seen, 0.75) if seen.size else 0


def collect(run, job, pieces):
  """Returns a job's images by class, and where their defects are.

  That is the region asked for or, where the method takes none, what is visible.

  Args:
    run: a `Run`.
    job: a `jobs.Job`.
    pieces: what `acceptance.draw` or `Sampler.stream` yields.

  Returns:
    For each class uint8 [count, h, w, channels], and for each [count] list of `Box`, None
    where nothing is visible, or the method has no masks because it samples from noise.
  """
  size, find = run.info.image_size, defect_finder(run)
  images = [np.zeros((count, size, size, run.info.channels), np.uint8)
            for count in job.counts]
  boxes = [[None] * count for count in job.counts]
  for label, numbers, painted, *_ in pieces:
    images[label][numbers] = painted.image
    for i, number in enumerate(numbers.tolist()):
      if painted.region is not None:
        boxes[label][number] = regions.box_of(painted.region[i])
      elif painted.visible_mask is not None and run.config.generate.strength:
        boxes[label][number] = regions.hull(region.box for region in find(
            painted.visible_mask[i], run.info.classes[label]))
  return images, boxes


def size(found, asked):
  """Returns the cell of a manifest for how large a defect is, '' where nothing says it.

  Args:
    found: list of `Region` with masks, of what is visible.
    asked: `Region` that was asked for, or None.
  """
  if not (found and asked):
    return ''
  whole = asked.box.width * asked.box.height if asked.mask is None else asked.mask.sum()
  return f'{sum(region.mask.sum() for region in found) / whole:.3g}'


def report_sizes(rows):
  """Says how large the visible defects of each class are, given a manifest's rows."""
  if found := manifest.sizes(rows):
    values = ', '.join(f'{value:.2f} ({name})' for name, value in found.items())
    terminal.say(f'size: what is visible has {values} times the area asked for, by the '
                 "medians of the manifest's column size")


def report_unboxed(run, painted):
  """Says how many defects were painted and have no box.

  Args:
    run: a `Run` whose method translates.
    painted: a pair per defect that is not of strength 0 and not rejected: its class, and
      the regions that were found of it.
  """
  total = collections.Counter(name for name, _ in painted)
  without = collections.Counter(name for name, found in painted if not found)
  if not without:
    return
  name = 'mask_threshold' if run.method.has_masks else 'change_threshold'
  counts = ', '.join(f'{n} of {total[c]} {c}' for c, n in without.items())
  terminal.say(f'no box: {counts}; no connected part of their masks reaches '
               f'generate.min_area pixels above generate.{name}, and a detector trained '
               'on them would learn that they are clean')


def report_whole(run, painted):
  """Says where most boxes of a class are the whole crop, so that they show no place.

  Args:
    run, painted: as `report_unboxed` takes them; of crops.
  """
  total = collections.Counter(name for name, found in painted if found)
  whole = collections.Counter(
      name for name, found in painted if any(
          region.box.width == region.box.height == run.info.image_size
          for region in found))
  if counts := [f'{n} of {total[c]} of {c}' for c, n in whole.items()
                if n > total[c] / 2 and c not in settings.textures(run)]:
    remedy = ('Build the data set with a larger --window_size' if run.method.layout.placed
              else 'Train longer, or with a method that paints through a mask')
    terminal.say(f'boxes of the whole crop: {", ".join(counts)}; a detector trained on '
                 f'them learns no place. {remedy}, or name textures in '
                 'generate.texture_classes')
