"""Reads and checks one checkpoint's folder, of this or an older version."""

import errno
import json
import os
import zlib

import numpy as np
import orbax.checkpoint as ocp

from pegan_jax.common import provenance, terminal
from pegan_jax.common.errors import UserError
from pegan_jax.runs.checkpoints import fit, host_arrays

# The version of a checkpoint's content. Before version 2 none was noted, the auxiliary
# state was called `extra`, and PE-GAN+ kept its pretrained weights there.
VERSION = 2

# The squares of larger weights overflow: the variance of their outputs is infinite.
_LARGEST = 1e18


class DamagedError(Exception):
  """A checkpoint that no run can resume from: damaged, or not finite."""


def read_meta(folder):
  """Returns the description in a checkpoint's folder <step>, checked.

  Raises:
    DamagedError: it is not what was written.
    UserError: it may not be read, or a newer version wrote it.
  """
  meta = _read_item(folder, meta=ocp.args.JsonRestore())['meta']
  body = meta.get('body') if isinstance(meta, dict) else None
  if (body is None or json_crc(body) != meta.get('crc32')
      or str(body['step']) != folder.name):
    raise DamagedError('its description is not what was written')
  if body.get('version', 1) > VERSION:
    raise UserError(f'{folder} was written by a newer pegan_jax, as version '
                    f'{body["version"]}: this one reads up to {VERSION}')
  return body


def digest(body):
  """Returns what stands for the content of a checkpoint's arrays; `body` describes it."""
  return provenance.digest([[x['name'], x['crc32']] for x in body['leaves']])


def read(folder, template, config, free):
  """Reads a checkpoint and checks all of it.

  Args:
    folder: the checkpoint's.
    template: pytree like the saved state.
    config: the run's, or None to compare nothing.
    free: keys in which they may differ.

  Returns:
    Its description, and the arrays of `template`'s leaves.

  Raises:
    DamagedError: it is not what was written, or cannot be computed with.
    UserError: it is of another config or model, or may not be read.
  """
  body = read_meta(folder)
  # The config first: it explains most differences between the arrays.
  if config is not None:
    if 'dataset' in config and (unknown := fit.not_noted(body['config'])):
      terminal.say(f'{folder} does not say which images it was trained on: not checked')
      free = free | unknown
    fit.check_config(folder, plain(config), body['config'], free)
  leaves, wanted = body['leaves'], host_arrays.describe(template)
  names = _names_now(body, wanted)
  fit.check_arrays(folder, wanted, [leaf | {'name': name} for leaf, name in zip(
      leaves, names) if name])
  like = dict(zip((x['name'] for x in wanted), host_arrays.empty_host(template)))
  arrays = [like[name] if name else np.empty(x['shape'], x['dtype'])
            for x, name in zip(leaves, names)]
  stored = _read_item(folder, state=ocp.args.StandardRestore(
      by_name(leaves, arrays)))['state']
  arrays = [stored.get(leaf['name'], x) for leaf, x in zip(leaves, arrays)]
  for leaf, array in zip(leaves, arrays):
    if host_arrays.checksum(array) != leaf['crc32']:
      raise DamagedError(f'{leaf["name"]} is not what was written')
  if (why := astray(leaves, arrays)) is not None:
    raise DamagedError(why)
  found = dict(zip(names, arrays))
  return body, [found[x['name']] for x in wanted]


def _names_now(body, wanted):
  """Returns each leaf's name in this version, None for one that is no longer kept."""
  names = [leaf['name'] for leaf in body['leaves']]
  if body.get('version', 1) > 1:
    return names
  keeps = any(x['name'].split('/')[0] == 'aux' for x in wanted)
  return [name if not name.startswith('extra') else
          name.replace('extra', 'aux', 1) if keeps else None for name in names]


def by_name(leaves, arrays):
  """Returns {name: array}, less arrays of no elements, which Orbax refuses."""
  return {leaf['name']: x for leaf, x in zip(leaves, arrays, strict=True)
          if x.size}


def astray(leaves, arrays):
  """Returns why an array cannot be computed with, or None where all can."""
  for leaf, x in zip(leaves, arrays, strict=True):
    if x.dtype.kind in 'biu':  # bfloat16 is of no kind, like a float.
      continue
    if not np.isfinite(x).all():
      return f'{leaf["name"]} is not finite'
    # An optimiser's state holds squares itself.
    if x.size and 'opt' not in leaf['name'] and max(-x.min(), x.max()) > _LARGEST:
      return f'{leaf["name"]} has values beyond {_LARGEST:.0e}'
  return None


def json_crc(value):
  """Returns the CRC-32 of a JSON-able value."""
  return zlib.crc32(json.dumps(value).encode())


def plain(value):
  """Returns what a JSON-able value is once written and read back."""
  return json.loads(json.dumps(value))


def _read_item(folder, **args):
  """Returns one item of a checkpoint, or raises DamagedError."""
  try:
    with ocp.Checkpointer(ocp.CompositeCheckpointHandler()) as reader:
      return reader.restore(folder, args=ocp.args.Composite(**args))
  except Exception as error:  # Damage surfaces as nearly any type.
    if (isinstance(error, MemoryError) or getattr(error, 'errno', None) == errno.ENOMEM
        or 'RESOURCE_EXHAUSTED' in str(error)):
      raise UserError(f'cannot read {folder}: there is not enough memory') from error
    # Orbax reports a file that it may not read as missing.
    for place, folders, names in os.walk(folder):
      for name in (*folders, *names):
        if not os.access(os.path.join(place, name), os.R_OK):
          raise UserError(f'cannot read {place}/{name}: permission denied') from error
    raise DamagedError(
        f'its {next(iter(args))} cannot be read') from error
