"""Checks that a checkpoint belongs to the run that resumes from it."""

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
  """Raises UserError naming the keys in which two configs differ.

  Args:
    folder: the checkpoint's.
    now: the run's config, as JSON reads it back.
    saved: the checkpoint's.
    free: keys that may differ.
  """
  _check_same('config', folder, bound(now, free), bound(saved, free))


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
  _check_same('model', folder, _kinds(now), _kinds(saved))


def _kinds(leaves):
  return {x['name']: f'{x["dtype"]}{x["shape"]}' for x in leaves}


def _check_same(what, folder, now, saved):
  """Raises UserError naming the keys in which two flat dicts differ."""
  if differing := provenance.flat_differences(now, saved):
    raise UserError(
        f'the {what} does not fit checkpoint {folder}: {listed(differing)}; '
        'put that back, or start in another workdir')
