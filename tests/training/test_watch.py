"""Evaluation within a run: scalars, the best checkpoint, and the alarms."""

import shutil

import jax
import numpy as np
import pytest

from conftest import logged, PixelExtractor, small_config
from data_prep import build
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.generation.sampler import Painted, Sampler
from pegan_jax.metrics import features, match
from pegan_jax.runs.checkpoints.store import BEST, Checkpoints
from pegan_jax.runs.restore import restore
from pegan_jax.runs.run import Run
from pegan_jax.training import writers
from pegan_jax.training.sample_grids import Samples
from pegan_jax.training.train import train
from pegan_jax.training.collapse import ALARMS, collapse
from pegan_jax.training.watch import Watch

pytestmark = pytest.mark.usefixtures('pixel_features', 'traced_once')


def _evaluations(workdir):
  return [x for x in logged(workdir) if 'eval/kid' in x]


@pytest.fixture
def watched(quick):
  quick.eval_every = 1
  quick.num_steps = 3
  return quick


@pytest.fixture(scope='module')
def whole(two_classes_dir, tmp_path_factory):
  """The workdir of a run of `watched`: read-only."""
  config = small_config()
  config.update({'data_dir': str(two_classes_dir), 'eval_every': 1, 'num_steps': 3})
  workdir = tmp_path_factory.mktemp('whole')
  with pytest.MonkeyPatch.context() as m:
    m.setattr(features, 'load', lambda *_: PixelExtractor())
    train(config, workdir)
  return workdir


def test_a_run_is_evaluated_and_its_best_kept(watched, whole):
  lines = _evaluations(whole)
  assert [x['step'] for x in lines] == [1, 2, 3]
  for line in lines:
    kids = [v for k, v in line.items() if k.startswith('eval/kid/')]
    assert len(kids) == 2
    assert line['eval/kid'] == pytest.approx(np.mean(kids))
    assert all(f'alarm/{name}' in line for name in ALARMS)
  best = min(lines, key=lambda x: x['eval/kid'])
  checkpoints = Checkpoints(whole, name=BEST)
  assert checkpoints.steps() == [best['step']]
  assert checkpoints.latest_note()[0]['kid'] == best['eval/kid']
  run = Run(watched, whole)
  assert restore(run, 'best').step == best['step']
  assert restore(run, 'newest').step == 3


def test_region_kid_is_of_the_samples_at_their_regions(boxed_dir, whole, tmp_path):
  config = small_config('pegan_region')
  config.update({'data_dir': str(boxed_dir), 'match': False, 'eval_every': 1})
  run, written = Run(config, tmp_path), {}
  class Writer:
    def write_scalars(self, step, scalars):
      written.update(scalars)
    def write_texts(self, *_):
      pass
  Watch(run, Sampler(run))(1, run.init_state(), Writer())
  kids = [written[f'eval/region_kid/{c}'] for c in run.info.classes]
  assert written['eval/region_kid'] == pytest.approx(np.mean(kids))
  # Crops of 32 are whole images at this size.
  assert kids == [written[f'eval/kid/{c}'] for c in run.info.classes]
  assert not any('region' in key for key in _evaluations(whole)[0])


def test_a_run_is_traced_once_for_all_its_evaluations_and_grids(watched, tmp_path):
  run, traced = Run(watched, tmp_path), []
  produce = run.method.produce
  run.method = run.method._replace(
      produce=lambda *args: traced.append(0) or produce(*args))
  sampler, state = Sampler(run), run.init_state()
  watch, grids = Watch(run, sampler), Samples(run, sampler)
  for step in (1, 2):
    grids(state.ema)
    watch(step, state, _Writer())
  assert len(traced) == 1


def test_evaluation_does_not_change_the_run(watched, whole, tmp_path):
  watched.eval_every = 0
  train(watched, tmp_path)
  states = []
  for workdir in (whole, tmp_path):
    state = restore(Run(watched, workdir), 'newest').state
    states.append([np.asarray(x) for x in jax.tree.leaves(state.gen)])
  for a, b in zip(*states, strict=True):
    np.testing.assert_array_equal(a, b)


