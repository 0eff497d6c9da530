"""Holds what the page works on: the gallery, the orders that were kept, their export."""

import shlex
import threading

from pegan_jax.common import config_files, files
from pegan_jax.common.errors import UserError
from pegan_jax.generation.studio import orders

_FOLDER = 'studio'  # In the workdir.
# Settings that change what a job file becomes.
_KEPT = ('checkpoint', 'tries', 'mask_threshold', 'change_threshold', 'min_area',
         'texture_classes')


class Session:
  """Holds what outlives a page that is closed or loaded again.

  Args:
    run: a `Run`.
    step: of the checkpoint.
    gallery: a `Gallery`.
    artist: an `Artist`.

  Attributes:
    run, step, gallery: as given.
    warm: whether something was drawn already.
    collected: list of pairs of an `orders.Order` and its `artist.Drawn`.
    exported: whether that list is on disk.
  """

  def __init__(self, run, step, gallery, artist):
    self.run, self.step, self.gallery = run, step, gallery
    self._artist, self._lock = artist, threading.Lock()
    self.warm, self.collected, self.exported = False, [], True

  def draw(self, order):
    """Returns `artist.Drawn` of an order; of several, one after the other."""
    with self._lock:
      drawn = self._artist.draw(order)
      self.warm = True
      return drawn

  def collect(self, order, drawn):
    """Adds a defect that was drawn to the list."""
    self.collected.append((order, drawn))
    self.exported = False

  def remove(self, order):
    """Removes an order from the list."""
    self.collected = [pair for pair in self.collected if pair[0] is not order]
    self.exported = not self.collected

  def export(self):
    """Writes the list as a new folder in the workdir.

    Returns:
      The folder, and the command that draws what is in it.

    Raises:
      UserError: nothing was collected, or it cannot be written.
    """
    if not self.collected:
      raise UserError('no jobs yet: draw a defect and keep it first')
    top = self.run.workdir / _FOLDER
    try:
      top.mkdir(exist_ok=True)
    except OSError as e:
      raise UserError(f'{top} cannot be written: {e.strerror}') from e
    out = files.numbered(top / 'jobs')
    with files.whole(out) as (part, keep):
      made = part / 'jobs'
      made.mkdir()
      orders.write(made, [order for order, _ in self.collected])
      keep(made)
    self.exported = True
    return out, self._command(out)

  def _command(self, folder):
    settings = self.run.config.generate
    usual = config_files.load(self.run.config.method).get_config().generate
    values = {'jobs': str(folder / orders.FILE), 'out': str(folder / 'generated')} | {
        name: settings[name] for name in _KEPT if settings[name] != usual[name]}
    return shlex.join([
        'python', '-m', 'pegan_jax.main', '--mode', 'generate', '--workdir',
        str(self.run.workdir)]) + ''.join(
            f' {config_files.flag(f"generate.{key}", value)}'
            for key, value in values.items())
