"""The classifier: its optimum, its invariants, and honest cross-validation."""

import numpy as np
import pytest
from scipy import optimize, special

from pegan_jax.common.errors import UserError
from pegan_jax.metrics import label_fidelity


def _classes(per_class=30, num_classes=3, dims=10, apart=3., seed=0):
  rng = np.random.default_rng(seed)
  centres = apart * np.eye(num_classes, dims)
  labels = np.repeat(np.arange(num_classes), per_class)
  return centres[labels] + rng.standard_normal((len(labels), dims)), labels


def test_classes_that_are_apart_are_told_apart():
  x, y = _classes(apart=8.)
  classifier = label_fidelity.fit(x, y, 3)
  fresh, targets = _classes(apart=8., seed=1)
  np.testing.assert_array_equal(classifier.predict(fresh), targets)
  # The share of images that show their target falls with those that do not.
  targets = np.where(np.arange(90) % 3 == 0, (targets + 1) % 3, targets)
  assert (classifier.predict(fresh) == targets).mean() == pytest.approx(2 / 3)


def test_two_classes_of_one_feature_have_the_optimum_of_their_equation():
  # Standardised features -1 and 1; by symmetry the weights are -w and w: the
  # loss n log(1 + exp(-2 w)) + w^2 / P^2 is least where its slope is 0.
  x = np.array([[4.], [4.], [6.], [6.]])
  classifier = label_fidelity.fit(x, [0, 0, 1, 1], 2)
  w = optimize.brentq(
      lambda w: -8 * special.expit(-2 * w)
      + 2 * w / label_fidelity.PRIOR_LOGIT ** 2, 0, 10)
  np.testing.assert_allclose(classifier.weights, [[-w, w]], rtol=1e-4)
  np.testing.assert_allclose(classifier.bias, 0, atol=1e-6)
  np.testing.assert_allclose(
      classifier.probabilities([[6.], [5.]]),
      [[special.expit(-2 * w), special.expit(2 * w)], [0.5, 0.5]], rtol=1e-4)


def test_the_fit_is_the_optimum_of_its_loss():
  x, y = _classes(per_class=10, dims=4, apart=1.)
  classifier = label_fidelity.fit(x, y, 3)
  scaled = (x - x.mean(axis=0)) / x.std(axis=0) / 2

  def loss(params):
    weights, bias = params[:12].reshape(4, 3), params[12:]
    log_p = special.log_softmax(scaled @ weights + bias, axis=1)
    return (-log_p[np.arange(30), y].sum()
            + np.square(weights).sum() / (2 * label_fidelity.PRIOR_LOGIT ** 2))

  found = np.concatenate([classifier.weights.ravel(), classifier.bias])
  # Its slope by differences is 0.
  assert np.abs(optimize.approx_fprime(found, loss, 1e-5)).max() < 1e-3
  rng = np.random.default_rng(0)
  assert all(loss(found) < loss(found + 0.1 * rng.standard_normal(15))
             for _ in range(20))


def test_bias_alone_gives_the_shares_of_the_classes():
  # Features that never change tell nothing; 6, 3 and 3 images.
  x, y = np.full((12, 4), 7.), np.repeat([0, 1, 2], [6, 3, 3])
  p = label_fidelity.fit(x, y, 3).probabilities(x[:2] + 1)
  np.testing.assert_allclose(p, [[0.5, 0.25, 0.25]] * 2, atol=1e-4)


def test_probabilities_are_some():
  x, y = _classes(apart=1.)
  classifier = label_fidelity.fit(x, y, 3)
  p = classifier.probabilities(1e4 * x)
  assert (p >= 0).all()
  np.testing.assert_allclose(p.sum(axis=1), 1)
  np.testing.assert_array_equal(p.argmax(axis=1), classifier.predict(1e4 * x))


def test_scale_and_shift_of_a_feature_and_order_of_images_do_not_matter():
  x, y = _classes(apart=1.)
  want = label_fidelity.fit(x, y, 3).probabilities(x)
  scale, shift = np.geomspace(1e-3, 1e3, 10), np.linspace(-50, 50, 10)
  order = np.random.default_rng(0).permutation(len(x))
  got = label_fidelity.fit((x * scale + shift)[order], y[order], 3)
  np.testing.assert_allclose(got.probabilities(x * scale + shift), want,
                             atol=1e-4)


def test_the_same_input_gives_the_same_classifier():
  x, y = _classes(apart=1.)
  first, second = (label_fidelity.fit(x.astype(np.float32), y, 3)
                   for _ in range(2))
  np.testing.assert_array_equal(first.weights, second.weights)
  assert first.weights.dtype == np.float64


def test_cross_validation_does_not_see_the_image_that_it_reads():
  # With more features than images, labels by chance are learnt by heart.
  rng = np.random.default_rng(0)
  x, y = rng.standard_normal((120, 200)), np.repeat(np.arange(4), 30)
  assert (label_fidelity.fit(x, y, 4).predict(x) == y).all()
  share = (label_fidelity.cross_validated(x, y, 4) == y).mean()
  assert 0.1 < share < 0.4


def test_cross_validation_finds_the_accuracy_on_fresh_images():
  x, y = _classes(per_class=100, apart=1.5)
  share = (label_fidelity.cross_validated(x, y, 3) == y).mean()
  fresh, targets = _classes(per_class=1000, apart=1.5, seed=1)
  truth = (label_fidelity.fit(x, y, 3).predict(fresh) == targets).mean()
  assert share == pytest.approx(truth, abs=0.06)
  assert truth < 0.95


def test_cross_validation_depends_on_its_images_alone():
  x, y = _classes(apart=1.)
  first, again = (label_fidelity.cross_validated(x, y, 3) for _ in range(2))
  np.testing.assert_array_equal(first, again)


def test_a_class_of_two_images_is_in_every_fit():
  x, y = _classes(per_class=20, apart=8.)
  keep = np.r_[0:42]
  predicted = label_fidelity.cross_validated(x[keep], y[keep], 3)
  np.testing.assert_array_equal(predicted, y[keep])


def test_what_cannot_be_learnt():
  x, y = _classes(per_class=4)
  fit = label_fidelity.fit
  with pytest.raises(UserError, match='class 2 has 1 real images'):
    fit(x[:9], y[:9], 3)
  with pytest.raises(UserError, match='class 3 has 0 real images'):
    label_fidelity.cross_validated(x, y, 4)
  bad = x.copy()
  bad[0, 0] = np.nan
  with pytest.raises(UserError, match='the real features are not finite'):
    fit(bad, y, 3)
  with pytest.raises(UserError, match='the features are not finite'):
    fit(x, y, 3).predict(bad)


def test_a_weight_of_two_is_two_examples():
  x, y = _classes(per_class=10, dims=4, apart=1.)
  weights = np.arange(30) % 3
  once = label_fidelity.fit_weighted(x, y, 3, weights)
  repeated = label_fidelity.fit(np.repeat(x, weights, 0), np.repeat(y, weights), 3)
  np.testing.assert_allclose(once.mean, repeated.mean)
  np.testing.assert_allclose(once.weights, repeated.weights, atol=1e-3)
  np.testing.assert_allclose(once.probabilities(x), repeated.probabilities(x), atol=1e-4)
