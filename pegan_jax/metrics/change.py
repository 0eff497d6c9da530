"""How far a translated image is from its own background: did it do nothing?"""

import numpy as np

from pegan_jax.metrics.metric import Figure

# Grey levels of 255. An image that differs from its background by less on
# average is called unchanged: rounding and noise of one or two levels cannot be
# seen as a defect.
UNCHANGED = 2.0

FIGURES = (Figure('change', 'Change', '', (0.0, 255.0)),
           Figure('unchanged', 'Unchanged', 'lower', (0.0, 1.0)))


def scores(images, backgrounds):
  """Mean absolute difference of each image from its background.

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
