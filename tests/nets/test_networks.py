"""The two networks against the paper's tables."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pegan_jax.nets.discriminator import Discriminator
from pegan_jax.nets.translator import Translator

DOMAINS = 10


def _count(params):
  return sum(x.size for x in jax.tree.leaves(params))


def _init(net, size, *args):
  x = jnp.zeros((1, size, size, 3))
  return jax.eval_shape(lambda: net.init(jax.random.key(0), x, *args))


def test_generator_parameter_count_from_table_1():
  norms = 2 * (32 + 64 + 128 + 6 * 2 * 128 + 64 + 32)
  expected = (7 * 7 * (3 + DOMAINS) * 32 + 5 * 5 * 32 * 64 + 5 * 5 * 64 * 128
              + 6 * 2 * 3 * 3 * 128 * 128 + 4 * 4 * 128 * 64 + 4 * 4 * 64 * 32
              + 7 * 7 * 32 * 3 + norms)
  assert expected == 2_218_112
  params = _init(Translator(DOMAINS), 64, jnp.zeros(1, jnp.int32))
  assert _count(params) == expected


@pytest.mark.parametrize('size', [64, 128])
def test_discriminator_parameter_count_from_the_reconstruction(size):
  widths = (3, 64, 128, 256, 512, 1024)
  layers = sum(16 * a * b + b for a, b in zip(widths, widths[1:]))
  heads = 3 * 3 * 1024 + (size // 32) ** 2 * 1024 * DOMAINS
  assert _count(_init(Discriminator(DOMAINS), size)) == layers + heads


@pytest.mark.parametrize('size', [32, 64, 128])
def test_output_shapes_and_ranges(size):
  gen, disc = Translator(DOMAINS, 0.125), Discriminator(DOMAINS, 0.125)
  x = jax.random.uniform(jax.random.key(0), (2, size, size, 3), minval=-1)
  label = jnp.array([0, 9])
  y, _ = gen.init_with_output(jax.random.key(1), x, label)
  assert y.shape == x.shape and y.dtype == jnp.float32
  assert np.abs(y).max() <= 1
  (adv, cls), _ = disc.init_with_output(jax.random.key(2), x)
  assert adv.shape == (2, size // 32, size // 32)
  assert cls.shape == (2, DOMAINS)


def test_width_multiplies_the_filters():
  params = _init(Translator(3, 0.5), 32, jnp.zeros(1, jnp.int32))['params']
  assert params['Conv_0']['kernel'].shape == (7, 7, 6, 16)
  params = _init(Discriminator(3, 2.0), 32)['params']
  assert params['Conv_4']['kernel'].shape == (4, 4, 1024, 2048)


def test_the_label_changes_the_output():
  gen = Translator(DOMAINS, 0.25)
  x = jax.random.uniform(jax.random.key(0), (1, 32, 32, 3), minval=-1)
  params = gen.init(jax.random.key(1), x, jnp.array([0]))
  outputs = [gen.apply(params, x, jnp.array([c])) for c in range(DOMAINS)]
  for c in range(1, DOMAINS):
    assert np.abs(outputs[c] - outputs[0]).mean() > 1e-3


def test_images_of_a_batch_do_not_meet():
  gen, disc = Translator(DOMAINS, 0.125), Discriminator(DOMAINS, 0.125)
  x = jax.random.uniform(jax.random.key(0), (3, 32, 32, 3), minval=-1)
  label = jnp.array([1, 2, 9])
  params = gen.init(jax.random.key(1), x, label)
  np.testing.assert_allclose(gen.apply(params, x, label)[1:],
                             gen.apply(params, x[1:], label[1:]), atol=1e-5)
  params = disc.init(jax.random.key(1), x)
  np.testing.assert_allclose(
      disc.apply(params, x)[1][1:], disc.apply(params, x[1:])[1], atol=1e-5)


def test_bfloat16_keeps_float32_parameters_and_outputs():
  gen = Translator(DOMAINS, 0.125, dtype=jnp.bfloat16)
  x = jax.random.uniform(jax.random.key(0), (1, 32, 32, 3), minval=-1)
  y, params = gen.init_with_output(jax.random.key(1), x, jnp.array([0]))
  assert {p.dtype for p in jax.tree.leaves(params)} == {jnp.dtype('float32')}
  assert y.dtype == jnp.float32
  exact = Translator(DOMAINS, 0.125).apply(params, x, jnp.array([0]))
  difference = np.abs(y - exact)
  assert 0 < difference.max() and difference.mean() < 0.02
