"""Shards over one mesh axis of all devices: the batch is split, the state replicated.

`jit` over these shardings does `jax.pmap`'s work: XLA inserts the gradient
all-reduce, and neither means nor random numbers depend on the device count.
"""

import jax
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from pegan_jax.common.errors import UserError

AXIS = 'data'


def make_mesh():
  """Returns a mesh of all devices of all processes in a row."""
  return jax.make_mesh((jax.device_count(),), (AXIS,),
                       axis_types=(AxisType.Auto,))


def replicated(mesh):
  """Returns the sharding of the state: a whole copy on each device."""
  return NamedSharding(mesh, PartitionSpec())


def split(mesh):
  """Returns the sharding of images [B, ...] outside of training: B is split."""
  return NamedSharding(mesh, PartitionSpec(AXIS))


def batch_sharding(mesh):
  """Returns the sharding of a batch [n_critic, B, ...]: B is split over the devices."""
  return NamedSharding(mesh, PartitionSpec(None, AXIS))


def check_batch(mesh, batch_size):
  """Raises UserError where the batch cannot be split evenly."""
  if batch_size % mesh.size:
    raise UserError(
        f'batch_size {batch_size} cannot be split over {mesh.size} devices: '
        f'make it a multiple of {mesh.size}')


def spread(mesh, x):
  """Splits an array [B, ...], which every process holds whole, over all devices."""
  if mesh.size == 1:
    return x
  return jax.make_array_from_callback(x.shape, split(mesh), lambda i: x[i])


def replicate(mesh, tree):
  """Copies a pytree of numpy arrays, which every process holds, to every device."""
  return jax.tree.map(lambda x: jax.make_array_from_callback(
      x.shape, replicated(mesh), lambda i: x[i]), tree)


def to_global(mesh, batch):
  """Turns this process's part of a batch into global arrays over all processes.

  Args:
    mesh: from `make_mesh`.
    batch: pytree of numpy arrays [n_critic, B / processes, ...].

  Returns:
    The pytree of jax arrays [n_critic, B, ...], transfers under way.
  """
  sharding = batch_sharding(mesh)
  if jax.process_count() == 1:
    return jax.device_put(batch, sharding)
  return jax.tree.map(
      lambda x: jax.make_array_from_process_local_data(sharding, x), batch)
