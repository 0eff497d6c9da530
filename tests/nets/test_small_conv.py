"""Classifiers' convolutions against XLA's own, with both derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pegan_jax.nets import blocks, small_conv

# Height, width, kernel, stride.
SHAPES = [(1, 1, 3, 1), (2, 2, 3, 1), (2, 2, 3, 2), (3, 5, 3, 2), (4, 2, 3, 1),
          (4, 4, 1, 1), (5, 4, 1, 2)]


@pytest.mark.parametrize('height,width,size,stride,name', [
    (*shape, name) for shape in SHAPES
    for name in ('_positions', 'conv', *['_pointwise'] * (shape[2] == 1))])
def test_every_formulation_is_one_function(height, width, size, stride, name):
  # pylint: disable=protected-access
  rng = np.random.default_rng(0)
  x = jnp.asarray(rng.normal(size=(3, height, width, 4)), jnp.float32)
  kernel = jnp.asarray(rng.normal(size=(size, size, 4, 5)), jnp.float32)
  results = []
  for f in (getattr(small_conv, name), small_conv._lax):
    y, pull = jax.vjp(lambda x, k: f(x, k, stride, size // 2), x, kernel)  # pylint: disable=cell-var-from-loop
    g = np.random.default_rng(1).normal(size=y.shape).astype(np.float32)
    results.append((y, *pull(jnp.asarray(g))))
  for ours, theirs in zip(*results, strict=True):
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=1e-5,
                               atol=1e-5 * np.abs(theirs).max())


def test_a_backend_chooses():
  # pylint: disable=protected-access
  choose = small_conv._formulation
  assert choose(2, 2, 1, 3, 'cpu') is small_conv._positions
  assert choose(16, 16, 1, 1, 'cpu') is small_conv._pointwise
  assert choose(16, 16, 1, 3, 'cpu') is small_conv._lax
  assert choose(16, 16, 2, 3, 'cpu') is blocks.conv
  assert choose(2, 2, 1, 3, 'gpu') is small_conv._lax
