"""EfficientNet-Lite against PyTorch, and on photographs of known things."""

import pathlib

import jax
import numpy as np
from PIL import Image
import pytest
import skimage

from fixtures import make_inception
from pegan_jax.common.errors import UserError
from pegan_jax.metrics.resize import resize
from pegan_jax.nets import pool
from pegan_jax.pretrained import efficientnet, layers, pth, weights

_FIXTURE = pathlib.Path(__file__).parents[1] / 'fixtures' / 'efficientnet.npz'

# Of ImageNet's 1,000 classes: what the photographs of scikit-image's wheel show.
PHOTOGRAPHS = {
    'chelsea.png': {281: 'tabby', 282: 'tiger cat', 285: 'Egyptian cat'},
    'coffee.png': {967: 'espresso', 968: 'cup'},
    'motorcycle_left.png': {665: 'moped'},
    'rocket.jpg': {657: 'missile', 744: 'projectile'},
}


# Stages and the size of images that a network was trained with.
NETWORKS = {'lite0': (efficientnet.STAGES, efficientnet.SIZE),
            'lite1': (efficientnet.STAGES_LITE1, 240)}


@pytest.fixture(scope='module', params=list(NETWORKS))
def variant(request):
  return request.param


@pytest.fixture(scope='module')
def network(variant):
  """Pixels [4, size, size, 3] in 0..255 to (features, logits)."""
  stages, _ = NETWORKS[variant]
  params = efficientnet.convert(pth.read(weights.efficientnet_path(variant)), stages)
  return jax.jit(lambda x: efficientnet.Net(stages, logits=True).apply(
      {'params': params}, efficientnet.scale_input(x)))


def test_agrees_with_pytorch(variant, network):
  images = make_inception.images(NETWORKS[variant][1])[:4].astype(np.float32)
  ours = network(images)
  with np.load(_FIXTURE) as theirs:
    for x, name, dim in zip(
        ours, (f'{variant}_features', f'{variant}_logits'), (1280, 1000)):
      assert x.shape == theirs[name].shape == (4, dim)
      norms = np.linalg.norm(theirs[name], axis=1)
      assert (np.linalg.norm(x - theirs[name], axis=1) / norms).max() < 1e-5
      others = np.linalg.norm(x - theirs[name][::-1], axis=1)
      assert (others / norms).min() > 0.01


def test_photographs_are_what_they_show(variant, network):
  folder = pathlib.Path(skimage.__file__).parent / 'data'
  pixels = []
  for name in PHOTOGRAPHS:
    with Image.open(folder / name) as image:
      x = np.asarray(image.convert('RGB'))
    side = min(x.shape[:2])
    top, left = ((n - side) // 2 for n in x.shape[:2])
    x = x[top:top + side, left:left + side]
    pixels.append(resize(x[None], NETWORKS[variant][1])[0])
  _, logits = network(np.stack(pixels))
  best = np.argsort(-np.asarray(logits), axis=1)
  for (name, right), order in zip(PHOTOGRAPHS.items(), best, strict=True):
    # Lite1 takes the rocket's tower for a drilling platform before it sees the rocket.
    if (variant, name) != ('lite1', 'rocket.jpg'):
      assert order[0] in right, (name, order[:5])
    assert set(right) <= set(order[:5].tolist()), (name, order[:5])


def test_other_weights_are_one_sentence():
  tensors = pth.read(weights.efficientnet_path())
  for name in ('_conv_stem.weight', '_blocks.3._bn1.running_mean'):
    less = {k: v for k, v in tensors.items() if k != name}
    with pytest.raises(UserError, match=f'{name} is missing'):
      efficientnet.convert(less)
  with pytest.raises(UserError, match='_fc.weight has the shape'):
    efficientnet.convert(tensors | {'_fc.weight': np.zeros((9, 1280))})


@pytest.mark.parametrize('kernel_size', [3, 5])
@pytest.mark.parametrize('stride', [1, 2])
@pytest.mark.parametrize('size', [(7, 8), (12, 9), (2, 3)])
def test_depthwise_conv_is_xlas_grouped_convolution(kernel_size, stride, size):
  rng = np.random.default_rng(0)
  x = rng.standard_normal((2, *size, 6), np.float32)
  kernel = rng.standard_normal((kernel_size, kernel_size, 1, 6), np.float32)
  ours = layers.depthwise_conv(x, kernel, stride)
  grouped = jax.lax.conv_general_dilated(
      x, kernel, (stride, stride), 'SAME', feature_group_count=6,
      dimension_numbers=('NHWC', 'HWIO', 'NHWC'))
  assert ours.shape == grouped.shape
  np.testing.assert_allclose(ours, grouped, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('kernel', [(1, 1), (3, 3), (1, 7), (5, 5)])
@pytest.mark.parametrize('stride', [1, 2])
@pytest.mark.parametrize('padding', ['SAME', 'VALID'])
def test_conv_is_xlas(kernel, stride, padding):
  rng = np.random.default_rng(0)
  x = rng.standard_normal((2, 11, 14, 5), np.float32)
  w = rng.standard_normal((*kernel, 5, 4), np.float32)
  want = jax.lax.conv_general_dilated(
      x, w, (stride, stride), padding,
      dimension_numbers=('NHWC', 'HWIO', 'NHWC'))
  ours = layers.conv(x, w, stride, padding)
  assert ours.shape == want.shape
  np.testing.assert_allclose(ours, want, rtol=1e-5, atol=1e-5)


def test_pools_by_hand():
  x = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
  np.testing.assert_array_equal(pool.max_pool(x, 2, 'VALID')[0, ..., 0],
                                [[10]])
  np.testing.assert_array_equal(pool.max_pool(-x)[0, 0, :, 0],
                                [0, 0, -1, -2])
  # The corner's mean is of 0, 1, 4, 5: the padding is left out.
  average = np.asarray(pool.avg_pool(x))[0, ..., 0]
  np.testing.assert_allclose(average[0, :2], [2.5, 3])
  np.testing.assert_allclose(average[1, 1], 5)
