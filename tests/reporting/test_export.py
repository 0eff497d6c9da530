"""What is exported: ONNX Runtime answers as we do; the folder is whole or not there."""

import pathlib
import re
import shutil
import subprocess
import sys

import jax
import numpy as np
from PIL import Image
import pytest

import conftest
from inspection import worlds
from pegan_jax.common import config_files
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.generation.sampler import Sampler
from pegan_jax.inspection import inspector, kept, tasks, training, verdict
from pegan_jax.inspection.localise import kept as segmenters, settings
from pegan_jax.inspection.segmenter import Segmenter
from pegan_jax.reporting.export.export import export
from pegan_jax.runs.restore import restore
from pegan_jax.runs.run import Run

# Installed with the extra `export`.
onnxruntime = pytest.importorskip('onnxruntime')
pytest.importorskip('onnx')

pytestmark = pytest.mark.usefixtures('traced_once')

PAGE = pathlib.Path('docs/export.md')


def _config(**settings):
  config = config_files.load('export').get_config()
  config.update({'tried': 4, **settings})
  return config


@pytest.fixture(scope='module', autouse=True)
def few_runs():
  """Speeds are of as few runs as there may be, not of as many as half a second takes."""
  with pytest.MonkeyPatch.context() as monkeypatch:
    monkeypatch.setattr('pegan_jax.reporting.export.trial._SECONDS', 0)
    yield


@pytest.fixture(scope='module')
def painter(boxed_dir, tmp_path_factory):
  """(config, workdir with an export) of an untrained run."""
  config, workdir = conftest.untrained(
      'pegan', boxed_dir, tmp_path_factory.mktemp('painter') / 'run', 1)
  (workdir / 'config.json').write_text(config.to_json())
  export(_config(), workdir)
  return config, workdir


def _session(path):
  return onnxruntime.InferenceSession(path, providers=['CPUExecutionProvider'])


def test_a_defect_is_painted_by_any_batch_and_strength(painter):
  _, workdir = painter
  session = _session(workdir / 'export' / 'production.onnx')
  images = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 1), np.uint8)
  inputs = {'image': images, 'label': np.array([0, 1, 0], np.int32),
            'strength': np.array([1, 1, 0], np.float32)}
  painted, mask = session.run(['painted', 'mask'], inputs)
  assert (painted[:2] != images[:2]).any((1, 2, 3)).all()
  assert (painted[2] == images[2]).all()
  assert mask.shape == (3, 32, 32) and not mask[2].any() and mask[:2].any()
  alone = session.run(['painted'], {x: value[1:2] for x, value in inputs.items()})[0]
  assert np.abs(alone[0].astype(int) - painted[1]).max() <= 1


def test_defects_are_erased_as_the_run_erases_them(painter):
  config, workdir = painter
  run = Run(config, workdir)
  weights = restore(run, 'newest').state.ema
  records = dataset.Records(run.info, 'train')
  images = records.images(records.find(0)[:3])
  cleaned, = _session(workdir / 'export' / 'elimination.onnx').run(None, {'image': images})
  ours = np.asarray(Sampler(run).eliminate(weights, images[None], None))[0]
  assert np.abs(cleaned.astype(int) - ours).max() <= 1
  assert (cleaned != images).any()


def test_the_card_says_what_is_needed(painter):
  _, workdir = painter
  text = (workdir / 'export' / 'README.md').read_text()
  info = dataset.load_info(painter[0].data_dir)
  for said in (info.content, '0 pa, 1 rp', '`production`', '`elimination`',
               '4 | ', 'images/s'):
    assert said in text
  assert {x.suffix for x in (workdir / 'export').iterdir()} == {
      '.md', '.json', '.onnx', '.stablehlo'}


def test_an_export_of_the_same_weights_stays_and_of_others_is_refused(painter, capsys):
  _, workdir = painter
  before = (workdir / 'export' / 'production.onnx').stat().st_mtime_ns
  export(_config(), workdir)
  assert 'is made already' in capsys.readouterr().err
  assert (workdir / 'export' / 'production.onnx').stat().st_mtime_ns == before
  noted = workdir / 'export' / 'provenance.json'
  kept = noted.read_text()
  noted.write_text(re.sub(r'("weights": ")\w', r'\1x', kept))
  try:
    with pytest.raises(UserError, match='made of something else.*move it away'):
      export(_config(), workdir)
  finally:
    noted.write_text(kept)


def test_other_answers_are_refused_and_leave_nothing(boxed_dir, tmp_path, monkeypatch):
  from pegan_jax.reporting.export import trial
  config, workdir = conftest.untrained('dcgan', boxed_dir, tmp_path / 'run', 1)
  (workdir / 'config.json').write_text(config.to_json())
  opened = trial.open_session

  class Other:
    """ONNX Runtime, with brighter images."""

    def __init__(self, content):
      self._session = opened(content)

    def get_outputs(self):
      return self._session.get_outputs()

    def run(self, names, inputs):
      return [np.clip(x.astype(np.float32) + 3, 0, 255).astype(x.dtype)
              for x in self._session.run(names, inputs)]

  monkeypatch.setattr(trial, 'open_session', Other)
  with pytest.raises(UserError, match='other answers in ONNX Runtime than here'):
    export(_config(), workdir)
  assert not (workdir / 'export').exists()


def test_what_onnx_cannot_do_is_said_before_anything_is_written(
    boxed_dir, tmp_path, monkeypatch):
  from pegan_jax.reporting.export import operators
  config, workdir = conftest.untrained('dcgan', boxed_dir, tmp_path / 'run', 1)
  (workdir / 'config.json').write_text(config.to_json())
  monkeypatch.delitem(operators.OPERATORS, 'tanh')
  with pytest.raises(UserError, match='operation tanh .*has no translation to ONNX'):
    export(_config(), workdir)
  assert not (workdir / 'export').exists()


