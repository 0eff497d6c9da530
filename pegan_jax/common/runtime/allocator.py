"""Memory that a step frees stays with the program for the next step."""

import ctypes
import sys

# glibc's mallopt parameters, from malloc.h.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX, _ARENA_MAX = -1, -2, -4, -8


def keep_pages():
  """Tells glibc not to give freed memory back to the kernel.

  XLA's CPU backend allocates a step's temporary memory anew for each step; what
  malloc gives back between two has to be mapped in again page by page, which is
  a sixth of an inspector's step and a tenth of PE-GAN's. To be called before JAX
  starts; elsewhere than on Linux with glibc it does nothing.
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
