"""Writers and the progress display."""

import json
import os
import subprocess
import sys

import numpy as np
from PIL import Image
import pytest

from pegan_jax.common import terminal
from pegan_jax.common.errors import UserError
from pegan_jax.common.image_grid import grid
from pegan_jax.training import writers
import trees


def test_lines_after_the_resumed_step_are_dropped(tmp_path):
  path = tmp_path / 'metrics.jsonl'
  path.write_text('{"step": 1, "a": 1.5}\n{"step": 2}\n{"step": 3}\n{"st')
  writer = writers.create_writer('tensorboardx', tmp_path, 2)
  writer.write_scalars(3, {'a': np.float32(2)})
  writer.close()
  lines = [json.loads(line) for line in path.read_text().splitlines()]
  assert lines == [{'step': 1, 'a': 1.5}, {'step': 2}, {'step': 3, 'a': 2.0}]


def test_what_is_damaged_is_left_out_and_kept_beside(tmp_path, capsys):
  path = tmp_path / 'metrics.jsonl'
  old = (b'{"step": 1}\n{"step": \xff}\n[2]\n{"step": "3"}\n{"step": NaN}\n'
         b'{"step": 2, "a": null}\n{"step": 2, "a": 1e999}\n{"step": 3}\n{"ste')
  path.write_bytes(old)
  writers.create_writer('tensorboardx', tmp_path, 3).close()
  assert path.read_bytes() == b'{"step": 1}\n{"step": 3}\n'
  assert (tmp_path / 'metrics_damaged_1.jsonl').read_bytes() == old
  assert f'6 lines of {path} are damaged' in capsys.readouterr().err


@pytest.mark.parametrize('content, told', [
    ('{"step": 2}\n{"step": 4}\n', ''), ('{"step": 2}\n', 'the steps 3 to 4:'),
    ('', 'the steps 1 to 4:'), (None, 'the steps 1 to 4:')])
def test_a_hole_is_told(tmp_path, capsys, content, told):
  path = tmp_path / 'metrics.jsonl'
  if content is not None:
    path.write_text(content)
  writers.create_writer('tensorboardx', tmp_path, 4, every=2).close()
  err = capsys.readouterr().err
  assert told in err and bool(err) == bool(told)


def test_grids_of_later_steps_go_as_lines_do(tmp_path):
  for step in (4, 6):
    path = writers.sample_path(tmp_path / 'samples', step, 'production')
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b'of a run before')
  (tmp_path / 'samples' / 'notes_of_mine.png').write_bytes(b'mine')
  writers.create_writer('tensorboardx', tmp_path, 4).close()
  assert sorted(p.name for p in (tmp_path / 'samples').iterdir()) == [
      '0000004_production.png', 'notes_of_mine.png']


def test_event_files_follow_each_other_whatever_the_clock_says(tmp_path):
  """Two in one second, and one after the clock was set back."""
  for step in (1, 2):
    writer = writers.create_writer('tensorboardx', tmp_path, step - 1)
    writer.write_scalars(step, {'a': step})
    writer.close()
  last = max((tmp_path / 'tensorboard').iterdir())
  parts = last.name.split('.')
  parts[3] = str(int(parts[3]) + 5000)
  last.rename(last.with_name('.'.join(parts)))
  writer = writers.create_writer('tensorboardx', tmp_path, 2)
  writer.write_scalars(3, {'a': 3})
  writer.close()
  assert _shown(tmp_path) == {f'a, step {i}': 1 for i in (1, 2, 3)}


def test_files_of_other_names_are_left_alone(tmp_path):
  """Beside the event files, from where a user has put them."""
  folder = tmp_path / 'tensorboard'
  folder.mkdir()
  for name in ('events.out.tfevents.old', 'events.out.tfevents.17.a', 'notes.txt'):
    (folder / name).write_bytes(b'')
  for step in (1, 2):
    writer = writers.create_writer('tensorboardx', tmp_path, step - 1)
    writer.write_scalars(step, {'a': step})
    writer.close()
  assert _shown(tmp_path) == {'a, step 1': 1, 'a, step 2': 1}
  assert len(list(folder.iterdir())) == 5


def test_a_dangling_link_is_one_sentence(tmp_path):
  (tmp_path / 'metrics.jsonl').symlink_to(tmp_path / 'gone' / 'metrics.jsonl')
  with pytest.raises(UserError, match='metrics.jsonl is a link to a file that is not'):
    writers.FileWriter(tmp_path, 0)


def _shown(folder):
  return {k: len(v) for k, v in trees.events(folder / 'tensorboard').items()}


def test_tensorboard_tells_names_apart_as_they_are(tmp_path):
  writer = writers.create_writer('tensorboardx', tmp_path, 0)
  names = ['kid/a b', 'kid/a_b', 'kid/öl|酸洗', '/a']
  writer.write_scalars(1, {name: k for k, name in enumerate(names)})
  writer.write_images(1, {'c d': np.zeros((1, 4, 4, 3), np.uint8)})
  writer.close()
  assert _shown(tmp_path) == {f'{name}, step 1': 1 for name in [*names, 'c d']}


