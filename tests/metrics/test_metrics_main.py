"""python -m pegan_jax.metrics: two folders in, a table out, one line on bad input."""

import json
import subprocess
import sys
from unittest import mock

import numpy as np
from PIL import Image
import pytest

from conftest import assert_drawn
from pegan_jax.metrics import __main__ as command, features, sets
from pegan_jax.common import figures


def _texture(rng, size, level):
  return rng.integers(level, level + 60, (size, size)).astype(np.uint8)


@pytest.fixture
def folders(tmp_path):
  """Two class folders per side, with several formats and depths."""
  rng = np.random.default_rng(0)
  for side in ('real', 'generated'):
    for label, level in (('dark', 20), ('light', 160)):
      folder = tmp_path / side / label
      (folder / 'deeper').mkdir(parents=True)
      for i in range(8):
        image = Image.fromarray(_texture(rng, 32, level))
        image.save(folder / ('deeper' if i % 2 else '.')
                   / f'{i}.{("png", "bmp", "tif", "jpg")[i % 4]}')
  return tmp_path


def test_any_two_folders_with_the_real_network(folders):
  """As a user runs it, in a process of its own, offline."""
  done = subprocess.run(
      [sys.executable, '-m', 'pegan_jax.metrics', 'real', 'generated', '--json',
       'r.json', '--png', 'r.png', '--repeats', '4', '--network',
       'efficientnet'],
      cwd=folders, capture_output=True, text=True, check=True)
  assert done.stderr == ''
  assert 'EfficientNet-Lite0' in done.stdout
  report = json.loads((folders / 'r.json').read_text('utf-8'))
  assert list(report['classes']) == ['dark', 'light']
  assert report['protocol']['weights_sha256'].startswith('57934424')
  assert report['classes']['dark']['fid']['n_generated'] == 8
  # Two samples of one texture, and classes that are told apart.
  kid = report['classes']['dark']['kid']
  assert kid['low'] <= 0 <= kid['high']
  assert report['mean']['label_fidelity']['value'] == 1
  assert_drawn(folders / 'r.png')


