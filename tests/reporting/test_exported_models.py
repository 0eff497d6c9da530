"""What is exported of a GAN does what the sampler does."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from conftest import small_config
from pegan_jax.generation.sampler import Sampler
from pegan_jax.reporting.export import generators
from pegan_jax.runs.run import Run


def _near(found, expected):
  """Whether grey levels are the same but for rounding."""
  gap = np.abs(np.int32(found) - np.int32(expected))
  return gap.max() <= 1 and (gap > 0).mean() < 0.01


@pytest.mark.parametrize('method', ['pegan_region', 'cyclegan', 'dcgan'])
def test_a_model_makes_what_the_sampler_makes(method, boxed_dir, tmp_path):
  """Of the noise that the sampler's keys give."""
  config = small_config(method)
  config.update({'data_dir': str(boxed_dir)} | {
      key: False for key in ('match', 'pretrained') if key in config})
  run = Run(config.lock(), tmp_path)
  weights = run.init_state().ema
  models = {model.name: model for model in generators.models(run, weights, 3)}
  per_class = run.method.layout.per_class
  model = models['production_rp' if per_class else 'production']
  assert set(models) == {f'{kind}{end}' for kind in (
      'production', 'elimination')[:1 + run.method.translates] for end in (
          ('_pa', '_rp') if per_class else ('',))}
  inputs = {name: x[:3] for name, x in model.examples.items()} | (
      {'strength': np.ones(3, np.float32)} if run.method.translates else {})
  if 'label' in inputs:
    inputs['label'] = np.ones(3, np.int32)
  both = lambda x: None if x is None else np.stack([x, x])  # Rows of both classes.
  keys = jax.random.split(jax.random.key(0), 3)  # As the examples' noise is drawn.
  painted = jax.jit(Sampler(run).produce)(
      weights, both(inputs.get('image')), jnp.stack([keys, keys]),
      both(inputs.get('region')))
  final = jax.jit(model.final)
  found = final(inputs)
  assert set(found) == set(model.outputs)
  assert _near(found['painted'], painted.image[1])
  if not run.method.translates:
    return
  assert _near(found['mask'], painted.visible_mask[1])
  faint = final(inputs | {'strength': np.zeros(3, np.float32)})
  np.testing.assert_array_equal(faint['painted'], inputs['image'])
  assert not np.any(faint['mask'])
  erasing = models['elimination_rp' if per_class else 'elimination']
  # One image, as the sampler's noise differs by the place in a batch.
  one = {name: x[:1] for name, x in erasing.examples.items()}
  rows = lambda x: None if x is None else np.stack([x] * (1 + per_class))
  expected = jax.jit(Sampler(run).eliminate)(
      weights, rows(one['image']), rows(one.get('region')))
  assert _near(jax.jit(erasing.final)(one)['cleaned'], expected[-1])