def test_resume_remembers_the_best(watched, whole, tmp_path):
  shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
  before = _evaluations(tmp_path)
  watched.num_steps = 4
  watched.checkpoint_every = 1
  train(watched, tmp_path)
  lines = _evaluations(tmp_path)
  assert lines[:3] == before
  best = min(lines, key=lambda x: x['eval/kid'])
  assert Checkpoints(tmp_path, name=BEST).steps() == [best['step']]


class _Writer(writers.MultiWriter):
  """Keeps what it is given."""

  def __init__(self):
    super().__init__([])
    self.scalars, self.texts = {}, {}

  def write_scalars(self, step, scalars):
    self.scalars[step] = scalars

  def write_texts(self, step, texts):
    self.texts.setdefault(step, {}).update(texts)


def test_only_a_better_state_replaces_the_best(watched, tmp_path, monkeypatch):
  run = Run(watched, tmp_path)
  state = run.init_state()
  watch = Watch(run, Sampler(run))
  kids = iter([0.3] * 2 + [0.5] * 2 + [0.1] * 2)
  monkeypatch.setattr('pegan_jax.training.watch.kid', lambda *_: next(kids))
  kept = []
  for step in (10, 20, 30):
    watch(step, state, _Writer())
    kept.append(Checkpoints(tmp_path, name=BEST).steps())
  assert kept == [[10], [10], [30]]


def test_kid_is_of_images_on_backgrounds_that_go_with_the_class(
    watched, tmp_path, monkeypatch):
  run = Run(watched, tmp_path)
  run.matched = True
  run.method = run.method._replace(  # Images are their backgrounds.
      produce=lambda nets, weights, image, key: (image, None))
  records = dataset.Records(run.info, 'train')
  backgrounds = records.images(records.find(run.info.background))
  rows = np.eye(len(backgrounds), 2, dtype=np.float32)  # Class i goes with number i.
  monkeypatch.setattr('pegan_jax.data.matches.load', lambda info, split: rows)
  seen = []
  monkeypatch.setattr(
      'pegan_jax.training.watch.kid', lambda real, made: seen.append(made) or 0.0)
  watch = Watch(run, Sampler(run))
  writer = _Writer()
  watch(1, run.init_state(), writer)
  assert len(seen) == 2
  for label, made in enumerate(seen):
    own = backgrounds[label][None].repeat(len(made), 0)
    np.testing.assert_allclose(made, watch._extractor(own), atol=1e-5)  # pylint: disable=protected-access
  # What tells a collapse is still on the same backgrounds for all classes.
  assert writer.scalars[1]['eval/class_spread'] == 0
  assert writer.scalars[1]['eval/input_spread'] > 1


def _best_of(config, workdir):
  """The KID that a new `Watch` takes for the best so far."""
  run = Run(config, workdir)
  return Watch(run, Sampler(run))._best_kid  # pylint: disable=protected-access


def test_the_best_of_the_same_run_stays_wherever_it_starts(watched, tmp_path, capsys):
  """As where the run was killed before its first checkpoint was whole."""
  run = Run(watched, tmp_path)
  watch = Watch(run, Sampler(run))
  watch(5, run.init_state(), _Writer())
  watched.gen.learning_rate /= 2  # What may change in mid-run.
  watched.num_steps += 1
  assert _best_of(watched, tmp_path) == watch._best_kid < np.inf  # pylint: disable=protected-access
  assert [p.name for p in tmp_path.iterdir()] == [BEST]
  assert 'moved' not in capsys.readouterr().err


@pytest.mark.parametrize('key, value, of', [
    ('lambda_rec', 1.0, 'of another run'),
    ('evaluate.light_count', 3, 'of another protocol'),
    ('evaluate.seed', 3, 'of another protocol')])
def test_a_best_of_another_run_or_protocol_is_set_aside(
    watched, tmp_path, capsys, key, value, of):
  run = Run(watched, tmp_path)
  Watch(run, Sampler(run))(5, run.init_state(), _Writer())
  watched.update_from_flattened_dict({key: value})
  assert _best_of(watched, tmp_path) == np.inf
  assert (tmp_path / 'best_1' / '5').is_dir()
  assert not (tmp_path / BEST).exists()
  assert of in capsys.readouterr().err


