"""From images to features: batches, order, progress, and which network it is."""

import os
import pathlib
import subprocess
import sys

from flax import linen as nn
import numpy as np
import pytest

from fixtures import make_inception
from pegan_jax.common.errors import UserError
from pegan_jax.metrics import features
from pegan_jax.pretrained import efficientnet, inception

_FIXTURES = pathlib.Path(__file__).parents[1] / 'fixtures'


class Tiny:
  """A network's module with all its names; its features are the means of the channels."""
  NAME, SIZE, DIM, CPU_BATCH = 'tiny', 6, 3, 4

  class Net(nn.Module):

    @nn.compact
    def __call__(self, x):
      scale = self.param('scale', nn.initializers.ones, ())
      # Means of the left half: a resize that mixed images up would show.
      return scale * x[:, :, :3].mean(axis=(1, 2))

  @staticmethod
  def scale_input(x, resize):
    return x / 255 + (resize == 'legacy')


def tiny(*_, **kwargs):
  return features.Extractor(Tiny, {'scale': np.float32(2)}, 'ab' * 32, **kwargs)


def _images(n, height=9, width=7, channels=3, seed=0):
  return np.random.default_rng(seed).integers(
      0, 256, (n, height, width, channels), np.uint8)


@pytest.mark.parametrize('n', [1, 3, 4, 5, 11])
def test_batches_of_odd_sizes_give_what_one_by_one_gives(n):
  images = _images(n)
  extract = tiny()
  together = extract(images)
  assert together.shape == (n, 3) and together.dtype == np.float32
  alone = np.concatenate([extract(images[i:i + 1]) for i in range(n)])
  np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_arrays_of_any_number_and_size_are_taken_in_order():
  parts = [_images(3), _images(6, 6, 6, 1, 1), _images(1, 20, 30, 3, 2),
           _images(0), _images(2, 9, 7, 1, 3)]
  got = tiny()(iter(parts))
  alone = np.concatenate([tiny(batch_size=1)(p) for p in parts])
  assert got.shape == (12, 3)
  np.testing.assert_allclose(got, alone, rtol=1e-6)
  # The second array has the network's own size: known numbers.
  np.testing.assert_allclose(
      got[3:9], np.repeat(2 * parts[1][:, :, :3].mean((1, 2)) / 255, 3, -1),
      rtol=1e-5)


def test_this_holds_on_eight_devices():
  process = subprocess.run(
      [sys.executable, '-m', 'pytest', '-q', '-n', '0', __file__,
       '-k', 'odd_sizes or in_order'],
      env=os.environ | {'JAX_NUM_CPU_DEVICES': '8'}, capture_output=True,
      text=True, timeout=200)
  assert process.returncode == 0, process.stdout
  assert process.stdout.startswith('......')  # Each of them.


def test_nothing_is_no_features():
  assert tiny()([]).shape == (0, 3)
  assert tiny()(_images(0)).shape == (0, 3)


def test_progress_is_told_of_every_image_once():
  told = []
  tiny()([_images(5), _images(4)], told.append)
  assert told == [4, 4, 1]


def test_the_resize_is_part_of_it():
  images = _images(2)
  bicubic, legacy = tiny(), tiny(resize_mode='legacy')
  assert bicubic.protocol()['resize'] == 'bicubic'
  assert legacy.protocol() == {
      'network': 'tiny', 'weights_sha256': 'ab' * 32, 'resize': 'legacy',
      'dim': 3, 'input_size': 6}
  assert (legacy(images) - bicubic(images) > 1).all()  # Its scale, 2 more.


def test_a_feature_that_is_not_finite_is_one_sentence():
  extract = features.Extractor(Tiny, {'scale': np.float32(np.nan)}, 'ab' * 32)
  with pytest.raises(UserError, match='tiny gave a feature that is not finite'):
    extract(_images(3))


class TestLoad:

  @pytest.fixture(autouse=True)
  def cache(self, tmp_path, monkeypatch):
    monkeypatch.setenv('PEGAN_CACHE', str(tmp_path / 'cache'))
    monkeypatch.delenv('PEGAN_INCEPTION_WEIGHTS', raising=False)
    self.folder = tmp_path

  def test_efficientnet_is_the_default_and_gives_pytorchs_features(self):
    extract = features.load()
    protocol = extract.protocol()
    assert protocol['network'] == efficientnet.NAME
    assert protocol['weights_sha256'].startswith('57934424')
    assert (protocol['dim'], protocol['input_size']) == (1280, 224)
    got = extract(make_inception.images(efficientnet.SIZE)[:4])
    with np.load(_FIXTURES / 'efficientnet.npz') as theirs:
      np.testing.assert_allclose(got, theirs['lite0_features'], atol=1e-5)

  def test_inception_is_chosen_where_its_file_is(self, monkeypatch):
    """By flag, by variable, in the cache; the file's path and checksum hold."""
    asked = []

    def load(path, name, convert, version):
      assert convert is inception.convert and version == 1
      asked.append((pathlib.Path(path).name, name))
      return {}, 'cd' * 32

    monkeypatch.setattr(features.weight_files, 'load', load)
    for name in ('flag.pth', 'variable.pth'):
      (self.folder / name).write_bytes(b'any')
    by_flag = features.load('auto', str(self.folder / 'flag.pth'), 'legacy')
    assert by_flag.protocol() == {
        'network': inception.NAME, 'weights_sha256': 'cd' * 32,
        'resize': 'legacy', 'dim': 2048, 'input_size': 299}
    monkeypatch.setenv('PEGAN_INCEPTION_WEIGHTS',
                       str(self.folder / 'variable.pth'))
    features.load()
    assert asked == [('flag.pth', 'inception'), ('variable.pth', 'inception')]

  def test_a_damaged_file_in_the_cache_is_said_not_replaced(self):
    file = self.folder / 'cache' / 'weights' / (
        'pt_inception-2015-12-05-6726825d.pth')
    file.parent.mkdir(parents=True)
    file.write_bytes(b'something else')
    with pytest.raises(UserError, match='has the SHA-256 .* expected 6726825d'):
      features.load()

  def test_weights_of_another_network_name_the_file(self):
    with pytest.raises(UserError, match='zip.pth: these are not the weights of '
                                        'this network: .* is missing') as e:
      features.load('efficientnet', str(_FIXTURES / 'zip.pth'))
    assert '\n' not in str(e.value)

  def test_unknown_names_are_said_with_the_known_ones(self):
    with pytest.raises(UserError, match="'vgg': choose from auto, inception"):
      features.load('vgg')
    with pytest.raises(UserError, match="'nearest': choose from bicubic"):
      features.load('efficientnet', resize='nearest')
