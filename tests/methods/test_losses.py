"""Each loss against numbers worked out by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pegan_jax.methods import losses
from pegan_jax.nets.discriminator import Discriminator


def test_critic_score_is_the_mean_over_patches():
  adv = jnp.array([[[1., 2.], [3., 6.]], [[0., 0.], [0., -4.]]])
  np.testing.assert_allclose(losses.critic_score(adv), [3., -1.])


def test_wasserstein_losses():
  real, fake = jnp.array([2., -1.]), jnp.array([0.5, 3.])
  np.testing.assert_allclose(losses.wasserstein_disc(real, fake), [-1.5, 4.])
  np.testing.assert_allclose(losses.wasserstein_gen(fake), [-0.5, -3.])


def test_classification_of_a_uniform_and_of_a_known_guess():
  logits = jnp.array([[0., 0., 0., 0.], [np.log(3.), 0., 0., 0.]])
  loss = losses.classification(logits, jnp.array([2, 0]))
  # log 4; and the odds of 3 to 1 + 1 + 1 give log 2.
  np.testing.assert_allclose(loss, [np.log(4), np.log(2)], rtol=1e-6)


def test_reconstruction_is_the_mean_absolute_difference():
  x = jnp.zeros((2, 2, 1, 2))
  recon = x.at[0, 0, 0, 0].set(1.).at[1].set(-0.5)
  np.testing.assert_allclose(losses.reconstruction(x, recon), [0.25, 0.5])


def test_interpolates_lie_between_with_one_factor_an_image():
  real, fake = jnp.ones((64, 4, 4, 3)), jnp.zeros((64, 4, 4, 3))
  x = np.asarray(losses.interpolate(jax.random.key(0), real, fake))
  a = x[:, 0, 0, 0]
  np.testing.assert_array_equal(x, np.broadcast_to(a[:, None, None, None],
                                                   x.shape))
  assert 0 <= a.min() < 0.1 and 0.9 < a.max() <= 1 and 0.4 < a.mean() < 0.6


def test_gradient_penalty_of_a_linear_critic():
  # D(x) = <w, x> has the gradient w everywhere: here of norm 5.
  w = jnp.zeros((4, 4, 3)).at[0, 0, 0].set(3.).at[2, 1, 2].set(4.)
  x = jax.random.normal(jax.random.key(0), (2, 4, 4, 3))
  penalty, norm = losses.gradient_penalty(
      lambda x: (x * w).sum(axis=(1, 2, 3)), x)
  np.testing.assert_allclose(norm, [5., 5.], rtol=1e-6)
  np.testing.assert_allclose(penalty, [16., 16.], rtol=1e-6)


def test_gradient_penalty_of_a_quadratic_critic_is_each_images_own():
  # D(x) = |x|^2 / 2 has the gradient x.
  x = jnp.zeros((2, 2, 2, 1)).at[0, 0, 0, 0].set(2.).at[1, 1, 1, 0].set(0.5)
  penalty, norm = losses.gradient_penalty(
      lambda x: jnp.square(x).sum(axis=(1, 2, 3)) / 2, x)
  np.testing.assert_allclose(norm, [2., 0.5], rtol=1e-6)
  np.testing.assert_allclose(penalty, [1., 0.25], rtol=1e-6)


def test_r1_adds_up_what_each_critic_sees():
  """||grad||^2 / 2 of (2 sum(x), sum(y^2)): 4 for each pixel of x, 4 y^2 for each of y."""
  x, y = jnp.ones((2, 2, 2, 1)), jnp.array([1., 3.]).reshape(2, 1, 1, 1)
  both = lambda seen: jnp.stack([
      2 * seen[0].sum(axis=(1, 2, 3)), jnp.square(seen[1]).sum(axis=(1, 2, 3))], -1)
  np.testing.assert_allclose(
      losses.r1_penalty(both, (x, y)), [(16 + 4) / 2, (16 + 36) / 2], rtol=1e-6)


def test_gradient_penalty_of_a_constant_critic_has_a_finite_gradient():
  x = jnp.ones((1, 2, 2, 1))
  loss = lambda w: losses.gradient_penalty(
      lambda x: w * x.sum(axis=(1, 2, 3)), x)[0].sum()
  assert loss(0.) == pytest.approx(1)
  assert np.isfinite(jax.grad(loss)(0.))


def test_an_unseen_mask_is_what_covers_without_a_change():
  x = jnp.full((3, 2, 2, 3), 0.5)
  mask = jnp.array([1.0, 0.5, 0.0]).reshape(3, 1, 1, 1) * jnp.ones((3, 2, 2, 1))

  def unseen(content, mask):
    return losses.unseen_mask(x, x + mask * (content - x), mask)

  np.testing.assert_allclose(unseen(x, mask), [1, 0.5, 0])
  # 0.6 away in one of two rows: e^-2 of it counts there.
  content = x.at[:, 0].add(-0.6)
  half = (1 + np.exp(-2)) / 2
  np.testing.assert_allclose(unseen(content, mask), [half, half / 2, 0], rtol=5e-3)
  opens, paints = jax.grad(lambda m, c: unseen(c, m).sum(), (0, 1))(mask, content)
  np.testing.assert_array_equal(paints, 0)
  np.testing.assert_allclose(opens[1, 0], np.exp(-2) / 4, rtol=1e-2)
  np.testing.assert_allclose(opens[1, 1], 1 / 4)


def test_a_soft_mask_is_neither_open_nor_closed():
  mask = jnp.stack([jnp.zeros((2, 2, 1)), jnp.ones((2, 2, 1)), jnp.full((2, 2, 1), 0.5),
                    jnp.array([0.5, 0.5, 0., 1.]).reshape(2, 2, 1)])
  np.testing.assert_allclose(losses.soft_mask(mask), [0, 0, 1, 0.5])
  # Its gradient pulls to the nearer end.
  slope = jax.grad(lambda m: losses.soft_mask(m).sum())(jnp.full((1, 1, 1, 1), 0.25))
  np.testing.assert_allclose(slope, 2)


def test_a_mask_may_cover_any_share_within_its_range():
  mask = jnp.stack([jnp.full((2, 2, 1), 0.25), jnp.ones((2, 2, 1)),
                    jnp.array([1., 0., 0., 1.]).reshape(2, 2, 1)])
  area = jnp.array([[0.5, 0.75]] * 3)
  np.testing.assert_allclose(losses.outside_area(mask, area), [0.25, 0.25, 0])
  np.testing.assert_allclose(losses.outside_area(mask, jnp.array([[0., 1.]] * 3)), 0)


def test_a_defect_may_have_any_brightness_within_its_range():
  region = jnp.zeros((4, 4, 4, 1)).at[:3, :2].set(1)
  image = jnp.full((4, 4, 4, 3), 0.25)
  change = jnp.array([0.5, -0.5, 0.25, 0.5])[:, None, None, None]
  # What changes elsewhere, and how the channels share it, does not count.
  fake = image + change * region * jnp.array([2., 1., 0.]) - 0.1 * (1 - region)
  usual = jnp.array([[0.125, 0.375]] * 4)
  found = losses.outside_brightness(image, fake, region, usual)
  np.testing.assert_allclose(found, [0.125, 0.625, 0, 0], atol=1e-6)
  anything = jnp.array([[-2., 2.]] * 4)
  np.testing.assert_allclose(
      losses.outside_brightness(image, fake, region, anything), 0)


def test_penalty_gradient_of_the_discriminator_by_finite_differences():
  with jax.enable_x64(True):
    net = Discriminator(3, 0.0625, dtype=jnp.float64)
    x = jax.random.uniform(jax.random.key(0), (2, 32, 32, 3), jnp.float64, -1)
    params = jax.jit(net.init)(jax.random.key(1), x)['params']
    params = jax.tree.map(lambda p: p.astype(jnp.float64), params)

    @jax.jit
    def penalty(params):
      score = lambda x: losses.critic_score(net.apply({'params': params}, x)[0])
      return losses.gradient_penalty(score, x)[0].mean()

    grads = jax.jit(jax.grad(penalty))(params)
    rng, params = np.random.default_rng(2), jax.tree.map(np.asarray, params)
    direction = jax.tree.map(lambda p: rng.normal(size=p.shape), params)
    along = sum(np.vdot(g, d) for g, d in zip(
        jax.tree.leaves(grads), jax.tree.leaves(direction)))
    eps = 1e-7
    move = lambda s: jax.tree.map(
        lambda p, d: p + s * eps * d, params, direction)
    difference = (penalty(move(1)) - penalty(move(-1))) / (2 * eps)
    assert abs(along) > 1e-6
    np.testing.assert_allclose(along, difference, rtol=1e-5)
