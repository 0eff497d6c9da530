"""The study of segmenters on worlds with a known answer, and what it refuses."""

import json

import numpy as np
from PIL import Image
import pytest

from configs import study as study_config
from conftest import assert_drawn
from inspection import squares, worlds
from inspection.squares import CLASSES
from pegan_jax.common import config_files
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset, manifest
from pegan_jax.inspection import tasks, verdict
from pegan_jax.inspection.localise import arms, bench, crops, figures, report, study
from pegan_jax.inspection.localise.settings import Settings
from pegan_jax.inspection.verdict import HELPS, HURTS, NO_EVIDENCE, UNTOLD
from pegan_jax.reporting import answer, commands, source as page, study as page_study


class GreySegmenter:
  """Stands in for `Segmenter`: the share of defects among the pixels of each grey level."""
  trained = []
  stop_after = None

  def __init__(self, settings, images, masks):
    del settings
    self._images, self._masks = images[..., 0], masks

  def train_on(self, rows, seed, progress):
    if len(GreySegmenter.trained) == GreySegmenter.stop_after:
      raise KeyboardInterrupt
    GreySegmenter.trained.append((seed, rows))
    progress(len(rows))
    found = self._images[rows.ravel()], self._masks[rows.ravel()]
    true = np.bincount(found[0][found[1]], minlength=256)
    return (true + 0.01) / (np.bincount(found[0].ravel(), minlength=256) + 1), 0.0

  def scores(self, state, images):
    return state[images[..., 0]]


@pytest.fixture(autouse=True)
def quick(blank_charts, monkeypatch):  # pylint: disable=unused-argument
  GreySegmenter.trained, GreySegmenter.stop_after = [], None
  monkeypatch.setattr(verdict, 'RESAMPLES', 300)


@pytest.fixture(scope='module')
def world(tmp_path_factory):
  """A data set with three real crops per class, and generated ones with masks."""
  folder = tmp_path_factory.mktemp('localise')
  data = worlds.write_dataset(folder / 'data', squares.splits(), CLASSES)
  images, inside = squares.draw(np.random.default_rng(5), 60)
  real = crops.load(dataset.load_info(data)).defects
  return {
      'data': data, 'planted': squares.write_generated(folder / 'planted', images, inside),
      'wrong': squares.write_generated(folder / 'wrong', images, ~inside),
      'copies': squares.write_generated(folder / 'copies', real.pixels, real.inside)}


def _config(world, *names, **settings):
  config = study_config.get_config().lock()
  config.localise.steps = 20
  config.update({'data_dir': str(world['data']), 'seeds': 3, 'task': 'localise',
                 'generated': ','.join(str(world[n]) for n in names), **settings})
  return config


def _study(world, out, *names, **settings):
  return study.study(_config(world, *names, **settings), out, GreySegmenter)


def test_true_masks_help_wrong_ones_hurt_and_copies_change_nothing(
    world, tmp_path, capsys, monkeypatch):
  monkeypatch.undo()  # Here the chart is drawn.
  monkeypatch.setattr(verdict, 'RESAMPLES', 300)
  found = _study(world, tmp_path / 'out', 'planted', 'wrong', 'copies')
  known = found['fractions']['1']['arms']
  verdicts = {name: arm['against']['verdict'] for name, arm in known.items()
              if 'against' in arm}
  assert verdicts == {'real+planted': HELPS, 'planted': HELPS, 'real+wrong': HURTS,
                      'wrong': HURTS, 'real+copies': NO_EVIDENCE, 'copies': NO_EVIDENCE}
  assert set(known['real+planted']['against']['higher']) == {'a', 'b'}
  assert len(GreySegmenter.trained) == 3 * 7
  text = report.to_text(found)
  assert '=> planted: use it, a segmenter finds more' in text
  assert '=> wrong: do not use it' in text and '=> copies: no evidence' in text
  assert 'task       localise: where are defects?' in text
  assert '24 test crops with defects in 24 groups, 20 clean ones' in text
  assert 'too few    3 seeds' in text
  for arm in known.values():  # The exact figure, which the histogram comes near to.
    assert arm['pixel_ap']['value'] == pytest.approx(np.mean(arm['by_seed']))
    assert arm['pixel_ap']['low'] < arm['pixel_ap']['value'] < arm['pixel_ap']['high']
    assert list(arm['figures']) == list(figures.TITLES)
  saved = json.loads((tmp_path / 'out' / 'study.json').read_text('utf-8'))
  assert saved == json.loads(json.dumps(found))
  assert (tmp_path / 'out' / 'study.md').read_text('utf-8').count('|---') >= 2
  assert_drawn(tmp_path / 'out' / 'study.png')
  assert capsys.readouterr().out == text + f'written to {tmp_path / "out"}\n'


