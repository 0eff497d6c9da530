"""Figures that are a score of each image by itself: label fidelity and change."""

import numpy as np

from pegan_jax.metrics import change, label_fidelity
from pegan_jax.metrics.metric import Figure

LABEL_FIDELITY = Figure('label_fidelity', 'Label fidelity', 'higher',
                        (0.0, 1.0))
FIGURES = (LABEL_FIDELITY, *change.FIGURES)


def add(report, generated, classifier, real_labels, names=None):
  """Adds the figures that are a score of each generated image by itself.

  Args:
    report: from `evaluation.evaluate`; changed.
    generated: `FeatureSet`, all of whose images are scored.
    classifier: as for `evaluation.evaluate`.
    real_labels: likewise.
    names: likewise; None means the classes of `generated`.
  """
  class_names = list(generated.features)
  label = {name: i for i, name in enumerate(names or class_names)}
  tables = []  # (figures, {class: [n, F]}, the same of real images or None)
  if classifier is not None:
    right, right_real = {}, {}
    for name in class_names:  # Predictions are among all classes, generated or not.
      right[name] = classifier.predict(generated.features[name]) == label[name]
      if real_labels is not None and name in real_labels:
        right_real[name] = (real_labels[name] == label[name])[:, None]
    tables.append(((LABEL_FIDELITY,),
                   {c: x[:, None] for c, x in right.items()}, right_real))
  if generated.changes is not None:
    tables.append((change.FIGURES, generated.changes, {}))
  for figures, scores, reference in tables:
    for i, figure in enumerate(figures):
      def column(by_class, i=i):
        return [np.asarray(by_class[c][:, i], float) for c in class_names
                if c in by_class]
      made, known = column(scores), column(reference)
      report['pooled'][figure.name] = _score(made, known, figure, pooled=True)
      if report['mean']:
        report['mean'][figure.name] = _score(made, known, figure)
        for name in class_names:
          report['classes'][name][figure.name] = _score(
              [scores[name][:, i].astype(float)],
              [reference[name][:, i].astype(float)] if name in reference else [],
              figure)


def _score(generated, real, figure, pooled=False):
  """Returns a mean of scores with its interval: over images if pooled, else classes."""
  if pooled:
    generated = [np.concatenate(generated)]
    real = [np.concatenate(real)] if real else []
  value, low, high = _mean_interval(generated, figure.limits)
  result = {'value': value, 'low': low, 'high': high,
            'floor': None, 'floor_low': None, 'floor_high': None,
            'floor_n': None, 'value_at_floor_n': None, 'n_real': None,
            'n_generated': min(map(len, generated))}
  if real:
    floor, low, high = _mean_interval(real, figure.limits)
    n = min(map(len, real))
    result |= {'floor': floor, 'floor_low': low, 'floor_high': high,
               'floor_n': n, 'value_at_floor_n': value, 'n_real': n}
  return result


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


def fit_classifier(real, held_out=None):
  """Fits the built-in classifier, and predicts real images that are new to it.

  Args:
    real: `FeatureSet` with classes, to train on.
    held_out: `FeatureSet` not trained on; None cross-validates on `real`.

  Returns:
    (classifier, {class: [n] predicted labels}); (None, None) with fewer than
    two classes.

  Raises:
    UserError: as `label_fidelity.fit` does.
  """
  names = list(real.features)
  if len(names) < 2:
    return None, None
  features = np.concatenate([real.features[c] for c in names])
  labels = np.repeat(np.arange(len(names)),
                     [len(real.features[c]) for c in names])
  classifier = label_fidelity.fit(features, labels, len(names))
  if held_out is not None:
    return classifier, {c: classifier.predict(x)
                        for c, x in held_out.features.items()}
  predicted = label_fidelity.cross_validated(features, labels, len(names))
  ends = np.cumsum([len(real.features[c]) for c in names])[:-1]
  return classifier, dict(zip(names, np.split(predicted, ends)))
