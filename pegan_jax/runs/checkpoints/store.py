"""Checkpoints in WORKDIR/checkpoints/<step>; the only file that saves with Orbax.

A checkpoint is one folder with two items: `state` (the arrays) and `meta` (data
position, config, and name, shape, dtype and CRC-32 of each array). Orbax writes
it under a temporary name and renames it when it is whole, so a kill leaves all
of it or nothing. Orbax hands out changed bytes of stored arrays unnoticed; the
CRCs notice.
"""

import errno
import itertools
import pathlib
import re
import shutil
from typing import Any, NamedTuple

import jax
from jax.experimental import multihost_utils
import numpy as np
import orbax.checkpoint as ocp

from pegan_jax.common import files, terminal
from pegan_jax.common.errors import UserError
from pegan_jax.runs.checkpoints import fit, host_arrays, orbax_log, reading

# Name of the folder that holds the best checkpoint, beside `checkpoints`.
BEST = 'best'

# Folders whose names begin like this are being deleted.
_DELETED = '.deleted_'

# Orbax finds its files by patterns that include the folder's own name.
_PATTERN = re.compile(r'[*?\[\\]|:(?=/|$)')

orbax_log.quieten()


class Restored(NamedTuple):
  """A checkpoint as `Checkpoints.restore` returns it: what `save` was given.

  `digest` stands for the arrays' content.
  """
  step: int
  state: Any
  position: dict[str, Any]
  config: dict[str, Any]
  digest: str


