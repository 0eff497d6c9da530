"""Shared fixtures: one small synthetic data set, built once for the session."""

import csv
from importlib import metadata
import gc
import importlib
import json
import os
import pathlib

# Before jax starts, for the processes that tests start as well. Tests compile
# much and compute little: XLA's optimisations take five times what they save.
os.environ.setdefault('JAX_PLATFORMS', 'cpu')
if 'XLA_FLAGS' not in os.environ:
  os.environ['XLA_FLAGS'] = '--xla_backend_optimization_level=0'
  if metadata.version('jaxlib').startswith('0.10.'):  # Later ones lack the first.
    os.environ['XLA_FLAGS'] += (' --xla_cpu_use_fusion_emitters=false'
                                ' --xla_cpu_parallel_codegen_split_count=1')
# Workers share the cores: a second thread of a matrix product waits, at full speed.
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
# What compiles in less than a second is kept as well: there is much of it.
os.environ.setdefault('JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS', '0')

import jax  # noqa: E402
import numpy as np  # noqa: E402
from PIL import Image, PngImagePlugin  # noqa: E402
import pytest  # noqa: E402

from data_prep import build, synthetic  # noqa: E402
import raw_folders  # noqa: E402

gc.set_threshold(50_000, 20, 20)  # To trace makes many objects, and no garbage.

# What takes longest: a worker that began with it last would end alone.
LONGEST = ('test_methods', 'test_kills', 'test_distributed', 'test_stages', 'test_step',
           'test_train', 'test_compare', 'test_study', 'test_blocks', 'test_export',
           'test_pegan_region', 'test_inspector', 'test_evaluate', 'test_placing_regions',
           'test_resume', 'test_inspectors', 'test_old_checkpoints', 'test_localise',
           'test_acceptance', 'test_checkpoints_saving', 'test_generated_formats',
           'test_synthetic', 'test_metrics_main', 'test_efficientnet', 'test_paste',
           'test_pegan_plus',
           'test_one_segmenter')


def pytest_collection_modifyitems(items):
  """Puts the longest files first."""
  place = {name: i for i, name in enumerate(LONGEST)}
  items.sort(key=lambda item: place.get(item.path.stem, len(place)))


@pytest.fixture(scope='session', autouse=True)
def compilation_cache(tmp_path_factory):
  """What is compiled is shared by the workers and the processes that tests start."""
  base = tmp_path_factory.getbasetemp()
  if 'PYTEST_XDIST_WORKER' in os.environ:
    base = base.parent
  folder = os.environ.setdefault('JAX_COMPILATION_CACHE_DIR', str(base / 'jax_cache'))
  jax.config.update('jax_compilation_cache_dir', folder)
  return folder


@pytest.fixture(scope='session')
def raw_dir(tmp_path_factory):
  """Synthetic class folders, frames, boxes and clean frames at 32x32."""
  folder = tmp_path_factory.mktemp('raw') / 'synthetic'
  synthetic.write(folder, per_class=6, image_size=32, seed=1, frames=8)
  return folder


@pytest.fixture(scope='session')
def data_dir(raw_dir):
  """The data set built from `raw_dir`: nine classes, read-only."""
  folder = raw_dir.parent / 'dataset'
  build.build(defects=raw_dir / 'defects', clean=raw_dir / 'clean', out=folder,
              image_size=32, per_class=6, backgrounds=20, shards=2)
  return folder


@pytest.fixture(scope='session')
def two_classes_dir(raw_dir, tmp_path_factory):
  """A data set of two of the synthetic classes: models a class compile sooner."""
  folder = tmp_path_factory.mktemp('two')
  for name in ('pa', 'sc'):
    (folder / 'defects').mkdir(exist_ok=True)
    (folder / 'defects' / name).symlink_to(raw_dir / 'defects' / name)
  build.build(defects=folder / 'defects', clean=raw_dir / 'clean',
              out=folder / 'dataset', image_size=32, per_class=6,
              backgrounds=20, shards=1)
  return folder / 'dataset'


