"""The study on worlds with a known answer, and how it resumes."""

import json

import numpy as np
import pytest

from configs import study as study_config
from inspection import worlds
from inspection.worlds import CLASSES, PixelTrainer, Tiny
from conftest import assert_drawn
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset, manifest
from pegan_jax.inspection import arms, images, report, study, training
from pegan_jax.inspection.verdict import HELPS, HURTS


@pytest.fixture(autouse=True)
def no_trainings(blank_charts):  # pylint: disable=unused-argument
  PixelTrainer.trained, PixelTrainer.stop_after = [], None


@pytest.fixture(scope='module')
def world(tmp_path_factory):
  """A data set of four images per class, and three generators' folders."""
  folder = tmp_path_factory.mktemp('world')
  rng = np.random.default_rng(1)
  made = {c: worlds.draw(rng, i, 60) for i, c in enumerate(CLASSES)}
  noise = {c: rng.integers(0, 256, (60, worlds.SIZE, worlds.SIZE, 1), np.uint8)
           for c in CLASSES}
  rotated = dict(zip(CLASSES, [made['b'], made['c'], made['a']]))
  return {
      'data': worlds.write_dataset(folder / 'data', worlds.plain_splits()),
      'planted': worlds.write_images(folder / 'planted', made),
      'noise': worlds.write_images(folder / 'noise', noise),
      'permuted': worlds.write_images(folder / 'permuted', rotated)}


def _study(world, out, *names, extractor=None, **settings):
  """The study of a world's folders with `PixelTrainer`, three seeds by default.

  Its network is pretrained by default, so that no other is compared with it.
  """
  config = study_config.get_config().lock()
  config.update({'data_dir': str(world['data']), 'seeds': 3,
                 'network': 'efficientnet_lite0_tuned',
                 'generated': ','.join(str(world[n]) for n in names), **settings})
  return study.study(config, out, PixelTrainer, extractor)


def _verdicts(found, name, fraction='1'):
  known = found['fractions'][fraction]['arms']
  return [known[arm]['against'][known[arm]['reference']]['verdict']
          for arm in (f'real+{name}', f'augmented+{name}')]


def test_information_helps_noise_does_not_and_wrong_labels_hurt(
    world, tmp_path, capsys, monkeypatch):
  monkeypatch.undo()  # Here the chart is drawn.
  found = _study(world, tmp_path / 'out', 'planted', 'noise', 'permuted')
  assert _verdicts(found, 'planted') == [HELPS, HELPS]
  assert HELPS not in _verdicts(found, 'noise')
  assert _verdicts(found, 'permuted') == [HURTS, HURTS]
  # Every arm trained with every seed, on what its name says.
  assert len(PixelTrainer.trained) == 3 * (3 + 3 * 5)
  assert {n for _, _, n in PixelTrainer.trained} == {12, 180, 192}
  text = report.to_text(found)
  assert '=> planted: use it' in text
  assert '=> permuted: do not use it' in text
  assert '=> noise: use it' not in text
  assert 'real + permuted: HURTS (-' in text
  # A difference has one interval, wherever it is told.
  part = found['fractions']['1']
  for decided in part['decisions'].values():
    assert part['arms'][decided['arm']]['level'] == 1 - 0.05 / 4
    told = part['arms'][decided['arm']]['against'][decided['over']]['accuracy']
    assert told == {key: decided[key] for key in ('value', 'low', 'high')}
    assert report._points(told) in text.partition('=>')[0]
  assert {arm['level'] for arm in part['arms'].values() if not arm['generated']} == {0.95}
  assert 'over real only; 90 test images); recall lower for b -54 (30 images), c' in text
  assert 'too few    3 seeds: intervals have 2.2 times their spread, and 1.4' in text
  saved = json.loads((tmp_path / 'out' / 'study.json').read_text('utf-8'))
  assert saved == json.loads(json.dumps(found))
  assert (tmp_path / 'out' / 'study.md').read_text('utf-8').count('|---') >= 2
  assert_drawn(tmp_path / 'out' / 'study.png')
  # Accuracy by hand, of one training.
  lines = [x for x in capsys.readouterr().err.splitlines() if 'seed 2' in x]
  assert len(lines) == 18
  # What is enough, and what is not.
  assert 'too few    40 steps, as 12 images give few of 64: ' in report.to_text(found)
  found['protocol'] |= {'seeds': 5, 'too_few_steps': ''}
  assert 'too few' not in report.to_text(found)
  found['protocol'] |= {'seeds': 3, 'test_groups_of_classes': {'a': 30, 'b': 9, 'c': 1}}
  assert 'too few    groups of test images, 9 of b, 1 of c: ' in report.to_text(found)
  found['protocol']['test_groups'] = 9
  assert 'groups of test images, 9: an interval from fewer than 10 is too narrow, so ' in (
      report.to_text(found))


