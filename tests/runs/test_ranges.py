"""Every number of a config has a range, and what is out of it is named."""

import importlib

import pytest

from conftest import small_config
from pegan_jax import methods
from pegan_jax.common.errors import UserError
from pegan_jax.runs import ranges

# `metrics.against` and the studio check these where they are used.
ELSEWHERE = {'evaluate.count', 'evaluate.repeats', 'studio.port'}


def _numbers(values, prefix=''):
  for key, value in values.items():
    if isinstance(value, dict):
      yield from _numbers(value, f'{prefix}{key}.')
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
      yield prefix + key


@pytest.mark.parametrize('name', [*methods.METHODS, 'pegan_paper'])
def test_every_number_has_a_range_that_it_is_in(name):
  config = importlib.import_module(f'configs.{name}').get_config()
  ranges.check(config)
  known = {*ranges.COUNTS, *ranges.NUMBERS, *ranges.SEEDS, *ELSEWHERE}
  assert not {key for key in _numbers(config.to_dict())
              if key not in known and not key.startswith(ranges.WEIGHTS)
              and key.split('.')[0] not in ('synthetic', 'build')}


@pytest.mark.parametrize('method, key, value, words', [
    ('pegan', 'gen.beta1', 1.5, r'in \[0, 1\)'),
    ('pegan', 'gen.beta2', -1.0, r'in \[0, 1\)'),
    ('pegan', 'disc.beta2', 1.0, r'in \[0, 1\)'),
    ('pegan', 'lambda_rec', -5.0, '0 or more, and finite'),
    ('pegan', 'lambda_gp', float('nan'), '0 or more, and finite'),
    ('pegan', 'lambda_cls_fake', float('inf'), '0 or more, and finite'),
    ('pegan', 'disc.learning_rate', float('nan'), 'above 0'),
    ('pegan', 'num_steps', 10**30, 'at most 1000000000'),
    ('pegan', 'num_steps', 10**9, 'at most 429496729'),  # 5 updates of D each.
    ('pegan', 'num_samples', 10**8, 'at most 1000'),
    ('pegan', 'batch_size', 10**12, 'at most 65536'),
    ('pegan', 'eval_every', -1, r'0 \(never\) or more'),
    ('pegan', 'generate.per_class', 10**11, 'at most 1000000'),
    ('pegan', 'generate.defects_per_frame', 10**9, 'at most 1000'),
    ('pegan', 'generate.strength', float('nan'), r'in \[0, 1\]'),
    ('pegan', 'generate.mask_threshold', 0.0, 'above 0 and below 1'),
    ('cyclegan', 'pool_size', 0, 'at least 1'),
    ('lsgan', 'a', float('inf'), 'finite'),
    ('pegan_plus', 'grain', -1, '0 or more'),
    ('pegan_plus', 'penalise_every', 0, 'at least 1'),
    ('pegan_plus', 'disc_width', float('nan'), 'above 0 and below 100'),
])
def test_what_is_out_of_its_range_is_named(method, key, value, words):
  config = importlib.import_module(f'configs.{method}').get_config()
  config.update_from_flattened_dict({key: value})
  with pytest.raises(UserError, match=rf'^{key} is {value}: it must be {words}'.replace(
      '+', r'\+')) as e:
    ranges.check(config)
  assert '\n' not in str(e.value)


def test_a_run_is_refused_before_any_work(data_dir, tmp_path):
  from pegan_jax.training.train import train
  config = small_config()
  config.data_dir, config.lambda_gp = str(data_dir), float('nan')
  with pytest.raises(UserError, match='lambda_gp is nan'):
    train(config, tmp_path / 'run')
  assert not (tmp_path / 'run').exists()
