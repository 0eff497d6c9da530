"""What a kept result was made of: by content and by name."""

import json
import os
import shutil

import pytest

from pegan_jax.common import provenance
from pegan_jax.common.errors import listed, UserError

NOW = {'step': 4, 'generate': {'per_class': 8, 'classes': ''}, 'data': 'ab'}


def test_differences_are_named_by_dotted_keys():
  kept = {'step': 4, 'generate': {'per_class': 6}, 'data': 'ab', 'seed': 1}
  assert provenance.differences(NOW, kept) == [
      'generate.classes is "", was not set', 'generate.per_class is 8, was 6',
      'seed is not set, was 1']
  assert not provenance.differences({'a': (1, 2)}, {'a': [1, 2]})  # As JSON has it.
  assert provenance.differences({'a': 1}, {'a': True})
  assert listed([f'k{i}' for i in range(7)]) == 'k0, k1, k2, k3, k4 and 2 more'


def test_digests_are_not_shown():
  one, other = map(provenance.digest, 'ab')
  now = {'a': one, 'b': [one, other], 'c': [one], 'd': None, 'e': one}
  assert provenance.differences(now, now | {
      'a': other, 'b': [other, one], 'c': [], 'd': one}) == [
          'a is not what it was', 'b is not what it was', 'c is [files], was []',
          'd is null, was files']


def test_a_digest_is_of_content_wherever_it_lies(tmp_path):
  one = tmp_path / 'one'
  (one / 'pa').mkdir(parents=True)
  (one / 'pa' / 'a.png').write_bytes(b'1')
  (one / 'b.png').write_bytes(b'2')
  digest = provenance.of_folder(one)
  shutil.copytree(one, tmp_path / 'two')
  (tmp_path / 'two' / '.DS_Store').write_bytes(b'x')
  assert provenance.of_folder(tmp_path / 'two') == digest
  assert provenance.of_files(one, [one / 'b.png', one / 'pa' / 'a.png']) == digest
  (one / 'b.png').write_bytes(b'3')
  assert provenance.of_folder(one) != digest
  (one / 'b.png').write_bytes(b'2')
  (one / 'b.png').rename(one / 'c.png')
  assert provenance.of_folder(one) != digest
  (tmp_path / 'two' / 'pa' / 'a.png').unlink()
  assert provenance.of_folder(tmp_path / 'two') != digest


def test_a_digest_is_of_the_files_that_are_listed(tmp_path):
  (tmp_path / 'a' / 'pa').mkdir(parents=True)
  (tmp_path / 'a' / 'pa' / '1.png').write_bytes(b'1')
  digest = provenance.of_folder(tmp_path / 'a')
  (tmp_path / 'a' / 'pa' / 'up').symlink_to('..')
  os.mkfifo(tmp_path / 'a' / 'pipe')
  (tmp_path / 'a' / 'broken').symlink_to('nowhere')
  assert provenance.of_folder(tmp_path / 'a') == digest
  (tmp_path / 'b').mkdir()
  (tmp_path / 'b' / '2.png').write_bytes(b'2')
  (tmp_path / 'a' / 'pa' / 'more').symlink_to(tmp_path / 'b')
  assert provenance.of_folder(tmp_path / 'a') != digest


def test_a_file_is_digested_as_the_only_one_of_a_folder(tmp_path, monkeypatch):
  (tmp_path / 'a.json').write_bytes(b'1')
  digest = provenance.of_folder(tmp_path)
  assert provenance.of_folder(tmp_path / 'a.json') == digest
  monkeypatch.chdir(tmp_path)
  assert provenance.of_folder('a.json') == digest
  (tmp_path / 'a.json').write_bytes(b'2')
  assert provenance.of_folder('a.json') != digest


def test_classes_behind_symbolic_links_count(tmp_path):
  (tmp_path / 'far').mkdir()
  (tmp_path / 'far' / 'a.png').write_bytes(b'1')
  (tmp_path / 'near').mkdir()
  (tmp_path / 'near' / 'pa').symlink_to(tmp_path / 'far')
  digest = provenance.of_folder(tmp_path / 'near')
  (tmp_path / 'far' / 'a.png').write_bytes(b'2')
  assert provenance.of_folder(tmp_path / 'near') != digest


def test_what_does_not_fit_is_refused_by_name(tmp_path):
  provenance.write(tmp_path, NOW)
  provenance.check(tmp_path, NOW, 'move it away')
  with pytest.raises(UserError, match=(
      r'made of something else: step is 5, was 4; move it away$')):
    provenance.check(tmp_path, NOW | {'step': 5}, 'move it away')
  report = tmp_path / 'report.json'
  report.write_text(json.dumps({'provenance': NOW, 'figures': {}}))
  provenance.check(report, NOW, 'move it away')


@pytest.mark.parametrize('content', ['', '{"step": 4', '[]', '\xff', None])
def test_what_does_not_say_is_refused(tmp_path, content):
  if content is not None:
    (tmp_path / provenance.FILE).write_text(content, 'latin-1')
  assert not provenance.read(tmp_path)
  with pytest.raises(UserError, match='move it away'):
    provenance.check(tmp_path, NOW, 'move it away')