def test_what_is_not_accepted_is_left_out_and_counted(world, tmp_path, capsys):
  """An image of noise that the manifest rejects is as if it were not in the folder."""
  rng = np.random.default_rng(3)
  pixels = {c: worlds.draw(rng, i, 8) for i, c in enumerate(CLASSES)}
  pixels['b'][2:5] = pixels['c'][7] = rng.integers(0, 256, pixels['a'].shape[1:])
  made = worlds.write_images(tmp_path / 'made', pixels)
  rows = [{'file': f'{c}/{i:05d}.png', 'class': c, 'background': ''}
          for c in CLASSES for i in range(8)]
  def accept(bad, column='accepted'):
    manifest.write(made, ('file', 'class', 'background', column), [
        row | {column: 'no' if row['file'] in bad else 'yes'} for row in rows])
  bad = {'b/00002.png', 'b/00003.png', 'b/00004.png', 'c/00007.png'}
  accept(bad, 'mask')  # A manifest that does not say: all are used.
  world = world | {'made': made}
  whole = _study(world, tmp_path / 'whole', 'made')
  assert whole['generated']['made'] == {'a': 8, 'b': 8, 'c': 8}
  assert whole['rejected'] == {'made': {}} and not whole['notes']
  accept(bad)
  found = _study(world, tmp_path / 'out', 'made')
  assert found['generated']['made'] == {'a': 8, 'b': 5, 'c': 7}
  assert found['rejected'] == {'made': {'b': 3, 'c': 1}}
  said = 'made: 3 of b, 1 of c, which its manifest says are not accepted'
  printed = capsys.readouterr()
  assert f'left out   {said}' in printed.out and said in printed.err
  # The choice of some is among the accepted ones.
  info = dataset.load_info(world['data'])
  _, folder, _ = images.load_generated(info, made, 5)
  assert folder.names('b') == [f'b/0000{i}.png' for i in (0, 1, 5, 6, 7)]
  for name in bad:  # Every figure is that of a folder without them.
    (made / name).unlink()
  (made / manifest.FILE).unlink()
  without = _study(world, tmp_path / 'without', 'made')
  assert without['fractions'] == found['fractions'] != whole['fractions']


def test_too_few_accepted_images_are_refused(world, tmp_path):
  pixels = {c: worlds.draw(np.random.default_rng(3), i, 3) for i, c in enumerate(CLASSES)}
  made = worlds.write_images(tmp_path / 'made', pixels)
  manifest.write(made, manifest.CROPS, [
      {'file': f'{c}/{i:05d}.png', 'accepted': 'yes' if i < left else 'no'}
      for c, left in zip(CLASSES, (0, 2, 1)) for i in range(3)])
  with pytest.raises(UserError, match=r'too few accepted images, none of 3 of a, '
                     '1 of 3 of c, as its manifest says, and an inspector takes 2 or more'):
    _study(world | {'made': made}, tmp_path / 'out', 'made')
  assert not PixelTrainer.trained


@pytest.mark.parametrize('together', [False, True])
def test_it_goes_on_by_arm_and_seed(world, tmp_path, monkeypatch, together):
  """Or by arm alone, where the seeds of one are trained together."""
  monkeypatch.setattr(training, 'together', lambda size: together)
  out = tmp_path / 'out'
  PixelTrainer.stop_after = 4
  with pytest.raises(KeyboardInterrupt):
    _study(world, out, 'planted', seeds=2)
  assert len(list((out / 'runs').iterdir())) == 4
  PixelTrainer.stop_after = None
  first = _study(world, out, 'planted', seeds=2)
  assert len(PixelTrainer.trained) == 2 * 8
  assert len(set(PixelTrainer.trained)) == 14  # The stand-in knows no turns.
  # Again: nothing is trained, and the report is the same.
  assert _study(world, out, 'planted', seeds=2) == first
  assert len(PixelTrainer.trained) == 16
  # A damaged result and a missing one: these two alone.
  by_arm = {}
  for path in sorted((out / 'runs').iterdir()):
    by_arm.setdefault(json.loads(path.read_text('utf-8'))['arm'], path)
  gone, damaged = list(by_arm.values())[:2]
  gone.unlink()
  damaged.write_text('{"predicted": [1]')
  assert _study(world, out, 'planted', seeds=2) == first
  done = 16 + (4 if together else 2)
  assert len(PixelTrainer.trained) == done
  # One seed more means eight trainings more; another schedule means all of them.
  _study(world, out, 'planted', seeds=3)
  done += 8 * (3 if together else 1)
  assert len(PixelTrainer.trained) == done
  _study(world, out, seeds=2, epochs=7)
  assert len(PixelTrainer.trained) == done + 6


