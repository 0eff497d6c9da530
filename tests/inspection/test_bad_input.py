"""Bad input of a study ends in one sentence, before any training."""

import json
import shutil

import numpy as np
from PIL import Image
import pytest

from configs import study as study_config
from inspection import worlds
from inspection.worlds import CLASSES
from pegan_jax.common import provenance
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.inspection import images, leaks, study
from pegan_jax.metrics import origins, sets


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
  """A data set whose audit groups a test image with one that was left out."""
  return worlds.write_dataset(
      tmp_path_factory.mktemp('bad') / 'data', worlds.plain_splits(3, 3),
      groups=[{'group': 1, 'members': ['a/test/0.png', 'a/left_out.png']}],
      duplicates=[{'dropped': 'a/twin.png', 'same_as': 'a/left_out.png'}])


def _made(tmp_path, classes=CLASSES, size=worlds.SIZE, count=2):
  rng = np.random.default_rng(9)
  return worlds.write_images(tmp_path / 'made', {
      c: rng.integers(0, 256, (count, size, size, 1), np.uint8)
      for c in classes})


def _fails(workdir, data, made, *words, **settings):
  """A study of a data set, with or without a folder, ends with words in one line."""
  config = study_config.get_config().lock()
  config.update({'data_dir': str(data), 'generated': str(made or ''), **settings})
  with pytest.raises(UserError) as e:
    study.study(config, workdir / 'study')
  said = str(e.value)
  assert '\n' not in said
  for word in words:
    assert word in said, said


@pytest.mark.parametrize('settings,words', [
    ({'seeds': 1}, ['seeds is 1']),
    ({'fractions': ('0.5,x',)}, ['0.5,x', '0.15,0.35,1.0']),
    ({'fractions': (0, 1)}, ['fractions']),
    ({'fractions': ()}, ['fractions']),
    ({'per_class': -1}, ['per_class is -1: it must be 0 (all) or more']),
    ({'filter': 'only'}, ['config.generated']),
    ({'filter': 'all'}, ['only or compare']),
    ({'epochs': 0}, ['epochs']),
    ({'real_share': 1.0}, ['real_share', 'below 1']),
    ({'width': float('nan')}, ['width']),
    ({'network': 'vgg'}, ['vgg', 'mobilenetv2']),
    ({}, ['/nowhere', 'data_prep.build'])])
def test_settings(settings, words, tmp_path):
  _fails(tmp_path, '/nowhere', None, *words, **settings)


def test_class_folders_that_do_not_match(folder, tmp_path):
  made = _made(tmp_path, [*CLASSES, 'odd'])
  _fails(tmp_path, folder, made, 'odd', 'a, b, c')


def test_images_of_another_size(folder, tmp_path):
  made = _made(tmp_path, size=8)
  _fails(tmp_path, folder, made, '8x8', '16x16', 'generate with this data set')


def test_a_folder_without_class_folders(folder, tmp_path):
  made = _made(tmp_path)
  _fails(tmp_path, folder, made / 'a', 'no class folders')
  _fails(tmp_path, folder, tmp_path / 'none', 'not a folder')


def test_an_image_that_is_damaged(folder, tmp_path):
  made = _made(tmp_path)
  (made / 'b' / '00001.png').write_bytes(b'\x89PNG\r\n\x1a\n nothing')
  _fails(tmp_path, folder, made, '00001.png')


def test_values_that_the_data_set_has_no_room_for(folder, tmp_path):
  """Scaled by its own rule it would look darker than the images compared with it."""
  made = _made(tmp_path)
  deep = np.full((worlds.SIZE, worlds.SIZE), 4000, np.uint16)
  Image.fromarray(deep).save(made / 'b' / '00001.png')
  _fails(tmp_path, folder, made, '00001.png', 'up to 4000', 'up to 255')


def test_no_test_split(tmp_path):
  splits = worlds.plain_splits(3, 3)
  del splits['test']
  lone = worlds.write_dataset(tmp_path / 'data', splits)
  _fails(tmp_path, lone, None, 'no test split')


