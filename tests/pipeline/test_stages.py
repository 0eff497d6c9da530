"""All stages in one command: the plan, what is refused, kept, left out and answered."""

import importlib
import json
import types

import conftest
import numpy as np
import pytest
import raw_folders

from data_prep import build as build_lib
from data_prep.options import Options
from pegan_jax import main
from pegan_jax.common.errors import UserError
from pegan_jax.inspection import images, linear_head
from pegan_jax.inspection.settings import Settings
from pegan_jax.metrics import features
from pegan_jax.pipeline import clock, forecast, settings, sizes, stages
from pegan_jax.reporting import answer

pytestmark = [
    pytest.mark.usefixtures('pixel_features', 'blank_charts', 'traced_once'),
    # ml_collections loads configs in a way that Python is about to give up.
    pytest.mark.filterwarnings(r'ignore:the load_module\(\) method')]


def small(name, **build):
  """The config of a name, at the smallest size that does all it can do."""
  config = importlib.import_module(f'configs.{name}').get_config()
  config.build.update({'image_size': 32} | build)
  for run in config.settings.values():
    run.update({'width': 0.125, 'num_blocks': 0, 'batch_size': 4, 'num_steps': 2,
                'pretrained': False})
  config.generate.per_class, config.generate.tries = 4, 0
  config.evaluate.repeats, config.study.seeds, config.report.nearest = 2, 2, False
  if name == 'demo':
    config.synthetic.update({'image_size': 32, 'frame_size': 96, 'frames': 20,
                             'classes': ('ps', 'rs')})
    config.build.update({'window_size': 32})
  return config.lock()


def _files(folder):
  return {p: p.stat().st_mtime_ns for p in folder.rglob('*') if p.is_file()}


def test_from_nothing_to_an_answer_and_again(tmp_path, capsys):
  stages.run(small('demo'), tmp_path)
  out, said = capsys.readouterr()
  for number, stage in enumerate((
      forecast.BUILD, forecast.TRAIN, forecast.GENERATE, forecast.EVALUATE, forecast.STUDY,
      forecast.PAGE), 1):
    assert f'  {number}. {stage}' in said and f'stage {number} of 6: {stage}' in said
  assert '(pegan_region, 2 updates)' in said
  assert '(4 per class by pegan_region and by paste)' in said
  page = tmp_path / 'report.html'
  last = out.splitlines()[-1]
  assert last.startswith(f'{page}: pegan_region: ') and ' paste: ' in last
  assert 'The generated defects ' in last and 'pasted without any training, are' in last
  assert 'pasted without any training, are' in page.read_text('utf-8')
  for run in tmp_path, tmp_path / 'paste':
    assert len(list(run.glob('generated/*/*.png'))) == 2 * 4
    assert len(list(run.glob('evaluation/*/report.json'))) == 1

  written = _files(tmp_path)
  stages.run(small('demo'), tmp_path)  # Nothing is left to do, but to report.
  assert {p for p, time in _files(tmp_path).items() if written.get(p) != time} == {
      page, *tmp_path.glob('study/study.*')}
  said = capsys.readouterr().err
  assert said.count(': done already') == 5 and 'stage 6 of 6' in said
  # A report that was cut is made again, and one of another protocol.
  of_made, of_pasted = (next(run.glob('evaluation/*/report.json'))
                        for run in (tmp_path, tmp_path / 'paste'))
  of_made.write_bytes(of_made.read_bytes()[:100])
  other = small('demo')
  other.evaluate.repeats = 3
  stages.run(other, tmp_path)
  for path in of_made, of_pasted:
    assert json.loads(path.read_text('utf-8'))['protocol']['repeats'] == 3
  # What would make other images is refused by name, and nothing is touched.
  for key, value, words in (
      ('synthetic.seed', 5, 'synthetic was made of .*: seed is 5, was 0'),
      ('build.backgrounds', 9, 'dataset was made of .*: backgrounds is 9, was 300'),
      ('settings.pegan_region.width', 0.25, 'width is 0.25, was 0.125'),
      ('generate.per_class', 3, 'generated was made of .*per_class is 3, was 4')):
    other = small('demo')
    other.update_from_flattened_dict({key: value})
    with pytest.raises(UserError, match=words):
      stages.run(other, tmp_path)
  path = tmp_path / 'synthetic' / 'clean' / '00000.png'
  path.write_bytes(path.read_bytes() + b' ')
  with pytest.raises(UserError, match=r'dataset was made of .*: clean is not what it was'):
    stages.run(small('demo'), tmp_path)


@pytest.fixture
def untrained(monkeypatch):
  """Runs are saved as they begin: what follows needs no more."""
  def train(config, workdir):
    conftest.save_untrained(config, workdir)
    (workdir / 'config.json').write_text(json.dumps(config.to_dict()))
  monkeypatch.setattr(stages, 'train', train)


