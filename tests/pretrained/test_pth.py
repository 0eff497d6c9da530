"""PyTorch files without PyTorch: what is read, and what is refused.

tests/fixtures/make_pth.py made the valid files, with PyTorch.
"""

import io
import os
import pathlib
import pickle
import struct
import zipfile

import numpy as np
import opcodes
from opcodes import CONTAINERS, DATA, dict_of, number, tensor, zip_file
import pytest

from pegan_jax.common.errors import UserError
from pegan_jax.pretrained import pth

_FIXTURES = pathlib.Path(__file__).parents[1] / 'fixtures'
_FILES = ['zip.pth', 'legacy.pth', 'protocol4.pth']
_HUGE = 1 << 62


@pytest.fixture
def read(tmp_path):
  """Writes bytes to w.pth and reads it."""
  def read_bytes(data):
    path = tmp_path / 'w.pth'
    path.write_bytes(data)
    return pth.read(path)
  return read_bytes


@pytest.mark.parametrize('name', _FILES)
def test_everything_is_as_pytorch_has_it(name):
  tensors = pth.read(str(_FIXTURES / name))
  with np.load(_FIXTURES / 'tensors.npz') as expected:
    assert list(tensors) == expected.files
    for key in expected.files:
      assert tensors[key].dtype == expected[key].dtype, key
      np.testing.assert_array_equal(tensors[key], expected[key], key)
  assert tensors['transposed'].shape == (4, 2, 3)
  assert np.shares_memory(tensors['transposed'], tensors['base'])
  assert not tensors['base'].flags.writeable


@pytest.mark.parametrize('name', _FILES)
def test_every_cut_is_an_error(read, name):
  data = (_FIXTURES / name).read_bytes()
  for end in {*range(0, len(data), 29), *range(len(data) - 40, len(data))}:
    with pytest.raises(UserError, match='w.pth'):
      read(data[:end])


@pytest.mark.parametrize('name', _FILES)
def test_flipped_bytes_are_an_error_or_arrays(read, name):
  data = np.frombuffer((_FIXTURES / name).read_bytes(), np.uint8)
  rng, refused = np.random.default_rng(0), 0
  for _ in range(120):
    damaged = data.copy()
    where = rng.integers(len(data), size=rng.integers(1, 4))
    damaged[where] ^= rng.integers(1, 256, len(where), np.uint8)
    try:
      tensors = read(damaged.tobytes())
    except UserError:
      refused += 1
      continue
    for value in tensors.values():
      assert value.copy().nbytes == value.nbytes  # All of it can be read.
  assert refused


def test_damaged_values_in_a_zip_are_noticed(read):
  data = zip_file(dict_of(a=tensor()))
  with pytest.raises(UserError, match='damaged or cut short .*CRC'):
    read(data.replace(DATA.tobytes(), DATA[::-1].tobytes()))


_OUTSIDE = {
    'longer': tensor((7,)),
    'steps out': tensor((6,), (2,)),
    'begins outside': tensor((1,), (1,), 6),
    'two axes': tensor((2, 3), (4, 1)),
    'one value, very often': tensor((_HUGE,), (0,)),
    'one value, often': tensor((200_000,), (0,)),
    'huge': tensor((_HUGE,)),
    'huge but for one axis': tensor((0, _HUGE, _HUGE), (1, 1, 1)),
    'huge on every axis': tensor((_HUGE,) * 30, (_HUGE,) * 30),
    'huge stride': tensor((2,), (_HUGE,)),
    'negative stride': tensor((2,), (-1,), 3),
    'negative size': tensor((-1,)),
    'negative offset': tensor((1,), (1,), -1),
    'offset beyond int64': tensor((1,), (1,), 1 << 64),
    'one stride too many': tensor((1,), (1, 1)),
    'seventy axes': tensor((1,) * 70, (1,) * 70),
    'huge storage': tensor(stored=opcodes.storage(numel=_HUGE)),
    'longer storage': tensor(stored=opcodes.storage(numel=7)),
    'shorter storage': tensor(stored=opcodes.storage(numel=5)),
    'negative storage': tensor(stored=opcodes.storage(numel=-1)),
    'no such storage': tensor(stored=opcodes.storage(key='1')),
    'other type': tensor(stored=opcodes.storage('DoubleStorage')),
    'no storage': tensor(stored=b'N'),
    'view too long': tensor((1,), stored=opcodes.storage(view=(2, 5))),
    'view before': tensor((1,), stored=opcodes.storage(view=(-1, 3))),
    'outside its view': tensor((3,), stored=opcodes.storage(view=(2, 2))),
    'negated': tensor(flags=dict_of(neg=b'\x88')),
}


@pytest.mark.parametrize('container', CONTAINERS)
@pytest.mark.parametrize('case', _OUTSIDE)
def test_tensors_that_the_data_does_not_hold(read, container, case):
  with pytest.raises(UserError, match='w.pth'):
    read(container(dict_of(a=_OUTSIDE[case])))