def test_it_goes_on_where_it_stopped_and_forgets_what_is_damaged(world, tmp_path):
  GreySegmenter.stop_after = 4
  with pytest.raises(KeyboardInterrupt):
    _study(world, tmp_path, 'planted')
  GreySegmenter.stop_after = None
  found = _study(world, tmp_path, 'planted')
  assert len(GreySegmenter.trained) == 9  # Three arms, three seeds, each once.
  first = sorted((tmp_path / 'runs').iterdir())[0]
  first.write_bytes(first.read_bytes()[:100])
  assert _study(world, tmp_path, 'planted') == found
  assert len(GreySegmenter.trained) == 10
  _study(world, tmp_path, 'planted', 'copies', seeds=4)
  assert len(GreySegmenter.trained) == 10 + 3 + 2 * 4


def test_every_arm_has_the_same_steps_and_its_share_of_each_kind(world, tmp_path):
  _study(world, tmp_path, 'planted', fractions=(0.67, 1.0))
  real, mixed, made = (rows for seed, rows in GreySegmenter.trained[:7:3] if not seed)
  assert {rows.shape for _, rows in GreySegmenter.trained} == {(20, 24)}
  clean = np.arange(6, 18)  # Six real crops come before, and 120 generated ones after.
  for rows in (real, mixed, made):
    assert (np.isin(rows, clean).sum(1) == 5).all()
    counts = [np.count_nonzero(rows == i) for i in clean]
    assert max(counts) - min(counts) <= 1
  assert real.max() < 18 and not (made < 6).any()
  assert len(np.unique(real[real < 6])) == 4  # Two frames of each class.
  assert (mixed < 6).sum() == pytest.approx(0.5 * 19 * 20, abs=2)
  # Arms without real crops are the same at every fraction.
  assert len(GreySegmenter.trained) == 3 * 5


def test_frames_are_chosen_whole_and_nested():
  names = [f'images/{frame}.png[{i},0,9,9]' for frame in 'pqrstuvw' for i in range(3)]
  labels = np.repeat([0, 1], 12)
  found = crops.Crops(np.zeros((24, 2, 2, 1), np.uint8), labels, names, np.arange(24),
                      np.ones((24, 2, 2), bool))
  before = set()
  for fraction, count in ((0.01, 2), (0.5, 2), (0.75, 3), (1, 4)):
    chosen = found.of_share(fraction, 0)
    assert len(chosen) == 2 * 3 * count and before <= set(chosen)
    assert len(set(found.frames()[chosen])) == 2 * count
    before = set(chosen)
  assert (found.of_share(0.5, 0) != found.of_share(0.5, 1)).any()


def test_boxes_stand_in_for_masks_and_what_is_missing_is_said(world, tmp_path):
  splits = squares.splits(clean=0, kinds=('box', 'none'))
  data = worlds.write_dataset(tmp_path / 'data', splits, CLASSES)
  found = _study(world | {'data': data}, tmp_path / 'out', 'planted')
  assert found['classes'] == ['a'] and found['protocol']['truth'] == {'a': 'box'}
  assert found['generated'] == {'planted': {'a': 60}}
  text = report.to_text(found)
  assert 'b: left out, as not both splits have masks or boxes of it' in text
  assert 'a: there are boxes and no masks, so that the truth is the whole of each' in text
  assert 'there are no clean test crops' in text and '--test_clean=0.2' in text
  assert found['fractions']['1']['arms']['real']['figures']['image_auroc'] is None


def test_masks_are_read_by_what_the_manifest_calls_them(world, tmp_path):
  info = dataset.load_info(world['data'])
  images, inside = squares.draw(np.random.default_rng(5), 4)
  made = squares.write_generated(tmp_path / 'made', images, inside)
  beside = tmp_path / 'made_annotations' / 'masks' / 'a'
  faint = 40 * inside[0].astype(np.uint8)  # Relative to its maximum, all of it.
  faint[0, 0] = 19
  Image.fromarray(faint).save(beside / '00000.png')
  Image.fromarray(np.full((16, 16), 9, np.uint8)).save(beside / '00001.png')  # A veil.
  load = lambda: crops.load_generated(info, 'made', made, 0, {'a': 'mask', 'b': 'mask'})
  found, _, notes = load()
  assert notes == ['made: 1 images whose masks show no defect'] and len(found) == 7
  np.testing.assert_array_equal(found.inside[0], inside[0])
  manifest.write(made, manifest.CROPS, [
      {'file': f'{c}/{i:05d}.png', 'class': c, 'mask': 'change'}
      for c in CLASSES for i in range(4)])
  faint[0, 0] = 26  # A change is absolute.
  Image.fromarray(faint).save(beside / '00000.png')
  assert load()[0].inside[0].sum() == inside[0].sum() + (not inside[0, 0, 0])
  Image.fromarray(faint[:8]).save(beside / '00000.png')
  with pytest.raises(UserError, match='16x8 pixels, and its image 16x16'):
    load()
  (beside / '00000.png').unlink()
  with pytest.raises(UserError, match='has no masks of a/00000.png'):
    load()


