"""Messages and progress for people, on standard error."""

import sys

from tqdm import tqdm

_muted = _quiet = False


def mute():
  """Silences everything here, as another process of the job prints it."""
  global _muted
  _muted = True


def quiet():
  """Leaves only what is always said, for --quiet."""
  global _quiet
  _quiet = True


def say(text, always=False):
  """Prints a line for people, on standard error, without tearing a bar.

  Args:
    text: the line.
    always: whether it is printed with --quiet too: what a command came to, or what an
      error refers to.
  """
  if _muted or _quiet and not always:
    return
  tqdm.write(text, file=sys.stderr)
  sys.stderr.flush()


def has_bars():
  """Returns whether progress is shown as a bar: on a terminal, unless --quiet is given."""
  return not (_muted or _quiet) and sys.stderr.isatty()


class Progress:
  """A bar with rate and remaining time on a terminal, else plain lines.

  Args:
    total: number of steps.
    initial: number of those that were done before.
    unit: what a step is.
    what: what is done, shown before a bar.
  """

  def __init__(self, total, initial=0, unit='step', what=None):
    self._total = total
    self._unit = unit
    self._bar = tqdm(
        desc=what, total=total, initial=initial, unit=unit, dynamic_ncols=True,
        smoothing=0.1, disable=not has_bars())

  def update(self, count=1):
    self._bar.update(count)

  def report(self, done, seconds_each, text):
    """Shows figures behind the bar, or on a line with the remaining time."""
    if not self._bar.disable:
      self._bar.set_postfix_str(text)
      return
    left = tqdm.format_interval(max(0, self._total - done) * seconds_each)
    say(f'{self._unit} {done}/{self._total}  {seconds_each:.3g} s/{self._unit}'
        f'  {left} left  {text}')

  def close(self):
    self._bar.close()
