"""Difference of translated images from their backgrounds: did the GAN do nothing?"""

import numpy as np
import scipy

from pegan_jax.metrics.metric import Figure

# An image counts as unchanged if it differs from its background by less than `UNCHANGED`
# on average, and by less than `MARK` in every square of `SIDE` pixels. Nobody sees a defect
# in rounding or noise of one or two levels of 255; but a mark of a few pixels is a change.
UNCHANGED, MARK, SIDE = 2.0, 8.0, 5

FIGURES = (Figure('change', 'Change', '', (0.0, 255.0)),
           Figure('unchanged', 'Unchanged', 'lower', (0.0, 1.0)))


def scores(images, backgrounds):
  """Computes the mean absolute difference of each image from its background.

  Args:
    images: uint8 [n, H, W, C].
    backgrounds: uint8 [n, H, W, C], the inputs that they were made from.

  Returns:
    [n, 2] float64: the difference in grey levels of 255; 1 where the image is
    unchanged, else 0.
  """
  difference = np.abs(images.astype(np.int16) - backgrounds.astype(np.int16))
  return np.stack([difference.mean((1, 2, 3)), are_slight(difference)], axis=1)


def are_slight(difference):
  """Returns which images are unchanged, given their absolute differences.

  Args:
    difference: [n, H, W, C], in grey levels of 255.

  Returns:
    bool [n].
  """
  by_pixel = difference.mean(-1)
  in_squares = scipy.ndimage.uniform_filter(by_pixel, (0, SIDE, SIDE))
  return (by_pixel.mean((1, 2)) < UNCHANGED) & (in_squares.max((1, 2)) < MARK)