@pytest.mark.parametrize('settings, said', [
    ({'network': 'resnet18'}, "'resnet18' does not localise: .* choose .* from unet"),
    ({'network': 'unet', 'task': 'classify'}, "there is no inspector 'unet'"),
    ({'task': 'find'}, "task is 'find': choose classify or localise"),
    ({'filter': 'only', 'generated': 'x'}, 'filter is for --config.task=classify'),
    ({'clean_class': True}, 'clean_class is for --config.task=classify'),
    ({'test': 'x'}, 'test is for --config.task=classify'),
    ({'seeds': 1}, 'seeds is 1: an interval needs 2'),
    ({'localise': {'clean_share': 0.0}}, 'of 24 crops in a batch 0'),
    ({'localise': {'steps': 0}}, 'localise.steps is 0')])
def test_settings_that_make_no_sense_are_refused(world, tmp_path, settings, said):
  with pytest.raises(UserError, match=said):
    tasks.study(_config(world, 'planted', **settings), tmp_path)


def test_images_that_the_test_crops_had_a_part_in_are_refused(world, tmp_path):
  images, inside = squares.draw(np.random.default_rng(5), 4)
  made = squares.write_generated(tmp_path / 'made', images, inside)
  manifest.write(made, manifest.CROPS, [
      {'file': f'{c}/{i:05d}.png', 'class': c, 'background': f'background/test/{i}.png'}
      for c in CLASSES for i in range(4)])
  with pytest.raises(UserError, match='was made from test images, as its manifest says'):
    _study(world | {'made': made}, tmp_path / 'out', 'made')
  worlds.write_images(tmp_path / 'bare', {'a': images})
  with pytest.raises(UserError, match='has no masks in .*bare_annotations/masks'):
    _study(world | {'bare': tmp_path / 'bare'}, tmp_path / 'out', 'bare')


def test_a_real_segmenter_is_studied_by_the_mode(world, tmp_path):
  config = _config(world, fractions=(1.0,), seeds=2)
  config.localise.update({'width': 0.34, 'steps': 2, 'batch_size': 5})
  found = tasks.study(config, tmp_path)
  assert found['protocol']['network'] == 'unet'
  assert list(found['fractions']['1']['arms']) == [arms.REAL]
  again = bench.Bench(
      Settings.of(config), crops.load(dataset.load_info(world['data'])), {},
      tmp_path / 'runs').run(arms.plan([]), [1.0], 2)
  assert [x.figures[0] for x in again[1.0, arms.REAL]] == (
      found['fractions']['1']['arms'][arms.REAL]['by_seed'])


def test_figures_of_perfect_and_of_empty_scores():
  _, inside = squares.draw(np.random.default_rng(0), 4)
  inside[3] = False
  perfect, empty = (figures.measure(x, inside) for x in (1. * inside, 0. * inside))
  assert dict(zip(figures.TITLES, perfect.figures)) == pytest.approx(
      dict.fromkeys(figures.TITLES, 1))
  share = inside.mean()
  np.testing.assert_allclose(
      empty.figures, [share, 0.5, 0.5, 0.15, 0, 0, 0], atol=1e-9)


def test_the_page_tells_it(world, tmp_path):
  found = _study(world, tmp_path / 'study', 'planted')
  config = config_files.load('default').get_config()
  config.data_dir = str(world['data'])
  source = page.Source(config, tmp_path)
  part = page_study.collect(source)
  assert part['figure'].startswith('pixel AP, the area')
  assert part['rows'][0][2] == 'over real'
  assert part['sentences'] == [f'{x}.' for x in report.conclusions(found)]
  assert part['sentences'][0].startswith('planted: use it, a segmenter finds more')
  said = answer.collect(source)['study']
  assert [': '.join(x) for x in said] == part['sentences']
  assert all(advice.startswith('planted: ') and 'pixel AP' in rest for advice, rest in said)
  assert any('3 seeds' in x for x in part['cautions'])
  command, = (x['command'] for x in commands.collect(source)['commands']
              if x['stage'] == 'study')
  for flag in ('task=localise', 'network=unet', 'localise.steps=20', 'seeds=3'):
    assert f'--config.{flag}' in command


def test_too_few_groups_give_no_verdict(world, tmp_path):
  """However clear the difference is."""
  splits = squares.splits()
  for example in splits['test']:
    example['group'] %= 8
  data = worlds.write_dataset(tmp_path / 'data', splits, CLASSES)
  found = _study(world | {'data': data}, tmp_path / 'out', 'planted')
  against = found['fractions']['1']['arms']['planted']['against']
  assert against['low'] > 0 and against['verdict'] == UNTOLD
  assert not against['higher']
  assert 'groups of test crops, 8: an interval from fewer than 10 is too narrow' in (
      report.to_text(found))
