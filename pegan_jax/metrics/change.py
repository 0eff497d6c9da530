"""Difference of translated images from their backgrounds: did the GAN do nothing?"""

import numpy as np

from pegan_jax.metrics.metric import Figure

# Mean difference from its background, in grey levels of 255, below which an image
# counts as unchanged: nobody sees a defect in rounding or noise of one or two levels.
UNCHANGED = 2.0

FIGURES = (Figure('change', 'Change', '', (0.0, 255.0)),
           Figure('unchanged', 'Unchanged', 'lower', (0.0, 1.0)))


def scores(images, backgrounds):
  """Computes the mean absolute difference of each image from its background.

  Args:
    images: uint8 [n, H, W, C].
    backgrounds: uint8 [n, H, W, C], the inputs that they were made from.

  Returns:
    [n, 2] float64: the difference in grey levels of 255; 1 where it is below
    `UNCHANGED`, else 0.
  """
  difference = np.abs(images.astype(np.int16) - backgrounds.astype(np.int16))
  difference = difference.reshape(len(images), -1).mean(1)
  return np.stack([difference, difference < UNCHANGED], axis=1)