class Checkpoints:
  """Saves and restores a run's state; every process makes the same calls.

  Only `save` changes what is on disk, so another program may read the
  checkpoints of a run that is still going.
  """

  def __init__(self, workdir, max_to_keep=3, name='checkpoints'):
    """Names the folder; touches nothing on disk.

    Args:
      workdir: the run's folder.
      max_to_keep: how many of the newest stay. An older one is deleted only
        after the new one is whole.
      name: of the folder within `workdir`.

    Raises:
      UserError: Orbax could not read back what it wrote there.
    """
    self.folder = pathlib.Path(workdir).absolute() / name
    if found := _PATTERN.search(str(self.folder)):
      raise UserError(
          f'{self.folder} has {found.group()!r} in its path, and checkpoints there '
          'cannot be read back: choose another workdir, or name it by a symbolic link')
    self._max_to_keep = max_to_keep
    self._manager = None  # Made by the first save: making one cleans up.
    self._saving = None  # Step of the last save begun.
    self._damaged = set()  # Steps found by `restore`, for `save` to move aside.

  def steps(self) -> list[int]:
    """Returns the steps whole on disk and not known as damaged, oldest first.

    Raises:
      UserError: the folder cannot be listed.
    """
    try:
      names = [p.name for p in self.folder.iterdir()]
    except FileNotFoundError:
      return []
    except OSError as error:
      raise UserError(f'cannot list {self.folder}: {_reason(error)}') from error
    return sorted({int(n) for n in names if n.isdecimal() and str(int(n)) == n}
                  - self._damaged)

  def latest_step(self) -> int | None:
    """Returns the last of `steps`, or None; raises as it does."""
    return max(self.steps(), default=None)

  def save(self, step: int, state, position: dict, config: dict) -> None:
    """Starts a save, which goes on after the return; `state` may then be donated.

    A step that is whole on disk already is left as it is.

    Args:
      step: the number of steps done.
      state: pytree of arrays; with several processes, replicated over them.
      position: JSON-able position of the data iterator, equal on all processes.
      config: JSON-able config of the run.

    Raises:
      UserError: a value of the state is not finite, or too large to compute with; this
        save, or the one before, cannot be written (disk full, no permission);
        checkpoints that were whole still are.
      TypeError: `position` or `config` is not JSON-able.
    """
    self.wait()
    if step in self.steps():
      return
    self._delete(self.steps()[:-self._max_to_keep])
    body = reading.plain({'version': reading.VERSION, 'step': step,
                          'position': position, 'config': config})
    body['leaves'] = host_arrays.describe(state)
    # This copy is all that the device waits for. On the CPU it is a view, which
    # Orbax copies before it returns.
    host = host_arrays.to_host(state)
    if (why := reading.astray(body['leaves'], host)) is not None:
      raise self.diverged(why, step)
    for leaf, array in zip(body['leaves'], host, strict=True):
      leaf['crc32'] = host_arrays.checksum(array)
    self._saving = step
    try:
      self._move_damaged_aside()
      self._manager = self._manager or ocp.CheckpointManager(
          self.folder, options=ocp.CheckpointManagerOptions(
              cleanup_tmp_directories=True,  # Old ones are deleted by `tidy`.
              # Done in the background, a mkdir that fails leaves threads that
              # wait for it and hold up the program's exit by 20 minutes.
              async_options=ocp.AsyncOptions(
                  create_directories_asynchronously=False)))
      self._manager.save(step, force=True, args=ocp.args.Composite(
          state=ocp.args.StandardSave(reading.by_name(body['leaves'], host)),
          meta=ocp.args.JsonSave({'body': body, 'crc32': reading.json_crc(body)})))
    except Exception as error:  # Orbax and TensorStore raise nearly any type.
      raise self._cannot_save(error) from error

  def diverged(self, why, step):
    """Returns the UserError for a step with numbers that are not finite."""
    latest = self.latest_step()
    return UserError(
        f'{why} at step {step}: stopped; the last good checkpoint is '
        f'{"none" if latest is None else latest} in {self.folder}, try a lower '
        'learning rate')

  def wait(self) -> None:
    """Returns when the last save is whole on disk.

    Raises:
      UserError: that save failed; said once.
    """
    try:
      if self._manager is not None:
        self._manager.wait_until_finished()
    except Exception as error:  # Whatever the writing thread met.
      raise self._cannot_save(error) from error

  def close(self) -> None:
    """Waits for the last save and ends Orbax's threads; raises as `wait`."""
    self.wait()
    if self._manager is not None:
      self._manager.close()
      self._manager = None
      self.tidy()

  def tidy(self) -> None:
    """Deletes the oldest beyond `max_to_keep`, and what a kill left unfinished.

    For the one run that writes here, after `restore` and while nothing is saved.
    """
    self._delete(self.steps()[:-self._max_to_keep])
    if jax.process_index() == 0:
      for path in itertools.chain(self.folder.glob(f'{_DELETED}*'),
                                  self.folder.glob(f'*{ocp.utils.TMP_DIR_SUFFIX}*')):
        shutil.rmtree(path, ignore_errors=True)
    if jax.process_count() > 1:
      multihost_utils.sync_global_devices('checkpoints are tidy')

  def _delete(self, steps):
    """Deletes checkpoints; none is ever seen in part."""
    if jax.process_index() == 0:
      for step in steps:
        aside = self.folder / f'{_DELETED}{step}'
        shutil.rmtree(aside, ignore_errors=True)
        (self.folder / str(step)).rename(aside)
        shutil.rmtree(aside, ignore_errors=True)

  def restore(self, template, config: dict | None = None,
              step: int | None = None, free=fit.FREE_KEYS
              ) -> Restored | None:
    """Reads the newest checkpoint that is not damaged, bit for bit; says which are.

    A checkpoint with numbers that are not finite, or too large, counts as damaged.

    Args:
      template: pytree like the saved state, of arrays or `ShapeDtypeStruct`s.
        Where one has a sharding the restored array gets it, whatever the
        devices that saved it.
      config: this run's config; None compares nothing.
      step: the one step to read; None: the newest, else the one before it, etc.
      free: keys in which `config` may differ.

    Returns:
      The checkpoint; None where there is none at all.

    Raises:
      UserError: `config` or the arrays' shapes do not fit the checkpoint, there
        is no such step, or none is readable. Nothing on disk changes.
    """
    self.wait()
    steps = self.steps()
    if step is not None and step not in steps:
      raise UserError(f'there is no checkpoint {step} in {self.folder}, only '
                      f'{", ".join(map(str, steps)) or "an empty folder"}')
    damaged = {}
    # Listed each time: a run in progress deletes old ones and makes new ones.
    while left := [s for s in (self.steps() if step is None else steps)
                   if s not in damaged and step in (None, s)]:
      candidate, reason = left[-1], None
      try:
        body, host = reading.read(self.folder / str(candidate), template, config, free)
      except reading.DamagedError as error:
        reason = str(error)
      if _on_any_process(reason is not None):
        damaged[candidate] = reason or 'another process cannot read it'
        continue
      damaged = {s: why for s, why in damaged.items() if s in self.steps()}
      if damaged:
        self._damaged.update(damaged)
        terminal.say(f'cannot be used in {self.folder}: {_listed(damaged)}; going back '
                     f'to checkpoint {candidate}')
      return Restored(candidate, host_arrays.to_devices(template, host),
                      body['position'], body['config'], reading.digest(body))
    if damaged:
      raise UserError(
          f'no usable checkpoint in {self.folder}: {_listed(damaged)}; put '
          'back a copy, or move the folder away to start from step 0')
    return None

  def latest_note(self) -> tuple[dict, dict] | None:
    """Returns (position, config) of the newest checkpoint, or None; reads no arrays."""
    if (step := self.latest_step()) is None:
      return None
    try:
      body = reading.read_meta(self.folder / str(step))
    except reading.DamagedError:
      return None
    return body['position'], body['config']

  def replace(self, step: int, *args) -> None:
    """Saves as `save` does, and deletes all others once this one is whole."""
    self.save(step, *args)
    self.wait()
    self._delete([other for other in self.steps() if other != step])
    self.close()

  def _move_damaged_aside(self):
    """Frees the names of damaged steps, so that they can be saved again."""
    if not self._damaged:
      return
    if jax.process_index() == 0:
      for step in self._damaged:
        aside = self.folder / f'damaged_{step}'
        (self.folder / str(step)).rename(
            files.numbered(aside) if aside.exists() else aside)
    if jax.process_count() > 1:
      multihost_utils.sync_global_devices('damaged checkpoints are aside')
    self._damaged.clear()
    self._manager = None  # Its list of steps is out of date.

  def _cannot_save(self, error):
    """Returns the UserError for a failed save, having removed what it left."""
    self._manager = None
    if jax.process_index() == 0:
      partial = f'{self._saving}{ocp.utils.TMP_DIR_SUFFIX}*'
      for path in self.folder.glob(partial):
        shutil.rmtree(path, ignore_errors=True)
    latest = self.latest_step()
    return UserError(
        f'cannot write checkpoint {self._saving} to {self.folder}: '
        f'{_reason(error)}; ' + ('there is no older one' if latest is None else
                                 f'checkpoint {latest} is whole'))


def _on_any_process(flag):
  """Returns whether `flag` holds on any process, so that all do the same."""
  if jax.process_count() == 1:
    return flag
  return bool(np.any(multihost_utils.process_allgather(np.asarray(flag))))


def _listed(damaged):
  return ', '.join(f'checkpoint {s} ({why})' for s, why in damaged.items())


def _reason(error):
  """Returns an error in a few words."""
  text = str(error)
  if (getattr(error, 'errno', None) in (errno.ENOSPC, errno.EDQUOT)
      or 'No space left on device' in text or 'quota exceeded' in text):
    return 'the disk is full'
  if isinstance(error, OSError) and error.strerror:
    return error.strerror.lower()
  return (text.strip() or 'no reason is given').splitlines()[0][:100]
