"""Runs one mode after another in a process of a job of two.

  python tests/training/job.py PORT PROCESS_ID '[[MODE, METHOD, WORKDIR, SETTINGS], ...]'

In one process, since to start, to trace, and to compile takes seconds for each.
"""

import json
import sys

import conftest  # First: it tells XLA to compile quickly.

import pytest

from metrics import test_features
from pegan_jax.common.runtime import distributed
from pegan_jax.generation import generate
from pegan_jax.metrics import evaluate, features, match
from pegan_jax.runs.run import Run
from pegan_jax.training import train
import traced


def _match(config, workdir):
  match.ensure_to_sample(Run(config, workdir))


MODES = {'evaluate': evaluate.evaluate, 'generate': generate.generate, 'match': _match,
         'train': train.train}


def main(port, process_id, tasks):
  traced.share(pytest.MonkeyPatch(), {})
  features.load = test_features.tiny  # The real network takes seconds to compile.
  distributed.start(f'127.0.0.1:{port}', 2, int(process_id))
  for mode, method, workdir, settings in json.loads(tasks):
    config = conftest.small_config(method)
    config.update_from_flattened_dict(settings)
    MODES[mode](config, workdir)


if __name__ == '__main__':
  main(*sys.argv[1:])