@pytest.mark.usefixtures('pixel_features')
class TestPixels:

  def test_flat_against_classes(self, folders, capsys):
    for i, path in enumerate(sorted((folders / 'generated').rglob('*.*'))):
      path.rename(folders / 'generated' / f'{i}{path.suffix}')
    assert command.main([str(folders / 'real'),
                         str(folders / 'generated')]) == 0
    assert 'pooled, N = 16' in capsys.readouterr().out

  def test_json_of_the_same_folder(self, folders):
    path = folders / 'r.json'
    assert command.main([str(folders / 'real'), str(folders / 'real'),
                         '--json', str(path)]) == 0
    pooled = json.loads(path.read_text('utf-8'))['pooled']
    assert abs(pooled['fid']['value']) < 1e-6
    assert pooled['kid']['low'] <= 0 <= pooled['kid']['high']
    assert pooled['precision']['value'] == pooled['recall']['value'] == 1
    assert pooled['coverage']['value'] == 1

  @pytest.mark.parametrize('noted', [True, False])
  def test_images_that_generate_did_not_accept_are_told(self, folders, noted):
    made, path = folders / 'generated', folders / 'r.json'
    (made / 'manifest.csv').write_text(
        'file,accepted\ndark/0.png,no\ndark/2.tif,yes\nlight/0.png,no\nlight/2.tif,no\n')
    if noted:  # Else another program's file.
      (made / 'provenance.json').write_text('{"step": 1}')
    assert command.main([str(folders / 'real'), str(made), '--json', str(path)]) == 0
    told = [x for x in json.loads(path.read_text('utf-8'))['warnings'] if 'accepted' in x]
    assert told == ['not accepted when they were generated, but compared here: 1 of 8 '
                    'dark, 2 of 8 light.'] * noted

  def _fails(self, capsys, arguments, *words):
    assert command.main([str(a) for a in arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith('error: ') and error.count('\n') == 1
    for word in words:
      assert word in error

  def test_missing_and_empty_folders(self, folders, capsys):
    (folders / 'empty').mkdir()
    real = folders / 'real'
    self._fails(capsys, [real, folders / 'nothing'], 'nothing', 'not a folder')
    self._fails(capsys, [real, folders / 'empty'], 'empty', 'no image')
    self._fails(capsys, [folders / 'empty', real], 'empty', 'no image')

  def test_one_image(self, folders, capsys):
    (folders / 'one').mkdir()
    Image.new('L', (32, 32)).save(folders / 'one' / 'a.png')
    self._fails(capsys, [folders / 'real', folders / 'one'], '1 image')

  @pytest.fixture
  def no_features(self, monkeypatch):
    """What is refused while these take minutes is refused too late."""
    monkeypatch.setattr(features, 'load', lambda *_: mock.Mock(
        protocol=dict, side_effect=AssertionError('features are computed')))

  @pytest.mark.usefixtures('no_features')
  def test_a_class_of_one_image(self, folders, capsys):
    for path in list((folders / 'generated' / 'dark').rglob('*.*'))[1:]:
      path.unlink()
    self._fails(capsys, [folders / 'real', folders / 'generated'], 'dark',
                'too few')

  @pytest.mark.usefixtures('no_features')
  def test_fewer_than_asked(self, folders, capsys):
    self._fails(capsys, [folders / 'real', folders / 'generated', '--count',
                         '9'], '9 images per class', 'has 8')

  def test_corrupt_image(self, folders, capsys):
    path = folders / 'generated' / 'dark' / '0.png'
    path.write_bytes(path.read_bytes()[:200])
    self._fails(capsys, [folders / 'real', folders / 'generated'], '0.png',
                'cannot be read')

  def test_not_an_image(self, folders, capsys):
    (folders / 'real' / 'dark' / 'x.png').write_text('hello')
    self._fails(capsys, [folders / 'real', folders / 'generated'], 'x.png')

  def test_sizes_differ(self, folders, capsys):
    for path in (folders / 'generated').rglob('*.*'):
      with Image.open(path) as image:
        image.resize((48, 48)).save(path)
    pair = [folders / 'real', folders / 'generated']
    self._fails(capsys, pair, '32x32', '48x48', '--image_size')
    assert command.main([*map(str, pair), '--image_size', '32']) == 0

  def test_modes_differ(self, folders, capsys):
    rng = np.random.default_rng(1)
    for path in (folders / 'generated').rglob('*.*'):
      Image.fromarray(rng.integers(0, 256, (32, 32, 3)).astype(np.uint8)).save(
          path)
    self._fails(capsys, [folders / 'real', folders / 'generated'], 'grey',
                'coloured')

  def test_grey_stored_as_rgb_is_grey(self, folders):
    for path in (folders / 'generated').rglob('*.*'):
      with Image.open(path) as image:
        image.convert('RGB').save(path)
    assert command.main([str(folders / 'real'),
                         str(folders / 'generated')]) == 0

  def test_classes_do_not_match(self, folders, capsys):
    (folders / 'generated' / 'dark').rename(folders / 'generated' / 'black')
    self._fails(capsys, [folders / 'real', folders / 'generated'],
                'no real images of the generated class black', 'dark, light')

  def test_one_class_of_two(self, folders, capsys):
    (folders / 'generated' / 'dark').rename(folders / 'dark')
    assert command.main([str(folders / 'real'), str(folders / 'generated'),
                         '--json', str(folders / 'r.json')]) == 0
    assert 'Note: nothing was generated of dark' in capsys.readouterr().out
    report = json.loads((folders / 'r.json').read_text('utf-8'))
    assert list(report['classes']) == ['light']
    assert report['classes']['light']['label_fidelity']['value'] == 1

  def test_what_was_asked_for_is_written_before_it_is_printed(
      self, folders, monkeypatch):
    def gone(*_, **__):
      raise BrokenPipeError
    monkeypatch.setattr('builtins.print', gone)
    args = command._parse([
        str(folders / 'real'), str(folders / 'generated'), '--json',
        str(folders / 'r.json'), '--png', str(folders / 'r.png')])
    with pytest.raises(BrokenPipeError):
      command._run(args)
    assert (folders / 'r.json').exists() and (folders / 'r.png').exists()

  def test_a_file_is_written_whole_or_not_at_all(self, folders, monkeypatch, capsys):
    from pegan_jax.common import files
    before = sorted(p.name for p in folders.iterdir())
    with figures.png(folders / 'r.png', 1, 1):
      pass
    last = (folders / 'r.png').read_bytes()
    def full(part, path):
      assert part.read_bytes()
      raise OSError(28, 'No space left on device', str(path))
    monkeypatch.setattr(files.os, 'replace', full)
    self._fails(capsys, [folders / 'real', folders / 'generated', '--png',
                         folders / 'r.png'],
                'cannot write', 'r.png: No space left on device')
    assert (folders / 'r.png').read_bytes() == last
    assert sorted(p.name for p in folders.iterdir()) == sorted([*before, 'r.png'])

  def test_flags(self, folders, capsys):
    pair = [folders / 'real', folders / 'generated']
    self._fails(capsys, [*pair, '--counts', '3'], '--counts')
    self._fails(capsys, [*pair, '--repeats', '1'], 'repeats is 1')
    self._fails(capsys, [*pair, '--network', 'vgg'], 'vgg')
    self._fails(capsys, [*pair, '--image_size', '0'], 'image_size is 0')
    self._fails(capsys, [*pair, '--json', folders / 'no' / 'r.json'],
                'no such folder')


  def test_outputs_are_checked_before_the_work(self, folders, capsys, monkeypatch):
    """Files that are no earlier outputs stay; bad places are refused at once."""
    monkeypatch.setattr(features, 'load', None)  # The work.
    pair = [folders / 'real', folders / 'generated']
    (folders / 'a.json').mkdir()
    (folders / 'config.json').write_text('{"method": "pegan"}')
    (folders / 'report.json').write_text(
        '{"protocol": {}, "pooled": {}, "provenance": {}}')
    Image.new('L', (8, 8)).save(folders / 'own.png')
    (folders / 'link.png').symlink_to('own.png')
    before = {p: p.read_bytes() for p in folders.rglob('*') if p.is_file()}
    for flag, name, words in (
        ('--json', 'generated/manifest.csv', 'must be a .json file'),
        ('--json', 'a.x', 'must be a .json file'), ('--png', 'a.x', '.png file'),
        ('--json', '.', 'must be a .json file'), ('--json', 'a.json', 'a.json exists'),
        ('--json', 'config.json', 'not an earlier output'),
        ('--json', 'report.json', 'not an earlier output'),
        ('--png', 'own.png', 'not an earlier output'),
        ('--png', 'link.png', 'not an earlier output'),
        ('--png', 'generated/new.png', 'which is read'),
        ('--json', 'real/dark/new.json', 'which is read')):
      self._fails(capsys, [*pair, flag, folders / name], words)
    monkeypatch.setattr('os.access', lambda path, mode: False)
    self._fails(capsys, [*pair, '--json', folders / 'new.json'], 'cannot be written')
    assert before == {p: p.read_bytes() for p in folders.rglob('*') if p.is_file()}

  def test_earlier_outputs_are_replaced(self, folders):
    arguments = [str(folders / 'real'), str(folders / 'generated'), '--json',
                 str(folders / 'r.json'), '--png', str(folders / 'R.PNG')]
    assert command.main(arguments) == 0
    first = (folders / 'r.json').read_bytes()
    assert command.main([*arguments, '--repeats', '3']) == 0
    assert (folders / 'r.json').read_bytes() != first


def test_sixteen_bit_folders_share_one_scale(folders):
  """The darker of two 16-bit sets is not brightened to the other's level."""
  for side, value in (('real', 4000), ('generated', 900)):
    for path in list((folders / side).rglob('*.*')):
      path.unlink()
      image = np.full((8, 8), value, np.uint16)
      image[0, 0] = value - 1
      Image.fromarray(image).save(path.with_suffix('.png'))
  real, generated = sets.align(
      *(sets.open_folder(folders / s, s) for s in ('real', 'generated')))
  level = [next(x.read('dark'))[0, 4, 4, 0] for x in (real, generated)]
  assert level == [round(4000 / 4095 * 255), round(900 / 4095 * 255)]
