"""The commands of an installation: each is `python -m` of its module."""

import runpy
import signal

import pegan_jax

MODULES = {'pegan': 'pegan_jax.main', 'pegan-build': 'data_prep.build'}


def pegan():
  """Runs `pegan`."""
  _run('pegan')


def build():
  """Runs `pegan-build`."""
  _run('pegan-build')


def _run(name):
  # As pegan_jax/__init__.py does for `python -m`.
  if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, pegan_jax.end)
  runpy.run_module(MODULES[name], run_name='__main__')