def test_a_share_of_real_images_is_another_training_of_both_kinds_alone(
    world, tmp_path):
  def run(**settings):
    return _study(world, tmp_path / 'out', 'planted', seeds=2, **settings)
  run(real_share=0)
  found = run(real_share=0.5)
  assert len(PixelTrainer.trained) == 2 * 8 + 2 * 3
  assert '50% or more of the images of a class are real' in report.to_text(found)
  run(real_share=1 / 16)  # As many as there are.
  assert len(PixelTrainer.trained) == 2 * 8 + 2 * 3


def test_fewer_real_images_and_what_generated_ones_are_worth(world, tmp_path):
  found = _study(world, tmp_path / 'out', 'planted', seeds=2, fractions=(1, 0.5))
  assert found['fractions']['0.5']['real_per_class'] == dict.fromkeys(CLASSES, 2)
  assert {n for _, _, n in PixelTrainer.trained} == {6, 12, 180, 186, 192}
  # Generated images alone are the same at both, and trained once per seed.
  assert sum(n == 180 for _, _, n in PixelTrainer.trained) == 2
  rows = found['worth']['planted']
  assert [r['figure'] for r in rows] == ['accuracy', *CLASSES]
  assert rows[0]['real'] == 2 and rows[0]['generated'] == 60
  # Sixty good images beat the four real ones that the curve ends with.
  assert rows[0]['more_real'] is None
  assert 'more than the curve reaches to' in report.to_text(found)


def test_some_classes_are_studied_beside_real_images_of_all(
    world, tmp_path, capsys):
  rng = np.random.default_rng(1)
  made = {c: worlds.draw(rng, i, 60) for i, c in enumerate(CLASSES)}
  some = world | {'some': worlds.write_images(
      tmp_path / 'some', {c: made[c] for c in ('c', 'a')})}
  found = _study(some, tmp_path / 'out', 'some', seeds=2, fractions=(0.5, 1.0),
                 filter='compare', extractor=_by_level_and_place)
  assert list(found['fractions']['1']['arms']) == [
      'real', 'augmented', 'strong', *(f'{kind}{name}{end}' for name in (
          'some', 'some filtered') for kind, end in (
              ('real+', ''), ('augmented+', ''), ('strong+', ''), ('', ', then real')))]
  assert found['generated']['some'] == {'a': 60, 'b': 0, 'c': 60}
  assert {12, 132} <= {n for _, _, n in PixelTrainer.trained}
  note = 'some only: not trained, since it has no images of b'
  assert note in found['notes'] and note in capsys.readouterr().err
  assert f'left out   {note}' in report.to_text(found)
  assert [r['figure'] for r in found['worth']['some']] == ['accuracy', 'a', 'c']
  funnel = found['funnels']['some']
  assert set(funnel['b'].values()) == {0}
  assert funnel['a']['given'] == funnel['c']['given'] == 60
  # The labels are those of the data set: sixty images of a class teach it.
  recall = found['fractions']['1']['arms']['real+some']['against']['real']['recall']
  assert recall['a']['value'] > 0.1 and recall['c']['value'] > 0.1


def test_a_study_without_generated_images(world, tmp_path, capsys):
  out = tmp_path / 'out'
  found = _study(world, out, seeds=2)
  assert capsys.readouterr().out == f'{report.to_text(found)}written to {out}\n'
  assert list(found['fractions']['1']['arms']) == ['real', 'augmented', 'strong']
  assert 'real, augmented: NO EVIDENCE' in report.to_text(found)


class _BlindTrainer(PixelTrainer):
  """Sees a few pixels alone."""

  @staticmethod
  def _read(images):
    return images.reshape(len(images), -1)[:, :6] / 255.0


@pytest.mark.parametrize('better', [True, False])
def test_a_pretrained_network_is_advised_where_it_beats_every_arm(world, tmp_path, better):
  seen = []
  def make(settings, *args):
    seen.append(settings.network)
    return (PixelTrainer if settings.pretrained or not better else _BlindTrainer)(
        settings, *args)
  config = study_config.get_config()
  config.update({'data_dir': str(world['data']), 'seeds': 5,
                 'generated': str(world['noise']) if better else ''})
  found = study.study(config, tmp_path, make)
  part = found['fractions']['1']
  assert seen == ['resnet18', 'efficientnet_lite0']
  right = {name: arm['accuracy']['value'] for name, arm in part['arms'].items()}
  assert ('=> use a pretrained inspector instead' in report.to_text(found)) == better
  assert (part['pretrained'] is not None) == better
  if better:
    gained = part['pretrained']
    assert gained['value'] == pytest.approx(right['pretrained'] - right[gained['over']])
    assert 0 < gained['low'] < gained['value'] < gained['high']
    # It is no rival of a set, which is for the network that was asked for.
    assert part['decisions']['noise']['over'] in ('real', 'augmented', 'strong')
  study.study(config, tmp_path, make)
  assert len(seen) == 2  # Its trainings are kept as others are.


