"""Measures whether a generator has collapsed: whether its output ignores its inputs."""

import numpy as np

from pegan_jax.metrics import change

# An alarm rings where a class's images on different backgrounds differ by less than this
# share of the difference between the backgrounds.
_BACKGROUND_PART = 0.1

ALARMS = {
    'class': 'the output hardly depends on the class',
    'background': 'the output hardly depends on the background',
    'noise': 'the output hardly depends on the noise',
    'unchanged': 'the output is hardly changed from its background',
}


def collapse(fakes, backgrounds=None):
  """Measures how far a generator's output depends on its inputs.

  Args:
    fakes: uint8 [classes, n, h, w, C]; where there are backgrounds, each class
      on the same n of them.
    backgrounds: uint8 [n, h, w, C], or None for images from noise.

  Returns:
    ({'class_spread': mean absolute deviation of image i of each class from
      their mean over classes,
      'sample_spread': the same of one class's images from their mean,
      'input_spread': the same of the backgrounds,
      'change': mean absolute difference of output and background}, in grey
      levels of 255, the last two where there are backgrounds;
     the keys of ALARMS that ring).
  """
  fakes = fakes.astype(np.float32)

  def spread(x, axis):
    return float(np.abs(x - x.mean(axis, keepdims=True)).mean())

  def are_alike(others):  # Most of every class's; a mark of few pixels is a difference.
    return np.mean([change.are_slight(np.abs(x - others)) for x in fakes]) > 0.5

  scalars = {'class_spread': spread(fakes, 0), 'sample_spread': spread(fakes, 1)}
  ringing = set()
  if len(fakes) > 1 and are_alike(fakes.mean(0)):
    ringing.add('class')
  if backgrounds is None:
    if scalars['sample_spread'] < change.UNCHANGED:
      ringing.add('noise')
    return scalars, ringing
  backgrounds = backgrounds.astype(np.float32)
  scalars['input_spread'] = spread(backgrounds, 0)
  scalars['change'] = float(np.abs(fakes - backgrounds).mean())
  if scalars['sample_spread'] < _BACKGROUND_PART * scalars['input_spread']:
    ringing.add('background')
  if are_alike(backgrounds):
    ringing.add('unchanged')
  return scalars, ringing