def test_a_class_absent_from_test(tmp_path):
  splits = worlds.plain_splits(3, 3)
  splits['test'] = [e for e in splits['test'] if e['label'] != 'c']
  lone = worlds.write_dataset(tmp_path / 'data', splits)
  _fails(tmp_path, lone, None, 'test split', 'no images of c')


def test_one_image_a_class(tmp_path):
  lone = worlds.write_dataset(tmp_path / 'data', worlds.plain_splits(1, 3))
  _fails(tmp_path, lone, None, 'class a has 1 training image')


def test_a_folder_of_another_class_list(folder, tmp_path):
  (tmp_path / 'study').mkdir()
  (tmp_path / 'study' / 'study.json').write_text('{"classes": ["x", "y"]}')
  _fails(tmp_path, folder, None, 'x, y', '--workdir')


def _note(made, content, painted_on=None, weights='w'):
  """Writes the provenance of a folder of generated images."""
  provenance.write(made, {'step': 2, 'weights': weights, 'dataset': {'content': content},
                          'painted_on': painted_on or {'split': 'train'}})


class TestLeaks:
  """A generator that has seen the test images is refused, by their names."""

  def _check(self, folder, made):
    info = dataset.load_info(folder)
    train, test = images.load_splits(info)
    generated, opened, _ = images.load_generated(info, made, 0)
    return leaks.check(info, train, test, opened, generated)

  def test_what_is_not_known_is_said(self, folder, tmp_path):
    said = ' '.join(self._check(folder, _made(tmp_path)))
    assert 'no manifest' in said and 'not beside it' in said

  @pytest.mark.parametrize('name', [
      'b/test/1.png', 'a/left_out.png', 'a/twin.png'])
  def test_a_manifest_that_names_them(self, folder, tmp_path, name):
    """A test image, one of its steel, and a dropped duplicate of that."""
    made = _made(tmp_path)
    (made / 'manifest.csv').write_text(
        f'file,class,background\na/00000.png,a,clean/0.png\n'
        f'a/00001.png,a,{name}\n')
    _fails(tmp_path, folder, made, name, 'manifest')

  def test_a_clean_manifest(self, folder, tmp_path):
    made = _made(tmp_path)
    (made / 'manifest.csv').write_text(
        'file,class,background\na/00000.png,a,a/train/0.png\n')
    assert 'none of the 1 backgrounds' in self._check(folder, made)[1]

  def test_images_that_the_manifest_lacks_are_told(self, folder, tmp_path):
    made = _made(tmp_path)  # Six.
    (made / 'manifest.csv').write_text(
        'file,class,background\na/00000.png,a,a/train/0.png\n')
    assert '5 of its images are not in its manifest' in self._check(folder, made)[2]

  @pytest.mark.parametrize('content', [
      b'', b'file,class\na/00000.png,a\n', b'background\nx\n', b'\xff\xfe',
      b'file,background\na,' + b'x' * 200_000], ids=lambda x: x[:9])
  def test_a_damaged_manifest(self, folder, tmp_path, content):
    made = _made(tmp_path)
    (made / 'manifest.csv').write_bytes(content)
    _fails(tmp_path, folder, made, 'manifest.csv', 'no manifest of --mode generate')
    with pytest.raises(UserError, match='manifest.csv is no manifest'):
      origins.changes(dataset.load_info(folder), sets.open_folder(made, 'generated'))

  @pytest.mark.parametrize('content', [
      '{"groups": [', '{}', '[]', '{"groups": [{"members": 3}], "duplicates": []}',
      '{"groups": [{}], "duplicates": []}'])
  def test_a_damaged_audit(self, folder, tmp_path, content):
    lone = shutil.copytree(folder, tmp_path / 'data')
    (lone / 'audit.json').write_text(content)
    _fails(tmp_path, lone, _made(tmp_path), 'audit.json is damaged: build')

  def test_the_run_beside_it(self, folder, tmp_path):
    """The run's data set is another split, with a test image in train."""
    made = _made(tmp_path)
    splits = worlds.plain_splits(3, 3)
    splits['train'] += splits['test'][:1]
    other = worlds.write_dataset(tmp_path / 'other', splits)
    config = tmp_path / 'config.json'
    def trained_on(data, content=None):
      content = content or dataset.load_info(data).content
      config.write_text(json.dumps(
          {'data_dir': str(data), 'dataset': {'content': content}}))
      _note(made, content)
    trained_on(other)
    _fails(tmp_path, folder, made, 'a/test/0.png', 'trained on test images')
    trained_on(folder)
    assert 'none of the 9 images' in self._check(folder, made)[2]
    # The run's own list of them says more than a data set that may have changed.
    listed = tmp_path / 'trained_on.json'
    listed.write_text(json.dumps(['a/train/0.png', 'b/test/1.png']))
    _fails(tmp_path, folder, made, 'b/test/1.png', 'trained on test images')
    for damaged in '[[', '"abc"', '{"a": 1}', '[]', '[1]', 'null':
      listed.write_text(damaged)
      _fails(tmp_path, folder, made, 'trained_on.json is damaged')
    listed.unlink()
    # A data set that has changed at that place says nothing of what was trained on.
    trained_on(other, dataset.load_info(folder).content)
    assert 'is gone or another by now' in self._check(folder, made)[2]

  def test_a_run_beside_it_that_made_other_images(self, folder, tmp_path):
    """Its list is not believed, whether it is clean or not."""
    made = _made(tmp_path)
    content = dataset.load_info(folder).content
    (tmp_path / 'config.json').write_text(json.dumps(
        {'data_dir': str(folder), 'dataset': {'content': content}}))
    listed = tmp_path / 'trained_on.json'
    for names in ['a/train/0.png'], ['b/test/1.png']:
      listed.write_text(json.dumps(names))
      # Another data set; files, on which any weights may paint; nothing noted.
      for noted in ('other', {'split': 'train'}), (content, {'files': 'f'}), ():
        if noted:
          _note(made, *noted)
        else:
          (made / 'provenance.json').unlink()
        assert 'the run that made it is not beside it' in self._check(folder, made)[2]

  def test_the_weights_tell_which_run_made_it(self, folder, tmp_path):
    """Even where images were painted on files, whatever data set was at hand then."""
    from pegan_jax.runs.checkpoints.store import Checkpoints
    made = _made(tmp_path)
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(2, {'x': np.arange(3.0, dtype=np.float32)}, {}, {})
    digest = checkpoints.restore({'x': np.zeros(3, np.float32)}).digest
    checkpoints.close()
    (tmp_path / 'trained_on.json').write_text(json.dumps(['b/test/1.png']))
    _note(made, 'other', {'files': 'f'}, weights=digest)
    _fails(tmp_path, folder, made, 'b/test/1.png', 'trained on test images')
    _note(made, 'other', {'files': 'f'}, weights='of others')
    assert 'the run that made it is not beside it' in self._check(folder, made)[2]

  def test_backgrounds_of_the_same_names_in_a_folder_of_files(self, folder, tmp_path):
    """These are not the test images of the same names."""
    made = _made(tmp_path)
    (made / 'manifest.csv').write_text(
        'file,class,background\na/00000.png,a,b/test/1.png\n')
    _fails(tmp_path, folder, made, 'b/test/1.png', 'manifest')
    _note(made, dataset.load_info(folder).content, {'files': 'f'})
    said = self._check(folder, made)
    assert 'painted on a folder of files' in said[1] and 'not known' in said[1]

  def test_a_test_image_itself(self, folder, tmp_path):
    made = _made(tmp_path)
    _, test = images.load_splits(dataset.load_info(folder))
    worlds.write_images(tmp_path / 'copy', {'a': test.pixels[:1]})
    (tmp_path / 'copy' / 'a' / '00000.png').rename(made / 'a' / 'seen.png')
    _fails(tmp_path, folder, made, 'a/seen.png')