def _crops(folder, counts, seed=0):
  """Writes class folders of textures, and clean images; returns arguments for build."""
  random = np.random.default_rng(seed)
  for name, count in counts.items():
    for i in range(count):
      raw_folders.save(raw_folders.texture(random, 32, 32),
                       folder / 'crops' / name / f'{i}.png')
  for i in range(2):
    raw_folders.save(raw_folders.texture(random, 96, 96), folder / 'clean' / f'{i}.png')
  return {'images': str(folder / 'crops'), 'clean': str(folder / 'clean')}


@pytest.mark.usefixtures('untrained')
def test_what_the_data_do_not_allow_is_left_out_and_the_page_comes(tmp_path, capsys):
  config = small('quick', **_crops(tmp_path, {'pit': 12, 'rust': 2}))
  stages.run(config, tmp_path / 'run')
  out, said = capsys.readouterr()
  assert 'left out: the study: class rust has 1 training image in' in said
  assert ('left out: the comparison with real ones of rust, as that takes 4 training '
          'images or more') in said
  assert '(pegan_plus, 2 updates)' in said  # No regions are known: nothing to paste.
  assert not (tmp_path / 'run' / 'paste').exists()
  assert not (tmp_path / 'run' / 'study').exists()
  assert out.splitlines()[-1].startswith(f'{tmp_path}/run/report.html: The generated ')


@pytest.mark.parametrize('change, words', [
    ({'clean': None}, 'There are no backgrounds: images that are clean are'),
    ({'images': '/none'}, '/none'),
    ({'classes': 'scratch'}, "--classes has 'scratch', and the classes are pit, rust"),
    ({'seed': -1}, '--seed is -1'),
    ({}, 'num_steps is -1'), ({}, '--config.generate.jobs goes with --mode generate')])
def test_faults_are_found_before_any_work(change, words, tmp_path):
  arguments = _crops(tmp_path, {'pit': 4, 'rust': 4})
  config = small('quick', **arguments)
  if change:
    with config.unlocked():
      config.build.update(change)
  else:
    config.generate.jobs = 'x' * ('jobs' in words)
    config.settings.pegan_plus.num_steps = -1
  with pytest.raises(UserError, match=words):
    stages.run(config, tmp_path / 'run')
  assert not (tmp_path / 'run').exists()


def test_several_problems_are_listed(raw, capsys):
  for k in range(2):
    (raw / 'boxes' / f'{k}.xml').write_text('<annotation>')
  config = small('quick', images=str(raw / 'frames'), annotations=[str(raw / 'boxes')])
  with pytest.raises(UserError, match='2 problems in what the folders hold'):
    stages.run(config, raw / 'run')
  said = capsys.readouterr().err
  assert '0.xml' in said and '1.xml' in said


def test_drawn_images_and_folders_do_not_go_together(tmp_path):
  with pytest.raises(UserError, match='--config demo draws its own images: leave out --cl'):
    settings.of_build(small('demo', clean='x'), tmp_path)


def test_a_study_of_another_task_is_for_its_own_mode(tmp_path):
  config = small('quick')
  config.study.task = 'localise'
  of = sizes.Sizes(10, {'a': 7}, {'a': 3}, 20, True)
  with pytest.raises(
      UserError, match='--config.study.task=localise goes with --mode study'):
    settings.of_runs(config, tmp_path, of)


@pytest.mark.parametrize('name, value, words', [
    ('formats', 'pascal', "generate.formats has 'pascal': choose from"),
    ('classes', 'b', "generate.classes has 'b': choose from a"),
    ('texture_classes', 'b', "generate.texture_classes has 'b'"),
    ('checkpoint', '77', 'checkpoint=77 is of no run yet'),
    ('roi', 'masks', 'config.generate.roi goes with --mode generate'),
    ('backgrounds', 'x', 'config.generate.backgrounds goes with --mode generate')])
def test_what_to_generate_is_checked_before_the_work(tmp_path, name, value, words):
  config = small('quick')
  config.generate[name] = value
  with pytest.raises(UserError, match=words):
    settings.of_runs(config, tmp_path, sizes.Sizes(10, {'a': 7}, {'a': 3}, 20, True))


def test_sizes_are_as_expected_of_the_folders(tmp_path):
  config = small('quick', **_crops(tmp_path, {'pit': 20, 'rust': 10}))
  config.build.per_class = 15
  arguments = settings.of_build(config, tmp_path)
  found = sizes.of_folders(Options(**arguments))
  assert (found.files, found.backgrounds, found.regions) == (32, 500, False)
  assert found.train == {'pit': 10, 'rust': 7} and found.test == {'pit': 5, 'rust': 3}
  build_lib.build(**arguments)
  built = sizes.of_data_set(tmp_path / 'dataset')
  assert built.train == found.train and built.test == found.test
  assert 0 < built.backgrounds <= 18 and not built.regions


def test_what_is_done_takes_no_time(tmp_path):
  config = small('quick')
  of = sizes.Sizes(10, {'a': 7}, {'a': 3}, 20, True)
  configs = settings.of_runs(config, tmp_path, of)
  assert list(configs) == ['pegan_region', 'paste']
  before = forecast.of_stages(config, configs, of, tmp_path)
  assert min(before.values()) > 0
  for path in 'generated', 'checkpoints/1', 'dataset':
    (tmp_path / path).mkdir(parents=True)
  (tmp_path / 'dataset' / 'provenance.json').touch()
  after = forecast.of_stages(config, configs, of, tmp_path)
  assert after[forecast.BUILD] == after[forecast.GENERATE] == 0
  assert 0 < after[forecast.TRAIN] < before[forecast.TRAIN]  # One step of two is left.
  assert after[forecast.STUDY] == before[forecast.STUDY]


