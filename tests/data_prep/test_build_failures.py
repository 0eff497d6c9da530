"""What the build refuses, and that it is all or nothing."""

import builtins
import errno
import io
import os
import re
import signal
import subprocess
import sys

import numpy as np
import pytest

from data_prep import dataset
from data_prep.report import remarks
from pegan_jax.common import files
from raw_folders import inputs, run_build, save, texture, write_voc


def _empty(raw):
  (raw / 'empty').mkdir()
  return raw / 'empty'


def _one_image(raw):
  save(np.zeros((64, 64), np.uint8), raw / 'defects' / 'single' / 'a.png')
  return inputs(raw, 'defects', 'clean') + ['--per_class', 0]


def _damaged(raw):
  path = raw / 'defects' / 'crack' / '0.png'
  path.write_bytes(path.read_bytes()[:200])
  return inputs(raw, 'defects', 'clean')


def _not_text(raw):
  path = raw / 'defects' / 'crack' / os.fsdecode(b'\xff.png')
  try:
    save(np.zeros((64, 64), np.uint8), path)
  except OSError:
    pytest.skip('this file system takes UTF-8 names only')
  return inputs(raw, 'defects', 'clean')


def _same_class(raw):
  for path in (raw / 'defects' / 'crack').iterdir():
    path.unlink()
  frame = texture(np.random.default_rng(2), 80, 80)
  for k in range(10):
    save(frame[k:k + 64, k:k + 64], raw / 'defects' / 'crack' / f'{k}.png')
  return inputs(raw, 'defects', 'clean')


def _background_class(raw):
  (raw / 'defects' / 'crack').rename(raw / 'defects' / 'background')
  return inputs(raw, 'defects', 'clean')


def _orphan(raw):
  (raw / 'frames' / '3.png').unlink()
  return inputs(raw, 'frames', 'boxes')


def _full_boxes(raw):
  for k in range(6):
    write_voc(raw / 'boxes' / f'{k}.xml', [('pit', 1, 1, 200, 150)])
  return inputs(raw, 'frames', 'boxes', 'defects')


def _boxes(box, size=''):
  def flags(raw):
    write_voc(raw / 'boxes' / '4.xml', [('rust', *box)])
    path = raw / 'boxes' / '4.xml'
    path.write_text(path.read_text().replace('<annotation>', f'<annotation>{size}'))
    return inputs(raw, 'frames', 'boxes')
  return flags


def _linked_class(raw):
  (raw / 'defects' / 'again').symlink_to('crack')
  return inputs(raw, 'defects', 'clean')


