"""Says in words how a figure stands to what real images score among themselves.

A figure is judged by its floor (`metrics.intervals`): 95% of comparisons of two random sets
of real crops lie in the floor's interval. Inside of it generated images cannot be told from
real ones by this figure; outside, words say how far. Where only the figure's own interval
reaches the floor's, they say that it is not certain.
"""

from typing import NamedTuple

from pegan_jax.metrics import kid, prdc

SAME, UNSURE, WORSE, BETTER = 'same', 'unsure', 'worse', 'better'
# Precision, recall: one blot on many grounds may be near to real defects by its distance.
NEIGHBOURS = prdc.METRIC.figures[:2]
FAR = 2  # Times the floor's end, from which images are called far from real.

# What a figure is, for readers who do not know its name.
MEANING = {
    'fid': 'distance of the two sets of images; depends on their number',
    'kid': 'distance of the two sets of images; 0 is none',
    'region_kid': 'distance of the two sets of defects alone, cut out around their '
                  'regions; 0 is none',
    'precision': 'share of generated images that look like some real one',
    'recall': 'share of real images that some generated one looks like',
    'density': 'how many real neighbourhoods a generated image lies in',
    'coverage': 'share of real images with a generated one beside them',
    'diversity': 'mean distance of two generated images',
    'copies': 'share of images nearer to a real one than 95% of the real ones are to each '
              'other',
    'label_fidelity': 'share that a classifier of real images assigns to their class',
    'change': 'mean difference from the background, in grey levels of 255',
    'unchanged': 'share of images that are hardly changed from their background',
}


def main_figure(part):
  """Returns the `metric.Figure` to read first: of defects alone, where that is known."""
  at_regions, = kid.AT_REGIONS.figures
  of_images, = kid.METRIC.figures
  return at_regions if at_regions.name in part['pooled'] else of_images


def overall(part, figure):
  """Returns a figure's mean over classes, or that of all images where there is none."""
  return (part['mean'] or part['pooled'])[figure.name]


class Standing(NamedTuple):
  """Says how a figure stands to its floor.

  Attributes:
    kind: `SAME`, `UNSURE`, `WORSE` or `BETTER`; '' where there is no floor.
    text: a few words for a table.
    times: how many times the end of the floor's interval the figure is, where it is
      worse and that is a number; else None.
  """
  kind: str
  text: str
  times: float | None = None


def standing(figure, found):
  """Judges a figure by its floor.

  Args:
    figure: `metric.Figure`.
    found: the figure's keys in a report: value, low, high, floor, ...

  Returns:
    A `Standing`.
  """
  if found['floor'] is None:
    return Standing('', '')
  # Many figures depend on N, so that the floor's N decides.
  at = found['value_at_floor_n']
  shift = at - found['value']
  low, high = found['low'] + shift, found['high'] + shift
  least, most = found['floor_low'], found['floor_high']
  if least <= at <= most:
    return Standing(SAME, 'cannot be told from real crops')
  if figure.better == 'real':
    return _like_real(at, low, high, found)
  sign = 1 if figure.better == 'lower' else -1
  if sign * at < sign * (least if sign > 0 else most):
    return Standing(BETTER, f'{"below" if sign > 0 else "above"} what real crops score '
                    'among themselves')
  if (low <= most) if sign > 0 else (high >= least):
    return Standing(UNSURE, f'{"above" if sign > 0 else "below"} what real crops score '
                    'among themselves, but not for certain')
  if sign > 0:
    times = at / most if most > 0 else None
    return Standing(WORSE, f'{multiple(times)} the most that real crops score among '
                    'themselves' if times else 'above what real crops score', times)
  times = at / least
  return Standing(WORSE, f'{times:.0%} of the least that real crops score among '
                  'themselves', times)


def worse(figures, figure):
  """Returns a figure's keys in a part of a report if it is surely worse than real.

  Args:
    figures: {figure: its keys}, of a class or of all.
    figure: `metric.Figure`.

  Returns:
    None if it is not, or not known.
  """
  found = figures.get(figure.name)
  return found if found and standing(figure, found).kind == WORSE else None


def _like_real(at, low, high, found):
  """Judges a figure that is best where it is like its floor."""
  word = 'more' if at > found['floor'] else 'less'
  sure = low > found['floor_high'] or high < found['floor_low']
  if not found['floor']:
    return Standing(WORSE if sure else UNSURE, f'{word} than real crops have')
  share = f'{at / found["floor"]:.0%} of what real crops have'
  return Standing(WORSE if sure else UNSURE, share + ', but not for certain' * (not sure))


def multiple(times):
  """Returns how many times something is: '1.4 times', '12 times', 'over 100 times'."""
  if times > 100:
    return 'over 100 times'
  return f'{times:.0f} times' if times >= 9.5 else f'{times:.1f} times' if (
      times >= 1.1) else f'{times:.2f} times'
