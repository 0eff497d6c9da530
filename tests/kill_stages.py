"""The stages that `kills` kills, each at the smallest size that does all it can do."""

import importlib
import pathlib
import shutil

import conftest  # First: it tells XLA to compile quickly.

from configs import compare as compare_config
from configs import inspect as inspect_config
from configs import predict as predict_config
from configs import quick as quick_config
from configs import study as study_config
from data_prep import build, synthetic
from inspection import worlds
from matplotlib import figure
import pytest
from pegan_jax import annotations, compare
from pegan_jax.generation import generate
from pegan_jax.inspection import inspector, predict, study, training as inspectors
from pegan_jax.metrics import __main__ as metrics, chart, evaluate, features, match
from pegan_jax.pipeline import stages
from pegan_jax.reporting import commands
from pegan_jax.training import train
import traced

# Loaded by the first stage that needs them, which takes longer than most stages.
for _name in ('configs.lsgan', 'scipy.stats',
              'matplotlib.backends.backend_agg'):
  importlib.import_module(_name)


figure.Figure.savefig = conftest.blank_chart
chart.draw = conftest.blank_report
inspectors.NETWORKS['resnet18'] = worlds.Tiny
commands._dates = lambda source: []
traced.share(pytest.MonkeyPatch(), {})  # By what one stage does; forks know no other's.

STAGES, NEEDS = {}, {}
_SIZE = ['--image_size', '32']


def _stage(*needs):
  """Registers a stage that starts with copies of some of the inputs."""
  def register(function):
    name = function.__name__.lstrip('_')
    STAGES[name], NEEDS[name] = function, needs
    return function
  return register


def prepare(inputs):
  """Makes what stages start from: raw images, a data set, a GAN, an inspector."""
  inputs = pathlib.Path(inputs)
  _one_feature_network()
  synthetic.write(inputs / 'raw', per_class=14, image_size=32, seed=3, frames=6)
  for name in ('pa', 'sc'):
    shutil.copytree(inputs / 'raw' / 'defects' / name, inputs / 'defects' / name)
  shutil.copytree(inputs / 'raw' / 'defects' / 'pa', inputs / 'new')
  build.build(defects=inputs / 'defects', clean=inputs / 'raw' / 'clean',
              out=inputs / 'data', image_size=32, per_class=0, backgrounds=12)
  conftest.save_untrained(_config(inputs), inputs / 'run')
  generate.generate(_config(inputs), inputs / 'run')
  shutil.move(inputs / 'run' / 'generated', inputs / 'made')
  shutil.rmtree(inputs / 'run' / 'generated_annotations')
  inspector.inspect(_inspector(inputs), inputs / 'inspector')


def start(name, inputs, work):
  """Makes the working folder of a stage anew."""
  shutil.rmtree(work, ignore_errors=True)
  work.mkdir()
  for need in NEEDS[name]:
    shutil.copytree(inputs / need, work / need)


def run(name, inputs, work):
  """Runs a stage; returns its exit status."""
  _one_feature_network()
  return STAGES[name](inputs, work) or 0


def _one_feature_network():
  features.load = lambda *_: conftest.PixelExtractor()


def _config(inputs):
  config = conftest.small_config()
  config.data_dir = str(inputs / 'data')
  config.num_steps = 4
  config.generate.per_class = 6
  config.evaluate.repeats = 2
  return config


def _inspector(inputs):
  config = inspect_config.get_config()
  config.data_dir = str(inputs / 'data')
  config.width, config.epochs, config.batch_size = 0.125, 2, 8
  config.checkpoint_every = 2
  return config


@_stage()
def _synthetic(inputs, work):
  del inputs
  return synthetic.main(['--out', f'{work}/raw', '--per_class', '2', '--frames', '2',
                         *_SIZE])


@_stage()
def _build(inputs, work):
  return build.main(['--defects', f'{inputs}/defects', '--clean',
                     f'{inputs}/raw/clean', '--out', f'{work}/data', *_SIZE,
                     '--per_class', '0', '--backgrounds', '0'])


@_stage()
def _build_frames(inputs, work):
  return build.main(['--frames', f'{inputs}/raw/frames', '--boxes',
                     f'{inputs}/raw/boxes', '--clean', f'{inputs}/raw/clean',
                     '--defects', f'{inputs}/raw/defects', '--out', f'{work}/data',
                     *_SIZE, '--per_class', '4', '--backgrounds', '0'])


@_stage('data')
def _match(inputs, work):
  del inputs
  match.match(_config(work), None)


@_stage()
def _train(inputs, work):
  config = _config(inputs)
  config.eval_every = config.log_every = 2
  config.max_to_keep = 1
  train.train(config, work / 'run')


@_stage('run')
def _generate(inputs, work):
  config = _config(inputs)
  config.generate.formats = ','.join(annotations.WRITTEN)
  generate.generate(config, work / 'run')


@_stage('run')
def _generate_frames(inputs, work):
  config = _config(inputs)
  config.generate.formats = ','.join(annotations.WRITTEN)
  config.generate.frames = str(inputs / 'raw' / 'clean')
  generate.generate(config, work / 'run')


@_stage('run')
def _evaluate(inputs, work):
  evaluate.evaluate(_config(inputs), work / 'run')


@_stage()
def _inspect(inputs, work):
  inspector.inspect(_inspector(inputs), work / 'run')


@_stage()
def _study(inputs, work):
  config = study_config.get_config()
  config.data_dir = str(inputs / 'data')
  config.seeds, config.epochs, config.width = 2, 5, 0.125
  config.batch_size, config.learning_rate = 8, 0.05
  study.study(config, work / 'study')


@_stage()
def _compare(inputs, work):
  config = compare_config.get_config('small')
  config.data_dir = str(inputs / 'data')
  # What one has compiled, the other uses.
  config.methods, config.seeds = ('lsgan', 'lsgan:again'), (0,)
  config.reals, config.width, config.per_class = 16, 1 / 8, 6
  config.evaluate.repeats, config.evaluate.count = 2, 0
  config.settings = {name: {'batch_size': 4} for name in config.methods}
  compare.compare(config, work / 'compare')


@_stage()
def _metrics(inputs, work):
  return metrics.main([f'{inputs}/data', f'{inputs}/made', '--repeats', '2',
                       '--json', f'{work}/r.json', '--png', f'{work}/r.png'])


@_stage()
def _predict(inputs, work):
  config = predict_config.get_config()
  config.images, config.csv = f'{inputs}/new', f'{work}/answers.csv'
  predict.predict(config, inputs / 'inspector')


@_stage()
def _all(inputs, work):
  config = quick_config.get_config()
  config.build.update({
      'image_size': 32, 'images': f'{inputs}/defects', 'clean': f'{inputs}/raw/clean'})
  config.settings.pegan_plus.update({
      'width': 0.125, 'num_blocks': 0, 'batch_size': 4, 'num_steps': 2,
      'checkpoint_every': 1, 'log_every': 1, 'sample_every': 1, 'num_samples': 2,
      'pretrained': False})
  config.generate.per_class, config.generate.tries = 2, 0
  config.evaluate.repeats, config.study.seeds = 2, 2
  stages.run(config.lock(), work / 'all')
