"""Which files a folder is said to have, and why not the others."""

import os
import socket

from pegan_jax.common import listing


def _walked(folder):
  """The files, and {reason: what is left out}, as they lie under the folder."""
  left_out = {}
  found = [p.relative_to(folder).as_posix() for p in listing.walk(folder, left_out)]
  return sorted(found), {why: sorted(p.relative_to(folder).as_posix() for p in paths)
                         for why, paths in left_out.items()}


def test_links_are_followed_once_and_never_round(tmp_path):
  top = tmp_path / 'top'
  for name in ('top/pa/1', 'top/sc/2', 'more/3', 'top/.hidden/4', 'top/.5'):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()
  for link, target in (('l1', '.'), ('l2', '.'), ('pa/up', '..'), ('loop', 'loop'),
                       ('above', tmp_path), ('broken', 'nowhere')):
    (top / link).symlink_to(target)
  for link, target in (('aa', 'sc'), ('n', tmp_path / 'more'), ('o', tmp_path / 'more')):
    (top / link).symlink_to(target)  # A folder by its own name before any other.
  assert _walked(top) == (['n/3', 'pa/1', 'sc/2'], {
      listing.HIDDEN: ['.5', '.hidden'],
      'a link to a folder above it': ['above', 'l1', 'l2', 'pa/up'],
      'a link that leads nowhere': ['broken', 'loop']})
  (tmp_path / 'link').symlink_to('top')
  assert _walked(tmp_path / 'link') == _walked(top)


def test_what_systems_and_programs_put_there_is_left_out_and_told(tmp_path):
  for name in ('a', '__MACOSX/a', '__MACOSX/._a', '@eaDir/a@SYNOPHOTO_THUMB.jpg',
               'Thumbs.db', 'pa/desktop.ini', 'pa/._b.jpg', 'pa/b.jpg', 'pa/thumbs',
               'pa/.ipynb_checkpoints/b.jpg'):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()
  assert _walked(tmp_path) == (['a', 'pa/b.jpg', 'pa/thumbs'], {
      listing.SYSTEM: ['@eaDir', 'Thumbs.db', '__MACOSX', 'pa/desktop.ini'],
      listing.HIDDEN: ['pa/._b.jpg', 'pa/.ipynb_checkpoints']})


def test_only_regular_files_are_listed(tmp_path):
  (tmp_path / 'a').touch()
  (tmp_path / 'b').symlink_to('a')
  os.mkfifo(tmp_path / 'pipe')
  with socket.socket(socket.AF_UNIX) as s:
    s.bind(str(tmp_path / 'socket'))
    assert _walked(tmp_path) == (
        ['a', 'b'], {'a pipe, socket or device': ['pipe', 'socket']})
