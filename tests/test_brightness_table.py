"""The table of dark and bright defects of results/brightness.py."""

import numpy as np
from PIL import Image
import pytest

from results import brightness


def test_increases_of_generated_defects_are_those_over_the_ground_around(tmp_path):
  region = np.zeros((32, 32), np.uint8)
  region[12:20, 12:20] = 255
  folders = tmp_path / 'out' / 'sc', tmp_path / 'out_annotations' / 'regions' / 'sc'
  for folder in folders:
    folder.mkdir(parents=True)
  for i, level in enumerate((120, 90, 131)):
    image = np.full((32, 32), 100, np.uint8)
    image[region > 0] = level
    image[0] = 255  # Further away than what counts as the ground.
    for folder, content in zip(folders, (image, region)):
      Image.fromarray(content).save(folder / f'{i}.png')
  whole = np.full((32, 32), 255, np.uint8)
  for folder, content in zip(folders, (image, whole)):
    Image.fromarray(content).save(folder / '3.png')  # No ground: not measured.
  found = brightness.generated(tmp_path / 'out', 'sc')
  np.testing.assert_allclose(found, [20, -10, 31])
  assert brightness.wrong_sign(found, 2.5) == pytest.approx(1 / 3)
  assert brightness.wrong_sign(found, -2.5) == pytest.approx(2 / 3)


def test_interval_is_students():
  # t of 2 degrees of freedom is 4.3027, the standard deviation 0.1.
  assert brightness.interval([0.5, 0.6, 0.4]) == pytest.approx(
      (0.5 - 4.3027 * 0.1 / 3 ** 0.5, 0.5 + 4.3027 * 0.1 / 3 ** 0.5), abs=1e-4)
  assert brightness.interval([0.0, 0.02, 0.01])[0] == 0
