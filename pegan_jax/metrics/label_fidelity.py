"""Label fidelity: whether a generated image shows the defect that was asked for.

A classifier learns the classes from the features of real images and reads the
generated ones: the share that it reads as their target is the label fidelity,
the accuracy of a classifier trained on real data that Ravuri and Vinyals 2019,
"Classification accuracy score for conditional generative models", and Shmelkov
et al. 2018, "How good is my GAN?" (GAN-test), use. What real images score
themselves, `cross_validated`, is the most that can be hoped for.

The classifier is multinomial logistic regression: on features of a trained
network it is hard to beat with 200 images per class, its fit has one optimum, and
it needs no choices that a test set would have to make.
"""

import dataclasses

import numpy as np
import scipy
import threadpoolctl

from pegan_jax.common.errors import UserError
from pegan_jax.metrics import blocks

# Standard deviation of a logit under the normal prior of the weights, before any image
# is seen. Images of a known material show their class nearly for certain: their logits lie
# some tens apart, which a prior of 1 would not allow. On random features
# of NEU-CLS-64, five folds of 140 images per class, accuracy is 75% with 1, 84% with 3,
# 87% with 10 and with 30. The loss is the summed cross-entropy + the summed squared
# weights, for features scaled to a mean square norm of 1, over 2 PRIOR_LOGIT^2; the
# biases are free.
PRIOR_LOGIT = 10.

# Parts of the images for cross-validation. A class of fewer images is missing in some
# parts, never in all the others.
_FOLDS = 5

# Tolerance of the mean loss's gradient, which starts at about 0.1.
_TOLERANCE = 1e-6
_MOST_STEPS = 1000


@dataclasses.dataclass(frozen=True, eq=False)
class Classifier:
  """Logistic regression; class c is column c.

  Attributes:
    mean: [D], of the features that it was fitted to.
    scale: [D], their standard deviation, times D^1/2.
    weights: [D, num_classes].
    bias: [num_classes].
  """
  mean: np.ndarray
  scale: np.ndarray
  weights: np.ndarray
  bias: np.ndarray

  def probabilities(self, features):
    """Predicts the classes' probabilities: features [m, D] to [m, num_classes].

    Raises:
      UserError: if a value is not finite.
    """
    features = blocks.float64(blocks.checked(features))
    scaled = (features - self.mean) / self.scale
    return scipy.special.softmax(scaled @ self.weights + self.bias, axis=1)

  def predict(self, features):
    """Predicts the likeliest class of each image: features [m, D] to [m] int."""
    return self.probabilities(features).argmax(axis=1)


def fit(features, labels, num_classes):
  """Fits the classifier; the same input gives the same one.

  Args:
    features: [n, D], real images.
    labels: [n] int in [0, num_classes).
    num_classes: at least 2.

  Returns:
    Classifier.

  Raises:
    UserError: if a value is not finite, or a class has fewer than two images.
  """
  features, labels = _checked(features, labels, num_classes)
  return fit_weighted(features, labels, num_classes, np.ones(len(labels)))


def cross_validated(features, labels, num_classes):
  """Reads each real image with a classifier that was fitted without it.

  Args:
    features: [n, D].
    labels: [n] int in [0, num_classes).
    num_classes: at least 2.

  Returns:
    Predicted labels [n] int.

  Raises:
    UserError: as `fit`.
  """
  features, labels = _checked(features, labels, num_classes)
  rng = np.random.default_rng(0)  # Deals each class among the parts.
  fold = np.empty(len(labels), int)
  dealt = 0
  for c in range(num_classes):
    mine = rng.permutation(np.flatnonzero(labels == c))
    # Dealing goes on where the last class stopped, so that parts are equally large.
    fold[mine] = (dealt + np.arange(len(mine))) % _FOLDS
    dealt += len(mine)
  predicted = np.empty(len(labels), int)
  for part in np.unique(fold):
    out = fold == part
    classifier = fit_weighted(
        features[~out], labels[~out], num_classes, np.ones(np.sum(~out)))
    predicted[out] = classifier.predict(features[out])
  return predicted


def _checked(features, labels, num_classes):
  """Returns float64 features and the labels, which can be fitted to."""
  features, labels = blocks.float64(blocks.checked(features, 'real')), np.asarray(labels)
  counts = np.bincount(labels, minlength=num_classes)
  if counts.min() < 2:
    c = counts.argmin()
    raise UserError(f'class {c} has {counts[c]} real images where at least 2 '
                    'are needed to learn it: add some or leave the class out')
  return features, labels


def fit_weighted(features, labels, num_classes, weights):
  """Fits the classifier to examples that count differently.

  Args:
    features: [n, D], finite.
    labels: [n] int in [0, num_classes).
    num_classes: at least 2.
    weights: [n], 0 or more; an example of weight 2 counts as two of weight 1.

  Returns:
    Classifier.
  """
  features, n, dims = blocks.float64(features), weights.sum(), features.shape[1]
  mean = np.average(features, 0, weights)
  scale = np.sqrt(np.average(np.square(features - mean), 0, weights))
  # Features that never change, which tell nothing: 0 from here on.
  flat = scale <= 1e-12 * np.abs(mean)
  scale = np.where(flat, 1, scale) * np.sqrt(dims)
  x = (features - mean) / scale
  x[:, flat] = 0
  target = np.eye(num_classes)[labels]
  counted = np.asarray(weights, float)[:, None]

  def loss(flat_params):
    params = flat_params.reshape(dims + 1, num_classes)
    slopes, bias = params[:-1], params[-1]
    log_p = scipy.special.log_softmax(x @ slopes + bias, axis=1)
    value = (-(counted * target * log_p).sum()
             + np.square(slopes).sum() / (2 * PRIOR_LOGIT ** 2)) / n
    error = counted * (np.exp(log_p) - target)
    gradient = np.vstack([x.T @ error + slopes / PRIOR_LOGIT ** 2,
                          error.sum(axis=0)])
    return value, gradient.ravel() / n

  # One thread: with few classes the products are thin, and threads slow them down,
  # fourfold where other processes want the cores.
  with threadpoolctl.threadpool_limits(1):
    found = scipy.optimize.minimize(
        loss, np.zeros((dims + 1) * num_classes), jac=True, method='L-BFGS-B',
        options={'maxiter': _MOST_STEPS, 'gtol': _TOLERANCE, 'ftol': 0})
  params = found.x.reshape(dims + 1, num_classes)
  return Classifier(mean, scale, params[:-1], params[-1])
