"""Draws orders, one at a time, exactly as `generate` draws a job file."""

import csv
import pathlib
import tempfile
import time
from typing import NamedTuple

from pegan_jax.data import manifest
from pegan_jax.generation import acceptance, frames
from pegan_jax.generation.studio import orders


class Drawn(NamedTuple):
  """Tells what became of an order.

  Attributes:
    image, mask, region: bytes of the PNG files that `generate` writes.
    row: {column: cell} of its row in the manifest.
    figures: list of `usual.Figure` of the draw that was kept; empty where nothing is
      judged or seen.
    seconds: what it took.
  """
  image: bytes
  mask: bytes
  region: bytes
  row: dict
  figures: list
  seconds: float


class _NotingJudge:
  """A judge that remembers the figures of its last call."""

  def __init__(self, judge):
    self._judge, self.figures = judge, []
    self.sees = judge.sees

  def __call__(self, label, before, painted):
    found = self._judge.look(label, before, painted)
    self.figures = found[-1][1]
    return [reasons for reasons, _ in found]


class Artist:
  """Draws with one checkpoint; what it compiled and measured serves the next order.

  Args:
    run: a `Run` whose method takes regions; its `generate.jobs` and formats are changed.
    restored: the checkpoint, from `restore`.
  """

  def __init__(self, run, restored):
    self._run, self._restored = run, restored
    tools = acceptance.Tools.of(run)
    self._judge = tools.judge and _NotingJudge(tools.judge)
    self._tools = tools._replace(judge=self._judge)

  def draw(self, order):
    """Returns `Drawn` of an `orders.Order`.

    Raises:
      UserError: as `frames.plan`.
    """
    started, settings = time.monotonic(), self._run.config.generate
    with tempfile.TemporaryDirectory() as folder:
      folder = pathlib.Path(folder)
      settings.jobs, settings.formats = str(orders.write(folder, [order])), ''
      job = frames.plan(self._run)
      out, beside = folder / 'out', folder / 'beside'
      out.mkdir()
      beside.mkdir()
      stream = acceptance.draw(self._run, self._restored.state.ema, job, tools=self._tools)
      frames.write(self._run, self._restored.step, job, stream, out, beside)
      with (out / manifest.FILE).open(newline='', encoding='utf-8') as f:
        [row] = csv.DictReader(f)
      image, mask, region = ((kind / row['file']).read_bytes() for kind in (
          out, beside / 'masks', beside / 'regions'))
    return Drawn(image, mask, region, row, self._judge.figures if self._judge else [],
                 time.monotonic() - started)
