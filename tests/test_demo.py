"""The main job from nothing to class folders, at the smallest scale."""

import importlib
import json

import pytest

from pegan_jax.common.errors import UserError
from pegan_jax.demo import demo


@pytest.fixture
def small():
  config = importlib.import_module('configs.demo').get_config()
  config.width = 0.125
  config.num_blocks = 0
  config.n_critic = 1
  config.batch_size = 4
  config.num_steps = 2
  config.generate.per_class = 2
  config.synthetic.per_class = 14
  config.synthetic.frames = 2
  config.build.classes = ('pa', 'sc')
  config.evaluate.repeats = 2
  return config.lock()


@pytest.mark.usefixtures('pixel_features', 'blank_charts', 'traced_once')
def test_every_stage_runs_once_and_is_named(small, tmp_path, capsys):
  demo(small, tmp_path)
  out = capsys.readouterr().out
  for name in ('dataset', 'checkpoints', 'tensorboard', 'metrics.jsonl',
               'samples', 'best', 'generated', 'generated_annotations', 'evaluation'):
    assert (tmp_path / name).exists()
    assert str(tmp_path / name) in out
  assert len(list((tmp_path / 'generated').glob('*/*.png'))) == 2 * 2
  written = {p: p.stat().st_mtime_ns for p in tmp_path.rglob('*')
             if p.is_file()}
  demo(small, tmp_path)  # Nothing is left to do.
  assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob('*')
          if p.is_file()} == written
  # A report that was cut, and one of another protocol.
  report, = (tmp_path / 'evaluation').glob('*/report.json')
  whole = report.read_bytes()
  report.write_bytes(whole[:100])
  demo(small, tmp_path)
  assert report.read_bytes() == whole
  small.evaluate.repeats = 3
  demo(small, tmp_path)
  assert json.loads(report.read_text('utf-8'))['protocol']['repeats'] == 3
  # What would make other images is refused by name, and nothing is touched.
  for key, value, words in (
      ('synthetic.seed', 5, 'synthetic was made of .*: seed is 5, was 0'),
      ('build.backgrounds', 9, 'dataset was made of .*: backgrounds is 9, was 0'),
      ('lambda_rec', 1.0, 'lambda_rec is 1.0, was 10.0'),
      ('generate.per_class', 3, 'generated was made of .*per_class is 3, was 2')):
    other = small.copy_and_resolve_references()
    other.update_from_flattened_dict({key: value})
    with pytest.raises(UserError, match=words):
      demo(other, tmp_path)
  path = tmp_path / 'synthetic' / 'clean' / '00000.png'
  path.write_bytes(path.read_bytes() + b' ')
  with pytest.raises(UserError, match=r'dataset was made of .*: clean is "\w+", was'):
    demo(small, tmp_path)
