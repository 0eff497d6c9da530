"""Reads the weights in a PyTorch .pth file, without PyTorch.

A .pth file is a pickle, and behind it the tensors' values. What the pickle may
say, and why that is harmless, is in `tensor_pickle.py`; this file finds its way
through the two formats and checks what is claimed against what is there.
"""

import io
import math
import pathlib
import struct
import warnings
import zipfile

import numpy as np

from pegan_jax.common.errors import reason, UserError
from pegan_jax.pretrained.tensor_pickle import (
    Machine, Tensor, UnreadableError, expect, shown)

_MAGIC = 0x1950a86a20f9469cfc6c  # Opens the format before PyTorch 1.6.
_VERSION = 1001

# A tensor may show the same stored values many times, so a small file can name
# tensors that fill any memory once they are copied.
_MAX_GROWTH = 16

# What reading a damaged file raises somewhere below.
_DAMAGE = (LookupError, TypeError, ValueError, OverflowError, EOFError,
           RuntimeError, struct.error, zipfile.BadZipFile)


def read(path) -> dict[str, np.ndarray]:
  """Reads a state dict that torch.save wrote, in its zip or its older format.

  Args:
    path: the file: a dict of tensors, or a dict that has one as 'state_dict'.

  Returns:
    {name: array} in the file's order. The arrays are read-only, may be strided,
    and share memory where the tensors did; bfloat16 becomes float32.

  Raises:
    UserError: no such file; not a .pth file, damaged or cut short; it asks for
      anything but tensors, or holds something else.
  """
  path = pathlib.Path(path)
  try:
    if not path.is_file():
      raise UserError(f'{path} is a folder: name the .pth file in it'
                      if path.is_dir() else f'there is no file {path}')
    data = path.read_bytes()
    # Damage may make a library warn; the sentence below says all there is.
    with warnings.catch_warnings():
      warnings.simplefilter('ignore')
      return _parse(data)
  except UnreadableError as error:
    raise UserError(f'{path} {error}') from error
  except OSError as error:
    raise UserError(f'cannot read {path}: {error.strerror or error}') from error
  except MemoryError as error:
    raise UserError(f'{path} does not fit in memory') from error
  except _DAMAGE as error:
    raise UserError(f'{path} is damaged or cut short ({shown(reason(error))}): get it '
                    'again') from error


def _parse(data):
  if data.startswith(b'PK\3\4'):
    tensors, arrays = _read_zip(data)
  else:
    tensors, arrays = _read_legacy(data)
  sizes = (math.prod(x.size) * arrays[x.storage.key].itemsize
           for x in tensors.values())
  if sum(sizes) > _MAX_GROWTH * len(data):
    raise UnreadableError(
        f'names tensors of over {_MAX_GROWTH} times its own size: refused')
  return {name: _array(name, tensor, arrays[tensor.storage.key])
          for name, tensor in tensors.items()}


def _read_zip(data):
  """Returns the tensors, and the arrays of the storages that they use."""
  with zipfile.ZipFile(io.BytesIO(data)) as archive:
    entries = archive.infolist()
    if any(x.compress_type != zipfile.ZIP_STORED for x in entries):
      raise UnreadableError('is compressed, which torch.save never does: '
                            'refused, save it again')
    # Else entries overlap, and reading them takes far more than the file.
    if sum(x.file_size for x in entries) > len(data):
      raise UnreadableError('claims more data than it has: get it again')
    roots = [x.filename.removesuffix('data.pkl') for x in entries
             if x.filename.endswith('/data.pkl')]
    if len(roots) != 1:
      raise UnreadableError('is a zip file, but not one that torch.save wrote')
    root = roots[0]
    machine = Machine(io.BytesIO(archive.read(f'{root}data.pkl')))
    tensors = _state_dict(machine.run())
    order = '<'
    if f'{root}byteorder' in archive.namelist():
      order = {b'little': '<', b'big': '>'}[archive.read(f'{root}byteorder')]
    keys = dict.fromkeys(x.storage.key for x in tensors.values())
    return tensors, {
        key: _values(machine.storages[key], archive.read(f'{root}data/{key}'),
                     order) for key in keys}


def _read_legacy(data):
  """Returns the tensors, and the arrays of all storages, by key."""
  stream = io.BytesIO(data)
  try:
    magic = Machine(stream).run()
  except _DAMAGE:
    magic = None
  if magic != _MAGIC or Machine(stream).run() != _VERSION:
    raise UnreadableError('is not a file that torch.save wrote')
  Machine(stream).run()  # The sizes of C's types where it was written.
  machine = Machine(stream)
  tensors = _state_dict(machine.run())
  arrays = {}
  for key in expect(Machine(stream).run(), list):
    storage = machine.storages[key]
    start = stream.tell() + 8
    count, = struct.unpack('<q', stream.read(8))
    stop = start + count * np.dtype(storage.kind.dtype).itemsize
    if not start <= stop <= len(data):
      raise UnreadableError('is cut short: get it again')
    arrays[key] = _values(storage, memoryview(data)[start:stop], '<')
    stream.seek(stop)
  return tensors, arrays


def _values(storage, raw, order):
  """Returns a storage's values [n] from its bytes."""
  values = np.frombuffer(raw, np.dtype(storage.kind.dtype).newbyteorder(order))
  if len(values) != storage.numel:
    raise ValueError('not as many values as the pickle says')
  if storage.kind.is_bfloat16:  # The upper half of a float32.
    return (values.astype(np.uint32) << 16).view(np.float32)
  if storage.kind.dtype == '?':  # A damaged byte may be neither 0 nor 1.
    return values.view(np.uint8) != 0
  return values.astype(values.dtype.newbyteorder('='), copy=False)


def _array(name, tensor, values):
  """Returns a view of a tensor's part of its storage's `values`."""
  storage, offset, size, strides = tensor
  values = values[storage.start:storage.stop]
  # The stride of an axis that is never stepped along may be anything.
  strides = [s if n > 1 else 0 for n, s in zip(size, strides)]
  last = offset + sum((n - 1) * s for n, s in zip(size, strides))
  if 0 in size:
    array = np.zeros(size, values.dtype)
  elif last >= len(values):
    raise UnreadableError(f'has a tensor {shown(name)} that reaches outside '
                          'its data: get it again')
  else:
    array = np.lib.stride_tricks.as_strided(
        values[offset:], size, [s * values.itemsize for s in strides])
  array.flags.writeable = False
  return array


def _state_dict(value):
  """Returns the {str: Tensor} in what a file holds."""
  if isinstance(value, dict) and isinstance(value.get('state_dict'), dict):
    value = value['state_dict']
  if not isinstance(value, dict):
    raise UnreadableError(f'holds {_a(value)}, not a dict of tensors: save '
                          'model.state_dict()')
  for name, tensor in value.items():
    if not isinstance(tensor, Tensor) or not isinstance(name, str):
      raise UnreadableError(f'holds {_a(tensor)} named {shown(name)}, where '
                            'only tensors belong: save model.state_dict()')
  if not value:
    raise UnreadableError('holds no tensors: save model.state_dict()')
  return value


def _a(value):
  if value is None:
    return 'None'
  kind = type(value).__name__.lower()
  return f'{"an" if kind[0] in "aeiou" else "a"} {kind}'
