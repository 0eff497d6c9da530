"""The iteration: what goes in, what each part of it changes, and by how much."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from conftest import small_config
from pegan_jax import methods
from pegan_jax.data import batches, dataset
from pegan_jax.nets import masks
from pegan_jax.runs import optimizers, step as step_lib


def _batch(config, channels=1, seed=0):
  rng = np.random.default_rng(seed)
  size = config.image_size
  shape = (config.n_critic, 2 * config.batch_size)
  return {
      'image': rng.integers(0, 256, (*shape, size, size, channels), np.uint8),
      'label': np.tile([9, 3], (config.n_critic, config.batch_size)).astype(
          np.int32)}


def _setup(config):
  method = methods.get('pegan')
  nets = method.networks(config, 9, 1)
  return method, nets, jax.jit(lambda: step_lib.init_state(method, nets, config))


def test_scale_maps_0_and_255_to_the_ends():
  image = np.array([0, 255, 51], np.uint8).reshape(1, 1, 3, 1)
  image = np.broadcast_to(image, (1, 3, 3, 1))
  x = step_lib.scale(jnp.asarray(image), 3)
  np.testing.assert_allclose(x[0, 0, :, 0], [-1, 1, -0.6], atol=1e-6)


def test_scale_resamples_and_stays_in_range():
  image = np.zeros((1, 32, 32, 1), np.uint8)
  image[:, :, 16:] = 255
  x = np.asarray(step_lib.scale(jnp.asarray(image), 64))
  assert x.shape == (1, 64, 64, 1)
  assert x.min() == -1 and x.max() == 1
  assert (x[0, :, :28] < -0.9).all() and (x[0, :, 36:] > 0.9).all()


def test_to_pixels_takes_masks_of_one_channel():
  mask = np.zeros((2, 32, 32, 1), np.float32)
  mask[:, :, 16:] = 1
  pixels = np.asarray(step_lib.to_pixels(2 * mask - 1, 16, 1))
  assert pixels.shape == (2, 16, 16, 1) and pixels.dtype == np.uint8
  assert (pixels[:, :, :6] == 0).all() and (pixels[:, :, 10:] == 255).all()


def test_prepare_repeats_grey_and_flips_by_halves(config):
  config.flip = True
  config.batch_size = 64
  batch = _batch(config)
  out = jax.jit(lambda b: step_lib.prepare(config, jax.random.key(0), b))(batch)
  assert out['image'].shape[-1] == 3
  np.testing.assert_array_equal(out['image'][..., 0], out['image'][..., 2])
  plain = batch['image'].astype(np.float32)[..., 0] / 127.5 - 1
  got = np.asarray(out['image'])[..., 0]
  kinds = [plain, plain[:, :, ::-1], plain[..., ::-1], plain[:, :, ::-1, ::-1]]
  same = np.stack([np.abs(got - k).max(axis=(2, 3)) < 1e-6 for k in kinds])
  assert (same.sum(0) == 1).all()
  assert (same.mean(axis=(1, 2)) > 0.15).all()  # a quarter each is expected
  config.flip = False
  out = step_lib.prepare(config, jax.random.key(0), batch)
  np.testing.assert_allclose(out['image'][..., 0], plain, atol=1e-6)


def test_prepare_mirrors_a_region_with_its_image_and_softens_it(config):
  config.batch_size = 64
  batch = _batch(config)
  batch['image'] = np.where(batch['image'] > 250, 255, 0).astype(np.uint8)
  out = jax.jit(lambda b: step_lib.prepare(config, jax.random.key(0), b))(
      batch | {'region': batch['image']})
  np.testing.assert_allclose(
      out['region'], masks.soften(out['image'][..., :1] / 2 + 0.5), atol=1e-6)
  assert (out['image'][..., 0] != batch['image'][..., 0] / 127.5 - 1).any()
  larger = step_lib.scale_region(batch['image'][0], 2 * config.image_size)
  assert larger.shape == (128, 64, 64, 1)


def test_ema_follows_its_closed_form():
  ema = {'w': jnp.array([1., 2.])}
  params = {'w': jnp.array([3., 0.])}
  early = step_lib.update_ema(0.999, jnp.int32(8), ema, params)['w']
  np.testing.assert_allclose(early, [2., 1.], rtol=1e-6)  # 9 / 18
  late = step_lib.update_ema(0.9, jnp.int32(10_000), ema, params)['w']
  np.testing.assert_allclose(late, [1.2, 1.8], rtol=1e-6)
  off = step_lib.update_ema(0., jnp.int32(5), ema, params)['w']
  np.testing.assert_allclose(off, params['w'])


def test_schedule_is_constant_then_falls_to_zero(config):
  constant = optimizers.schedule(config.gen, 100)
  assert constant(0) == constant(99) == config.gen.learning_rate
  config.gen.decay_fraction = 0.5
  rate = optimizers.schedule(config.gen, 100)
  np.testing.assert_allclose(
      [rate(0), rate(50), rate(75), rate(100)],
      np.array([1, 1, 0.5, 0]) * config.gen.learning_rate, rtol=1e-5)


def test_the_discriminators_rate_falls_over_all_its_updates(config):
  """Two to each of the generator's, whose rate falls over half as many."""
  config.num_steps, config.n_critic = 4, 2
  seen = []
  for part in (config.gen, config.disc):
    part.decay_fraction = 1.0
  for optimizer in step_lib.make_optimizers(config):
    state, sizes = optimizer.init(jnp.zeros(())), []
    for _ in range(8):
      update, state = optimizer.update(jnp.ones(()), state)
      sizes.append(-float(update))  # Of a constant gradient, Adam makes the rate.
    seen.append(np.array(sizes) / sizes[0])
  np.testing.assert_allclose(seen[0], [1, .75, .5, .25, 0, 0, 0, 0], atol=1e-4)
  np.testing.assert_allclose(seen[1], np.arange(8, 0, -1) / 8, atol=1e-4)


