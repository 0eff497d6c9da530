"""The depthwise convolution against XLA's grouped one, with its gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pegan_jax.nets import depthwise


@pytest.mark.parametrize('height,width,stride', [
    (6, 6, 1), (6, 6, 2), (5, 7, 2), (1, 2, 1), (1, 1, 2)])
@pytest.mark.parametrize('size,pads', [
    (3, ((1, 1), (1, 1))), (3, ((1, 2), (2, 0))), (5, ((2, 2), (2, 3)))])
def test_both_formulations_are_one_function(
    monkeypatch, height, width, stride, size, pads):
  rng = np.random.default_rng(0)
  x = jnp.asarray(rng.normal(size=(3, height, width, 5)), jnp.float32)
  kernel = jnp.asarray(rng.normal(size=(size, size, 1, 5)), jnp.float32)

  def run(shifts):
    monkeypatch.setattr(depthwise, '_use_shifts', lambda _: shifts)

    @jax.jit
    def derivatives(x, kernel):
      y, pull = jax.vjp(
          lambda x, k: depthwise.depthwise_conv(x, k, stride, pads), x, kernel)
      g = np.random.default_rng(1).normal(size=y.shape).astype(np.float32)
      return y, *pull(jnp.asarray(g))

    return derivatives(x, kernel)

  for ours, theirs in zip(run(True), run(False), strict=True):
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=1e-5,
                               atol=1e-5 * np.abs(theirs).max())