@pytest.mark.parametrize('flags, message', [
    (_boxes((170, 60, 130, 110)), '4.xml .* box of rust from .170, 60. .* corners swapped'),
    (_boxes((230, 60, 250, 110)), 'boxes/4.xml has a box of rust, .* no pixel .*200 x 150'),
    (_boxes((1, 1, 9, 9), '<size><width>400</width><height>300</height></size>'),
     'boxes/4.xml says .* 400 x 300 pixels, and it has 200 x 150'),
    (_linked_class, 'again holds no images of its own'),
    (lambda raw: [*inputs(raw, 'frames', 'clean'), '--annotations', ''],
     '--annotations is empty'),
    (lambda raw: [*inputs(raw, 'defects', 'clean'), '--images', ''], '--images is empty'),
    (lambda raw: [*inputs(raw, 'frames', 'boxes'), '--clean', ''], '--clean is empty'),
    (lambda raw: [*inputs(raw, 'frames', 'boxes'), '--defects', ''],
     '--defects is empty'),
    (lambda raw: [*inputs(raw, 'defects', 'clean'), '--out', ''], '--out is empty'),
    (lambda raw: [], 'There are no defects'),
    (lambda raw: inputs(raw, 'defects'), 'There are no backgrounds'),
    (lambda raw: inputs(raw, 'boxes', 'defects'), '--annotations needs --images'),
    (lambda raw: ['--defects', raw / 'no', *inputs(raw, 'clean')], 'is not a folder'),
    (lambda raw: ['--clean', raw / 'no', *inputs(raw, 'defects')], 'is not a folder'),
    (lambda raw: ['--defects', _empty(raw), *inputs(raw, 'clean')], 'no class folders'),
    (lambda raw: ['--clean', _empty(raw), *inputs(raw, 'defects')], 'holds no images'),
    (lambda raw: ['--boxes', _empty(raw), *inputs(raw, 'frames')], 'holds no .xml'),
    (lambda raw: [*inputs(raw, 'clean'), '--defects', raw / 'clean'],
     '--defects .*clean is, or lies in, --clean'),
    (lambda raw: [*inputs(raw, 'frames', 'boxes'),
                  '--clean', raw / 'frames' / '..' / 'frames'],
     '--images .* is, or lies in, --clean'),
    (lambda raw: ['--defects', raw / 'clean', '--images', raw], '--defects .* lies in, --'),
    (lambda raw: [*inputs(raw, 'defects', 'clean'), '--out', raw / 'defects' / 'set'],
     '--out .*set is, or lies in, --defects'),
    (_one_image, r'Class single \(1\) has fewer than the 2 .* --skip_classes single'),
    (_damaged, '0.png cannot be read'),
    (_not_text, 'not UTF-8: rename it'),
    (_same_class, r'Class crack \(10\) has images on one side only'),
    (_background_class, 'the name of what is clean'),
    (_orphan, 'fits 1 of the annotations .* first is 3.xml'),
    (_full_boxes, 'There is no room for backgrounds'),
    (lambda raw: ['--images', raw / 'defects', '--per_class', 11],
     'no room for backgrounds, .* fewer than the 11 .* by --clean, with --at_most;'),
    (lambda raw: [*inputs(raw, 'defects', 'clean'), '--per_class', 11],
     r'Classes crack \(10\), öl fleck \(10\) have fewer than the 11 .*: pass --at_most,'),
    (lambda raw: [*inputs(raw, 'defects', 'clean'), '--backgrounds', 99],
     'There are 12 backgrounds, .* pass --at_most,'),
    (lambda raw: [*inputs(raw, 'defects', 'clean'), '--image_size', 50], 'multiple'),
    (lambda raw: [*inputs(raw, 'defects', 'clean'), '--train_fraction', 1],
     'above 0 and below 1'),
    (lambda raw: [*inputs(raw, 'defects', 'clean'), '--shards', 0], 'at least 1'),
    (lambda raw: [*inputs(raw, 'defects', 'clean'), '--per_class', 'many'], 'invalid'),
    (lambda raw: [*inputs(raw, 'defects', 'clean'), '--perclass', 3], 'perclass'),
    (lambda raw: [*inputs(raw, 'defects', 'clean'), '--out', raw / 'boxes'],
     'exists already'),
    (lambda raw: [*inputs(raw, 'defects', 'clean'), '--out',
                  raw / 'boxes' / '0.xml' / 'x'], 'cannot be written'),
])
def test_bad_input_gives_one_sentence_and_leaves_nothing(raw, capsys, flags, message):
  arguments = flags(raw)
  before = sorted(raw.rglob('*'))
  assert run_build(raw, *arguments) == 2
  error = capsys.readouterr().err
  assert error.startswith('error: ') and error.count('\n') == 1, error
  assert re.search(message, error), error
  assert sorted(raw.rglob('*')) == before


def _many_problems(raw):
  """Twelve of them, of four kinds."""
  for k in range(6):
    write_voc(raw / 'boxes' / f'{k}.xml', [
        ('rust', 230, 60, 250, 110), ('rust', 10, 10, 60, 60), ('pit', 170, 60, 130, 110)]
              if k == 0 else [('a/b', 300 + k, 60, 350, 110), ('rust', 400, 9, 450, 60)])
  (raw / 'frames' / '5.png').unlink()


