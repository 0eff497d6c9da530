"""A data set's folder is data: damaged files are sentences, and no name is code."""

import json
import shutil
import sys
import types

import pytest

from pegan_jax import methods
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.metrics import reports
from pegan_jax.training import sample_grids
from conftest import PixelExtractor

_LEGACY = {'type': 'planted.Z', 'content': {}}
_DICT = 'tensorflow_datasets.core.features.features_dict.FeaturesDict'


@pytest.fixture
def folder(two_classes_dir, tmp_path):
  return shutil.copytree(two_classes_dir, tmp_path / 'set')


def _edit(path, change):
  content = json.loads(path.read_text())
  path.write_text(json.dumps(change(content)))


def _class_of_group(key):
  def change(features):
    group = features['featuresDict']['features']['group']
    del group['pythonClassName']
    group[key] = 'planted.Z'
    return features
  return change


@pytest.mark.parametrize('change', [
    _class_of_group('pythonClassName'), _class_of_group('python_class_name'),
    lambda _: _LEGACY,
    lambda _: {'pythonClassName': _DICT,
               'jsonFeature': {'json': json.dumps({'group': _LEGACY})}},
    lambda features: features | {'pythonClassName': 'tensorflow_datasets.planted.Z'},
], ids=['json', 'proto', 'old', 'json in json', 'beside tfds'])
def test_no_module_is_imported(folder, tmp_path, monkeypatch, change):
  (tmp_path / 'planted.py').write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
  monkeypatch.syspath_prepend(tmp_path)
  _edit(folder / 'features.json', change)
  with pytest.raises(UserError, match='planted.Z.* is no feature of tensorflow'):
    dataset.load_info(folder)
  assert not (tmp_path / 'ran').exists() and 'planted' not in sys.modules


@pytest.mark.parametrize('name', [
    'features.json', 'dataset_info.json', 'metadata.json', 'label.labels.txt'])
@pytest.mark.parametrize('content', [b'', b'{"image', b'\xff\xfe', b'[1]', b'null'])
def test_a_damaged_file_is_named(folder, name, content):
  (folder / name).write_bytes(content)
  with pytest.raises(UserError) as error:
    dataset.load_info(folder)
  text = str(error.value)
  assert str(folder) in text and 'Error' not in text
  assert name in text or 'the last must be background' in text or 'labels' in text


@pytest.mark.parametrize('content, key', [
    ({'max_value': 0}, 'max_value'), ({'max_value': 'x'}, 'max_value'),
    ({'window': 0}, 'window')])
def test_metadata_that_is_none(folder, content, key):
  (folder / 'metadata.json').write_text(json.dumps(content))
  with pytest.raises(UserError, match=f'no number for {key}'):
    dataset.load_info(folder)


def test_a_missing_label_file_does_not_make_numbers_of_classes(folder):
  (folder / 'label.labels.txt').unlink()
  with pytest.raises(UserError, match='label.labels.txt is damaged or missing'):
    dataset.load_info(folder)


def test_a_label_that_is_gone_does_not_shift_the_others(folder):
  (folder / 'label.labels.txt').write_text('pa\n\nbackground\n')
  with pytest.raises(UserError, match='label.labels.txt'):
    dataset.load_info(folder)


def test_examples_of_another_kind(folder):
  def change(features):
    del features['featuresDict']['features']['source']
    return features
  _edit(folder / 'features.json', change)
  with pytest.raises(UserError, match='have no source'):
    dataset.load_info(folder)


def test_no_test_split_holds_nothing_out(folder):
  _edit(folder / 'dataset_info.json', lambda info: info | {
      'splits': [s for s in info['splits'] if s['name'] == 'train']})
  info = dataset.load_info(folder)
  records = dataset.Records(info, 'test')
  assert records.labels.shape == (0,) and not len(records.find(info.background))
  assert records.sources([]) == []
  assert reports.split_features(PixelExtractor(), info, 'test') is None
  assert len(dataset.Records(info, 'train').labels)
  config = types.SimpleNamespace(seed=0, num_samples=2)
  _, defects, *_ = sample_grids._inputs(types.SimpleNamespace(
      info=info, config=config, method=methods.get('pegan'), matched=False))
  assert len(defects) == 2  # Of those that are trained on.


def test_any_other_split_is_refused_by_the_names_there_are(folder):
  info = dataset.load_info(folder)
  with pytest.raises(UserError, match="no split 'valid': choose from train, test"):
    dataset.Records(info, 'valid')


def test_a_missing_shard(folder):
  info = dataset.load_info(folder)
  next(folder.glob('*train*array_record*')).unlink()
  with pytest.raises(UserError, match='build the data set again'):
    dataset.Records(info, 'train')


def _split_change(**changed):
  def change(info):
    info['splits'][0] |= changed
    return info
  return change


@pytest.mark.parametrize('change, words', [
    (lambda info: info | {'name': '../other/steel_defects'}, "'../other/steel_defects'"),
    (lambda info: info | {'name': 'mnist'}, "names 'mnist', which is not what"),
    (_split_change(
        filepathTemplate='../other/{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}'),
     'other.* is in another folder'),
    (_split_change(name='../other/train'), 'other.*another folder')])
def test_no_other_folders_shards_are_read(folder, two_classes_dir, change, words):
  shutil.copytree(two_classes_dir, folder.parent / 'other')
  _edit(folder / 'dataset_info.json', change)
  with pytest.raises(UserError, match=words):
    dataset.load_info(folder)


def test_the_content_is_that_of_the_shards_that_are_read(folder):
  content = dataset.load_info(folder).content
  shard = next(folder.glob('*train*array_record*'))
  shutil.copy(shard, f'{shard}.bak')
  (folder / 'x.array_record-00000-of-00001').write_bytes(b'other')
  assert dataset.load_info(folder).content == content


@pytest.mark.parametrize('left', ['provenance.json', 'audit.json'])
def test_a_built_set_without_its_rules_is_damaged(folder, left):
  for name in {'provenance.json', 'audit.json'} - {left}:
    (folder / name).unlink()
  path = folder / 'metadata.json'
  path.write_text('{}')
  with pytest.raises(UserError, match='no number for max_value'):
    dataset.load_info(folder)
  path.unlink()
  with pytest.raises(UserError, match='metadata.json is missing: build it again'):
    dataset.load_info(folder)
  path.mkdir()
  with pytest.raises(UserError, match='metadata.json is missing'):
    dataset.load_info(folder)
  path.rmdir()
  (folder / left).unlink()
  assert dataset.load_info(folder).max_value == 255  # One that another tool wrote.


@pytest.mark.parametrize('shape', [(64, 64, 1), (32, 32, 3)])
def test_images_of_another_shape_than_is_said(folder, shape):
  def change(features):
    said = features['featuresDict']['features']['image']['image']['shape']
    said['dimensions'] = [str(side) for side in shape]
    return features
  _edit(folder / 'features.json', change)
  with pytest.raises(UserError, match=r'shape \(32, 32, 1\), and its features.json says'):
    dataset.load_info(folder)


@pytest.mark.parametrize('content, words', [
    ('sc\npa\nbackground\n', 'label.labels.txt are not in order'),
    ('\ufeffpa\nsc\nbackground\n', 'has a byte order mark')])
def test_labels_that_an_editor_changed(folder, content, words):
  (folder / 'label.labels.txt').write_text(content, 'utf-8')
  with pytest.raises(UserError, match=words):
    dataset.load_info(folder)
