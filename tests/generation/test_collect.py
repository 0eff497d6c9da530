"""What samples show, and where."""

import types

import numpy as np

from pegan_jax.annotations.regions import Box
from pegan_jax.generation import masks
from pegan_jax.generation.sampler import Painted


def test_boxes_of_samples_are_the_regions_asked_for_or_what_is_visible(monkeypatch):
  monkeypatch.setattr(masks, 'defect_finder', lambda run: (
      lambda mask, name: [types.SimpleNamespace(box=Box(i, i, i + 1, i + 2))
                          for i in np.flatnonzero(np.diag(mask))]))
  run = types.SimpleNamespace(
      info=types.SimpleNamespace(classes=['a', 'b'], image_size=8, channels=1),
      config=types.SimpleNamespace(generate=types.SimpleNamespace(strength=1.0)))
  job = types.SimpleNamespace(counts=[0, 2])
  visible, region = np.zeros((2, 2, 8, 8), np.uint8)
  visible[1, [2, 5], [2, 5]] = region[0, 1:4, 2:3] = 255
  image = np.arange(2 * 64, dtype=np.uint8).reshape(2, 8, 8, 1)

  def boxes(asked):
    (none, images), found = masks.collect(run, job, [
        (1, np.array([1, 0]), Painted(image[::-1], visible[::-1], asked), 'verdicts')])
    assert not len(none) and (images == image).all() and found[0] == []
    return found[1]

  assert boxes(region[::-1]) == [Box(2, 1, 3, 4), None]
  assert boxes(None) == [None, Box(2, 2, 6, 7)]
  run.config.generate.strength = 0.0
  assert boxes(None) == [None, None]
