"""Crops where something is in the way: earlier ones, another writer, a full disk."""

import shutil

import numpy as np
from PIL import Image
import pytest

from conftest import manifest_rows
from generation.untrained_crops import setting, trained  # noqa: F401
from pegan_jax.common import files
from pegan_jax.common.errors import UserError
from pegan_jax.generation import crops
from pegan_jax.generation.generate import generate

pytestmark = pytest.mark.usefixtures('traced_once')


def test_an_existing_folder_is_not_touched(setting, tmp_path):
  config, workdir = setting
  folder = tmp_path / 'generated'
  folder.mkdir()
  (folder / 'precious').write_text('mine')
  with pytest.raises(UserError, match='exists already'):
    generate(config, workdir)
  assert (folder / 'precious').read_text() == 'mine'


def test_what_is_made_already_of_the_same_is_left_as_it_is(setting, tmp_path, capsys):
  config, workdir = setting
  clean = tmp_path / 'clean'
  clean.mkdir()
  for i in range(2):
    pixels = np.full((32, 32), 90 + i, np.uint8)
    Image.fromarray(pixels).save(clean / f'{i}.png')
  config.generate.backgrounds = str(clean)
  out = generate(config, workdir)
  written = {p: p.stat().st_mtime_ns for p in tmp_path.rglob('*.png')}
  clean.rename(tmp_path / 'moved')
  config.generate.backgrounds = str(tmp_path / 'moved')
  config.generate.batch_size = 32  # Changes nothing.
  assert generate(config, workdir) == out
  assert 'generated is made already' in capsys.readouterr().err
  assert all(p.stat().st_mtime_ns == t for p, t in written.items() if p.exists())
  Image.fromarray(pixels + 9).save(tmp_path / 'moved' / '0.png')
  with pytest.raises(UserError, match=(
      r'painted_on.files is not what it was; move it away, or name another folder with '
      '--config.generate.out')):
    generate(config, workdir)
  config.generate.backgrounds, config.generate.seed = '', 4
  with pytest.raises(UserError, match='generate.seed is 4, was 0, painted_on.files is '
                                      'not set'):
    generate(config, workdir)


def test_matching_waits_until_nothing_speaks_against_generation(setting, tmp_path):
  config, workdir = setting
  matched = []
  def ensure(*args):
    matched.append(args)
  with pytest.raises(UserError, match='train first'):
    generate(config, tmp_path / 'untrained', ensure)
  (beside := tmp_path / 'generated_annotations').mkdir()
  with pytest.raises(UserError, match='generated_annotations exists already'):
    generate(config, workdir, ensure)
  assert not matched
  beside.rmdir()
  generate(config, workdir, ensure)
  assert [frames for _, frames in matched] == [False]


def test_masks_that_are_gone_are_not_taken_for_made(setting, tmp_path):
  config, workdir = setting
  shutil.rmtree(generate(config, workdir).with_name('generated_annotations'))
  with pytest.raises(UserError, match='generated exists already'):
    generate(config, workdir)


@pytest.mark.parametrize('gone, told', [
    ('generated/pa', r'generated/pa/0000\d.png and 2 more is missing'),
    ('generated_annotations/masks/sc/00001.png', 'masks/sc/00001.png is missing;'),
    ('generated_annotations/voc/pa/00001.xml', 'voc/pa/00001.xml is missing;'),
    ('generated_annotations/coco.json', 'coco.json is missing;'),
    ('generated/manifest.csv', 'manifest.csv cannot be read')])
def test_what_is_made_in_part_is_not_taken_for_made(setting, tmp_path, gone, told):
  config, workdir = setting
  config.generate.formats = 'voc,coco'
  generate(config, workdir)
  path = tmp_path / gone
  shutil.rmtree(path) if path.is_dir() else path.unlink()
  with pytest.raises(UserError, match=f'{told}.* move it away, or name another folder'):
    generate(config, workdir)


def test_a_class_named_twice_counts_once(setting, capsys):
  config, workdir = setting
  config.generate.classes = 'pa'
  rows = manifest_rows(generate(config, workdir))
  config.generate.classes = 'pa, pa'
  assert manifest_rows(generate(config, workdir)) == rows
  assert 'is made already' in capsys.readouterr().err


def test_one_folder_has_one_writer(setting, tmp_path):
  config, workdir = setting
  out = tmp_path / 'generated'
  with files.whole(out):
    with pytest.raises(UserError, match='another process is writing .*generated: wait'):
      generate(config, workdir)
  assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('key,value,words', [
    ('per_class', 0, 'at least 1'),
    ('batch_size', 0, 'at least 1'),
    ('split', 'test', 'no backgrounds'),
    ('backgrounds', '/nowhere', 'not a folder'),
])
def test_bad_settings(setting, key, value, words):
  config, workdir = setting
  config.generate[key] = value
  with pytest.raises(UserError, match=words):
    generate(config, workdir)


def test_a_workdir_without_a_checkpoint(setting, tmp_path):
  config, _ = setting
  with pytest.raises(UserError, match='no checkpoint'):
    generate(config, tmp_path)


def test_a_full_disk_leaves_nothing(setting, tmp_path, monkeypatch):
  import errno
  config, workdir = setting

  def full(path, image):
    del path, image
    raise OSError(errno.ENOSPC, 'No space left on device')

  monkeypatch.setattr(crops, 'save', full)
  with pytest.raises(UserError, match='the disk is full'):
    generate(config, workdir)
  assert list(tmp_path.iterdir()) == []
