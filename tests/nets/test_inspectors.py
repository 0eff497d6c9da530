"""ResNet18 and MobileNetV2 against the originals' sizes and PyTorch's numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from fixtures import make_inspectors
from pegan_jax.inspection.training import NETWORKS
from pegan_jax.nets.classifier import BatchNorm, Conv
from pegan_jax.nets.pool import max_pool


@pytest.mark.parametrize('name,count', [
    ('resnet18', 11_689_512), ('mobilenetv2', 3_504_872)])
@pytest.mark.parametrize('channels', [1, 3])
def test_parameters_as_in_the_originals(name, count, channels):
  net = NETWORKS[name](1000)
  found = jax.eval_shape(lambda: net.init(
      jax.random.key(0), jnp.zeros((1, 64, 64, channels)), True))
  assert sum(x.size for x in jax.tree.leaves(found['params'])) == count


@pytest.fixture(scope='module')
def fixture():
  with np.load(make_inspectors.PATH) as f:
    return dict(f)


@pytest.mark.parametrize('name', ['resnet18', 'mobilenetv2'])
def test_a_training_step_as_in_pytorch(fixture, name):
  net = NETWORKS[name](make_inspectors.CLASSES, make_inspectors.WIDTH)
  variables = make_inspectors.parameters(net)
  x, labels = make_inspectors.images()
  evaluate = jax.jit(lambda v: net.apply(v, x, False))

  def loss(params):
    logits, changed = net.apply(variables | {'params': params}, x, True,
                                mutable='batch_stats')
    return optax.softmax_cross_entropy_with_integer_labels(
        logits, labels).mean(), changed

  (value, changed), grads = jax.jit(
      jax.value_and_grad(loss, has_aux=True))(variables['params'])

  def close(found, key, tolerance):
    expected = fixture[f'{name}/{key}']
    np.testing.assert_allclose(found, expected, rtol=tolerance,
                               atol=tolerance * np.abs(expected).max())

  close(evaluate(variables), 'logits', 1e-4)
  close(value, 'loss', 1e-5)
  close(grads['Conv_0']['kernel'], 'gradient', 1e-3)
  norms = [path for path in make_inspectors.layers(variables['params'])
           if path[-1].startswith('BatchNorm')]
  for kind in ('mean', 'var'):
    def get(path, kind=kind):
      part = changed['batch_stats']
      for key in path:
        part = part[key]
      return part[kind]
    close(np.concatenate([get(p) for p in norms]), kind, 1e-4)
  close(evaluate(variables | changed), 'logits_after', 1e-4)


def test_grey_counts_as_three_equal_channels():
  conv = Conv(4, 3, 2, rgb=True)
  x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 6, 6, 1)),
                  jnp.float32)
  variables = conv.init(jax.random.key(0), x)
  assert variables['params']['kernel'].shape == (3, 3, 3, 4)
  np.testing.assert_allclose(
      conv.apply(variables, x),
      conv.apply(variables, jnp.repeat(x, 3, -1)), rtol=1e-5, atol=1e-5)


def test_max_pool_is_reduce_window_with_its_gradient():
  x = jnp.asarray(np.random.default_rng(0).permutation(2 * 7 * 8 * 3).reshape(
      2, 7, 8, 3), jnp.float32)  # No two are equal.
  def xla(x):
    return jax.lax.reduce_window(
        x, -jnp.inf, jax.lax.max, (1, 3, 3, 1), (1, 2, 2, 1),
        ((0, 0), (1, 1), (1, 1), (0, 0)))
  ours, pull = jax.vjp(lambda x: max_pool(x, 2), x)
  theirs, pull_theirs = jax.vjp(xla, x)
  np.testing.assert_array_equal(ours, theirs)
  g = jnp.arange(ours.size, dtype=jnp.float32).reshape(ours.shape)
  np.testing.assert_array_equal(pull(g)[0], pull_theirs(g)[0])


def test_batch_norm_of_one_value():
  """A batch of one pixel: its variance is 0, and nothing is divided by 0."""
  norm = BatchNorm()
  x = jnp.full((1, 1, 1, 2), 3.0)
  y, changed = norm.apply(norm.init(jax.random.key(0), x, True), x, True,
                          mutable='batch_stats')
  np.testing.assert_array_equal(y, 0)
  np.testing.assert_allclose(changed['batch_stats']['mean'], 0.3, rtol=1e-6)
  np.testing.assert_allclose(changed['batch_stats']['var'], 0.9, rtol=1e-6)