@pytest.fixture(scope='session')
def boxed_dir(tmp_path_factory):
  """Frames with boxes of two classes: the records have masks."""
  folder = tmp_path_factory.mktemp('boxed')
  synthetic.write(folder / 'raw', per_class=2, image_size=32, seed=4, frames=24,
                  classes=('pa', 'rp'))
  build.build(images=folder / 'raw' / 'frames', annotations=[folder / 'raw' / 'boxes'],
              out=folder / 'dataset', image_size=32, window_size=32, per_class=0,
              backgrounds=0, classes=['pa', 'rp'], shards=1)
  return folder / 'dataset'


@pytest.fixture(scope='session')
def enough_dir(tmp_path_factory):
  """A data set of two classes with enough images to halve; ../raw, ../defects."""
  folder = tmp_path_factory.mktemp('enough')
  synthetic.write(folder / 'raw', per_class=14, image_size=32, seed=3, frames=6)
  (folder / 'defects').mkdir()
  for name in ('pa', 'sc'):
    (folder / 'raw' / 'defects' / name).rename(folder / 'defects' / name)
  build.build(defects=folder / 'defects', clean=folder / 'raw' / 'clean',
              out=folder / 'data', image_size=32, per_class=0, backgrounds=20)
  return folder / 'data'


def small_config(method='pegan'):
  """A PE-GAN, or a method with its settings, that compiles and steps quickly."""
  config = importlib.import_module(f'configs.{method}').get_config()
  config.image_size = 32
  config.width = 0.125
  config.num_blocks = 0
  config.batch_size = 4
  config.n_critic = 1  # The CPU unrolls these: each is compiled.
  config.num_steps = 4
  config.log_every = 1
  config.sample_every = 2
  config.checkpoint_every = 2
  config.num_samples = 2
  config.generate.per_class = 3
  config.eval_every = 0
  config.evaluate.light_count = 4
  return config


def save_untrained(config, workdir):
  """A run of `config.num_steps` updates but for the training: a checkpoint to use."""
  # Not above: where Orbax is loaded before the tests are, its threads' late errors over
  # damaged files count as a test's own.
  from pegan_jax.runs.checkpoints.store import Checkpoints
  from pegan_jax.runs.run import Run
  run = Run(config, workdir)
  checkpoints = Checkpoints(run.workdir)
  checkpoints.save(config.num_steps, run.init_state(), {'batch': config.num_steps},
                   run.saved_config)
  checkpoints.close()


def to_change(run, out):
  """The same (config, workdir), whose config can be changed and generates into `out`."""
  config = run[0].copy_and_resolve_references()
  config.generate.out = str(out)
  return config, run[1]


def untrained(method, data_dir, workdir, num_steps):
  """(config, locked; workdir) of a small run, to generate from."""
  config = small_config(method)
  config.data_dir, config.num_steps = str(data_dir), num_steps
  if 'match' in config:
    config.match = False
  save_untrained(config, workdir)
  return config.lock(), workdir


def manifest_rows(folder):
  """The rows of a folder's manifest.csv, as dicts."""
  with (folder / 'manifest.csv').open(encoding='utf-8') as f:
    return list(csv.DictReader(f))


def logged(workdir):
  """The lines of a run's metrics.jsonl, as dicts."""
  return [json.loads(x) for x in (workdir / 'metrics.jsonl').read_text().splitlines()]


def assert_same_metrics(a, b):
  """The lines of two runs of one config, from the first step on, differ by rounding."""
  for i, (x, y) in enumerate(zip(a, b, strict=True)):
    for name in x:
      if not name.startswith('time/'):
        first = i == 0 and name.startswith('disc/')
        # Adam's first steps are of full size where a gradient is a rounding error.
        rel = 1e-2 if name.endswith('gradient_norm') else 2e-3
        assert x[name] == pytest.approx(
            y[name], rel=1e-5 if first else rel, abs=1e-6 if first else 1e-4
        ), (i, name)