def _by_level_and_place(pixels, progress=None):
  """Features: some of the pixels."""
  del progress
  return pixels.reshape(len(pixels), -1)[:, ::16] / 255


_by_level_and_place.protocol = lambda: {'network': 'levels'}


def test_filtered_compared_with_unfiltered(tmp_path):
  """Three quarters of a folder are another class's: the filter mends it."""
  rng = np.random.default_rng(5)
  mixed = {c: np.concatenate([worlds.draw(rng, i, 20),
                              worlds.draw(rng, (i + 1) % 3, 60)])
           for i, c in enumerate(CLASSES)}
  world = {'data': worlds.write_dataset(tmp_path / 'data',
                                        worlds.plain_splits(24)),
           'mixed': worlds.write_images(tmp_path / 'mixed', mixed)}
  def extractor(pixels, progress=None):
    return pixels.reshape(len(pixels), -1)[:, ::16] / 255
  extractor.protocol = lambda: {'network': 'pixels'}
  found = _study(world, tmp_path / 'out', 'mixed', filter='compare', extractor=extractor)
  known = found['fractions']['1']['arms']
  assert _verdicts(found, 'mixed') == [HURTS, HURTS]
  assert (known['real+mixed filtered']['accuracy']['value']
          > known['real+mixed']['accuracy']['value'])
  funnel = found['funnels']['mixed']
  assert all(x['given'] == 80 and x['other class'] >= 40
             for x in funnel.values())
  assert found['generated']['mixed filtered'] == {
      c: funnel[c]['left'] for c in CLASSES}
  assert 'Filter of mixed' in report.to_text(found)
  # The filter's outcome is kept with the trainings.
  before = len(PixelTrainer.trained)
  again = _study(world, tmp_path / 'out', 'mixed', filter='compare', extractor=extractor)
  assert again == found and len(PixelTrainer.trained) == before
  # Another network or a manifest makes it another one: the judge is trained again.
  extractor.protocol = lambda: {'network': 'others'}
  _study(world, tmp_path / 'out', 'mixed', filter='compare', extractor=extractor)
  assert len(PixelTrainer.trained) == before + 1
  (tmp_path / 'mixed' / 'manifest.csv').write_text('file,background\na/0.png,\n')
  _study(world, tmp_path / 'out', 'mixed', filter='compare', extractor=extractor)
  assert len(PixelTrainer.trained) == before + 2


@pytest.mark.parametrize('together', [False, True])
def test_a_training_that_diverges_is_refused_and_not_kept(
    world, tmp_path, monkeypatch, together):
  monkeypatch.setattr(training, 'together', lambda size: together)
  monkeypatch.setitem(training.NETWORKS, 'resnet18', Tiny)  # Compiles sooner.
  config = study_config.get_config()
  config.update({'data_dir': str(world['data']), 'seeds': 2, 'width': 0.125, 'epochs': 2,
                 'batch_size': 4, 'learning_rate': 1e30})
  with pytest.raises(UserError, match='diverged, .*: try a lower learning rate'):
    study.study(config, tmp_path / 'out')
  assert not list((tmp_path / 'out').iterdir())


def test_names_of_folders():
  assert arms.names(['/x/one/generated', '/x/two/generated']) == [
      'one/generated', 'two/generated']
  assert arms.names(['/x/real']) == ['x/real']  # An arm has that name.
  assert len(set(arms.names(['/x/y', '/x/y']))) == 2


def test_what_was_trained_by_earlier_versions_keeps_its_name(world, tmp_path):
  """Digests from before the study had a config: its folders can be resumed."""
  _study(world, tmp_path, 'planted', seeds=2, network='', width=0.25, real_share=0.5)
  assert {path.stem for path in (tmp_path / 'runs').iterdir()} >= {
      '5daedf4ef172aa87', 'd9743847080ce81b',  # real
      'aedade9d681b3c4e', '6b89de8ade6d13bd',  # augmented
      'c005a2a25f87efcb', '81618d2b6c6e1639',  # real+planted
      'bb3cc9b663a6cb9b', 'd512ced3bad71b24',  # augmented+planted
      'ab2e3579a16f6e83', '4c7c0b0bf237833d'}  # planted
