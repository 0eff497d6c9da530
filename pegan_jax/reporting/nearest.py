"""Finds the training image that is nearest to a generated one, as the copy check does."""

import contextlib

import numpy as np

from pegan_jax.common import terminal
from pegan_jax.data import dataset
from pegan_jax.metrics import copies, features
from pegan_jax.reporting import inline

_BLOCK = 64  # Images decoded at once.


def find(config, info, shown):
  """Finds each image's nearest training image of its class, by features.

  Every training image of the classes shown is looked at, which takes most of the page's
  time.

  Args:
    config: the run's; `evaluate` says which network.
    info: `dataset.DataInfo`.
    shown: {class: uint8 [n, H, W, C]}, n at least 1.

  Returns:
    {class: [n] dicts}: `src`, the training image as a data URI; `name`, where it was cut
    from; `distance` in feature space; `threshold`, below which it counts as a copy, None
    where the class has one training image.
  """
  extractor = features.from_config(config.evaluate)
  records = dataset.Records(info, 'train')
  indices = {c: records.find(info.classes.index(c)) for c in shown}
  indices = {c: of for c, of in indices.items() if len(of)}
  total = sum(len(of) + len(shown[c]) for c, of in indices.items())
  found = {}
  with contextlib.closing(terminal.Progress(total, unit='image')) as bar:
    for name, of in indices.items():
      real = extractor((records.images(of[start:start + _BLOCK])
                        for start in range(0, len(of), _BLOCK)), bar.update)
      nearest, distances = copies.nearest(real, extractor(shown[name], bar.update))
      threshold = copies.threshold(real) if len(of) > 1 else None
      chosen = of[nearest]
      found[name] = [
          {'src': inline.image(image), 'name': source, 'distance': float(distance),
           'threshold': threshold}
          for image, source, distance in zip(
              records.images(chosen), records.sources(chosen), np.asarray(distances))]
  return found
