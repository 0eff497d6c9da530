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
def test_output_shapes(size):
  gen, disc = Translator(DOMAINS, 0.125), Discriminator(DOMAINS, 0.125)
  x, key = jnp.zeros((2, size, size, 3)), jax.random.key(1)
  y, _ = jax.eval_shape(gen.init_with_output, key, x, jnp.array([0, 9]))
  assert y.shape == x.shape and y.dtype == jnp.float32
  (adv, cls), _ = jax.eval_shape(disc.init_with_output, key, x)
  assert adv.shape == (2, size // 32, size // 32)
  assert cls.shape == (2, DOMAINS)


def _images(count):
  return jax.random.uniform(jax.random.key(0), (count, 32, 32, 3), minval=-1)


def _apply(net):
  """(parameters, *arguments) -> the network's output, compiled."""
  return jax.jit(net.apply)


def _start(net, *args):
  return jax.jit(net.init)(jax.random.key(1), *args)


def test_the_output_is_an_image():
  gen, x, label = Translator(DOMAINS, 0.125, num_blocks=1), _images(2), jnp.array([0, 9])
  y = _apply(gen)(jax.tree.map(lambda p: 20 * p, _start(gen, x, label)), x, label)
  assert 0.9 < np.abs(y).max() <= 1


def test_width_multiplies_the_filters():
  params = _init(Translator(3, 0.5), 32, jnp.zeros(1, jnp.int32))['params']
  assert params['Conv_0']['kernel'].shape == (7, 7, 6, 16)
  params = _init(Discriminator(3, 2.0), 32)['params']
  assert params['Conv_4']['kernel'].shape == (4, 4, 1024, 2048)


def test_the_label_changes_the_output():
  gen = Translator(DOMAINS, 0.25, num_blocks=1)
  x, label = _images(1).repeat(DOMAINS, 0), jnp.arange(DOMAINS)
  outputs = _apply(gen)(_start(gen, x, label), x, label)
  for c in range(1, DOMAINS):
    assert np.abs(outputs[c] - outputs[0]).mean() > 1e-3


def test_images_of_a_batch_do_not_meet():
  gen = Translator(DOMAINS, 0.125, num_blocks=1)
  disc = Discriminator(DOMAINS, 0.125)
  x, label = _images(3), jnp.array([1, 2, 9])
  params, apply = _start(gen, x, label), _apply(gen)
  np.testing.assert_allclose(apply(params, x, label)[1:],
                             apply(params, x[1:], label[1:]), atol=1e-5)
  params, apply = _start(disc, x), _apply(disc)
  np.testing.assert_allclose(
      apply(params, x)[1][1:], apply(params, x[1:])[1], atol=1e-5)


def test_bfloat16_keeps_float32_parameters_and_outputs():
  gen = Translator(DOMAINS, 0.125, num_blocks=1, dtype=jnp.bfloat16)
  x, label = _images(1), jnp.array([0])
  params = _start(gen, x, label)
  assert {p.dtype for p in jax.tree.leaves(params)} == {jnp.dtype('float32')}
  y = _apply(gen)(params, x, label)
  assert y.dtype == jnp.float32
  exact = _apply(gen.clone(dtype=jnp.float32))(params, x, label)
  difference = np.abs(y - exact)
  assert 0 < difference.max() and difference.mean() < 0.02
