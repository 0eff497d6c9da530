"""The page of whole frames before and after: what it draws, and where."""

import numpy as np
from PIL import Image
import pytest

from conftest import untrained
from pegan_jax.common import files
from pegan_jax.common.errors import UserError
from pegan_jax.runs.run import Run
from results import frames

pytestmark = pytest.mark.usefixtures('traced_once')


def test_outlines_and_boxes_lie_around_what_they_show():
  before, after = np.full((20, 40, 3), 50, np.uint8), np.full((20, 40, 3), 90, np.uint8)
  asked = np.zeros((20, 40), bool)
  asked[8:10, 10:15] = True
  cell = np.asarray(frames.draw(before, after, asked, [
      {'class': 'pa', 'boxes': '12 8 13 10; 30 5 31 6', 'accepted': 'no'}], 80))
  assert cell.shape == (96, 164, 3)
  left, right = cell[16:56, :80], cell[16:56, 84:]
  assert (left == 50).all() and (cell[56:] == 255).all()
  def box_of(colour):
    rows, columns = np.nonzero((right == colour).all(-1))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
  # Twice as large: the region is 20 16 30 20, and its outline two pixels away.
  assert box_of(frames.ASKED) == (18, 14, 32, 22)
  # Boxes four pixels away from 24 16 26 20 and 60 10 62 12.
  assert box_of(frames.VISIBLE) == (20, 6, 66, 24)
  assert (right[12:24, [20, 29]] == frames.VISIBLE).all()
  assert (right[16:20, 21:29] == 90).all() and (right[7:15, 57:65] == 90).all()
  plain = frames.draw(before, after, None, [{'class': 'pa', 'boxes': ''}], 80)
  assert (np.asarray(plain)[16:56, 84:] == 90).all()


def test_cells_fill_rows():
  cells = [Image.new('RGB', (30, 20), (i, 0, 0)) for i in range(3)]
  sheet = np.asarray(frames.page(cells, 2))
  assert sheet.shape == (16 + 2 * 28, 2 * 38, 3)
  for i, (top, left) in enumerate(((20, 4), (20, 42), (48, 4))):
    assert (sheet[top:top + 20, left:left + 30] == (i, 0, 0)).all()


def test_frames_are_chosen_and_painted_by_the_seed(
    boxed_dir, raw_dir, tmp_path, monkeypatch):
  config, workdir = untrained('pegan_region', boxed_dir, tmp_path / 'run', 1)
  files.write_json(workdir / 'config.json', Run(config, workdir).saved_config)
  kept = []
  monkeypatch.setattr(frames, 'page', lambda cells, columns: kept.append(cells) or cells[0])
  painted = []
  def paint(config, *args, whole=frames.paint):
    config.generate.tries = 0  # To judge takes longer.
    painted.append(whole(config, *args))
    return painted[-1]
  monkeypatch.setattr(frames, 'paint', paint)
  def run(*more):
    monkeypatch.setattr('sys.argv', [
        'frames', str(workdir), str(raw_dir / 'clean'), '--out',
        str(tmp_path / 'new' / 'page.png'), '--count', '3', *more])
    frames._run(frames._parse())  # pylint: disable=protected-access
  run()
  run('--seed', '1')
  clean = {path.name: np.asarray(Image.open(path).convert('RGB'))
           for path in (raw_dir / 'clean').iterdir()}
  chosen = []
  for cells, of_seed in zip(kept, painted):
    assert len(cells) == len(of_seed) == 3
    chosen.append([next(name for name, image in clean.items() if np.array_equal(
        image, before)) for before, *_ in of_seed])
    for before, after, asked, rows in of_seed:
      assert len(rows) == 1 and rows[0]['class'] in ('pa', 'rp')
      changed = (before != after).any(-1)
      assert changed.any() and asked.any() and not changed[~asked].all()
  assert len(set(chosen[0])) == 3 and chosen[0] != chosen[1]
  with Image.open(tmp_path / 'new' / 'page.png') as page:
    assert page.size == kept[0][0].size
  with pytest.raises(UserError, match='images, and --count is 99'):
    run('--count', '99')
  monkeypatch.setattr('sys.argv', ['frames', str(tmp_path), str(raw_dir), '--out', 'x.png'])
  with pytest.raises(UserError, match='no run in'):
    frames._run(frames._parse())  # pylint: disable=protected-access