def test_the_forecast_of_a_study_counts_all_views_that_its_network_sees(
    tmp_path, monkeypatch):
  seen = []
  class Counting(conftest.PixelExtractor):
    def __call__(self, images, progress=None):
      return super().__call__(images, seen.append)
  monkeypatch.setattr(features, 'load', lambda *_: Counting())
  config = small('quick')
  pixels = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 1), np.uint8)
  fitter = linear_head.HeadFitter(
      Settings.of(config.study), pixels, np.arange(6) % 2, 2, steps=1, num_real=6)
  fitter._augmented = lambda images, *_, **__: images  # Which takes no time.
  for augmented in range(3):
    fitter.train(np.arange(6), 0, augmented)
  few, many = (sizes.Sizes(10, {'a': n}, {'a': 3}, 20, True) for n in (10, 16))
  configs = settings.of_runs(config, tmp_path, few)
  units = [forecast.of_stages(config, configs, of, tmp_path)[forecast.STUDY]
           for of in (few, many)]
  assert units[1] - units[0] == sum(seen)


def test_the_forecast_is_corrected_by_what_stages_took(monkeypatch):
  now = [0.0]
  monkeypatch.setattr(clock.time, 'perf_counter', lambda: now[0])
  told = clock.Clock({'a': 60, 'done': 0, 'b': 60, 'c': 60})
  assert told.left('a') == 180 and told.left('c') == 60
  with told.timed('a'):
    now[0] += 120
  # (120 + 120) / (60 + 120) of what was expected.
  assert told.left('b') == pytest.approx(120 * 240 / 180)
  with told.timed('done'):
    now[0] += 1_000
  assert told.left('b') == pytest.approx(160)
  lines = told.plan({'b': 'more'})
  assert lines[2:4] == ['  2. done: done already', '  3. b (more): about 1 minute']


@pytest.mark.parametrize('seconds, words', [
    (20, 'less than a minute'), (60, 'about 1 minute'), (900, 'about 15 minutes'),
    (9 * 3600, 'about 9 hours')])
def test_times_in_words(seconds, words):
  assert clock.about(seconds) == words


def test_sets_of_images_are_called_as_the_methods_that_made_them(tmp_path):
  for name in 'pegan_region', 'paste':
    (tmp_path / name).mkdir()
    (tmp_path / name / 'config.json').write_text(json.dumps({'method': name}))
  paths = [str(tmp_path / name / 'generated') for name in ('pegan_region', 'paste')]
  assert images.methods(paths) == ['pegan_region', 'paste']
  assert images.methods(paths[:1]) == images.methods([paths[0]] * 2) == []


@pytest.mark.parametrize('pasted, words', [
    ((0.1, 0.2), 'are closer to real ones: KID 0.150, here 0.350.'),
    ((0.25, 0.35), 'are about as close to real ones: KID 0.300, here 0.350.'),
    ((0.5, 0.7), 'are further from real ones: KID 0.600, here 0.350.')])
def test_pasting_is_closer_or_further_where_the_intervals_part(pasted, words):
  def source(low, high, rival=None):
    figures = {'kid': {'value': (low + high) / 2, 'low': low, 'high': high}}
    return types.SimpleNamespace(
        evaluation=(None, {'pooled': figures, 'mean': figures}), rival=rival)
  said = answer._rival(source(0.3, 0.4, source(*pasted)))
  assert said == f'Real defects, cut out and pasted without any training, {words}'
  assert answer._rival(source(0.3, 0.4)) == ''


def test_the_flags_of_build_are_settings():
  command = main.parse(['--mode=all', '--workdir=w', '--images', 'i', '--annotations', 'a',
                        'b', '--per_class=200', '--no-near_duplicates',
                        '--config.generate.per_class=7'])
  build = command.config.build
  assert (build.images, list(build.annotations), build.per_class) == ('i', ['a', 'b'], 200)
  assert build.near_duplicates is False and build.at_most is True
  assert command.config.generate.per_class == 7
  for arguments, words in (
      (['--out', 'x'], '--mode all builds in WORKDIR/dataset'),
      (['--image', 'i'], "Unknown command line flag 'image'"),
      (['--per_class', 'many'], 'invalid int value'),
      (['--config=pegan'], '--mode all goes with --config quick; --config pegan goes')):
    with pytest.raises(UserError, match=words):
      main.parse(['--mode=all', '--workdir=w', *arguments])


@pytest.mark.parametrize('flip', [True, False])
def test_training_and_its_rival_mirror_alike(tmp_path, flip):
  config = small('quick')
  config.flip = flip
  for found in settings.of_runs(
      config, tmp_path, sizes.Sizes(10, {'a': 7}, {'a': 3}, 20, True)).values():
    assert found.flip == flip
