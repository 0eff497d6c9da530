"""Says where networks will run, which decides how convolutions are formulated."""

import contextlib
import contextvars

import jax

_PORTABLE = contextvars.ContextVar('portable', default=False)


def name():
  """Returns `jax.default_backend()`; 'any' where what is traced runs elsewhere."""
  return 'any' if _PORTABLE.get() else jax.default_backend()


@contextlib.contextmanager
def portable():
  """Has what is traced within use plain convolutions, which every backend has."""
  token = _PORTABLE.set(True)
  try:
    yield
  finally:
    _PORTABLE.reset(token)
