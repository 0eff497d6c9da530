"""The configs say what the paper says, and every one of them builds."""

import importlib
import pathlib

import jax
import pytest

from pegan_jax import methods, step

NAMES = sorted(p.stem for p in pathlib.Path('configs').glob('*.py')
               # An inspector's is tested in tests/inspection/.
               if p.stem not in ('__init__', 'default', 'inspect'))


@pytest.mark.parametrize('name', NAMES)
def test_every_config_builds_a_state(name):
  module = importlib.import_module(f'configs.{name}')
  config = module.get_config().lock()
  method = methods.get(config.method)
  nets = method.networks(config, 10)
  state = jax.eval_shape(lambda: step.init_state(method, nets, config))
  assert state.step.shape == ()
  assert f'configs/{name}.py' in module.__doc__  # the command that runs it


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
