"""Every formulation of a convolution against XLA's own, through two derivatives."""

import functools

import jax
from jax import lax
import jax.numpy as jnp
import numpy as np
import pytest

from pegan_jax.nets import blocks, formulations

# size, channels in and out, kernel, stride, padding: every kind that is used.
SHAPES = [(16, 3, 4, 7, 1, 3), (12, 4, 6, 5, 2, 2), (16, 4, 5, 4, 2, 1),
          (4, 5, 6, 4, 2, 1), (2, 6, 3, 2, 1, 0), (16, 5, 5, 3, 1, 1)]
THREES = [(7, 4, 5, 3, 1, 1), (2, 4, 5, 3, 1, 1)]
# What each formulation is for.
EVERY = [(name, *shape) for name, shapes in {
    'LAX': SHAPES, 'PATCHES': SHAPES, 'FLIPPED': SHAPES[:1],
    'WINOGRAD': [SHAPES[-1], *THREES, (8, 4, 5, 3, 1, 0), (7, 5, 4, 3, 1, 0)],
    'POSITIONS': [THREES[1], (3, 4, 5, 3, 2, 1)],
    'POINTWISE': [(5, 4, 6, 1, 1, 0), (5, 4, 6, 1, 2, 0)]}.items()
         for shape in shapes]


def _lax(x, kernel, stride, pad):
  return lax.conv_general_dilated(
      x, kernel, (stride, stride), [(pad, pad)] * 2,
      dimension_numbers=('NHWC', 'HWIO', 'NHWC'))


def _inputs(size, features_in, features_out, kernel_size):
  rng = np.random.default_rng(0)
  x = rng.normal(size=(2, size, size + 2 * (size > 2), features_in))
  kernel = rng.normal(
      size=(kernel_size, kernel_size, features_in, features_out))
  return jnp.asarray(x, jnp.float32), jnp.asarray(kernel, jnp.float32)


def _assert_close(ours, theirs):
  for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
    assert a.shape == b.shape
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5 * np.abs(b).max())


@pytest.fixture(scope='module')
def formulation(request):
  """The one named, whatever this backend would choose: pytest puts its tests together."""
  chosen = getattr(formulations, request.param)
  jax.clear_caches()
  with pytest.MonkeyPatch.context() as monkeypatch:
    monkeypatch.setattr(formulations, 'choose', lambda *_: chosen)
    yield request.param
  jax.clear_caches()


_EVERY = pytest.mark.parametrize(
    'formulation,size,fin,fout,k,stride,pad', EVERY, indirect=['formulation'])


def _derivatives(conv, size, fin, fout, k, stride, pad):
  """The convolution, its derivatives and its second ones."""
  def value(x, kernel):
    return conv(x, kernel, stride, pad)

  first = jax.grad(lambda *args: jnp.sin(value(*args)).sum(), argnums=(0, 1))
  # As in the gradient penalty: a function of a gradient, differentiated.
  second = jax.grad(lambda *args: sum(jnp.square(g).sum() for g in first(*args)),
                    argnums=(0, 1))
  return jax.jit(lambda *args: [f(*args) for f in (value, first, second)])(
      *_inputs(size, fin, fout, k))


@functools.cache
def _xlas_derivatives(*shape):
  return _derivatives(_lax, *shape)


@_EVERY
def test_conv_equals_xla_to_the_second_derivative(
    formulation, size, fin, fout, k, stride, pad):
  del formulation
  shape = size, fin, fout, k, stride, pad
  _assert_close(_derivatives(blocks.conv, *shape), _xlas_derivatives(*shape))


def test_conv_transpose_equals_xla_and_its_gradients():
  x, _ = _inputs(6, 5, 1, 1)
  kernel = jnp.asarray(
      np.random.default_rng(1).normal(size=(4, 4, 3, 5)), jnp.float32)
  out_hw = (2 * x.shape[1], 2 * x.shape[2])
  ours = lambda x, kernel: blocks.conv_transpose(x, kernel, 2, 1, out_hw)
  # A transposed convolution correlates the flipped kernel with a stretched
  # input.
  theirs = lambda x, kernel: lax.conv_general_dilated(
      x, kernel[::-1, ::-1].swapaxes(2, 3), (1, 1), [(2, 2)] * 2,
      lhs_dilation=(2, 2), dimension_numbers=('NHWC', 'HWIO', 'NHWC'))
  _assert_close(ours(x, kernel), theirs(x, kernel))
  loss = lambda f: lambda x, kernel: jnp.sin(f(x, kernel)).sum()
  _assert_close(jax.grad(loss(ours), (0, 1))(x, kernel),
         jax.grad(loss(theirs), (0, 1))(x, kernel))


