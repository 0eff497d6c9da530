"""Operations of JAX in ONNX: ONNX Runtime computes what JAX does."""

import jax
from jax import export
from jax import lax
import jax.numpy as jnp
import numpy as np
import pytest

from pegan_jax.common.errors import UserError

pytest.importorskip('onnx', reason='the extra export is not installed')
ort = pytest.importorskip('onnxruntime', reason='the extra export is not installed')

# pylint: disable=g-import-not-at-top
from pegan_jax.nets import backend, blocks, depthwise, masks, pool  # noqa: E402
from pegan_jax.reporting.export import graph, trial  # noqa: E402

_RNG = np.random.default_rng(0)
_KERNEL = _RNG.normal(size=(3, 3, 4, 6)).astype(np.float32)
_X = _RNG.normal(size=(3, 8, 8, 4)).astype(np.float32)


def _translated(function, x):
  """Returns the ONNX of a function of one array, whose first dimension is free."""
  batch, = export.symbolic_shape('batch')
  like = jax.ShapeDtypeStruct((batch, *x.shape[1:]), x.dtype)
  with backend.portable():
    return graph.translate(lambda inputs: {'y': function(inputs['x'])}, {'x': like}, 'f')


def _run(function, x):
  session = trial.open_session(_translated(function, x).SerializeToString())
  return session.run(None, {'x': x})[0]


@pytest.mark.parametrize('function', [
    lambda x: blocks.conv(x, _KERNEL, 1, 1),
    lambda x: blocks.conv(x, _KERNEL, 2, 0),
    lambda x: blocks.conv_transpose(x, _KERNEL.swapaxes(2, 3), 2, 1, (16, 16)),
    lambda x: blocks.conv_transpose(
        x, np.ones((4, 4, 5, 4), np.float32), 2, 1, (16, 16)),
    lambda x: depthwise.depthwise_conv(x, _KERNEL[:, :, :1, :4], 2, ((0, 1), (1, 0))),
    lambda x: pool.max_pool(x, 2),
    lambda x: masks.widen(jnp.abs(x), 1),
    lambda x: masks.blur(x),
    lambda x: lax.reduce_window(
        x, 0., lax.add, (1, 3, 2, 1), (1, 2, 1, 1), ((0, 0), (1, 0), (0, 0), (0, 0))),
    lambda x: jnp.pad(x, ((0, 0), (2, 1), (1, 2), (0, 0)), 'reflect'),
    lambda x: jnp.pad(x, ((0, 0), (2, 1), (0, 0), (0, 0)), constant_values=-jnp.inf),
    lambda x: jax.image.resize(x, (*x.shape[:1], 5, 11, 4), 'cubic'),
    lambda x: jax.image.resize(x, (*x.shape[:1], 16, 16, 4), 'linear'),
    lambda x: jnp.einsum('bhwc,hd->bdwc', x, _KERNEL[0, 0].repeat(2, 0)),
    lambda x: x @ _KERNEL[0, 0],
    lambda x: jnp.einsum('bhwc,bhwd->bcd', x, x),
    lambda x: x.mean((1, 2), keepdims=True) + x.max(-1, keepdims=True) - x.min(),
    lambda x: jnp.flip(jnp.concatenate(jnp.split(x, [1, 3], axis=-1)[::-1], -1)[:, 1:7], 2),
    lambda x: lax.slice_in_dim(x, 1, 8, 3, axis=2),
    lambda x: x[..., 1] * x[..., :1].squeeze(-1) - x[..., -1],
    lambda x: lax.rsqrt(jnp.square(x) + 1) * x ** 3 + jnp.sqrt(jnp.abs(x)),
    lambda x: jnp.where((x > 0) & (x < 1) | ~(x != x), jnp.clip(x, -0.5, 0.5), -x),
    lambda x: jax.nn.softmax(jnp.tanh(x) + jax.nn.sigmoid(x) + jnp.sign(x)),
    lambda x: jnp.asarray(_KERNEL[:, 0, 0])[(x[:, 0, 0, 0] > 0).astype(jnp.int32)],
    lambda x: (jnp.broadcast_to(jnp.arange(4.), x.shape)
               + x.reshape(-1, 8, 32)[:, :, None, :4]),
    lambda x: jnp.broadcast_to(_X[:1], (x.shape[0], 8, 8, 4)),
    lambda x: jax.random.normal(jax.random.key(3), (8, 8, 4)) * x,
    lambda x: jnp.round(jnp.abs(x) * 4).astype(jnp.uint8).transpose(0, 3, 1, 2),
    lambda x: jax.checkpoint(jax.jit(jnp.exp))(x).astype(jnp.float32),
])
def test_onnx_runtime_computes_what_jax_does(function):
  """With another batch than any that was traced."""
  expected = np.asarray(jax.jit(function)(_X))
  found = _run(function, _X)
  assert found.dtype == expected.dtype
  np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-6)


def test_rounding_is_to_even_and_uint8_stays():
  x = np.array([[0.5, 1.5, 2.5, 254.5]], np.float32)
  found = _run(lambda x: jnp.clip(jnp.round(x), 0, 255).astype(jnp.uint8), x)
  assert found.dtype == np.uint8 and found.tolist() == [[0, 2, 2, 254]]


def test_what_no_input_changes_is_computed_before():
  """Of a convolution of a fixed image, and noise of a fixed key, one sum is left."""
  fixed = lambda: blocks.conv(jax.random.normal(jax.random.key(0), (1, 8, 8, 4)), _KERNEL)
  model = _translated(lambda x: x[:, :6, :6, :1] + fixed(), _X)
  assert [node.op_type for node in model.graph.node] == ['Slice', 'Add', 'Identity']
  np.testing.assert_allclose(
      _run(lambda x: x[:, :6, :6, :1] + fixed(), _X), _X[:, :6, :6, :1] + fixed(),
      rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('function, name', [
    (jnp.sort, 'sort'), (lambda x: jnp.cumsum(x, 1), 'cumsum'),
    (lambda x: lax.conv_general_dilated(x, x.max(0)[:3, :3, :, None], (1, 1), 'SAME',
                                        dimension_numbers=('NHWC', 'HWIO', 'NHWC')),
     'conv_general_dilated')])
def test_what_has_no_translation_is_named(function, name):
  with pytest.raises(UserError, match=f'operation {name} of .* has no translation'):
    _translated(function, _X)


def test_outputs_are_left_away_with_what_only_they_need():
  batch, = export.symbolic_shape('batch')
  model = graph.translate(
      lambda x: {'a': jnp.exp(x['x']) + _X[0], 'b': jnp.tanh(x['x']) * _X[1]},
      {'x': jax.ShapeDtypeStruct((batch, 8, 8, 4), np.float32)}, 'f')
  size = len(model.SerializeToString())
  kept = graph.keep(model, ['b'], {'classes': '["a"]'})
  assert [x.name for x in kept.graph.output] == ['b']
  assert [node.op_type for node in kept.graph.node] == ['Tanh', 'Mul', 'Identity']
  assert len(kept.SerializeToString()) < size - _X[0].nbytes + 100
  session = trial.open_session(kept.SerializeToString())
  assert session.get_modelmeta().custom_metadata_map == {'classes': '["a"]'}
  np.testing.assert_allclose(
      session.run(None, {'x': _X})[0], np.tanh(_X) * _X[1], rtol=1e-5)
