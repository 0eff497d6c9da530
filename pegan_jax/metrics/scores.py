"""Figures that are a score of each image by itself: label fidelity and change."""

from typing import NamedTuple

import numpy as np

from pegan_jax.metrics import change, label_fidelity
from pegan_jax.metrics.metric import Figure

LABEL_FIDELITY = Figure('label_fidelity', 'Label fidelity', 'higher',
                        (0.0, 1.0))
FIGURES = (LABEL_FIDELITY, *change.FIGURES)


class Reader(NamedTuple):
  """A classifier of real images' features, for label fidelity.

  Attributes:
    classifier: its `predict` maps features [n, D] to labels [n].
    classes: their names, in the order of the labels.
    real: {class: [n] labels} that it gives to real images that are new to it.
  """
  classifier: label_fidelity.Classifier
  classes: list[str]
  real: dict[str, np.ndarray]


def add(report, generated, reader):
  """Adds the figures that are a score of each generated image by itself.

  Args:
    report: from `evaluation.evaluate`; changed.
    generated: `FeatureSet`, all of whose images are scored.
    reader: as for `evaluation.evaluate`.
  """
  scored = []  # (figure, {class: [n]}, the same of real images)
  if reader is not None:
    label = {name: i for i, name in enumerate(reader.classes)}
    scored.append((LABEL_FIDELITY, {
        c: reader.classifier.predict(x) == label[c]
        for c, x in generated.features.items()}, {
            c: reader.real[c] == label[c]
            for c in generated.features if c in reader.real}))
  if generated.changes is not None:
    scored += [(figure, {c: x[:, i] for c, x in generated.changes.items()}, {})
               for i, figure in enumerate(change.FIGURES)]
  for figure, made, real in scored:
    each = list(made.values()), list(real.values())
    report['pooled'][figure.name] = _score(
        *([np.concatenate(x)] if x else [] for x in each), figure)
    if report['mean']:
      report['mean'][figure.name] = _score(*each, figure)
      for name, x in made.items():
        report['classes'][name][figure.name] = _score(
            [x], [real[name]] if name in real else [], figure)


def _score(made, real, figure):
  """Returns a mean over classes, given their scores, with its interval and floor."""
  value, low, high = _mean_interval(made, figure.limits)
  floor, floor_low, floor_high, n = None, None, None, None
  if real:
    floor, floor_low, floor_high = _mean_interval(real, figure.limits)
    n = min(map(len, real))
  return {'value': value, 'low': low, 'high': high,
          'floor': floor, 'floor_low': floor_low, 'floor_high': floor_high,
          'floor_n': n, 'value_at_floor_n': value if real else None, 'n_real': n,
          'n_generated': min(map(len, made))}


def _mean_interval(classes, limits):
  """Computes the mean of class means with its 95% interval: (value, low, high).

  Shares get Agresti and Coull's two additional successes and failures, so that
  140 of 140 is not certainty.
  """
  value = float(np.mean([x.mean() for x in classes]))
  if limits == (0.0, 1.0):
    n = [len(x) + 4 for x in classes]
    p = [(x.sum() + 2) / m for x, m in zip(classes, n)]
    centre = float(np.mean(p))
    variance = sum(q * (1 - q) / m for q, m in zip(p, n))
  else:
    centre = value
    variance = sum(x.var() / len(x) for x in classes)
  half = 1.96 * np.sqrt(variance) / len(classes)
  low, high = np.clip([centre - half, centre + half], *limits)
  return value, float(min(low, value)), float(max(high, value))


def fit_reader(real, held_out=None):
  """Fits the built-in classifier, and reads real images that are new to it.

  Classes of one image, of which nothing can be generated that is compared, are left out.

  Args:
    real: `FeatureSet` with classes, to train on.
    held_out: `FeatureSet` not trained on; None cross-validates on `real`.

  Returns:
    A `Reader`; None with fewer than two classes.

  Raises:
    UserError: as `label_fidelity.fit` does.
  """
  names = [c for c, x in real.features.items() if len(x) > 1]
  if len(names) < 2:
    return None
  features = np.concatenate([real.features[c] for c in names])
  counts = [len(real.features[c]) for c in names]
  labels = np.repeat(np.arange(len(names)), counts)
  classifier = label_fidelity.fit(features, labels, len(names))
  if held_out is not None:
    return Reader(classifier, names, {c: classifier.predict(x)
                                      for c, x in held_out.features.items()
                                      if c in names})
  read = label_fidelity.cross_validated(features, labels, len(names))
  return Reader(classifier, names, dict(zip(
      names, np.split(read, np.cumsum(counts)[:-1]))))