def test_tensorboard_shows_each_step_once_after_a_kill(tmp_path):
  """Killed before the first checkpoint, and after the second, of step 4."""
  def write(start, steps, **settings):
    writer = writers.create_writer('tensorboardx', tmp_path, start, **settings)
    for step in steps:
      writer.write_scalars(step, {'a': step})
      writer.write_images(step, {'b': np.zeros((1, 4, 4, 3), np.uint8)})
    writer.close()

  def each_once(a, b):
    return {f'a, step {i}': 1 for i in a} | {f'b, step {i}': 1 for i in b}

  write(0, range(1, 8))
  write(0, range(1, 7))
  assert _shown(tmp_path) == each_once(range(1, 7), range(1, 7))
  write(4, (5, 6))
  assert _shown(tmp_path) == each_once(range(1, 7), range(1, 7))
  write(4, (5,), again=True)  # Images of step 4 are to come again, its scalars not.
  assert _shown(tmp_path) == each_once(range(1, 6), (1, 2, 3, 5))


def test_what_metrics_jsonl_has_tensorboard_has(tmp_path):
  """Without a flush: a kill comes at any moment."""
  writer = writers.create_writer('tensorboardx', tmp_path, 0)
  writer.write_scalars(1, {'a': 1})
  assert writers.logged(tmp_path, 1) == {'a': 1.0}
  assert _shown(tmp_path) == {'a, step 1': 1}
  writer.write_images(1, {'b': np.zeros((1, 4, 4, 3), np.uint8)})
  assert _shown(tmp_path) == {'a, step 1': 1, 'b, step 1': 1}
  writer.close()


def test_images_become_png_files(tmp_path):
  writer = writers.create_writer('tensorboardx', tmp_path, 0)
  image = np.arange(48, dtype=np.uint8).reshape(1, 4, 4, 3)
  writer.write_images(7, {'production': image})
  writer.close()
  with Image.open(tmp_path / 'samples' / '0000007_production.png') as png:
    np.testing.assert_array_equal(np.asarray(png), image[0])


def test_only_the_first_process_writes(tmp_path):
  writer = writers.create_writer('tensorboardx', tmp_path, 0, primary=False)
  writer.write_scalars(1, {'a': 1})
  writer.close()
  assert not list(tmp_path.iterdir())


# tensorboardX's file, which cannot be closed while its disk is full.
@pytest.mark.filterwarnings('ignore::pytest.PytestUnraisableExceptionWarning')
@pytest.mark.filterwarnings('ignore::ResourceWarning')
def test_a_full_disk_is_an_error_and_no_hang(tmp_path):
  if not sys.platform.startswith('linux') or os.geteuid() or subprocess.run(
      ['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', tmp_path],
      capture_output=True, check=False).returncode:
    pytest.skip('mounting a small tmpfs needs root and the right to mount')
  try:
    writer = writers.TensorBoardWriter(tmp_path / 'tensorboard', 0)
    with pytest.raises(OSError, match='No space left'):
      for step in range(10_000):
        writer.write_scalars(step, {'a': 1.0})
        writer.flush()
  finally:
    subprocess.run(['umount', '--lazy', tmp_path], check=True)


def test_clu_without_tensorflow_says_so(tmp_path, monkeypatch):
  monkeypatch.setitem(sys.modules, 'tensorflow', None)
  monkeypatch.delitem(sys.modules, 'clu.metric_writers', raising=False)
  with pytest.raises(UserError, match='TensorFlow'):
    writers.create_writer('clu', tmp_path, 0)


def test_progress_without_a_terminal_is_plain_lines(capsys):
  progress = terminal.Progress(10)
  progress.update()
  progress.report(4, 30., 'loss 1')
  progress.close()
  err = capsys.readouterr().err
  assert err == 'step 4/10  30 s/step  03:00 left  loss 1\n'


def test_grid_places_every_image():
  images = np.zeros((2, 3, 128, 128, 1), np.uint8)
  images += np.arange(6, dtype=np.uint8).reshape(2, 3, 1, 1, 1) * 40
  sheet = grid(images, ['a', 'b', 'c'], ['first', 'second'])
  left = sheet.shape[1] - 3 * 130
  for r in range(2):
    for c in range(3):
      cell = sheet[18 + r * 130:18 + r * 130 + 128, left + c * 130:left + c * 130 + 128]
      assert (cell == (3 * r + c) * 40).all()


@pytest.mark.parametrize('columns, factor', [(1, 8), (10, 8), (30, 4), (100, 4)])
def test_small_images_are_enlarged_by_whole_factors_as_far_as_a_screen_is_wide(
    columns, factor):
  images = np.zeros((1, columns, 16, 16, 3), np.uint8)
  images[0, 0, 0, 0] = 200
  sheet = grid(images, ['x'] * columns)
  assert sheet.shape[1] == columns * (16 * factor + 2)
  assert (sheet[18:18 + factor, :factor] == 200).all()
  assert (sheet[18:18 + factor, factor:2 * factor] == 0).all()
