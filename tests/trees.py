"""Compares what two runs of a command left on disk, but for the times they took."""

import collections
import json
import os
import pathlib
import re

from orbax import checkpoint as ocp
from tensorboardX.proto import event_pb2

from pegan_jax.runs.checkpoints import host_arrays, reading

# Times in Markdown: a line of an inspector's test, two cells of a comparison's table.
_TIMES = re.compile(r'\d+ images/s|(\| [\d,.]+ ){2}(?=\| [\d,]+ \+ [\d,]+ \|)')


def differences(folder, reference):
  """Says in a line each what `folder` has otherwise than `reference`.

  Paths that only one has, folders among them, and what differs of files that both
  have: checkpoints by their arrays, TensorBoard's folder by what it would show, JSON
  and Markdown but for times, all else by bytes.
  """
  ours, theirs = _listed(folder), _listed(reference)
  found = [f'left behind: {path}' for path in _topmost(ours - theirs)]
  found += [f'missing: {path}' for path in _topmost(theirs - ours)]
  for path in sorted(ours & theirs):
    read = _reader(path)
    if read and (detail := _differ(read(folder / path), read(reference / path))):
      found.append(f'differs: {path}{detail}')
  return found


def _listed(root):
  """Relative paths; what is compared as one, checkpoints and events, is one path."""
  found = set()
  for folder, folders, files in os.walk(root):
    folder = pathlib.Path(folder)
    found |= {str((folder / name).relative_to(root)) + '/' * (name in folders)
              for name in (*folders, *files)}
    folders[:] = [name for name in folders if name != 'tensorboard'
                  and not _is_checkpoint(folder / name)]
  return found


def _topmost(paths):
  """Those that are not within another one, sorted, with how much each holds."""
  for path in sorted(paths):
    if not any(path.startswith(other) for other in paths if (
        other.endswith('/') and other != path)):
      within = sum(other.startswith(path) for other in paths) - 1
      yield f'{path} with {within} within' if path.endswith('/') and within else path


def _is_checkpoint(folder):
  return folder.name.isdecimal() and (folder / '_CHECKPOINT_METADATA').exists()


def _reader(path):
  """The function that reads what is to be equal; None for a plain folder."""
  name = path.rstrip('/').rpartition('/')[2]
  if path.endswith('/'):
    return (events if name == 'tensorboard' else
            _checkpoint if name.isdecimal() else None)
  return {'.json': _json, '.jsonl': _json_lines, '.md': _markdown}.get(
      pathlib.Path(path).suffix, pathlib.Path.read_bytes)


def _json(path):
  return _timeless(json.loads(path.read_text('utf-8')))


def _json_lines(path):
  return [_timeless(json.loads(line))
          for line in path.read_text('utf-8').splitlines()]


def _markdown(path):
  return _TIMES.sub('', path.read_text('utf-8')).splitlines()


def _timeless(value):
  if isinstance(value, list):
    return [_timeless(x) for x in value]
  if isinstance(value, dict):
    return {k: _timeless(x) for k, x in value.items() if not (
        k.startswith('time/') or k in ('seconds', 'images_per_second'))}
  return value


def _checkpoint(folder):
  """What a checkpoint says, CRCs of its arrays among it; the arrays are as it says."""
  if not _is_checkpoint(folder):  # A report's folder is named by its step as well.
    return None
  # pylint: disable=protected-access
  body = reading._read_item(folder, meta=ocp.args.JsonRestore())['meta']['body']
  stored = reading._read_item(folder, state=ocp.args.StandardRestore())['state']
  for leaf in body['leaves']:
    if leaf['name'] in stored:
      leaf['crc32'] = [leaf['crc32'], host_arrays.checksum(stored[leaf['name']])]
  return body


def events(folder):
  """What TensorBoard shows of a folder: {'tag, step': each value in turn}.

  Files are read in the order of their names, each up to where it was cut short; a
  session's start at a step hides what was read before of that step and later ones
  (`event_accumulator` of TensorBoard). A run says its settings again where it goes
  on, so of them only what is said twice of one step counts.
  """
  shown = []
  for path in sorted(folder.glob('*tfevents*')):
    for event in _records(path.read_bytes()):
      if event.session_log.status == event_pb2.SessionLog.START:
        shown = [x for x in shown if x[1] < event.step]
      shown += [(value.tag, event.step, _value(value)) for value in event.summary.value]
  found = collections.defaultdict(list)
  for tag, step, value in shown:
    found[f'{tag}, step {step}'].append(value)
  settings = ('config/', 'generator/', 'discriminator/')
  return {k: v for k, v in found.items()
          if len(v) > 1 or not k.startswith(settings)}


def _records(raw):
  """A record is its length, a checksum, the event, a checksum."""
  while len(raw) >= 12:
    end = 12 + int.from_bytes(raw[:8], 'little')
    if len(raw) < end + 4:
      return
    yield event_pb2.Event.FromString(raw[12:end])
    raw = raw[end + 4:]


def _value(value):
  return '' if value.tag.startswith('time/') else str(value)


def _differ(ours, theirs, where=''):
  """Where two values differ, first of all, as text that begins with a colon; or ''."""
  if ours == theirs:
    return ''
  if isinstance(ours, dict) and isinstance(theirs, dict):
    found = ''
    for key in (k for k in ours if k in theirs and ours[k] != theirs[k]):
      found = _differ(ours[key], theirs[key], f'{where} {key}:')
      break
    for name, keys in (('more', ours.keys() - theirs.keys()),
                       ('fewer', theirs.keys() - ours.keys())):
      if keys:
        found += f':{where} {len(keys)} {name}, {sorted(keys)[0]}'
    return found
  if isinstance(ours, list) and isinstance(theirs, list):
    if len(ours) != len(theirs):
      return f':{where} {len(ours)} of them, not {len(theirs)}'
    i = next(i for i, pair in enumerate(zip(ours, theirs)) if pair[0] != pair[1])
    return _differ(ours[i], theirs[i], f'{where} [{i}]')
  ours, theirs = (repr(x) if len(repr(x)) <= 60 else f'something {len(x)} long'
                  for x in (ours, theirs))
  return f':{where} {ours}, not {theirs}'
