"""The whole way: real crops, EfficientNet-Lite0, figures that must come out."""

import numpy as np
import pytest

from data_prep.images import reading
from pegan_jax.metrics import evaluation, features, fid, kid
from pegan_jax.metrics.feature_set import FeatureSet

COUNT = 48


@pytest.fixture(scope='module')
def extract():
  return features.load('efficientnet')


@pytest.fixture(scope='module')
def crops(real_dir):
  """uint8 [COUNT, 64, 64, 1] scratches, in a random order."""
  paths = reading.list_images(real_dir / 'NEU-CLS-64' / 'sc')
  chosen = np.random.default_rng(0).permutation(len(paths))[:COUNT]
  return np.stack([reading.read_image(paths[i], True, 255) for i in chosen])


def _set(x):
  return FeatureSet({'sc': x}, {'sc': [str(i) for i in range(len(x))]})


@pytest.fixture(scope='module')
def crop_features(crops, extract):
  return extract(crops)


def test_two_halves_of_one_class_give_the_floor(crop_features):
  half = COUNT // 2
  report = evaluation.evaluate(
      _set(crop_features[:half]), _set(crop_features[half:]), evaluation.Options(),
      pool=_set(crop_features))
  values = report['classes']['sc']
  assert values['fid']['floor_n'] == values['fid']['n_real'] == half
  for name in ('fid', 'kid', 'diversity'):
    v = values[name]
    assert v['floor_low'] <= v['value'] <= v['floor_high'], (name, v)
  for name in ('precision', 'recall', 'coverage'):  # 24ths: 2 off at most.
    assert values[name]['value'] > 0.9 and values[name]['floor'] > 0.95
  assert values['kid']['low'] <= 0 <= values['kid']['high']
  assert values['fid']['value'] > 10  # Bias, which the floor shows.


def test_crops_against_their_noised_copies_rise(crops, crop_features, extract):
  some, real = crops[:16], crop_features[:16]
  noise = np.random.default_rng(1).standard_normal(some.shape)
  noised = [(some + level * noise).round().clip(0, 255).astype(np.uint8)
            for level in (4, 16, 64)]
  values = [(fid.from_features(real, x), kid.kid(real, x))
            for x in (real, *np.split(extract(np.concatenate(noised)), 3))]
  assert values[0][0] < 1e-6
  assert (np.diff(values, axis=0) > 0).all(), values
