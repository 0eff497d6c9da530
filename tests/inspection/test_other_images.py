"""A study with clean images as a class, and one of another data set's images."""

import json

import numpy as np
import pytest

from configs import study as study_config
from inspection import worlds
from inspection.worlds import CLASSES, PixelTrainer
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset, manifest
from pegan_jax.inspection import report, study
from pegan_jax.inspection.verdict import HELPS


@pytest.fixture(autouse=True)
def no_trainings(blank_charts):  # pylint: disable=unused-argument
  PixelTrainer.trained, PixelTrainer.stop_after = [], None


def _splits(prefix, seed, clean=40, shift=0):
  """Splits with clean images, which are noise alone; `shift` makes all brighter."""
  splits = worlds.plain_splits(4, 15, seed)
  rng = np.random.default_rng(seed + 100)
  for split, count in (('train', clean), ('test', clean)):
    noise = (128 + 40 * rng.normal(size=(count, worlds.SIZE, worlds.SIZE, 1)))
    splits[split] += worlds.examples(noise.clip(0, 255).astype(np.uint8), 'background',
                                     f'{prefix}clean/{split}', 5000)
    for x in splits[split]:
      x['source'] = prefix + x['source']
      x['image'] = np.clip(x['image'].astype(int) + shift, 0, 255).astype(np.uint8)
  return splits


@pytest.fixture(scope='module')
def world(tmp_path_factory):
  """A data set, images of another day, and a folder with its own patterns."""
  folder = tmp_path_factory.mktemp('days')
  rng = np.random.default_rng(1)
  return {
      'data': worlds.write_dataset(folder / 'data', _splits('one/', 0)),
      'day': worlds.write_dataset(folder / 'day', _splits('two/', 7)),
      'planted': worlds.write_images(folder / 'planted', {
          c: worlds.draw(rng, i, 60) for i, c in enumerate(CLASSES)})}


def _study(world, out, generated='', **settings):
  config = study_config.get_config().lock()
  config.update({'data_dir': str(world['data']), 'seeds': 2,
                 'network': 'efficientnet_lite0_tuned', 'generated': str(generated),
                 **settings})
  return study.study(config, out, PixelTrainer)


def test_clean_images_are_a_class_and_what_is_found_at_few_false_alarms(world, tmp_path):
  found = _study(world, tmp_path / 'out', world['planted'], clean_class=True)
  assert found['classes'] == [*CLASSES, 'background']
  assert found['protocol']['test_images_of_classes']['background'] == 40
  arms = found['fractions']['1']['arms']
  for arm in arms.values():
    assert arm['accuracy']['value'] == pytest.approx(
        np.mean([x['value'] for x in arm['recall'].values()]))
    assert 0 <= arm['detected']['1%']['value'] <= arm['detected']['5%']['value'] <= 1
  # Sixty images of each pattern tell it from noise, and four hardly do.
  gain = arms['real+planted']['against']['real']
  assert gain['verdict'] == HELPS and gain['detected']['5%']['value'] > 0.1
  assert '=> planted: use it, as ' in report.to_text(found)
  text = report.to_text(found)
  assert 'balanced accuracy' in text and 'defects found at 5% false alarms' in text
  # Clean images are in all trainings, and generated ones with them are no arm without.
  assert {n for _, _, n in PixelTrainer.trained} == {
      12 + 40, 12 + 40 + 180, 40 + 180, 40 + 180 + 12 + 40}  # The last by turns.
  assert arms['planted']['title'] == 'planted and clean'
  assert found['fractions']['1']['real_per_class'] == dict.fromkeys(CLASSES, 4)
  # Scores are kept: nothing is trained again, whatever the fraction all clean images stay.
  count = len(PixelTrainer.trained)
  assert _study(world, tmp_path / 'out', world['planted'], clean_class=True) == found
  assert len(PixelTrainer.trained) == count
  _study(world, tmp_path / 'out', clean_class=True, fractions=(0.5,))
  assert {n for _, _, n in PixelTrainer.trained[count:]} == {6 + 40}


def test_images_of_another_day_are_the_test_images(world, tmp_path):
  found = _study(world, tmp_path / 'out', test=str(world['day']))
  assert found['protocol']['test_images'] == 3 * (4 + 15)
  assert found['checks']['test images'] == ['no test image equals a training image']
  assert f'groups, of {world["day"]}' in report.to_text(found)
  clean = _study(world, tmp_path / 'clean', test=str(world['day']), clean_class=True)
  assert clean['protocol']['test_images_of_classes']['background'] == 80
  json.dumps(clean)


def _day(tmp_path, change, classes=CLASSES):
  """A data set of another day whose splits were changed."""
  splits = _splits('two/', 9)
  change(splits)
  return worlds.write_dataset(tmp_path / 'day', splits, classes)


def _rename(splits):
  for split in splits.values():
    for x in split:
      x['label'] = {'c': 'd'}.get(x['label'], x['label'])


def _half(splits):
  for split in splits.values():
    for x in split:
      x['image'] = x['image'][::2, ::2]


def _copy(splits):
  splits['test'][3]['image'] = _splits('one/', 0)['train'][0]['image']


@pytest.mark.parametrize('change, classes, words', [
    (_rename, ['a', 'b', 'd'], ['the classes a, b, d', 'a, b, c', '--classes']),
    (_half, CLASSES, ['crops of 8 pixels', 'crops of 16 pixels', '--image_size']),
    (_copy, CLASSES, ['were trained on: two/a/test/3.png'])])
def test_images_of_another_day_that_do_not_fit_are_refused(
    world, tmp_path, change, classes, words):
  with pytest.raises(UserError) as e:
    _study(world, tmp_path / 'out', test=str(_day(tmp_path, change, classes)))
  assert all(word in str(e.value) for word in words), str(e.value)
  assert not PixelTrainer.trained


def test_a_name_that_both_days_have_is_no_sign_and_another_one_is(world, tmp_path):
  day = worlds.write_dataset(tmp_path / 'day', _splits('one/', 9))
  made = worlds.write_images(tmp_path / 'made', {
      c: worlds.draw(np.random.default_rng(2), i, 4) for i, c in enumerate(CLASSES)})
  def paint_on(background):
    manifest.write(made, manifest.CROPS, [
        {'file': f'{c}/{i:05d}.png', 'background': background}
        for c in CLASSES for i in range(4)])
  info = dataset.load_info(world['data'])
  records = dataset.Records(info, 'train')
  paint_on(records.sources(records.find(info.background)[:1])[0])
  found = _study(world, tmp_path / 'out', made, test=str(day))
  said = found['checks']['test images'][1]
  assert 'photographs have one name in both data sets' in said and 'not known' in said
  assert 'NOT KNOWN  test images: ' in report.to_text(found)
  paint_on('one/a/test/0.png')
  with pytest.raises(UserError, match='made from test images, as its manifest says'):
    _study(world, tmp_path / 'out', made, test=str(day))


def test_clean_test_images_are_needed(tmp_path):
  splits = worlds.plain_splits(4, 15)
  splits['train'] += worlds.examples(
      worlds.draw(np.random.default_rng(0), 5, 10), 'background', 'clean', 5000)
  world = {'data': worlds.write_dataset(tmp_path / 'data', splits)}
  with pytest.raises(UserError, match='the test split of .* has no backgrounds, and '
                     'config.clean_class needs some'):
    _study(world, tmp_path / 'out', clean_class=True)