@pytest.mark.parametrize('check', [False, True])
def test_all_problems_are_listed_at_once(raw, capsys, check):
  _many_problems(raw)
  before = sorted(raw.rglob('*'))
  assert run_build(raw, *inputs(raw, 'frames', 'boxes'), *['--check'] * check) == 2
  said = capsys.readouterr()[0 if check else 1]
  head, *lines = said.rstrip()[said.index('11 problems:'):].split('\n  ')
  assert head == '11 problems:'
  assert 'fits 1 of the annotations' in lines[0] and '5.xml' in lines[0]
  assert '0.xml' in lines[1] and 'the box of pit from (170, 60)' in lines[1]
  assert "class name 'a/b'" in lines[2]  # Before any image is opened.
  for name, first, more in (('a/b', lines[3], lines[4]), ('rust', lines[5], lines[6])):
    assert f'boxes/1.xml has a box of {name}' in first
    assert more == '  and 3 more like this: ' + ', '.join(
        str(raw / f'boxes/{k}.xml') for k in (2, 3, 4))
  assert sorted(raw.rglob('*')) == before


def test_check_counts_no_room_before_all_is_read(raw, capsys):
  """An image whose annotation is wrong may have room."""
  flags = _full_boxes(raw)
  write_voc(raw / 'boxes' / '0.xml', [('pit', 300, 1, 350, 50)])
  assert run_build(raw, *flags, '--check') == 2
  said = capsys.readouterr().out
  assert '1 problem: ' in said and '0.xml has a box of pit' in said
  write_voc(raw / 'boxes' / '0.xml', [('pit', 1, 1, 200, 150)])
  assert run_build(raw, *flags, '--check') == 2
  assert '1 problem: There is no room for backgrounds' in capsys.readouterr().out


@pytest.mark.parametrize('make', [
    _full_boxes, lambda raw: ['--images', raw / 'no'],
    lambda raw: ['--images', raw / 'defects'], lambda raw: ['--defects', raw / 'defects']])
def test_check_says_what_build_says(raw, capsys, make):
  flags = [*make(raw), '--per_class', 0]
  assert run_build(raw, *flags) == 2
  sentence = capsys.readouterr().err.removeprefix('error: ')
  assert run_build(raw, *flags, '--check') == 2
  assert sentence in ''.join(capsys.readouterr())


@pytest.mark.parametrize('images, flags, problem, remedies', [
    (1, (), r'Class pit \(2\) has .* cut from one image stay', [('--skip_classes', 'pit')]),
    (3, ('--group_by', r'(\.)png$'),
     r'Classes pit \(6\), rust \(6\) have .* cut from one image, or of one name by '
     '--group_by stay', [()])])
def test_what_lies_in_one_image_or_group_is_refused_with_a_remedy(
    raw, capsys, images, flags, problem, remedies):
  for k in range(6):
    write_voc(raw / 'boxes' / f'{k}.xml', [('rust', 1, 1, 9, 9)] + [
        ('pit', 90, 60, 120, 90), ('pit', 10, 60, 40, 90)] * (k < images))
  where = inputs(raw, 'frames', 'boxes')
  for check in ((), ('--check',)):
    assert run_build(raw, *where, *flags, *check) == 2
    said = ''.join(capsys.readouterr())
    advised = ('pass --at_most and leave out --group_by' if flags else
               'pass --at_most --skip_classes pit')
    assert re.search(f'(problem|error): {problem} .*: {advised}, or add images', said), said
  for remedy in remedies:
    assert run_build(raw, *where, '--at_most', *remedy) == 0


def test_a_class_that_is_not_used_may_have_any_name(raw):
  for k in range(6):
    write_voc(raw / 'boxes' / f'{k}.xml', [('a/b', 1, 1, 9, 9), ('rust', 90, 60, 120, 90)])
  assert run_build(raw, *inputs(raw, 'frames', 'boxes'), '--skip_classes', 'a/b',
                   '--per_class', 0, '--backgrounds', 0) == 0


@pytest.mark.parametrize('names, which', [
    (('defects', 'clean'), 'defects'), (('defects', 'clean'), 'clean'),
    (('defects', 'clean'), 'defects/crack'), (('frames', 'boxes'), 'boxes'),
    (('frames', 'boxes'), 'boxes/3.xml'), (('frames', 'boxes'), 'frames/3.png')])
