"""Keeps compiled steps between runs."""

import contextlib
import os
import pathlib

import jax

try:  # Not public: without it, entries are not checked.
  from jax._src.compilation_cache import decompress_executable
except ImportError:
  decompress_executable = None


def keep():
  """Keeps compiled steps, so that later runs of the same networks start sooner.

  They lie in ~/.cache/pegan_jax/compiled, unless JAX_COMPILATION_CACHE_DIR names
  another folder.
  """
  if not jax.config.jax_compilation_cache_dir:
    jax.config.update('jax_compilation_cache_dir',
                      os.path.expanduser('~/.cache/pegan_jax/compiled'))
  if decompress_executable:
    _remove_cut(pathlib.Path(jax.config.jax_compilation_cache_dir))


def _remove_cut(folder):
  """Removes entries that a kill or a full disk cut off; JAX would never replace them.

  Only entries at least as new as the newest at the last look are read.
  """
  looked = folder / 'looked'
  # The folder may be missing, in use by others, or not ours.
  with contextlib.suppress(OSError):
    since = newest = looked.stat().st_mtime_ns if looked.exists() else 0
    for path in folder.glob('*-cache'):
      written = path.stat().st_mtime_ns
      newest = max(newest, written)
      if written >= since and not _is_whole(path):
        path.unlink()
    looked.touch()
    os.utime(looked, ns=(newest, newest))


def _is_whole(path):
  data = path.read_bytes()
  try:
    decompress_executable(data)
  except Exception:  # An error of zlib or of zstandard, whichever JAX uses.
    return False
  return True
