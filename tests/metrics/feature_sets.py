"""Sets of features that are made, not taken from images."""

import numpy as np

from pegan_jax.metrics import evaluation
from pegan_jax.metrics.feature_set import FeatureSet

PROTOCOL = {'network': 'N', 'weights_sha256': 'ab' * 32, 'resize': 'bicubic',
            'dim': 16, 'input_size': 224, 'real': 'R', 'generated': 'G'}
OPTIONS = evaluation.Options(repeats=10)


def make_set(seed, n=40, classes=('a', 'b', 'c'), shift=0.0):
  """Three Gaussian classes in 16 dimensions, 4 apart."""
  rng = np.random.default_rng(seed)
  features = {c: rng.normal(size=(n, 16)) + 4 * i * np.eye(16)[i] + shift
              for i, c in enumerate(classes)}
  return FeatureSet(features, {c: [f'{c}/{i}.png' for i in range(n)]
                               for c in classes})


def make_splits():
  """Train and test of one distribution."""
  splits = make_set(0), make_set(1, 20)
  for s in splits:
    object.__setattr__(s, 'groups', {
        c: np.arange(len(x)) for c, x in s.features.items()})
  return splits


def with_crops(images, **crops):
  """`FeatureSet` whose crops have other features: {class: [k, 16]}."""
  return images.with_crops({c: (np.arange(len(x)), x) for c, x in crops.items()})