def assert_drawn(path):
  """A picture is no blank sheet: a twentieth of it differs from its corner."""
  with Image.open(path) as image:
    pixels = np.asarray(image.convert('RGB'))
  assert (pixels != pixels[0, 0]).any(-1).mean() > 0.05, path


def blank_chart(self, out, **_):
  """Stands in for `Figure.savefig`, which takes longer than a small network to train.

  What charts show is in JSON files; `metrics` knows its own by who made them.
  """
  del self
  made_by = PngImagePlugin.PngInfo()
  made_by.add_text('Software', 'Matplotlib')
  Image.new('L', (1, 1)).save(out, format='PNG', pnginfo=made_by)


def blank_report(report, path):
  """Stands in for `metrics.chart.draw`, whose panels take as long as drawing them."""
  del report
  from pegan_jax.common import figures
  with figures.png(path, 1, 1):
    pass


@pytest.fixture
def undrawn(monkeypatch):
  """Charts are plotted and then not drawn."""
  from matplotlib import figure
  monkeypatch.setattr(figure.Figure, 'savefig', blank_chart)


@pytest.fixture
def blank_charts(monkeypatch, undrawn):  # pylint: disable=unused-argument
  """Charts are plotted and then not drawn; a report's are not even plotted."""
  from pegan_jax.metrics import chart
  monkeypatch.setattr(chart, 'draw', blank_report)


class PixelExtractor:
  """Stands in for a feature network: pixels, averaged to 8x8."""
  dim = 64

  def __call__(self, images, progress=None):
    if isinstance(images, np.ndarray):
      images = [images]
    blocks = []
    for block in images:
      n, h, w, _ = block.shape
      x = block.astype(np.float32).mean(-1).reshape(n, 8, h // 8, 8, w // 8)
      blocks.append(x.mean((2, 4)).reshape(n, 64) / 128 - 1)
      if progress:
        progress(n)
    return np.concatenate(blocks)

  def protocol(self):
    return {'network': 'pixels', 'weights_sha256': 'none', 'resize': 'mean',
            'dim': 64, 'input_size': 8}


@pytest.fixture
def pixel_features(monkeypatch):
  """Evaluates by pixels, which takes no time."""
  from pegan_jax.metrics import features
  monkeypatch.setattr(features, 'load', lambda *_: PixelExtractor())


@pytest.fixture(scope='session')
def traced_programs():
  return {}


@pytest.fixture(scope='module')
def traced_once(traced_programs):
  """What runs have traced, of this file and of those before it, see `traced`: a dict."""
  import traced  # As above.
  with pytest.MonkeyPatch.context() as monkeypatch:
    traced.share(monkeypatch, traced_programs)
    yield traced_programs


@pytest.fixture(scope='session')
def untrained_region(boxed_dir, tmp_path_factory):
  """`untrained` of pegan_region: its opacity starts open, so that a region is painted."""
  return untrained('pegan_region', boxed_dir, tmp_path_factory.mktemp('region'), 1)


@pytest.fixture
def config(data_dir):
  """`small_config` on the session's data set, with two updates of D."""
  config = small_config()
  config.data_dir, config.n_critic = str(data_dir), 2
  return config


@pytest.fixture
def quick(two_classes_dir):
  """`small_config` on two of the session's classes: what is trained wherever it can be."""
  config = small_config()
  config.data_dir = str(two_classes_dir)
  return config


@pytest.fixture(scope='session')
def real_dir():
  """The folder of real data, or a skip where there is none."""
  folder = pathlib.Path(os.environ.get('PEGAN_DATA', '../shared/data'))
  if not (folder / 'NEU-CLS-64').is_dir():
    pytest.skip(f'no real data at {folder}; set PEGAN_DATA to its folder')
  return folder


@pytest.fixture
def raw(tmp_path):
  """A folder with what `raw_folders.write` puts there."""
  raw_folders.write(tmp_path)
  return tmp_path
