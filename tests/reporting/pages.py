"""Fixtures: a run with every stage's result, and its page."""

import json
import pathlib
import shutil

from PIL import Image
import pytest

from conftest import blank_report, PixelExtractor, save_untrained, small_config
from data_prep import build
from pegan_jax.generation.generate import generate
from pegan_jax.metrics import chart, evaluate, features
from pegan_jax.reporting.report import report

ODD = '<script>'  # A class's name: class names come from outside.


@pytest.fixture(scope='module')
def made(enough_dir, tmp_path_factory):
  """A run with every stage's result: (config, workdir); not to be changed."""
  folder = tmp_path_factory.mktemp('page')
  (folder / 'defects').mkdir()
  for name, source in ((ODD, 'pa'), ('sc', 'sc')):
    (folder / 'defects' / name).symlink_to(enough_dir.parent / 'defects' / source)
  build.build(defects=folder / 'defects', clean=enough_dir.parent / 'raw' / 'clean',
              out=folder / 'data', image_size=32, per_class=0, backgrounds=20)
  config, workdir = small_config(), folder / 'run'
  config.data_dir, config.num_steps = str(folder / 'data'), 2
  config.generate.per_class, config.evaluate.repeats = 5, 4
  config.report.per_class = 3
  save_untrained(config, workdir)
  with pytest.MonkeyPatch.context() as monkeypatch:
    monkeypatch.setattr(features, 'load', lambda *_: PixelExtractor())
    monkeypatch.setattr(chart, 'draw', blank_report)
    generate(config, workdir)
    evaluate.evaluate(config, workdir)
  saved = config.to_dict() | {'dataset': {'classes': [ODD, 'sc'], 'content': 'abc'}}
  (workdir / 'config.json').write_text(json.dumps(saved))
  (workdir / 'metrics.jsonl').write_text(''.join(json.dumps(x) + '\n' for x in (
      {'step': 1, 'gen/loss': 3.0, 'disc/loss': -1.0, 'alarm/class': 1.0},
      {'step': 2, 'gen/loss': 1.0, 'disc/loss': 0.5, 'alarm/class': 1.0,
       'alarm/noise': 0.0})))
  (workdir / 'samples').mkdir()
  for step in (0, 1, 2):
    Image.new('L', (40, 30), step).save(workdir / 'samples' / f'{step:07d}_production.png')
  (workdir / 'study').mkdir()
  study = json.loads(pathlib.Path('results/inspectors/generated/study.json').read_text())
  study['protocol']['test_images_of_classes'] = dict.fromkeys(study['classes'], 60)
  study['protocol']['test_groups_of_classes'] = {
      name: 3 if name == 'pa' else 30 for name in study['classes']}
  study['fractions']['1']['decisions'] = {'generated': {
      'verdict': 'no evidence', 'arm': 'augmented+generated', 'over': 'augmented',
      'value': 0.01, 'low': -0.02, 'high': 0.03}}
  (workdir / 'study' / 'study.json').write_text(json.dumps(study))
  shutil.copy('results/inspectors/generated/study.png', workdir / 'study')
  return config.lock(), workdir


@pytest.fixture
def run(made, tmp_path):
  """The same, to be changed."""
  shutil.copytree(made[1], tmp_path / 'run')
  return made[0].copy_and_resolve_references(), tmp_path / 'run'


@pytest.fixture(scope='module')
def page(made):
  with pytest.MonkeyPatch.context() as monkeypatch:
    monkeypatch.setattr(features, 'load', lambda *_: PixelExtractor())
    return report(*made)
