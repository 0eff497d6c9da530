"""Checks that a checkpoint belongs to the run that resumes from it."""

import json
import os
import pathlib
import shlex

from pegan_jax.common import config_files, provenance
from pegan_jax.common.errors import listed, UserError

# Config keys that may change between a run and its continuation; the name of a
# section frees all of it.
FREE_KEYS = frozenset({
    'num_steps', 'log_every', 'sample_every', 'checkpoint_every', 'eval_every',
    'max_to_keep', 'num_workers', 'cache_mb', 'writer', 'data_dir', 'generate',
    'evaluate', 'report', 'studio'})

# Keys that a method got later: the JSON of what runs from before have in effect.
_ADDED = {'reference': 'false', 'lambda_brightness': '0.0'}

# Keys that may change as well while a run goes on, but not once it is done: its result
# would go by another rate.
RATES = frozenset({'gen.learning_rate', 'disc.learning_rate'})


def check_config(folder, now, saved, free=FREE_KEYS):
  """Raises UserError naming the keys in which two configs differ, and the flags to give.

  Where the data set is another one, that comes first: it explains most of the rest.

  Args:
    folder: the checkpoint's.
    now: the run's config, as JSON reads it back.
    saved: the checkpoint's.
    free: keys that may differ.
  """
  workdir, configs = pathlib.Path(folder).parent.parent, (now, saved)
  now, saved = bound(now, free), bound(saved, free)
  differing = [key for key in now.keys() | saved.keys() if now.get(key) != saved.get(key)]
  trained_on, data = other_data(workdir, *configs, differing)
  flags = {'data_dir': f'--config.data_dir={shlex.quote(trained_on)}'} if trained_on else {}
  flags |= {key: flag for key in sorted(differing) if (flag := _flag(key, now, saved))}
  advice = ['put the rest back' if flags else 'put that back'] if (
      len(flags) < len(differing) and not trained_on) else []
  if flags.keys() & {*differing}:  # What may change, or the run would go on by defaults.
    of_run = [provenance.flat(config) for config in configs]
    flags |= {key: flag for key in sorted({'num_steps', *RATES} - flags.keys())
              if of_run[0].get(key) != of_run[1].get(key)
              and (flag := _flag(key, *of_run))}
  if flags:
    advice.insert(0, f'give {" ".join(flags.values())}')
  if data:  # The areas follow from the images, and are many.
    now, saved = ({key: value for key, value in config.items()
                   if not key.startswith('dataset.metadata.areas.')}
                  for config in (now, saved))
  _check_same(f'the run in {workdir} {data}' if data else _misfit('config', folder),
              now, saved, ', '.join(advice))


def other_data(workdir, now, saved, differing):
  """Tells whether a run has another data set than a checkpoint of it.

  Args:
    workdir: the run's.
    now, saved: both configs, as for `check_config`.
    differing: their keys that differ, or texts that begin with these.

  Returns:
    (folder of the data set that the checkpoint was trained on, a sentence's end that
    names both); '' for the folder where the same one was changed, and two '' where
    nothing differs.
  """
  # Matches may be made anew from the same images.
  if not ('dataset' in now and 'dataset' in saved and any(
      x.startswith('dataset.') and not x.startswith('dataset.matches')
      for x in differing)):
    return '', ''
  given, trained_on = (
      os.path.abspath(os.path.expanduser(config.get('data_dir') or f'{workdir}/dataset'))
      for config in (now, saved))
  if given == trained_on:
    return '', f'was trained on the data set at {given} before that was changed'
  return trained_on, (f'was trained on the data set at {trained_on}, and the one at '
                      f'{given} is given')


def _flag(key, now, saved):
  """Returns the flag that gives a key the value it has in a checkpoint; '' for none."""
  value = json.loads(saved.get(key, 'null'))
  if key.startswith('dataset.') or key not in now or isinstance(value, (dict, type(None))):
    return ''
  return config_files.flag(key, value)


def bound(config, free=FREE_KEYS):
  """Returns {dotted key: value's JSON} of what may not change, without `free`."""
  return _ADDED | {key: value for key, value in provenance.flat(config).items()
                   if key not in free and key.split('.')[0] not in free}


def not_noted(saved):
  """Returns the keys that a checkpoint from before they were noted lacks."""
  dataset = saved.get('dataset', {})
  return frozenset() if 'content' in dataset else frozenset(
      {'dataset.content', 'dataset.matches'})


def check_arrays(folder, now, saved):
  """Raises UserError naming the arrays that differ, from `host_arrays.describe`."""
  _check_same(_misfit('model', folder), _kinds(now), _kinds(saved), 'put that back')


def _kinds(leaves):
  return {x['name']: f'{x["dtype"]}{x["shape"]}' for x in leaves}


def _misfit(what, folder):
  return f'the {what} does not fit checkpoint {folder}'


def _check_same(start, now, saved, advice):
  """Raises UserError naming the keys in which two flat dicts differ, with an advice."""
  if differing := provenance.flat_differences(now, saved):
    raise UserError(
        f'{start}: {listed(differing)}; {advice}, or start in another workdir')
