"""The main job from nothing to class folders, at the smallest scale."""

import importlib

import pytest

from pegan_jax.demo import demo


@pytest.fixture
def small():
  config = importlib.import_module('configs.demo').get_config()
  config.width = 0.125
  config.num_blocks = 1
  config.batch_size = 4
  config.num_steps = 2
  config.generate.per_class = 2
  config.synthetic.per_class = 14
  config.synthetic.frames = 2
  return config.lock()


@pytest.mark.usefixtures('pixel_features')
def test_every_stage_runs_once_and_is_named(small, tmp_path, capsys):
  demo(small, tmp_path)
  out = capsys.readouterr().out
  for name in ('dataset', 'checkpoints', 'tensorboard', 'metrics.jsonl',
               'samples', 'best', 'generated', 'generated_annotations', 'evaluation'):
    assert (tmp_path / name).exists()
    assert str(tmp_path / name) in out
  assert len(list((tmp_path / 'generated').glob('*/*.png'))) == 9 * 2
  written = {p: p.stat().st_mtime_ns for p in tmp_path.rglob('*')
             if p.is_file()}
  demo(small, tmp_path)  # Nothing is left to do.
  assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob('*')
          if p.is_file()} == written
