"""Compiled steps are kept between runs."""

import os

import jax


def keep():
  """Later runs of the same networks start without compiling them again.

  In ~/.cache/pegan_jax/compiled, unless JAX_COMPILATION_CACHE_DIR names another
  folder.
  """
  if not jax.config.jax_compilation_cache_dir:
    jax.config.update('jax_compilation_cache_dir',
                      os.path.expanduser('~/.cache/pegan_jax/compiled'))
