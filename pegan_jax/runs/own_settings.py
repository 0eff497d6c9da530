"""Gives a command about a run the settings that the run was trained with."""

import json
import os

from pegan_jax.common import files, provenance
from pegan_jax.common.errors import UserError
from pegan_jax.runs.checkpoints import fit


def read(workdir):
  """Returns the config that a run noted in its workdir, or None where there is none."""
  try:
    noted = files.read_json(os.path.join(workdir, 'config.json'))
  except (OSError, ValueError):  # A checkpoint has it too, and is compared with.
    return None
  return noted if isinstance(noted, dict) and noted.get('method') else None


def take(config, noted, given, all_keys):
  """Gives a config a run's values.

  Args:
    config: `ConfigDict` of the run's method; changed.
    noted: the run's, from `read`.
    given: dotted keys that stay as they are, as flags gave them.
    all_keys: whether the keys that may differ from the run's, `fit.FREE_KEYS`, get its
      values too. Otherwise only an empty `data_dir` does.

  Returns:
    List of what was changed: 'width 0.25'.

  Raises:
    UserError: a value is none that the key can have.
  """
  free = frozenset() if all_keys else fit.FREE_KEYS
  wanted = fit.bound(noted, free)
  if not config.data_dir:
    wanted['data_dir'] = json.dumps(noted.get('data_dir', ''))
  now, changed = provenance.flat(config.to_dict()), []
  for key, text in wanted.items():
    if key in given or now.get(key, text) == text:  # No key of this version, or the same.
      continue
    value = json.loads(text)
    try:
      config.update_from_flattened_dict(
          {key: tuple(value) if isinstance(value, list) else value})
    except (TypeError, ValueError) as e:
      raise UserError(f'config.json of this run is damaged, {key} is {text}: give its '
                      'settings as flags, and move it away') from e
    changed.append(f'{key} {value}')
  return changed
