"""Why PE-GAN+'s generator is as it is, shown on the layers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pegan_jax.nets.blocks import ConditionalInstanceNorm, Conv, InstanceNorm
from pegan_jax.nets.masked_translator import _double, MaskedTranslator, visible_mask

LABELS, PAD = 4, 3


def _first_layer(reflect):
  """One image under every label, before and after instance norm: [L, H, W, C]."""
  image = jax.random.normal(jax.random.key(0), (1, 24, 24, 3)).repeat(LABELS, 0)
  layer = Conv(5, 2 * PAD + 1, pad=PAD, reflect=reflect)
  label = jnp.arange(LABELS)
  variables = layer.init(jax.random.key(1), image, label, LABELS)
  before = layer.apply(variables, image, label, LABELS)
  norm = InstanceNorm(affine=False)
  return np.asarray(before), np.asarray(norm.apply({}, before))


def test_with_reflect_padding_instance_norm_hides_the_label():
  before, after = _first_layer(reflect=True)
  assert np.abs(before[1:] - before[0]).max() > 0.1
  np.testing.assert_allclose(after[1:], after[:1].repeat(LABELS - 1, 0), atol=1e-5)


def test_with_zero_padding_the_label_shows_at_the_borders_alone():
  before, after = _first_layer(reflect=False)
  difference = before[1:] - before[0]
  inner = difference[:, PAD:-PAD, PAD:-PAD]
  np.testing.assert_allclose(inner, np.broadcast_to(
      inner[:, :1, :1], inner.shape), atol=1e-5)
  border = np.ones(difference.shape[1:3], bool)
  border[PAD:-PAD, PAD:-PAD] = False
  assert np.abs(difference - inner[:, :1, :1])[:, border].max() > 0.1
  assert np.abs(after[1:] - after[0]).max() > 0.01


def test_conditional_norm_is_instance_norm_with_the_vectors_scale_and_shift():
  x = jax.random.normal(jax.random.key(0), (3, 6, 5, 4)) * 7 + 2
  vector = jax.random.normal(jax.random.key(1), (3, 7))
  kernel = jax.random.normal(jax.random.key(2), (7, 8))
  bias = jax.random.normal(jax.random.key(3), (8,))
  y = ConditionalInstanceNorm().apply(
      {'params': {'affine': {'kernel': kernel, 'bias': bias}}}, x, vector)
  for i, affine in enumerate(np.asarray(vector) @ np.asarray(kernel) + bias):
    alone = InstanceNorm().apply({'params': {
        'scale': 1 + affine[:4], 'bias': affine[4:]}}, x[i:i + 1])
    np.testing.assert_allclose(y[i:i + 1], alone, rtol=1e-4, atol=1e-4)


@pytest.fixture(scope='module')
def generator():
  """(compiled network, parameters, images, labels, noise)."""
  net = MaskedTranslator(LABELS, width=1 / 8, num_blocks=1)
  image = jax.random.uniform(jax.random.key(0), (2, 32, 32, 3), minval=-1)
  label, noise = jnp.array([0, 3]), jax.random.normal(
      jax.random.key(1), (2, 32, 32, 5))
  params = jax.jit(net.init)(jax.random.key(2), image, label, noise)['params']
  return jax.jit(net.apply), params, image, label, noise


def test_where_the_mask_is_zero_the_image_is_untouched(generator):
  apply, params, image, label, noise = generator
  fake, mask = apply({'params': params}, image, label, noise)
  assert fake.shape == image.shape and mask.shape == (2, 32, 32, 1)
  assert (mask >= 0).all() and (mask <= 1).all() and mask.std() > 0
  assert (np.abs(fake) <= 1).all() and np.abs(fake - image).max() > 0.1
  last = next(k for k in params if k.startswith('Conv_') and 'bias' in params[k])
  closed = params | {last: {
      'kernel': params[last]['kernel'] * jnp.array([1, 1, 1, 0]),
      'bias': jnp.array([0, 0, 0, -1e3])}}
  fake, mask = apply({'params': closed}, image, label, noise)
  assert (mask == 0).all()
  np.testing.assert_array_equal(fake, image)


def test_what_is_seen_of_a_mask_is_the_streak_and_not_its_repainted_ground():
  x, mask = jnp.full((1, 16, 16, 3), 0.2), jnp.full((1, 16, 16, 1), 0.5)
  content = x.at[:, :, :5].set(0.8)
  seen = np.asarray(visible_mask(x, x + mask * (content - x), mask))[0, :, :, 0]
  np.testing.assert_allclose(seen[:, :3], 0.5 * (1 - np.exp(-0.6 / 0.3)), rtol=1e-2)
  np.testing.assert_allclose(seen[:, 7:], 0, atol=1e-6)
  assert (np.diff(seen[:, 2:8], axis=1) < 0).all()  # It fades out between.
  # Grain that is as often above as below is seen all over.
  checks = jnp.asarray(np.indices((16, 16)).sum(0) % 3 - 1.)[None, :, :, None]
  seen = np.asarray(visible_mask(x, x + mask * 0.4 * checks, mask))
  assert seen.min() > 0.5 * seen.max() > 0.1
  assert (np.asarray(visible_mask(x, x, 0 * mask)) == 0).all()


def test_label_and_noise_change_the_inside(generator):
  apply, params, image, label, noise = generator
  inside = lambda label, noise: np.asarray(apply(
      {'params': params}, image, label, noise)[0])[:, 12:20, 12:20]
  plain = inside(label, noise)
  assert np.abs(inside(label + 1, noise) - plain).max() > 0.01
  assert np.abs(inside(label, -noise) - plain).max() > 0.01


def test_grain_reaches_the_output_from_pixel_to_pixel():
  net = MaskedTranslator(LABELS, width=1 / 8, num_blocks=1, grain=1)
  image, label = jnp.zeros((1, 32, 32, 3)), jnp.array([0])
  noise = jnp.zeros((1, 32, 32, 5))
  params = jax.jit(net.init)(jax.random.key(2), image, label, noise)['params']
  checks = jnp.asarray(np.indices((32, 32)).sum(0) % 2 * 2. - 1)[None, :, :, None]

  apply = jax.jit(net.apply)

  def at_highest_frequency(noise):
    fake = np.asarray(apply({'params': params}, image, label, noise)[0])
    return np.abs((fake[..., :1] * checks)[:, 8:-8, 8:-8].mean())

  # Of the same checks, the smooth channels' only reach the last layers when resized.
  smooth = at_highest_frequency(noise.at[..., :1].set(checks))
  assert at_highest_frequency(noise.at[..., 4:].set(checks)) > 3 * smooth + 1e-3


def test_upsampling_does_not_tell_a_pixels_place():
  """A constant and a slope stay so: no period of two comes in."""
  x = jnp.linspace(-1, 1, 8)[None, :, None, None] * jnp.ones((1, 8, 6, 2))
  y = np.asarray(_double(x))
  assert y.shape == (1, 16, 12, 2)
  np.testing.assert_allclose(y[:, :, 1:], y[:, :, :-1], atol=1e-6)
  np.testing.assert_allclose(np.diff(y[:, 1:-1], axis=1), 1 / 7, atol=1e-6)


def test_levels_that_the_norms_take_away_come_in_with_the_label(generator):
  apply, params, image, label, noise = generator
  pairs = {'brightness': ((image, noise), (image + 0.2, noise)),
           'contrast': ((image, 0 * noise), (image / 2, 0 * noise)),
           'noise': ((image, noise), (image, noise.at[..., 1].add(0.2)))}
  mask = lambda params, inputs: np.asarray(apply(
      {'params': params}, inputs[0], label, inputs[1])[1])
  without = params | {'levels': jax.tree.map(jnp.zeros_like, params['levels'])}
  for name, (one, other) in pairs.items():
    np.testing.assert_allclose(
        mask(without, one), mask(without, other), atol=1e-3, err_msg=name)
    assert np.abs(mask(params, one) - mask(params, other)).max() > 0.02, name


def test_an_even_image_has_finite_gradients(generator):
  apply, params, image, label, noise = generator
  grad = jax.jit(jax.grad(
      lambda x: apply({'params': params}, x, label, noise)[0].sum()))(
          jnp.full_like(image, 0.3))
  assert np.isfinite(grad).all() and np.abs(grad).max() > 0
