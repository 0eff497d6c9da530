"""Notes classes whose defects are lit from one side, as dents are.

A mirror turns that round: a dent becomes a bump, or a dent under another lamp.
"""

import numpy as np

_LEAST = 12  # Defects of a class that tell.
_SAME = 0.9  # Least share of them whose brighter half lies on one side.
_STRONG = 0.1  # Least median of the shift of light, in half widths of a defect.
_SIDES = (('right', 'left'), ('lower', 'upper'))


def note(items):
  """Returns [a note] on the classes of `cutting.Item`s that are lit from one side, else [].

  Of each defect the pixels that are brighter than its mean, and those that are darker, have
  a middle each. The distance of the two is compared.
  """
  by_class = {}
  for item in items:
    if item.mask is not None and item.mask.sum() >= 16 and not item.mask.all():
      by_class.setdefault(item.label, []).append(_shift(item.image, item.mask))
  said = []
  for name, shifts in sorted(by_class.items()):
    shifts = np.array(shifts)
    if len(shifts) < _LEAST:
      continue
    for axis, (high, low) in enumerate(_SIDES):
      shares = (shifts[:, axis] > 0).mean(), (shifts[:, axis] < 0).mean()
      if max(shares) >= _SAME and abs(np.median(shifts[:, axis])) >= _STRONG:
        said.append(f"{round(max(shares) * len(shifts))} of {len(shifts)} of {name} on the "
                    f'{high if shares[0] > shares[1] else low} side')
  return ['defects that are brighter on one side, which mirroring would turn round: '
          f"{', '.join(said)}; where that is the light's, train and paste with "
          '--config.flip=False'] if said else []


def _shift(image, mask):
  """Returns how far the bright half is from the dark one, (x, y), in half widths."""
  places = np.argwhere(mask)
  values = image.mean(-1)[mask]
  bright = values > values.mean()
  if bright.all() or not bright.any():
    return 0.0, 0.0
  between = places[bright].mean(0) - places[~bright].mean(0)
  return tuple((2 * between / (np.ptp(places, axis=0) + 1))[::-1].tolist())
