"""Work in threads comes in order, fails in its turn, and is bounded."""

import threading
import time
import warnings

from PIL import Image
import pytest

from data_prep.images import decoding, parallel


def test_results_come_in_order_and_few_ahead(monkeypatch):
  monkeypatch.setattr(parallel, 'cores', lambda: 3)
  started = []

  def work(k):
    time.sleep(0.002 * (k % 3))
    return k * k

  def items():
    for k in range(40):
      started.append(k)
      yield k

  for k, result in enumerate(parallel.each(work, items())):
    assert result == k * k and len(started) <= k + 8
  assert len(started) == 40


def test_heavy_items_are_worked_on_alone(monkeypatch):
  monkeypatch.setattr(parallel, 'cores', lambda: 4)
  lock, at_work, most = threading.Lock(), [], []

  def work(weight):
    with lock:
      at_work.append(weight)
      most.append(sum(at_work))
    time.sleep(0.002)
    with lock:
      at_work.remove(weight)
    return weight

  weights = [1, 2, 3, 50, 1, 1, 7, 4, 9, 10, 2]
  assert list(parallel.each(work, weights, lambda x: x, 10)) == weights
  assert max(total for total in most if total != 50) <= 10


def test_an_error_comes_in_its_turn():
  found = []
  with pytest.raises(ZeroDivisionError):
    for x in parallel.each(lambda k: 6 // k, [1, 2, 3, 0, 1]):
      found.append(x)
  assert found == [6, 3, 2]


def test_decoding_in_threads_leaves_the_filters_of_warnings(tmp_path):
  paths = [tmp_path / f'{k}.png' for k in range(30)]
  for k, path in enumerate(paths):
    if k % 2:
      path.write_bytes(b'no image')
  before = list(warnings.filters)
  def size(path):
    with pytest.raises(decoding.UserError):
      decoding.decode(path)
    return path
  assert list(parallel.each_file(size, paths)) == paths
  assert warnings.filters == before


def test_large_images_are_read_alone_however_small_their_files_are(tmp_path):
  path = tmp_path / 'flat.png'
  Image.new('L', (300, 200)).save(path)
  assert path.stat().st_size < 1000 and decoding.count_pixels(path) == 60000
  (tmp_path / 'none.png').write_bytes(b'no image')
  assert decoding.count_pixels(tmp_path / 'none.png') == 0
