"""The configs say what the paper says, and every one of them builds."""

import importlib
import re

import jax
import pytest

from configs import default
from pegan_jax import methods
from pegan_jax.common import config_files
from pegan_jax.data import layouts
from pegan_jax.runs import step

ALL = config_files.names()
# Of a GAN; the others are tested in test_compare.py, tests/inspection/ and tests/pipeline/.
NAMES = [name for name in ALL if 'method' in config_files.load(name).get_config()]
# With a scale of 128x128 in the same file: all but ours, whose budgets differ too.
SCALED = sorted({*methods.METHODS} - {'pegan', 'pegan_plus', 'pegan_region', 'paste'})
_FIGURE = r'[0-9][0-9.,]*'
_MAKER = 'AMD|Apple|Arm|Google|Intel|NVIDIA'  # Of a processor or an accelerator.


@pytest.mark.parametrize('name', ALL)
def test_every_config_says_what_to_expect(name):
  """A figure, a time and a machine."""
  said = importlib.import_module(f'configs.{name}').__doc__
  said = ' '.join(said.partition('Expected')[2].split())
  assert re.search(rf'{_FIGURE} (ms|s|seconds|minutes|hours|images/s)\b', said)
  assert re.search(_MAKER, said)
  assert f' {name} ' in importlib.import_module(f'configs.{name}').__doc__


@pytest.mark.parametrize('name', NAMES)
def test_every_config_builds_a_state(name):
  module = importlib.import_module(f'configs.{name}')
  config = module.get_config().lock()
  method = methods.get(config.method)
  nets = method.networks(config, 9, 1)
  state = jax.eval_shape(lambda: step.init_state(method, nets, config))
  assert state.step.shape == ()


@pytest.mark.parametrize('name', SCALED)
def test_the_papers_scale_is_a_word(name):
  module = importlib.import_module(f'configs.{name}')
  assert module.get_config().image_size == 64
  assert module.get_config('paper').image_size == 128
  with pytest.raises(ValueError, match="'papre': choose paper"):
    module.get_config('papre')


@pytest.mark.parametrize('name', (*SCALED, 'pegan', 'pegan_paper'))
def test_every_run_shows_as_many_real_images(name):
  config = importlib.import_module(f'configs.{name}').get_config()
  reals = config.num_steps * layouts.reals_per_step(
      config, methods.get(config.method).layout, 9)
  assert default.REALS - 3_000 < reals <= default.REALS


def test_the_papers_settings():
  config = importlib.import_module('configs.pegan_paper').get_config()
  assert (config.image_size, config.batch_size, config.num_steps) == (
      128, 16, 20_000)
  assert (config.lambda_cls_real, config.lambda_cls_fake, config.lambda_rec,
          config.lambda_gp) == (2, 5, 10, 10)
  for adam in (config.gen, config.disc):
    assert (adam.learning_rate, adam.beta1, adam.beta2) == (1e-4, 0.9, 0.99)
  assert (config.width, config.num_blocks, config.n_critic) == (1, 6, 5)


def test_configs_do_not_share_their_sections():
  pegan = importlib.import_module('configs.pegan')
  config = pegan.get_config()
  config.gen.learning_rate = 1.0
  assert config.disc.learning_rate == 1e-4
  assert pegan.get_config().gen.learning_rate == 1e-4
