"""Crops are found in the frames they were cut from."""

import numpy as np
from PIL import Image

from data_prep.selection import cells, frame_search, texture
from shifted_crops import steel, thumbs, worse


def test_crops_are_found_in_their_frames_even_at_another_scale():
  random = np.random.default_rng(3)
  frames = [steel(random, 200) for _ in range(6)]
  places = ((0, 136), (5, 70), (62, 62), (63, 33), (136, 2))  # Every phase of 4.
  crops = [frames[k][y:y + 64, x:x + 64] for k, (y, x) in enumerate(places)]
  # As NEU's crops were made: 66.7 pixels of the frame resized to 64.
  grown = Image.fromarray(frames[5]).resize((64, 64), box=(66.7, 0, 133.4, 66.7))
  crops.append(worse(random, np.asarray(grown)))
  crops.append(steel(random, 64))
  views = [texture.thumbnail(frame[:, :, None], 64) for frame in frames]
  pairs, _, corners = frame_search.find(thumbs(crops), views)
  assert pairs.tolist() == [[k, k] for k in range(6)]
  assert np.abs(corners[:5] - places).max() <= 1
  assert np.abs(corners[5] - (0, 67)).max() <= 3  # It covers 3 pixels more.
  none, *_ = frame_search.find(thumbs(crops), [
      views[0][:40, :90], views[0][:1, :90], views[0][:90, :3], views[0][:57, :57]])
  assert none.shape == (0, 2)  # Smaller than a crop.


def test_many_crops_are_found_among_few_by_their_cells(monkeypatch):
  random = np.random.default_rng(5)
  frames = [steel(random, 200) for _ in range(5)]
  crops = [steel(random, 64) for _ in range(300)]
  for frame in frames:
    for y, x in random.integers(0, 137, (8, 2)):
      crops.append(worse(random, frame[y:y + 64, x:x + 64]))
  views = [texture.thumbnail(frame[:, :, None], 64) for frame in frames]
  every = frame_search.find(thumbs(crops), views)
  monkeypatch.setattr(cells, 'ALL', 0)
  few = frame_search.find(thumbs(crops), views)
  assert {(300 + 8 * k + i, k) for k in range(5) for i in range(8)} == {
      tuple(pair) for pair in few[0].tolist()}
  for a, b in zip(few, every):
    np.testing.assert_array_equal(a, b)


def test_small_and_large_blocks_of_frames_find_the_same(monkeypatch):
  random = np.random.default_rng(6)
  frames = [steel(random, size) for size in (70, 200, 90, 57, 160)]
  crops = [frame[3:67, 1:65] for frame in frames if len(frame) > 66]
  views = [texture.thumbnail(frame[:, :, None], 64) for frame in frames]
  every = frame_search.find(thumbs(crops), views)
  assert every[0].tolist() == [[0, 0], [1, 1], [2, 2], [3, 4]]
  monkeypatch.setattr(frame_search, '_BYTES', 1)
  monkeypatch.setattr(frame_search, '_PATCHES', 40)
  for a, b in zip(frame_search.find(thumbs(crops), views), every):
    np.testing.assert_array_equal(a, b)
