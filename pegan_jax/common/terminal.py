"""Messages and progress for people, on standard error."""

import sys

from tqdm import tqdm

_muted = False


def mute():
  """Silences `say` and progress, as another process of the job prints them."""
  global _muted
  _muted = True


def say(text):
  """Prints a line for people, on standard error, without tearing a bar."""
  if _muted:
    return
  tqdm.write(text, file=sys.stderr)
  sys.stderr.flush()


class Progress:
  """A bar with rate and remaining time on a terminal, else plain lines."""

  def __init__(self, total, initial=0, unit='step'):
    self._total = total
    self._unit = unit
    self._bar = tqdm(
        total=total, initial=initial, unit=unit, dynamic_ncols=True,
        smoothing=0.1, disable=_muted or not sys.stderr.isatty())

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
