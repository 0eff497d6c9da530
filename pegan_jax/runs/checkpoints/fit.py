"""Checks that a checkpoint belongs to the run that resumes from it."""

import json
import shlex

from pegan_jax.common import provenance
from pegan_jax.common.errors import listed, UserError

# Config keys that may change between a run and its continuation; the name of a
# section frees all of it.
FREE_KEYS = frozenset({
    'num_steps', 'log_every', 'sample_every', 'checkpoint_every', 'eval_every',
    'max_to_keep', 'num_workers', 'cache_mb', 'writer', 'data_dir', 'generate',
    'evaluate'})

# Keys that may change as well while a run goes on, but not once it is done: its result
# would go by another rate.
RATES = frozenset({'gen.learning_rate', 'disc.learning_rate'})


def check_config(folder, now, saved, free=FREE_KEYS):
  """Raises UserError naming the keys in which two configs differ, and the flags to give.

  Args:
    folder: the checkpoint's.
    now: the run's config, as JSON reads it back.
    saved: the checkpoint's.
    free: keys that may differ.
  """
  now, saved = bound(now, free), bound(saved, free)
  differing = [key for key in now.keys() | saved.keys() if now.get(key) != saved.get(key)]
  flags = {key: flag for key in sorted(differing) if (flag := _flag(key, now, saved))}
  advice = [f'give {" ".join(flags.values())}'] if flags else []
  if len(flags) < len(differing):
    advice.append('put the rest back' if flags else 'put that back')
  _check_same('config', folder, now, saved, ', '.join(advice))


def _flag(key, now, saved):
  """Returns the flag that gives a key the value it has in a checkpoint; '' for none."""
  value = json.loads(saved.get(key, 'null'))
  if key.startswith('dataset.') or key not in now or isinstance(value, (dict, type(None))):
    return ''
  if isinstance(value, bool):  # As absl writes it.
    value = str(value).lower()
  elif isinstance(value, list):
    value = ','.join(map(str, value))
  return f'--config.{key}={shlex.quote(str(value))}'


def bound(config, free=FREE_KEYS):
  """Returns {dotted key: value's JSON} of what may not change, without `free`."""
  return {key: value for key, value in provenance.flat(config).items()
          if key not in free and key.split('.')[0] not in free}


def not_noted(saved):
  """Returns the keys that a checkpoint from before they were noted lacks."""
  dataset = saved.get('dataset', {})
  return frozenset() if 'content' in dataset else frozenset(
      {'dataset.content', 'dataset.matches'})


def check_arrays(folder, now, saved):
  """Raises UserError naming the arrays that differ, from `host_arrays.describe`."""
  _check_same('model', folder, _kinds(now), _kinds(saved), 'put that back')


def _kinds(leaves):
  return {x['name']: f'{x["dtype"]}{x["shape"]}' for x in leaves}


def _check_same(what, folder, now, saved, advice):
  """Raises UserError naming the keys in which two flat dicts differ, with an advice."""
  if differing := provenance.flat_differences(now, saved):
    raise UserError(
        f'the {what} does not fit checkpoint {folder}: {listed(differing)}; {advice}, or '
        'start in another workdir')
