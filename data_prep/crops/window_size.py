"""Chooses how large windows are, where --window_size does not say."""

import statistics

from data_prep.images import reading


def choose_window(options, found):
  """Chooses the windows' side in pixels of the images; returns (side, why).

  The median of the regions' longer sides, at least `image_size`, and at most the median
  of the annotated images' shorter sides. Where only whole files are defects, the median
  of their shorter sides.
  """
  if options.window_size:
    return options.window_size, '--window_size'
  lengths = [length for name in found.cut for length, _ in found.regions[name]]
  if not lengths:
    shorter = [min(reading.size(path))
               for paths in found.crops.values() for path in paths]
    return round(statistics.median(shorter)), "the median of the crops' shorter sides"
  side = round(statistics.median(lengths))
  most = round(statistics.median(min(annotated.height, annotated.width)
                                 for _, annotated in found.layout.annotated))
  if most < max(side, options.image_size):
    return most, "the median of the images' shorter sides"
  if side < options.image_size:
    return options.image_size, f'--image_size; half of the regions are up to {side} long'
  return side, "the median of the regions' longer sides"


def note_long(found, side):
  """Returns [a note] on classes most of whose regions are longer than a window, else [].

  Args:
    found: `inputs.Found`.
    side: of the windows, in pixels.
  """
  long = {name: [length for length, _ in found.regions[name]] for name in sorted(found.cut)}
  long = {name: lengths for name, lengths in long.items()
          if statistics.median(lengths) > side}
  if not long:
    return []
  counts = ', '.join(
      f'{sum(length > side for length in lengths)} of {len(lengths)} of {name}'
      for name, lengths in long.items())
  most = max(statistics.median(lengths) for lengths in long.values())
  return [f'regions that are longer than a window of {side} pixels, and are cut into '
          f'several crops: {counts}; where no region is asked for, what is painted is as '
          f'long as whole ones are, so a larger --window_size, as {round(most)}, gives '
          'longer ones']
