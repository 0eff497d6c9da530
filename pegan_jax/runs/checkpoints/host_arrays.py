"""Turns a state's leaves into named host arrays with checksums, and back.

These are what `store.py` stores. Typed keys (`jax.random.key`) stand as their key
data, everything else as itself.
"""

import zlib

import jax
import numpy as np


def describe(tree):
  """Returns name, shape and dtype of each leaf, in order and JSON-able."""
  return [{'name': jax.tree_util.keystr(path, simple=True, separator='/'),
           'shape': list(np.shape(leaf)),
           'dtype': str(leaf.dtype if _is_key(leaf) else _storage(leaf).dtype)}
          for path, leaf in jax.tree_util.tree_leaves_with_path(tree)]


def to_host(tree):
  """Returns the leaves as numpy arrays; on the CPU, views of jax's memory.

  Raises:
    RuntimeError: a leaf has parts that only another process holds.
  """
  leaves = jax.device_get([jax.random.key_data(x) if _is_key(x) else x
                           for x in jax.tree.leaves(tree)])
  return [np.asarray(x) for x in leaves]


def empty_host(template):
  """Returns arrays like `to_host` of a tree like `template`, not filled."""
  return [np.empty(x.shape, x.dtype)
          for x in map(_storage, jax.tree.leaves(template))]


def to_devices(template, host):
  """Returns the template's tree with host arrays put where its leaves are.

  Args:
    template: pytree of arrays or `ShapeDtypeStruct`s; a leaf without a sharding
      stays on the host.
    host: as from `to_host`, the same on every process.
  """
  def place(leaf, array):
    if getattr(leaf, 'sharding', None) is not None:
      array = jax.make_array_from_callback(
          array.shape, leaf.sharding, lambda index: array[index])
    if _is_key(leaf):
      return jax.random.wrap_key_data(array, impl=leaf.dtype)
    return array
  leaves, treedef = jax.tree.flatten(template)
  return treedef.unflatten(map(place, leaves, host))


def checksum(array):
  """Returns the CRC-32 of an array's bytes."""
  return zlib.crc32(array.reshape(-1).view(np.uint8))


def _is_key(leaf):
  return jax.dtypes.issubdtype(getattr(leaf, 'dtype', None),
                               jax.dtypes.prng_key)


def _storage(leaf):
  """Returns something with the shape and dtype in which a leaf is stored."""
  if _is_key(leaf):
    return jax.eval_shape(jax.random.key_data,
                          jax.ShapeDtypeStruct(leaf.shape, leaf.dtype))
  return leaf if hasattr(leaf, 'dtype') else np.asarray(leaf)
