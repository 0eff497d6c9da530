"""Puts PyTorch files together opcode by opcode: ones that no program writes.

The functions return pieces of a pickle; the two containers take its body, less
the protocol in front and the STOP behind.
"""

import io
import pickle
import struct
import zipfile

import numpy as np

DATA = np.arange(6, dtype=np.float32)  # The storage '0' of every file.


def zip_file(body, compression=zipfile.ZIP_STORED, data=DATA, **entries):
  stream = io.BytesIO()
  with zipfile.ZipFile(stream, 'w', compression) as archive:
    archive.writestr('w/data.pkl', b'\x80\x02' + body + b'.')
    archive.writestr('w/data/0', data.tobytes())
    for name, content in entries.items():
      archive.writestr(f'w/{name}', content)
  return stream.getvalue()


def legacy_file(body):
  head = [pickle.dumps(x, 2) for x in (0x1950a86a20f9469cfc6c, 1001, {})]
  return b''.join([*head, b'\x80\x02', body, b'.', pickle.dumps(['0'], 2),
                   struct.pack('<q', DATA.size), DATA.tobytes()])


CONTAINERS = [zip_file, legacy_file]


def name(module, attribute):
  """GLOBAL."""
  return f'c{module}\n{attribute}\n'.encode()


def text(value):
  return b'X' + struct.pack('<I', len(value.encode())) + value.encode()


def number(value):
  return b'\x8a\x09' + value.to_bytes(9, 'little', signed=True)


def tuple_of(*items):
  return b'(' + b''.join(items) + b't'


def dict_of(**items):
  pairs = b''.join(text(key) + value for key, value in items.items())
  return b'}(' + pairs + b'u'


def storage(kind='FloatStorage', key='0', numel=6, view=None):
  items = [text('storage'), name('torch', kind), text(key), text('cpu'),
           number(numel)]
  if view:
    items.append(tuple_of(text('view'), *map(number, view)))
  return tuple_of(*items) + b'Q'


def tensor(size=(6,), strides=(1,), offset=0, stored=storage(), flags=b''):
  return name('torch._utils', '_rebuild_tensor_v2') + tuple_of(
      stored, number(offset), tuple_of(*map(number, size)),
      tuple_of(*map(number, strides)), b'\x89', b'}', flags) + b'R'
