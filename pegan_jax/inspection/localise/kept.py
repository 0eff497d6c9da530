"""Reads the segmenter that a workdir keeps, and its test."""

import numpy as np

from pegan_jax.inspection import kept
from pegan_jax.inspection.localise.settings import Settings
from pegan_jax.inspection.localise.tested import notes
from pegan_jax.inspection.segmenter import Segmenter


def restore(workdir):
  """Reads the segmenter of a workdir: as `kept.restore`."""
  return kept.restore(
      workdir, Settings.of, lambda settings, blank, data, steps: Segmenter(
          settings, blank, np.zeros(blank.shape[:3], bool)))


def tested(workdir):
  """Reads the test of a workdir's segmenter: as `kept.tested`, by `tested.notes`."""
  return kept.tested(workdir, Settings.of, notes)
