"""The batch is split over the devices evenly, or not at all."""

import jax
import pytest

from pegan_jax.common.errors import UserError
from pegan_jax.common.runtime import sharding


def test_a_batch_that_does_not_divide_is_an_error():
  mesh = jax.sharding.Mesh(jax.devices()[:1] * 1, ('data',))
  sharding.check_batch(mesh, 5)

  class Mesh:
    size = 8

  with pytest.raises(UserError, match='batch_size 12.*multiple of 8'):
    sharding.check_batch(Mesh, 12)
