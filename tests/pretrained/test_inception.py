"""The FID network against torch-fidelity's, with one set of random weights."""

import pathlib

import jax
import numpy as np
import pytest
import scipy.linalg

from fixtures import make_inception
from pegan_jax.common.errors import UserError
from pegan_jax.metrics import fid
from pegan_jax.pretrained import inception

_FIXTURE = pathlib.Path(__file__).parents[1] / 'fixtures' / 'inception.npz'


@pytest.fixture(scope='module')
def tensors():
  return make_inception.weights(inception.torch_shapes())


@pytest.fixture(scope='module')
def outputs(tensors):
  """Ours of the fixture's 16 images: (features, logits)."""
  net = jax.jit(lambda params, x: inception.Net(logits=True).apply(
      {'params': params}, inception.scale_input(x)))
  params = inception.convert(tensors)
  images = make_inception.images().astype(np.float32)
  parts = [net(params, images[i:i + 8]) for i in (0, 8)]
  return [np.concatenate(x) for x in zip(*parts)]


def _apart(ours, theirs):
  """Largest distance of an image's values, relative to their norm."""
  return (np.linalg.norm(ours - theirs, axis=1)
          / np.linalg.norm(theirs, axis=1)).max()


def test_agrees_with_torch_fidelity(outputs):
  with np.load(_FIXTURE) as theirs:
    for ours, name, dim in zip(outputs, ('features', 'logits'), (2048, 1008)):
      assert ours.shape == theirs[name].shape == (16, dim)
      assert _apart(ours, theirs[name]) < 1e-5
      # And images differ by more than that.
      assert _apart(ours, theirs[name][::-1]) > 0.01


def test_fid_of_the_features_agrees_with_the_matrix_root(outputs):
  features = outputs[0].astype(np.float64)
  # 16 images span 16 directions; turned into these they lose nothing, and
  # SciPy's root of 16 x 16 takes no minute.
  turned = features @ np.linalg.qr(features.T)[0]
  a, b = turned[:8], turned[8:]
  s1, s2 = np.cov(a.T), np.cov(b.T)
  apart = a.mean(axis=0) - b.mean(axis=0)
  want = apart @ apart + np.trace(
      s1 + s2 - 2 * scipy.linalg.sqrtm(s1 @ s2).real)
  assert fid.from_features(features[:8], features[8:]) == pytest.approx(
      want, rel=1e-6)


def test_the_file_has_the_original_networks_tensors():
  shapes = inception.torch_shapes()
  assert shapes['fc.weight'] == (1008, 2048)
  assert shapes['Conv2d_1a_3x3.conv.weight'] == (32, 3, 3, 3)
  assert shapes['Mixed_6b.branch7x7_2.conv.weight'] == (128, 128, 1, 7)
  assert shapes['Mixed_7c.branch3x3dbl_3b.bn.running_var'] == (384,)
  # 94 convolutions of five tensors, and the classifier.
  assert len(shapes) == 94 * 5 + 2
  # Learnt values: torchvision's 23,834,568 without the auxiliary head, which has
  # the same layers, and eight classes more.
  learnt = sum(np.prod(s) for n, s in shapes.items() if 'running' not in n)
  assert learnt == 23_834_568 + 8 * 2049


def test_legacy_input_is_pytorch_fids():
  x = np.array([0., 127.5, 255.], np.float32)
  np.testing.assert_allclose(inception.scale_input(x, 'legacy'), [-1, 0, 1],
                             atol=1e-6)
  np.testing.assert_allclose(inception.scale_input(x),
                             [-1, -0.5 / 128, 127 / 128])


def _missing(tensors):
  del tensors['fc.bias']


def _extra(tensors):
  tensors['AuxLogits.fc.bias'] = np.zeros(1000, np.float32)


def _misshapen(tensors):
  tensors['fc.weight'] = tensors['fc.weight'][:1000]


def _nan(tensors):
  changed = tensors['Mixed_5b.branch1x1.conv.weight'].copy()
  changed[3, 2] = np.nan
  tensors['Mixed_5b.branch1x1.conv.weight'] = changed


def _negative(tensors):
  tensors['Mixed_5b.branch1x1.bn.running_var'] = np.full(64, -1, np.float32)


@pytest.mark.parametrize('damage, words', [
    (_missing, r'fc.bias is missing \(expected shape \[1008\]\)'),
    (_extra, r'AuxLogits.fc.bias of shape \[1000\] is not part of it'),
    (_misshapen, r'fc.weight has the shape \[1000, 2048\], expected \[1008, '),
    (_nan, r'branch1x1.conv.weight of shape \[64, 192, 1, 1\] holds a value '
           'that is not finite'),
    (_negative, 'branch1x1.bn.running_var .* negative variance'),
])
def test_other_weights_are_one_sentence(tensors, damage, words):
  changed = dict(tensors)
  damage(changed)
  with pytest.raises(UserError, match=words) as e:
    inception.convert(changed)
  assert '\n' not in str(e.value) and 'more such' not in str(e.value)


def test_num_batches_tracked_is_ignored_and_several_faults_are_counted(tensors):
  changed = tensors | {
      'Mixed_5b.branch1x1.bn.num_batches_tracked': np.int64(3)}
  inception.convert(changed)
  with pytest.raises(UserError, match='and 471 more'):
    inception.convert({})
