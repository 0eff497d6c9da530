"""Which generated images are fit for training, and where the others fell.

Four filters, one after the other; an image falls at the first that it fails:
- copy: nearer to a training image of its class than nearly any two of these
  are to each other (`metrics.copies`);
- unchanged: hardly different from its background (`metrics.change`), where the
  folder has the manifest that `--mode generate` writes;
- other class: an inspector trained on real images gives it to another class;
- outlier: in features farther from the training images of its class than
  nearly any of these is from its fellows.
"""

import numpy as np

from pegan_jax.metrics import copies, sets

FILTERS = ('copy', 'unchanged', 'other class', 'outlier')

# Of the training images this percentage lies as far from its nearest fellow.
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
    extractor: of features, as `metrics.features.load` returns.

  Returns:
    (bool [n], what stays; {class: {'given', each of `FILTERS`, 'left'}}). A
    filter that could not be applied has None.
  """
  changed = sets.changes(info, folder)
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
  """The distance to the training images beyond which an image is an outlier."""
  return float(np.percentile(copies.to_fellows(real), _FAR))


