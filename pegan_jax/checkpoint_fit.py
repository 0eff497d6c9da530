"""Whether a checkpoint is of the run that wants to go on from it."""

import json

from pegan_jax.errors import UserError

# Config keys that may change between a run and its continuation; the name of a
# section frees all of it.
FREE_KEYS = frozenset({
    'num_steps', 'log_every', 'sample_every', 'checkpoint_every', 'eval_every',
    'max_to_keep', 'num_workers', 'cache_mb', 'writer', 'data_dir', 'generate',
    'evaluate'})

_MAX_NAMED = 5  # Differences that an error names before "and 7 more".


def check_config(folder, now, saved):
  """Raises UserError naming the keys in which two configs differ.

  Args:
    folder: the checkpoint's.
    now: the run's config, as JSON reads it back; but for `FREE_KEYS`.
    saved: the checkpoint's.
  """
  _check_same('config', folder, _flat(now), _flat(saved))


def check_arrays(folder, now, saved):
  """Raises UserError naming the arrays that differ, as `host_arrays.describe` says."""
  _check_same('model', folder, _kinds(now), _kinds(saved))


def _flat(config, prefix=''):
  """Returns {dotted key: JSON}, without FREE_KEYS; an empty dict is a value."""
  flat = {}
  for key, value in config.items():
    if prefix + key in FREE_KEYS:
      continue
    if isinstance(value, dict) and value:
      flat |= _flat(value, f'{prefix}{key}.')
    else:
      flat[prefix + key] = json.dumps(value)
  return flat


def _kinds(leaves):
  return {x['name']: f'{x["dtype"]}{x["shape"]}' for x in leaves}


def _check_same(what, folder, now, saved):
  """Raises UserError naming the keys in which two flat dicts differ."""
  different = [
      f'{key} is {now.get(key, "not set")}, was {saved.get(key, "not set")}'
      for key in sorted(now.keys() | saved.keys())
      if now.get(key) != saved.get(key)]
  more = len(different) - _MAX_NAMED
  if different:
    raise UserError(
        f'the {what} does not fit checkpoint {folder}: '
        f'{", ".join(different[:_MAX_NAMED])}'
        f'{f" and {more} more" if more > 0 else ""}; '
        'put that back, or start in another workdir')
