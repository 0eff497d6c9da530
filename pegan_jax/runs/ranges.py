"""The range of every number in a run's config.

A new key gets its line here. The ends of counts are beyond what anyone asks for: there a
slip of the keyboard would run for days, or overflow.
"""

import math

from pegan_jax.common.errors import check_at_least, check_seed, check_value

_SHARE = (lambda x: 0 <= x <= 1), 'in [0, 1]'
_INSIDE = (lambda x: 0 < x < 1), 'above 0 and below 1'
_BELOW_1 = (lambda x: 0 <= x < 1), 'in [0, 1)'
_WIDTH = (lambda x: 0 < x < 100), 'above 0 and below 100'
_ABOVE_0 = (lambda x: 0 < x < math.inf), 'above 0, and finite'
_WEIGHT = (lambda x: 0 <= x < math.inf), '0 or more, and finite'
_FINITE = math.isfinite, 'finite'

# {key: (least, most)}.
COUNTS = {
    'image_size': (32, 4096),
    'batch_size': (1, 65_536),
    'n_critic': (1, 1_000),
    'num_steps': (0, 10**9),  # 0 is for what is not trained, see `Run`.
    'num_workers': (0, 1_024),
    'cache_mb': (0, 10**9),
    'log_every': (1, 10**9),
    'sample_every': (1, 10**9),
    'checkpoint_every': (1, 10**9),
    'eval_every': (0, 10**9),
    'max_to_keep': (1, 10**6),
    'num_samples': (1, 1_000),
    'evaluate.light_count': (2, 10_000),
    'generate.per_class': (1, 10**6),
    'generate.batch_size': (1, 10**6),
    'generate.min_area': (1, 10**9),
    'generate.defects_per_frame': (1, 1_000),
    'generate.tries': (0, 1_000),
    'report.per_class': (1, 10_000),
    # Those of some methods alone.
    'num_blocks': (0, 100),
    'pool_size': (1, 10_000),
    'grain': (0, 64),
    'penalise_every': (1, 65_536),
}

# {key: (whether a number fits, which do)}; keys as a method has them.
NUMBERS = {
    'ema_decay': _BELOW_1,
    'generate.strength': _SHARE,
    'generate.mask_threshold': _INSIDE,
    'generate.change_threshold': _INSIDE,
    'width': _WIDTH,
    'disc_width': _WIDTH,
    'a': _FINITE, 'b': _FINITE, 'c': _FINITE,  # LSGAN's scores.
} | {f'{network}.{key}': kind for network in ('gen', 'disc') for key, kind in (
    ('learning_rate', _ABOVE_0), ('beta1', _BELOW_1), ('beta2', _BELOW_1),
    ('decay_fraction', _SHARE))}

SEEDS = ('seed', 'generate.seed', 'evaluate.seed')

WEIGHTS = 'lambda_'  # Keys of losses' weights begin like this.


def check(config):
  """Raises UserError naming the first key whose number is out of its range."""
  for name, value in config.to_dict().items():
    section = value if isinstance(value, dict) else {'': value}
    for key, number in section.items():
      _check_number(f'{name}.{key}'.rstrip('.'), number)
  # Optimisers count updates in 32 bits.
  most = (2**31 - 1) // config.n_critic
  check_value('num_steps', config.num_steps, config.num_steps <= most, f'at most {most}')
  check_value('image_size', config.image_size, config.image_size % 32 == 0,
              'a multiple of 32')


def _check_number(key, value):
  if key in COUNTS:
    least, most = COUNTS[key]
    check_at_least(key, value, least, 'never' if key == 'eval_every' else '')
    check_value(key, value, value <= most, f'at most {most}')
  elif key in SEEDS:
    check_seed(key, value)
  elif key in NUMBERS or key.startswith(WEIGHTS):
    fits, which = NUMBERS.get(key, _WEIGHT)
    check_value(key, value, fits(value), which)
