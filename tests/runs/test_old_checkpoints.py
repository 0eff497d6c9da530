"""Runs of an older version (3a012ad) are gone on with; fixtures/make_old_runs.py."""

import json
import pathlib
import shutil

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict
import pytest

from pegan_jax.common.errors import UserError
from pegan_jax.runs.checkpoints import reading
from pegan_jax.runs.checkpoints.store import Checkpoints
from pegan_jax.training.train import train

pytestmark = pytest.mark.usefixtures('traced_once')

RUNS = pathlib.Path(__file__).parents[1] / 'fixtures' / 'old_runs.zip'


def _metrics(workdir):
  lines = (workdir / 'metrics.jsonl').read_text().splitlines()
  return [{k: v for k, v in json.loads(line).items() if not k.startswith('time/')}
          for line in lines]


@pytest.mark.parametrize('method', ['pegan', 'dcgan'])  # dcgan has auxiliary state.
def test_an_old_run_goes_on_as_it_did(method, tmp_path, capsys):
  """From its checkpoint of step 2, and from its seed alone: the old losses."""
  shutil.unpack_archive(RUNS, tmp_path)
  workdir = tmp_path / method
  expected = _metrics(workdir)
  assert [x['step'] for x in expected] == [1, 2, 3, 4]
  (workdir / 'metrics.jsonl').unlink()
  config = json.loads((workdir / 'config.json').read_text())
  del config['dataset']
  config = ConfigDict(config | {'data_dir': str(tmp_path / 'data')}).lock()
  train(config, workdir)
  assert 'resuming from step 2' in capsys.readouterr().err
  train(config, tmp_path / 'fresh')
  for line, old in zip([*_metrics(workdir), *_metrics(tmp_path / 'fresh')],
                       [*expected[2:], *expected], strict=True):
    # XLA sums in another order with other flags, and from one version to another.
    assert line == {k: pytest.approx(v, rel=1e-3, abs=1e-4) for k, v in old.items()}
  assert Checkpoints(workdir).steps() == [2, 4]


def _save_as(monkeypatch, version, state, workdir):
  """Saves what version `version` would have written."""
  with monkeypatch.context() as m:
    m.setattr(reading, 'VERSION', version)
    checkpoints = Checkpoints(workdir)
    checkpoints.save(1, state, {'batch': 1}, {})
    checkpoints.close()


def test_pretrained_weights_of_an_old_checkpoint_are_left_out(monkeypatch, tmp_path):
  """As PE-GAN+'s had them; `extra` where auxiliary state is still kept is `aux`."""
  kernel, gen = jnp.arange(6.), {'gen': jnp.ones(3)}
  _save_as(monkeypatch, 1, gen | {'extra': {'kernel': kernel}}, tmp_path)
  assert jax.tree.map(list, Checkpoints(tmp_path).restore(gen).state) == {'gen': [1, 1, 1]}
  kept = Checkpoints(tmp_path).restore(gen | {'aux': {'kernel': kernel}}).state
  assert list(kept['aux']['kernel']) == list(range(6))


def test_a_newer_checkpoint_is_refused_by_its_version(monkeypatch, tmp_path):
  _save_as(monkeypatch, 3, {'gen': jnp.ones(3)}, tmp_path)
  with pytest.raises(UserError, match='newer pegan_jax, as version 3: .* up to 2'):
    Checkpoints(tmp_path).restore({'gen': jnp.ones(3)})