@pytest.fixture(scope='module')
def compiled():
  config = small_config()
  config.n_critic, config.num_blocks = 2, 1
  method, nets, init = _setup(config)
  state, batch = init(), _batch(config)
  step = jax.jit(step_lib.make_step(method, nets, config)).lower(
      state, batch, ()).compile()
  return config, method, nets, state, batch, step


@pytest.fixture(scope='module')
def stepped(compiled):
  *setting, state, batch, step = compiled
  return *setting, state, batch, step(state, batch, ())


def test_no_convolution_is_off_the_fast_path(compiled):
  """XLA's CPU backend runs a convolution in another layout by a plain loop."""
  layouts = re.findall(r'convolution\(.*dim_labels=([^,]*)',
                       compiled[-1].as_text())
  assert len(layouts) > 30 and set(layouts) == {'b01f_01io->b01f'}


def test_one_step_is_n_critic_d_updates_and_one_g_update(stepped):
  """The scan against the same iteration written out with optax."""
  config, method, nets, state, batch, (new, metrics) = stepped
  key_prepare, key_disc, key_gen = jax.random.split(
      jax.random.fold_in(state.key, 0), 3)
  batches = jax.jit(lambda key: step_lib.prepare(config, key, batch))(key_prepare)
  keys = jax.random.split(key_disc, config.n_critic)
  adam = optax.adam(1e-4, 0.9, 0.99)

  @jax.jit
  def disc_update(disc, opt_state, batch, key):
    grads = jax.grad(lambda d: method.disc_loss(
        nets, config, d, state.gen, (), batch, key)[0])(disc)
    updates, opt_state = adam.update(grads, opt_state)
    return optax.apply_updates(disc, updates), opt_state

  start = jax.jit(adam.init)
  disc, opt_state = state.disc, start(state.disc)
  for i in range(config.n_critic):
    one = jax.tree.map(lambda x: x[i], batches)
    disc, opt_state = disc_update(disc, opt_state, one, keys[i])
  for a, b in zip(jax.tree.leaves(new.disc), jax.tree.leaves(disc)):
    np.testing.assert_allclose(a, b, atol=2e-6)

  last = jax.tree.map(lambda x: x[-1], batches)

  @jax.jit
  def gen_update(gen, opt_state):
    grads = jax.grad(lambda g: method.gen_loss(
        nets, config, g, new.disc, (), last, key_gen)[0])(gen)
    updates, _ = adam.update(grads, opt_state)
    return optax.apply_updates(gen, updates), grads

  gen, grads = jax.tree.map(np.asarray, gen_update(state.gen, start(state.gen)))
  now = jax.tree.map(np.asarray, new.gen)
  for a, b, g in zip(*map(jax.tree.leaves, (now, gen, grads))):
    # Adam makes steps of full size out of gradients that are rounding errors.
    clear = np.abs(g) > 1e-3 * np.abs(g).max()
    assert clear.mean() > 0.5
    np.testing.assert_allclose(a[clear], b[clear], atol=2e-6)
  assert new.step == 1
  np.testing.assert_allclose(
      metrics['gen/gradient_norm'].compute(), optax.tree.norm(grads),
      rtol=1e-3)


def test_every_parameter_learns_and_ema_trails(stepped):
  *_, state, _, (new, _) = stepped
  for name in ('gen', 'disc'):
    for path, (a, b) in jax.tree_util.tree_leaves_with_path(
        jax.tree.map(lambda a, b: (a, b), getattr(state, name),
                     getattr(new, name)), is_leaf=lambda x: isinstance(x, tuple)):
      # The critic's last layers see no gradient only if something is cut off.
      assert np.abs(a - b).max() > 0, (name, path)
  moved = jax.tree.map(lambda g, e: np.abs(g - e).max(), new.gen, new.ema)
  assert max(jax.tree.leaves(moved)) > 0


def test_metrics_are_averages_over_the_critic_steps(stepped):
  config, *_, (_, metrics) = stepped
  assert metrics['disc/adv'].count == config.n_critic * 2 * config.batch_size
  assert metrics['disc/gradient_norm'].count == config.n_critic
  assert metrics['gen/rec_production'].count == config.batch_size
  for name, metric in metrics.items():
    assert np.isfinite(metric.compute()), name


def test_bfloat16_tracks_float32_over_20_steps(data_dir):
  """The losses' way, to a tenth of how far they go; the state stays float32."""
  courses, start = {}, None
  for dtype in ('float32', 'bfloat16'):
    config = small_config()
    config.update({'dtype': dtype, 'batch_size': 2, 'num_steps': 20})
    # Fast enough to go somewhere, too slow for rounding errors to be blown up.
    config.gen.learning_rate = config.disc.learning_rate = 3e-4
    method, nets, init = _setup(config)
    start = start or init()  # Of both the same.
    state = start
    step, course = jax.jit(step_lib.make_step(method, nets, config)), []
    for batch in batches.iterate(config, dataset.load_info(data_dir)):
      state, metrics = step(state, batch, ())
      course.append([float(metrics[name].compute()) for name in (
          'disc/loss', 'disc/gradient_penalty', 'disc/cls_real', 'gen/loss',
          'gen/rec_production', 'gen/rec_elimination')])
    assert {x.dtype for x in jax.tree.leaves((state.gen, state.disc, state.ema))
            } == {jnp.dtype('float32')}
    courses[dtype] = np.array(course)
  exact, rounded = courses['float32'], courses['bfloat16']
  assert (np.abs(rounded - exact).max(0) < 0.1 * np.ptp(exact, axis=0)).all()