def test_what_cannot_be_read_is_not_blamed_on_what_is_written(
    raw, capsys, monkeypatch, names, which):
  locked = str(raw / which)
  def closed(call):
    def attempt(path, *args, **kwargs):
      if str(path) == locked:
        raise PermissionError(errno.EACCES, 'Permission denied', str(path))
      return call(path, *args, **kwargs)
    return attempt
  for module, name in ((os, 'scandir'), (os, 'listdir'), (io, 'open'),
                       (builtins, 'open')):
    monkeypatch.setattr(module, name, closed(getattr(module, name)))
  assert run_build(raw, *inputs(raw, *names)) == 2
  error = capsys.readouterr().err
  assert locked in error and 'Permission denied' in error and error.count('\n') == 1
  assert 'be read' in error or 'be listed' in error


@pytest.mark.parametrize('raised, status', [
    (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), 2), (KeyboardInterrupt(), 130)])
def test_interrupted_while_writing_leaves_nothing(
    raw, monkeypatch, capsys, raised, status):
  def fail(path):
    assert path.exists()  # Something was half-made by then.
    raise raised
  monkeypatch.setattr(dataset, '_make_canonical', fail)
  before = sorted(raw.rglob('*'))
  assert run_build(raw, *inputs(raw, 'defects', 'clean')) == status
  assert capsys.readouterr().err.count('\n') == 1
  assert sorted(raw.rglob('*')) == before


@pytest.mark.parametrize('kilobytes', [64, 400, 1000])
def test_really_full_disk(raw, capsys, kilobytes):
  small = raw / 'small'
  small.mkdir()
  mounted = subprocess.run(
      ['mount', '-t', 'tmpfs', '-o', f'size={kilobytes}k', 'tmpfs', str(small)],
      capture_output=True, check=False).returncode == 0
  if not mounted:
    pytest.skip('mounting a small tmpfs is not permitted here')
  try:
    assert run_build(raw, *inputs(raw, 'defects', 'clean'), out='small/out') == 2
    assert capsys.readouterr().err.startswith('error: the disk is full')
    assert not list(small.iterdir())
  finally:
    subprocess.run(['umount', str(small)], check=True)


@pytest.mark.parametrize('sent', [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_signals_leave_no_data_set_and_the_next_build_clears_up(raw, sent):
  code = ('import sys, time; from data_prep import build, dataset\n'
          "def slow(path):\n  print('half', flush=True)\n"
          '  for _ in range(6000): time.sleep(.01)\n'
          'dataset._make_canonical = slow\n'
          'sys.exit(build.main(sys.argv[1:]))')
  flags = ['--out', raw / 'out', '--per_class', 10, '--backgrounds', 8,
           *inputs(raw, 'defects', 'clean')]
  child = subprocess.Popen([sys.executable, '-c', code, *map(str, flags)],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
  assert child.stdout.readline() == 'half\n'
  child.send_signal(sent)
  child.communicate(timeout=30)
  assert child.returncode not in (0, None) and not (raw / 'out').exists()
  if sent != signal.SIGKILL:
    assert not list(raw.glob('.*'))
  assert run_build(raw, *inputs(raw, 'defects', 'clean')) == 0
  assert (raw / 'out').exists() and not list(raw.glob('.*'))


@pytest.mark.parametrize('moment', ['before the move', 'after it'])
def test_an_interrupt_after_all_is_made_says_that_it_is(raw, monkeypatch, capsys, moment):
  def stop(*_):
    raise KeyboardInterrupt
  if moment == 'after it':
    monkeypatch.setattr(remarks, 'summary', stop)
  else:  # The first try alone.
    move, tries = os.rename, []
    def rename(path, to):
      if to == raw / 'out' and not tries:
        stop(tries.append(to))
      move(path, to)
    monkeypatch.setattr(os, 'rename', rename)
  assert run_build(raw, *inputs(raw, 'defects', 'clean')) == 130
  said = capsys.readouterr().err
  assert said.endswith(f"error: interrupted; {raw / 'out'} is whole\n"), said
  assert (raw / 'out' / 'audit.json').is_file() and not list(raw.glob('.*'))


def test_two_builds_at_once_do_not_mix(tmp_path):
  with files.whole(tmp_path / 'out') as (folder, keep):
    with pytest.raises(Exception, match='another process is writing .*out: wait'):
      with files.whole(tmp_path / 'out'):
        pass
    (folder / 'set').mkdir()
    keep(folder / 'set')
  assert [p.name for p in tmp_path.iterdir()] == ['out']