def test_a_defect_is_painted_in_its_region_alone(untrained_region, tmp_path):
  config, workdir = untrained_region
  workdir = shutil.copytree(workdir, tmp_path / 'run')
  (workdir / 'config.json').write_text(config.to_json())
  export(_config(), workdir)
  session = _session(workdir / 'export' / 'production.onnx')
  rng = np.random.default_rng(0)
  images = rng.integers(0, 256, (2, 32, 32, 1), np.uint8)
  region = np.zeros((2, 32, 32), np.uint8)
  region[:, 13:19, 13:19] = 255
  inputs = {'image': images, 'region': region, 'label': np.array([0, 1], np.int32),
            'strength': np.ones(2, np.float32)}
  for x in session.get_inputs():
    if x.name.startswith('noise_'):
      inputs[x.name] = rng.normal(size=(2, *x.shape[1:])).astype(np.float32)
  painted, = session.run(['painted'], inputs)
  changed = (painted != images)[..., 0]
  assert changed[:, 13:19, 13:19].any((1, 2)).all()
  assert not changed[:, :4].any() and not changed[:, :, 28:].any()


def test_what_cannot_be_exported_is_said(boxed_dir, tmp_path):
  with pytest.raises(UserError, match='no run and no inspector in'):
    export(_config(), tmp_path)
  config, workdir = conftest.untrained('paste', boxed_dir, tmp_path / 'run', 0)
  (workdir / 'config.json').write_text(config.to_json())
  with pytest.raises(UserError, match='paste'):
    export(_config(), workdir)
  with pytest.raises(UserError, match='tried'):
    export(_config(tried=1), workdir)


def test_the_pages_script_names_defects_without_jax(two_classes_dir, tmp_path, monkeypatch):
  monkeypatch.setitem(training.NETWORKS, 'resnet18', worlds.Tiny)
  config = config_files.load('inspect').get_config()
  config.update({'data_dir': str(two_classes_dir), 'epochs': 1, 'batch_size': 4})
  inspector.inspect(config.lock(), tmp_path / 'run')
  export(_config(), tmp_path / 'run')
  records = dataset.Records(dataset.load_info(two_classes_dir), 'test')
  paths = []
  for i, image in enumerate(records.images(records.find(0)[:2])):
    paths.append(tmp_path / f'{i}.png')
    Image.fromarray(image[..., 0]).save(paths[-1])
  script = re.search(
      r'```python\n(import json, sys\n.*?)```', PAGE.read_text(), re.DOTALL)[1]
  run = subprocess.run(
      [sys.executable, '-c', f'import sys; sys.modules["jax"] = None\n{script}',
       tmp_path / 'run' / 'export' / 'classifier.onnx', *paths],
      capture_output=True, text=True, check=True)
  answers = [line.split() for line in run.stdout.splitlines()]
  assert [x[0] for x in answers] == list(map(str, paths))
  assert {x[1] for x in answers} <= {'pa', 'sc'}
  assert all(0.5 <= float(x[2]) <= 1 for x in answers)


def test_a_segmenter_finds_what_it_finds_here(boxed_dir, tmp_path, monkeypatch):
  monkeypatch.setattr(verdict, 'RESAMPLES', 100)
  config = config_files.load('inspect').get_config()
  config.update({'task': 'localise', 'data_dir': str(boxed_dir)})
  config.localise.update({'width': 0.34, 'steps': 2, 'batch_size': 5})
  tasks.inspect(config.lock(), tmp_path / 'run')
  export(_config(), tmp_path / 'run')
  found = segmenters.restore(tmp_path / 'run')
  records = dataset.Records(dataset.load_info(boxed_dir), 'test')
  images = records.images(range(len(records.labels)))
  session = _session(tmp_path / 'run' / 'export' / 'segmenter.onnx')
  for count in (1, len(images)):
    scores, = session.run(['probabilities'], {'image': images[:count]})
    np.testing.assert_allclose(
        scores, found.trainer.scores(found.state, images[:count]), atol=1e-4)
  card = (tmp_path / 'run' / 'export' / 'README.md').read_text()
  for said in ('2 classes: pa, rp', 'pixel AP of rp', '`segmenter`', 'unet, width 0.34',
               'there are boxes and no masks', 'averages their scores'):
    assert said in card
  assert 'Wilson' not in card
  (tmp_path / 'run' / 'inspection.json').unlink()
  shutil.rmtree(tmp_path / 'run' / 'export')
  export(_config(), tmp_path / 'run')
  card = (tmp_path / 'run' / 'export' / 'README.md').read_text()
  assert 'Not measured.' in card and 'nobody knows how often it is right' in card


def test_a_pretrained_segmenters_map_is_ours(boxed_dir):
  from pegan_jax.nets import backend
  from pegan_jax.reporting.export import graph, inspectors, trial
  info = dataset.load_info(boxed_dir)
  blank = np.zeros((1, 32, 32, 1), np.uint8)
  trainer = Segmenter(settings.Settings(network='unet_efficientnet_lite0'), blank,
                      blank[..., 0] > 0)
  model = inspectors.segmenter(
      kept.Trained(trainer, trainer.init(0), {}, ''), info, 3)
  with backend.portable(), jax.default_matmul_precision('highest'):
    content = graph.translate(model.function, model.shapes(), model.name)
  found = trial.of_onnx(model, content)  # Of another batch too.
  assert found.count == 3 and 0 < found.difference < 1e-4
