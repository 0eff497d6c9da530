"""The filter of generated images: where each image falls."""

import numpy as np
import pytest

from inspection import worlds
from pegan_jax.common import provenance
from pegan_jax.data import dataset
from pegan_jax.inspection import filtering, images


def _flat(values):
  return np.repeat(np.array(values, np.uint8), 64).reshape(-1, 8, 8, 1)


def _by_level(pixels, progress=None):
  """Features: an image's mean level."""
  del progress
  return pixels.mean((1, 2, 3), dtype=np.float64)[:, None]


@pytest.fixture
def levels(tmp_path):
  """Two classes of flat images, backgrounds, and one generated image per outcome."""
  splits = {'train': [
      *worlds.examples(_flat([100, 101, 110, 120, 130, 140, 150]), 'a', 'a'),
      *worlds.examples(_flat([30, 31, 40, 50, 60]), 'b', 'b'),
      *worlds.examples(_flat([104, 200]), 'background', 'clean')]}
  splits['test'] = worlds.examples(_flat([115]), 'a', 'ta') + worlds.examples(
      _flat([45]), 'b', 'tb')
  folder = worlds.write_dataset(tmp_path / 'data', splits, ['a', 'b'])
  made = worlds.write_images(tmp_path / 'made', {
      # A copy, one unchanged, one of the other class, an outlier, a good one.
      'a': _flat([101, 105, 116, 220, 125]), 'b': _flat([45, 55])})
  rows = [f'a/0000{i}.png,a,clean/{i == 3:d}.png' for i in range(5)]
  rows += [f'b/0000{i}.png,b,clean/1.png' for i in range(2)]
  (made / 'manifest.csv').write_text(
      '\n'.join(['file,class,background', *rows]) + '\n')
  return folder, made


def _judge(pixels):
  """Predicts b for 116 and for all dark images."""
  level = pixels.mean((1, 2, 3))
  return np.eye(2)[((level < 90) | (level == 116)).astype(int)]


def test_the_funnel_says_where_each_image_fell(levels):
  folder, made = levels
  info = dataset.load_info(folder)
  train, _ = images.load_splits(info)
  generated, opened, _ = images.load_generated(info, made, 0)
  keep, funnel = filtering.apply(info, train, generated, opened, _judge,
                                 _by_level)
  assert funnel['a'] == {'given': 5, 'copy': 1, 'unchanged': 1,
                         'other class': 1, 'outlier': 1, 'left': 1}
  assert funnel['b'] == {'given': 2, 'copy': 0, 'unchanged': 0,
                         'other class': 0, 'outlier': 0, 'left': 2}
  assert keep.tolist() == [False] * 4 + [True] * 3
  (made / 'manifest.csv').unlink()
  _, funnel = filtering.apply(info, train, generated, opened, _judge, _by_level)
  assert funnel['a']['unchanged'] is None and funnel['a']['left'] == 2


def test_the_filter_knows_no_backgrounds_that_are_files(levels):
  """Files of the same names as the data set's backgrounds."""
  folder, made = levels
  info = dataset.load_info(folder)
  provenance.write(made, {'painted_on': {'files': 'f'},
                          'dataset': {'content': info.content}})
  train, _ = images.load_splits(info)
  _, funnel = filtering.apply(
      info, train, *images.load_generated(info, made, 0)[:2], _judge, _by_level)
  assert funnel['a']['unchanged'] is None and funnel['a']['left'] == 2
