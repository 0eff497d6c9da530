"""What several tests of the preparation share."""

import numpy as np
import pytest

from raw_folders import save, texture, write_voc


@pytest.fixture
def raw(tmp_path):
  """Two classes of 10 crops, 6 frames with a box each, 2 clean images."""
  random = np.random.default_rng(0)
  for name in ('crack', 'öl fleck'):
    for k in range(10):
      save(texture(random, 64, 64), tmp_path / 'defects' / name / f'{k}.png')
  for k in range(6):
    save(texture(random, 150, 200), tmp_path / 'frames' / f'{k}.png')
    box = [('pit' if k % 2 else 'rust', 130, 60, 170, 110)]
    write_voc(tmp_path / 'boxes' / f'{k}.xml', box)
  for k in range(2):
    save(texture(random, 128, 192), tmp_path / 'clean' / f'{k}.png')
  return tmp_path