def test_a_class_of_one_image_is_said_before_the_work(
    watched, raw_dir, tmp_path, monkeypatch):
  monkeypatch.setattr(match, 'ensure', pytest.fail)  # It takes minutes.
  folder = tmp_path / 'data'
  for name, count in (('pa', 2), ('sc', 6)):
    (folder / 'defects' / name).mkdir(parents=True)
    for path in sorted((raw_dir / 'defects' / name).iterdir())[:count]:
      shutil.copy(path, folder / 'defects' / name)
  build.build(defects=folder / 'defects', clean=raw_dir / 'clean', out=folder / 'set',
              image_size=32, per_class=0, backgrounds=4)
  watched.data_dir = str(folder / 'set')
  with pytest.raises(UserError, match='one image of pa, and evaluation.*eval_every=0'):
    train(watched, tmp_path / 'run')
  watched.eval_every, watched.writer = 0, 'tensorbroad'
  with pytest.raises(UserError, match="'tensorbroad': choose tensorboardx or clu"):
    train(watched, tmp_path / 'run')
  assert not (tmp_path / 'run').exists()


def test_an_alarm_is_said_once(watched, tmp_path, monkeypatch, capsys):
  run = Run(watched, tmp_path)
  state = run.init_state()
  watch = Watch(run, Sampler(run))
  grey = Painted(np.full((4, 32, 32, 1), 128, np.uint8), np.zeros((4, 32, 32), np.uint8))
  monkeypatch.setattr(watch._sampler, 'stream', lambda *args, **kwargs: [  # pylint: disable=protected-access
      (label, np.arange(4), grey) for label in range(2)])
  writer = _Writer()
  for step in (1, 2):
    watch(step, state, writer)
  assert set(writer.texts[1]) == {'alarm/class', 'alarm/background'}
  assert 2 not in writer.texts
  assert writer.scalars[2]['alarm/class'] == 1.0
  assert writer.scalars[2]['alarm/unchanged'] == 0.0
  assert capsys.readouterr().err.count('alarm at step 1') == 2


def _backgrounds():
  return np.random.default_rng(0).integers(40, 200, (6, 24, 24, 1)).astype(
      np.uint8)


def _marked(backgrounds, kind):
  """The backgrounds with a mark of 4x4 pixels, at a place of the kind's own."""
  marked = backgrounds.copy()
  place = slice(4 + 8 * kind, 8 + 8 * kind)
  marked[:, place, place] += 50
  return marked


def test_collapse_in_known_numbers():
  backgrounds = np.stack([np.full((2, 2, 1), v, np.uint8) for v in (100, 140)])
  # Class 0 adds 10, class 1 adds 30, on every background.
  fakes = np.stack([backgrounds + 10, backgrounds + 30])
  scalars, ringing = collapse(fakes, backgrounds)
  assert scalars == {'change': 20.0, 'class_spread': 10.0,
                     'sample_spread': 20.0, 'input_spread': 20.0}
  assert not ringing


@pytest.mark.parametrize('make, rings', [
    (lambda b: np.stack([b, b, b]), {'class', 'unchanged'}),
    (lambda b: np.stack([b // 2] * 3), {'class'}),
    (lambda b: np.stack([_marked(b, k) for k in (0, 1)]), set()),
    (lambda b: np.stack([_marked(b, 1)] * 2), {'class'}),
    (lambda b: np.stack([np.full_like(b, v) for v in (10, 90, 200)]),
     {'background'}),
    (lambda b: np.stack([b // 2, b // 3, b // 4]), set()),
])
def test_which_collapse_rings(make, rings):
  backgrounds = _backgrounds()
  assert collapse(make(backgrounds), backgrounds)[1] == rings


def test_collapse_of_images_from_noise():
  rng = np.random.default_rng(0)
  varied = rng.integers(0, 256, (3, 5, 8, 8, 1)).astype(np.uint8)
  scalars, ringing = collapse(varied)
  assert set(scalars) == {'class_spread', 'sample_spread'} and not ringing
  assert collapse(varied[:, :1].repeat(5, 1))[1] == {'noise'}
  assert collapse(varied[:1, :1].repeat(5, 1).repeat(3, 0))[1] == {
      'noise', 'class'}
