"""Inspectors that start from pretrained weights: where from, and how they change."""

from flax import linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from pegan_jax.metrics.resize import resize
from pegan_jax.nets import unet
from pegan_jax.pretrained import efficientnet, tuned, weights


def test_it_starts_at_the_pretrained_weights_and_adds_a_share_of_its_parameters():
  net = tuned.TunedEfficientNet(3)
  images = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 1), np.uint8)
  x = images / np.float32(127.5) - 1
  params = jax.jit(lambda: net.init(jax.random.key(0), x, train=True))()['params']
  assert set(params) == {'change', 'Classifier_0'}  # No statistics of batches.
  assert not any(leaf.any() for leaf in jax.tree.leaves(params['change']))
  known, _ = weights.load(weights.efficientnet_path(), 'efficientnet',
                          efficientnet.convert)
  @jax.jit
  def expected(pretrained, dense):
    pixels = resize(images, 32)  # The metrics' own way to the network's input.
    features = efficientnet.Net().apply(
        {'params': pretrained}, pixels / 127.5 - 1)
    return features @ dense['kernel'] + dense['bias']
  found = jax.jit(lambda params: net.apply({'params': params}, x, train=True))
  before, dense = found(params), params['Classifier_0']['Dense_0']
  np.testing.assert_allclose(before, expected(known, dense), atol=1e-3)
  shift = jnp.linspace(-5, 5, efficientnet.DIM)
  params['change']['conv_head']['bias'] = shift
  moved = known | {'conv_head': known['conv_head'] | {
      'bias': known['conv_head']['bias'] + tuned.RATE * shift}}
  after = found(params)
  np.testing.assert_allclose(after, expected(moved, dense), atol=1e-3)
  assert np.abs(after - before).max() > 0.01


class _WayUp(nn.Module):

  @nn.compact
  def __call__(self, maps):
    *skips, smallest = maps
    return unet.way_up(smallest, skips)


def test_a_segmenter_reads_the_pretrained_maps_of_each_size():
  net = tuned.TunedUNet()
  images = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 1), np.uint8)
  x = images / np.float32(127.5) - 1
  params = jax.jit(lambda: net.init(jax.random.key(0), x))()['params']
  change = params['change']
  assert 'block_10' in change and not {'block_11', 'conv_head', 'fc'} & set(change)
  known, _ = weights.load(weights.efficientnet_path(), 'efficientnet', efficientnet.convert)
  @jax.jit
  def expected(params):
    maps = efficientnet.Net(maps=(0, 1, 2, 4)).apply(
        {'params': known}, resize(images, 32) / 127.5 - 1)
    assert [x.shape[1] for x in maps] == [16, 8, 4, 2]
    return _WayUp().apply({'params': params}, maps)
  found = jax.jit(lambda params: net.apply({'params': params}, x))(params)
  assert found.shape == (1, 16, 16)
  np.testing.assert_allclose(found, expected(
      {name: x for name, x in params.items() if name != 'change'}), atol=2e-3)
