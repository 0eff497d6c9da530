"""Runs of the same networks share what JAX has traced and XLA compiled.

For tests that train again and again: to trace a step takes a second, and to make it
nothing. `pytestmark = pytest.mark.usefixtures('traced_once')` in a file asks for it; where
it is tested that a run that is traced anew does the same, `traced_once.clear()`.
"""

import json

from pegan_jax.generation import sampler
from pegan_jax.runs import run as runs
from pegan_jax.training import train

# Settings that no traced function depends on. The number of steps is one where no rate
# falls with it.
_FREE = ('data_dir', 'num_workers', 'cache_mb', 'log_every', 'sample_every',
         'checkpoint_every', 'max_to_keep', 'eval_every', 'writer', 'generate', 'evaluate')


def _key(config, method, nets, *more):
  settings = {k: v for k, v in config.to_dict().items() if k not in (*_FREE, *more)}
  if not any(settings[x]['decay_fraction'] for x in ('gen', 'disc')):
    del settings['num_steps']
  return json.dumps(settings, sort_keys=True), method, str(nets._replace(frozen=()))


def share(monkeypatch, kept):
  """Keeps the step, the initialisation, the sampler and the grids of each run in `kept`."""
  make_step, grids, make_sampler = train.make_step, train.Samples, sampler.Sampler.__init__
  init = runs.Run._init.func

  def key_of(run):
    info = run.info
    return (*_key(run.config, run.method, run.nets), run.mesh, len(info.classes),
            info.image_size, info.channels)

  def sampler_init(self, run, *frozen):
    make_sampler(self, run, *frozen)
    self._chunk = kept.setdefault(('chunk', key_of(run)), self._chunk)

  def samples(run, of_run):
    key = 'grids', key_of(run), run.info.content
    return kept[key] if key in kept else kept.setdefault(key, grids(run, of_run))

  monkeypatch.setattr(train, 'make_step', lambda method, nets, config: kept.setdefault(
      ('step', _key(config, method, nets, 'seed')), make_step(method, nets, config)))
  monkeypatch.setattr(train, 'Samples', samples)
  monkeypatch.setattr(sampler.Sampler, '__init__', sampler_init)
  monkeypatch.setattr(runs.Run, '_init', property(
      lambda self: kept.setdefault(('init', key_of(self)), init(self))))
