"""results/masks: whether the masks of generated images are true."""

import argparse
import json

import numpy as np
import pytest

from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from results import masks, masks_sets


def _draw(**kinds):
  return {kind.replace('_', ' + '): {'all': value, 'a': value / 2}
          for kind, value in kinds.items()}


def test_differences_are_within_draws():
  """The second draw is luckier for all sets: only the differences are the same."""
  draws = {0: _draw(real=0.4, real_pasted=0.5, real_own=0.6),
           1: _draw(real=0.6, real_pasted=0.7, real_own=0.8, generated=0.3)}
  agreement = {'all real masks': {'all': 0.9, 'a': 0.8}, 'a': {'IoU': 0.5},
               'nothing found on clean crops': 0.25}
  text = masks.to_markdown(draws, agreement, ['a'], argparse.Namespace(frames=10, count=5))
  assert '| real | 2 | 0.500 ± 1.271 | 0.250 ± 0.635 |' in text  # t of 1 degree: 12.706.
  assert '| generated | 1 | 0.300 | 0.150 |' in text
  assert 'real + own less real 0.200 ± 0.000' in text
  assert 'real + own less real + pasted 0.100 ± 0.000' in text
  assert 'generated less real -0.300;' in text
  assert '| IoU | 0.50 |' in text and 'found on 25% of the clean' in text


def test_what_was_measured_otherwise_is_not_taken(tmp_path):
  path = tmp_path / '0.json'
  assert masks._read(path, {'seed': 0}) == {}
  path.write_text(json.dumps({'seed': 0, 'found': _draw(real=0.5)}))
  assert masks._read(path, {'seed': 0}) == _draw(real=0.5)
  with pytest.raises(UserError, match='was measured with other settings or runs'):
    masks._read(path, {'seed': 1})


def test_a_run_of_its_own_sees_its_records_alone(boxed_dir, tmp_path, monkeypatch):
  info = dataset.load_info(boxed_dir)
  trial = argparse.Namespace(
      info=info, names=info.classes, train=dataset.Records(info, 'train'))
  indices = np.r_[trial.train.find(0)[:2], trial.train.find(info.background)[:3]]
  trained = []
  monkeypatch.setattr(masks_sets.train_lib, 'train', lambda *args: trained.append(args))
  monkeypatch.setattr(masks_sets, 'restored', lambda config, workdir: config)
  from conftest import small_config
  config = masks_sets.train_own(
      trial, indices, small_config('pegan_region'), tmp_path / '0', 7)
  assert config.seed == 7 and config.method == 'pegan_region'
  own = dataset.Records(dataset.load_info(config.data_dir), 'train')
  order = np.argsort(own.sources(range(5)))
  as_before = indices[np.argsort(trial.train.sources(indices))]
  for name in ('images', 'masks', 'annotations', 'groups', 'sources'):
    np.testing.assert_array_equal(
        getattr(own, name)(order), getattr(trial.train, name)(as_before))
  np.testing.assert_array_equal(own.labels[order], trial.train.labels[as_before])
  assert [str(args[1]) for args in trained] == [str(tmp_path / '0' / 'run')]
