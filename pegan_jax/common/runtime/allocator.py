"""Keeps the memory that a step frees for the next step."""

import ctypes
import sys

# glibc's mallopt parameters, from malloc.h.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX, _ARENA_MAX = -1, -2, -4, -8


def keep_pages():
  """Tells glibc not to give freed memory back to the kernel.

  XLA's CPU backend allocates temporary memory again for each step. Mapping in again,
  page by page, what malloc gave back takes a sixth of an inspector's step and a tenth
  of PE-GAN's. Call this before JAX starts; without Linux and glibc it does nothing.
  """
  if sys.platform != 'linux':
    return
  try:
    mallopt = ctypes.CDLL(None).mallopt
  except (OSError, AttributeError):
    return
  mallopt(_MMAP_MAX, 0)
  mallopt(_TRIM_THRESHOLD, 2**31 - 1)
  mallopt(_TOP_PAD, 64 << 20)
  mallopt(_ARENA_MAX, 1)