def test_conv_transpose_is_the_adjoint_of_conv():
  x, kernel = _inputs(8, 3, 4, 4)
  y = blocks.conv(x, kernel, 2, 1)
  g = jnp.cos(jnp.arange(y.size, dtype=jnp.float32)).reshape(y.shape)
  back = blocks.conv_transpose(g, kernel, 2, 1, x.shape[1:3])
  np.testing.assert_allclose(jnp.vdot(y, g), jnp.vdot(x, back), rtol=1e-4)


def test_other_backends_take_xlas_own():
  """What the CPU takes is proved equal above; its speed is benchmarks.convolutions'."""
  for size, k, stride, pad in ((4, 4, 2, 1), (2, 3, 1, 1), (16, 3, 1, 1)):
    chosen = [formulations.choose('conv', (size, size), (k, k, 64, 64), stride, pad,
                                  jnp.float32, backend) for backend in ('gpu', 'cpu')]
    assert chosen[0] is formulations.LAX is not chosen[1]


@pytest.mark.parametrize('stride,pad,reflect', [
    (1, 3, False), (2, 1, False), (1, 2, True)])
def test_a_label_is_planes_beside_the_image(stride, pad, reflect):
  x, _ = _inputs(8, 3, 1, 1)
  label = jnp.array([2, 0])
  layer = blocks.Conv(6, 5, stride, pad, use_bias=True, reflect=reflect)
  params = jax.jit(layer.init, static_argnums=3)(jax.random.key(0), x, label, 4)
  planes = jnp.broadcast_to(
      jnp.eye(4)[label][:, None, None], (*x.shape[:3], 4))

  def loss(params, x, *label):
    y = layer.apply(params, x, *label)
    return jnp.sin(y).sum(), y

  def found(*args):  # The output and its gradients.
    grads, y = jax.jit(jax.grad(loss, (0, 1), has_aux=True), static_argnums=3)(*args)
    return y, grads

  ours = found(params, x, label, 4)
  theirs = found(params, jnp.concatenate([x, planes], -1))
  _assert_close(ours[0], theirs[0])
  _assert_close(ours[1][0], theirs[1][0])
  _assert_close(ours[1][1], theirs[1][1][..., :3])


def test_instance_norm_by_hand():
  # One image, one channel: 1, 3, 5, 7 has mean 4 and variance 5.
  x = jnp.asarray([1., 3., 5., 7.]).reshape(1, 2, 2, 1)
  params = {'params': {'scale': jnp.asarray([2.]), 'bias': jnp.asarray([10.])}}
  y = blocks.InstanceNorm(epsilon=0.).apply(params, x)
  expected = 10 + 2 * (np.array([1, 3, 5, 7]) - 4) / np.sqrt(5)
  np.testing.assert_allclose(y.ravel(), expected, rtol=1e-6)


def test_instance_norm_ignores_the_rest_of_the_batch():
  x, _ = _inputs(8, 3, 1, 1)
  norm = blocks.InstanceNorm()
  params = norm.init(jax.random.key(0), x)
  np.testing.assert_array_equal(
      norm.apply(params, x)[:1], norm.apply(params, x[:1]))


def test_bfloat16_statistics_are_float32():
  # A large mean with a small spread, which bfloat16 sums would lose.
  rng = np.random.default_rng(0)
  x = jnp.asarray(100 + rng.normal(size=(1, 64, 64, 1)), jnp.bfloat16)
  norm = blocks.InstanceNorm()
  y = norm.apply(norm.init(jax.random.key(0), x), x)
  assert y.dtype == jnp.bfloat16
  y = np.asarray(y, np.float32)
  assert abs(y.mean()) < 0.01 and abs(y.std() - 1) < 0.01


@_EVERY
def test_kernels_side_by_side_equal_one_after_the_other(
    formulation, size, fin, fout, k, stride, pad):
  """Under vmap with a kernel each, through two derivatives."""
  del formulation
  shape = size, fin, fout, k, stride, pad
  grad, args = _penalised(blocks.conv, *shape)
  together = jax.jit(jax.vmap(grad))(*args)
  for i, one in enumerate(_xlas_one_by_one(*shape)):
    _assert_close(jax.tree.map(lambda y, i=i: y[i], together), one)


def _penalised(conv, size, fin, fout, k, stride, pad):
  """(a sum and a penalty on its gradient, differentiated; two images and kernels)."""
  def single(x, kernel):
    return jnp.sin(conv(x, kernel, stride, pad)).sum()

  def both(x, kernel):
    penalty = jnp.square(jax.grad(single)(x, kernel)).sum()
    return single(x, kernel) + penalty

  x, kernel = _inputs(size, fin, fout, k)
  return jax.value_and_grad(both, argnums=(0, 1)), (
      jnp.stack([x, 2 - x]), jnp.stack([kernel, kernel[::-1]]))


@functools.cache
def _xlas_one_by_one(*shape):
  grad, (xs, kernels) = _penalised(_lax, *shape)
  grad = jax.jit(grad)
  return [grad(x, kernel) for x, kernel in zip(xs, kernels)]