@pytest.mark.parametrize('container', CONTAINERS)
def test_strides_offsets_and_views(read, container):
  view = opcodes.storage(view=(2, 3))
  tensors = read(container(dict_of(
      a=tensor((2,), (3,), 1), b=tensor((3, 2), (1, 3)), c=tensor((), (), 5),
      d=tensor((0, 4), (1, 1)), e=tensor((1, 2), (_HUGE, 1)),
      f=tensor((2,), (2,), stored=view))))
  assert {name: x.tolist() for name, x in tensors.items()} == {
      'a': [1, 4], 'b': [[0, 3], [1, 4], [2, 5]], 'c': 5, 'd': [],
      'e': [[0, 1]], 'f': [2, 4]}
  assert tensors['d'].shape == (0, 4)


def test_big_endian_values(read):
  data = zip_file(dict_of(a=tensor()), data=DATA.byteswap(), byteorder=b'big')
  assert read(data)['a'].tolist() == DATA.tolist()
  with pytest.raises(UserError, match='damaged'):
    read(zip_file(dict_of(a=tensor()), byteorder=b'middle'))


def test_overlapping_entries_are_refused(read):
  """Many names for one entry's bytes: each would be a copy."""
  data = zip_file(dict_of(a=tensor()), data=np.zeros(1000, np.float32),
                  **{f'data/{i}': b'' for i in range(1, 5)})
  start = data.index(b'PK\1\2')
  entries = data[start:].split(b'PK\1\2')[1:]
  sizes = slice(12, 24)  # Checksum and sizes, less the signature of 4 bytes.
  entries[2:] = [x[:12] + entries[1][sizes] + x[24:] for x in entries[2:]]
  with pytest.raises(UserError, match='claims more data'):
    read(data[:start] + b''.join(b'PK\1\2' + x for x in entries))


@pytest.mark.parametrize('container', CONTAINERS)
def test_a_training_checkpoint(read, container):
  tensors = read(container(dict_of(
      epoch=number(3), state_dict=dict_of(a=tensor()),
      optimizer=dict_of(lr=b'G' + struct.pack('>d', 0.1)))))
  assert {k: v.tolist() for k, v in tensors.items()} == {'a': DATA.tolist()}


@pytest.mark.parametrize('body,words', [
    (dict_of(a=tensor(), epoch=number(3)), 'holds an int named epoch'),
    (dict_of(a=b'N'), 'holds None named a'),
    (dict_of(model=dict_of(a=tensor())), 'holds a dict named model'),
    (dict_of(state_dict=dict_of(a=b']')), 'holds a list named a'),
    (dict_of(**{'a\x1b[2J': b']'}), r"holds a list named 'a\\x1b\[2J'"),
    (b'}K\1' + tensor() + b's', 'holds a tensor named 1'),
    (b']' + tensor() + b'a', 'holds a list, not a dict'),
    (tensor(), 'holds a tensor, not a dict'),
    (b'}', 'holds no tensors'),
    (opcodes.tuple_of(opcodes.text('module'), *[b'N'] * 4) + b'Q',
     'holds a whole module'),
    (opcodes.name('collections', 'OrderedDict') + b'(]tR', 'by Python 2'),
])
@pytest.mark.parametrize('container', CONTAINERS)
def test_other_contents_are_named(read, container, body, words):
  with pytest.raises(UserError, match=f'w.pth .*{words}'):
    read(container(body))


@pytest.mark.parametrize('data', [
    b'', b'PK\3\4', b'<!DOCTYPE html><html>', b'\x89PNG\r\n\x1a\n\0\0',
    b'\xff\xd8\xff\xe0JFIF', b'import os\n', bytes(1000),
    pickle.dumps({'a': 1}), pickle.dumps(0x1950a86a20f9469cfc6c),
    pickle.dumps(0x1950a86a20f9469cfc6c) + pickle.dumps(1002)])
def test_files_of_another_kind(read, data):
  with pytest.raises(UserError, match='w.pth is (not|damaged)'):
    read(data)


def test_a_zip_file_of_another_kind(read):
  stream = io.BytesIO()
  with zipfile.ZipFile(stream, 'w') as archive:
    archive.writestr('readme.txt', 'no weights')
  with pytest.raises(UserError, match='not one that torch.save wrote'):
    read(stream.getvalue())


def test_paths(tmp_path):
  with pytest.raises(UserError, match='there is no file .*absent.pth'):
    pth.read(tmp_path / 'absent.pth')
  with pytest.raises(UserError, match='is a folder'):
    pth.read(tmp_path)
  for path in ('a\0b', 'a' * 5000):
    with pytest.raises(UserError):
      pth.read(path)
  os.mkfifo(tmp_path / 'pipe')  # Opened, it would wait for ever.
  with pytest.raises(UserError, match='no file'):
    pth.read(tmp_path / 'pipe')
