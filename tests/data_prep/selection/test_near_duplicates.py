"""Shifted, noisy crops of one frame are found; look-alikes of others are not."""

import os
import pathlib

import numpy as np
import pytest

from data_prep.images import reading
from data_prep.selection import cells, components, near_duplicates, texture
from shifted_crops import steel, thumbs, worse

DATA = pathlib.Path(os.environ.get('PEGAN_DATA', '../shared/data'))
needs_data = pytest.mark.skipif(
    not (DATA / 'NEU-DET' / 'IMAGES').is_dir(),
    reason='the real data is not in PEGAN_DATA or ../shared/data')


@pytest.mark.parametrize('lines, cell_by_cell', [
    (False, False), (True, False), (False, True)])
def test_planted_shifts_are_found_and_nothing_else(monkeypatch, lines, cell_by_cell):
  if cell_by_cell:
    monkeypatch.setattr(cells, 'ALL', 0)
  random = np.random.default_rng(1)
  crops, expected = [], set()
  for k in range(40):
    frame = steel(random, lines=lines)
    dy, dx = random.integers(-14, 15, 2)
    crops.append(frame[40:104, 40:104])
    crops.append(worse(random, frame[40 + dy:104 + dy, 40 + dx:104 + dx]))
    expected.add((2 * k, 2 * k + 1))
  pairs, scores = near_duplicates.find_pairs(thumbs(crops))
  assert set(map(tuple, pairs.tolist())) == expected
  assert (scores >= texture.CONFIRM).all() and (scores <= 1 + 1e-5).all()


def test_smooth_and_flat_images_match_nothing():
  random = np.random.default_rng(2)
  ramp = np.linspace(60, 90, 64)[:, None] + np.linspace(0, 20, 64)
  crops = [np.full((64, 64), 40 + 4 * k, np.uint8) for k in range(8)]
  crops += [(ramp + random.normal(0, 0.8, (64, 64)) + k).astype(np.uint8)
            for k in range(8)]
  pairs, _ = near_duplicates.find_pairs(thumbs(crops))
  assert len(pairs) == 0


def test_components_are_numbered_by_first_member():
  assert components.number(6, [(5, 1), (1, 3)]).tolist() == [0, 1, 2, 1, 3, 1]
  assert components.number(2, []).tolist() == [0, 1]


def test_any_block_finds_the_same(monkeypatch):
  random = np.random.default_rng(7)
  frame = steel(random)
  crops = [frame[y:y + 64, x:x + 64] for y, x in random.integers(0, 97, (30, 2))]
  every = near_duplicates.find_pairs(thumbs(crops))
  assert len(every[0]) > 20
  monkeypatch.setattr(near_duplicates, '_BLOCK', 7)
  for a, b in zip(near_duplicates.find_pairs(thumbs(crops)), every):
    np.testing.assert_array_equal(a, b)


@needs_data
def test_recall_and_precision_on_real_frames():
  """Known truth: shifted cuts of NEU-DET frames, 25 of each of six classes."""
  random = np.random.default_rng(4)
  crops, kinds = [], []
  for kind in ('crazing', 'inclusion', 'patches', 'pitted', 'rolled-in', 'scratches'):
    paths = sorted((DATA / 'NEU-DET' / 'IMAGES').glob(f'{kind}*'))
    for path in paths[::len(paths) // 25][:25]:
      frame = reading.read_image(path, grey=True)[:, :, 0]
      dy, dx = random.integers(-14, 15, 2)
      crops += [frame[60:124, 60:124],
                worse(random, frame[60 + dy:124 + dy, 60 + dx:124 + dx])]
      kinds.append(kind)
  pairs, _ = near_duplicates.find_pairs(thumbs(crops))
  true = sum(b == a + 1 and a % 2 == 0 for a, b in pairs)
  crossing = sum(kinds[a // 2] != kinds[b // 2] for a, b in pairs)
  assert true >= 0.9 * len(kinds)
  assert crossing == 0
