"""Filters generated images before training, and counts where they fail.

Four filters, one after the other; an image is counted at the first that it fails:
- copy: nearer to a training image of its class than nearly any two of these
  are to each other (`metrics.copies`);
- unchanged: nowhere different from its background (`metrics.change`), where the
  folder has the manifest that `--mode generate` writes;
- other class: an inspector trained on real images predicts another class;
- outlier: its features are farther from the training images of its class than
  those of nearly any of these are from the nearest other one.
"""

import numpy as np

from pegan_jax.inspection.settings import FILTERS
from pegan_jax.metrics import copies, origins

# Percentage of the training images that lie nearer than an outlier to another one.
_FAR = 99


def apply(info, train, generated, folder, judge, extractor):
  """Filters one set of generated images.

  Args:
    info: `data.DataInfo`.
    train: `Images` of the train split.
    generated: `Images` to filter.
    folder: the `sets.ImageFolder` that they are all from, in order.
    judge: function of uint8 [n, H, W, C] to class probabilities, trained on
      real images.
    extractor: computes features, as from `metrics.features.load`.

  Returns:
    (bool [n], which images stay; {class: {'given', each of `FILTERS`, 'left'}}). A
    filter that could not be applied has None.
  """
  changed = origins.changes(info, folder)
  keep, funnel = np.ones(len(generated), bool), {}
  said = judge(generated.pixels).argmax(1)
  for label, name in enumerate(info.classes):
    mine = np.flatnonzero(generated.labels == label)
    if not len(mine):
      funnel[name] = dict.fromkeys(('given', *FILTERS, 'left'), 0)
      continue
    real = extractor(train.pixels[train.labels == label])
    _, distance = copies.nearest(real, extractor(generated.pixels[mine]))
    fails = {
        'copy': distance <= copies.threshold(real),
        'unchanged': None if changed is None else changed[name][:, 1] > 0,
        'other class': said[mine] != label,
        'outlier': distance > _far(real)}
    funnel[name] = {'given': len(mine)}
    left = np.ones(len(mine), bool)
    for filter_name, failed in fails.items():
      funnel[name][filter_name] = None
      if failed is not None:
        funnel[name][filter_name] = int((left & failed).sum())
        left &= ~failed
    funnel[name]['left'] = int(left.sum())
    keep[mine] = left
  return keep, funnel


def _far(real):
  """Returns the distance to the training images beyond which one is an outlier."""
  return float(np.percentile(copies.to_nearest_other(real), _FAR))
