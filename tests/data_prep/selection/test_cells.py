"""The templates that are like a patch are found, by brute force and by their cells."""

import numpy as np
import pytest

from data_prep.selection import cells


def _unit(x):
  return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def _found(searched, *args):
  patches, templates, scores = searched.find(*args)
  return dict(zip(zip(patches.tolist(), templates.tolist()), scores))


@pytest.mark.parametrize('seed', range(3))
def test_what_is_alike_is_found_among_many(monkeypatch, seed):
  """Against all products of patches and templates, of which some are planted."""
  random = np.random.default_rng(seed)
  templates = _unit(random.normal(size=(3000, 40)))
  chosen = random.integers(0, 3000, 500)
  patches = _unit(templates[chosen] + random.normal(0, 0.09, (500, 40)))
  products = patches @ templates.T
  true = {(i, j): products[i, j] for i, j in zip(*map(np.ndarray.tolist,
                                                      np.nonzero(products > 0.65)))}
  assert 450 < len(true) < 700
  monkeypatch.setattr(cells, 'ALL', 3000)
  assert _found(cells.Cells(templates), patches, 0.65) == pytest.approx(true)
  monkeypatch.setattr(cells, 'ALL', 2999)
  found = _found(cells.Cells(templates), patches, 0.65)
  assert found == pytest.approx({pair: true[pair] for pair in found})
  assert len(found) > 0.95 * len(true)


def test_no_patch_and_no_match_find_nothing(monkeypatch):
  random = np.random.default_rng(4)
  for limit in (0, 900):
    monkeypatch.setattr(cells, 'ALL', limit)
    searched = cells.Cells(_unit(random.normal(size=(600, 8))))
    for patches in (np.zeros((0, 8), np.float32), np.zeros((5, 8), np.float32)):
      assert [len(x) for x in searched.find(patches, 0.5)] == [0, 0, 0]
