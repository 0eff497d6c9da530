"""The sample grids: what they show is what would be generated."""

import json
import shutil
import types

import jax.numpy as jnp
import numpy as np
import pytest

from pegan_jax.data import dataset, matches
from pegan_jax.training import sample_grids

COUNT = 5


@pytest.fixture
def info(two_classes_dir, tmp_path):
  """A data set of whose 20 backgrounds each goes with one class, by turns."""
  folder = shutil.copytree(two_classes_dir, tmp_path / 'set')
  found = dataset.load_info(folder)
  (folder / matches.FILE).write_text(json.dumps({
      'content': found.content, 'classes': found.classes,
      'train': [[1, 0], [0, 1]] * 10, 'test': []}))
  return found


def _run(info, placed, **settings):
  return types.SimpleNamespace(
      info=info, matched=True, frozen=lambda: (),
      config=types.SimpleNamespace(seed=0, num_samples=COUNT, **settings),
      method=types.SimpleNamespace(
          translates=True, layout=types.SimpleNamespace(placed=placed)))


class _Sampler:
  """Paints white, unless it is asked to erase: that makes black."""

  def __init__(self, run, frozen=None):
    del run, frozen

  def stream(self, weights, job, *, seed):
    del weights, seed
    for label, chosen in enumerate(job.chosen):
      yield label, None, types.SimpleNamespace(
          image=np.full_like(job.backgrounds[chosen], 255))

  def eliminate(self, weights, defects):
    del weights
    return jnp.zeros_like(defects)


def _same(image, records, indices):
  return any((image == other).all() for other in records.images(indices))


def test_classes_get_backgrounds_that_go_with_them(info, monkeypatch):
  monkeypatch.setattr(sample_grids, 'Sampler', _Sampler)
  records = dataset.Records(info, 'train')
  backgrounds = records.find(info.background)
  laid_out = []
  monkeypatch.setattr(sample_grids, 'grid', lambda images, columns, rows=None: (
      laid_out.append((images, columns, rows)), np.zeros((1, 1, 3), np.uint8))[1])
  sample_grids.Samples(_run(info, False, num_steps=1), _Sampler(None))(None)
  images, columns, rows = laid_out[0]
  assert (columns, rows) == (['input', 'produced'] * COUNT, info.classes)
  for label in range(2):
    for shown, painted in images[label].reshape(COUNT, 2, *images.shape[2:]):
      assert _same(shown, records, backgrounds[label::2])
      assert not _same(shown, records, backgrounds[1 - label::2])
      assert (painted == 255).all()
  images, columns, rows = laid_out[1]
  assert (columns, rows) == (['defect', 'erased', 'restored'], info.classes)
  held_out = dataset.Records(info, 'test')
  for label, (defect, erased, restored) in enumerate(images):
    assert _same(defect, held_out, held_out.find(label))
    assert (erased == 0).all() and (restored == 255).all()


def test_before_anything_is_matched_all_classes_get_the_same_ones(info, monkeypatch):
  (info.folder / matches.FILE).unlink()
  backgrounds, *_ = sample_grids._inputs(_run(info, False, num_steps=0))
  assert backgrounds.shape[:2] == (2, COUNT)
  np.testing.assert_array_equal(*backgrounds)
