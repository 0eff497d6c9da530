"""Pickles that want to be obeyed: nothing in a PyTorch file is executed."""

import os
import pathlib
import pickle
import struct
import tracemalloc
import zipfile

from opcodes import (
    CONTAINERS, dict_of, legacy_file, name, number, tensor, text, tuple_of,
    zip_file)
import pytest

from pegan_jax.common.errors import UserError
from pegan_jax.pretrained import pth

_FIXTURES = pathlib.Path(__file__).parents[1] / 'fixtures'


@pytest.fixture
def read(tmp_path):
  """Writes bytes to w.pth and reads it."""
  def read_bytes(data):
    path = tmp_path / 'w.pth'
    path.write_bytes(data)
    return pth.read(path)
  return read_bytes


def _calls(module, attribute, argument):
  """Yields all the ways in which a pickle can call a global."""
  function, argument = name(module, attribute), text(argument)
  call = function + tuple_of(argument) + b'R'
  yield call
  yield dict_of(a=call)
  yield dict_of(a=tensor(), b=call)
  yield dict_of(a=tensor()) + call + b'b'
  yield tuple_of(text('storage'), call) + b'Q'
  yield text(module) + text(attribute) + b'\x93' + tuple_of(argument) + b'R'
  yield function + tuple_of(argument) + b'\x81'  # NEWOBJ
  yield function + tuple_of(argument) + b'}\x92'  # NEWOBJ_EX
  yield b'(' + function + argument + b'o'  # OBJ
  yield b'(' + argument + f'i{module}\n{attribute}\n'.encode()  # INST


@pytest.mark.parametrize('container', CONTAINERS)
@pytest.mark.parametrize('asked', [
    ('os', 'system'), ('posix', 'system'), ('builtins', 'eval'),
    ('builtins', 'exec'), ('builtins', 'getattr'), ('__builtin__', 'eval'),
    ('subprocess', 'Popen'), ('runpy', '_run_code'), ('pickle', 'loads'),
    # By way of what is allowed: its attributes, dotted names, its modules.
    ('collections', 'OrderedDict.__reduce__'),
    ('collections', 'OrderedDict.__class__.__subclasses__'),
    ('collections', '_sys.modules'),
    ('torch._utils', '_rebuild_tensor_v2.__globals__'),
    ('torch._utils', 'os.system'),
    ('torch', 'FloatStorage.__init__.__globals__'),
    ('torch.storage', '_load_from_bytes'),
    ('numpy', 'load'), ('copyreg', '_reconstructor'),
    ('pegan_jax.pretrained.pth', 'read'),
], ids='.'.join)
def test_no_call_is_obeyed(read, tmp_path, container, asked):
  marker = tmp_path / 'marker'
  for body in _calls(*asked, f'touch {marker}'):
    with pytest.raises(UserError) as e:
      read(container(body))
    assert str(e.value).endswith(
        f'w.pth asks for {".".join(asked)}, which a file of tensors does not '
        'need: refused'), body
  assert not marker.exists()


class _Evil:
  """Pickles as a call."""

  def __init__(self, function, argument):
    self.call = function, (argument,)

  def __reduce__(self):
    return self.call


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_of_pythons_own_making(read, tmp_path, protocol):
  marker = tmp_path / 'marker'
  attack = pickle.dumps(_Evil(os.system, f'touch {marker}'), protocol)
  for data in (attack, zip_file(attack[:-1]), legacy_file(attack[:-1])):
    with pytest.raises(UserError, match=f'w.pth asks for {os.name}.system,'):
      read(data)
  assert not marker.exists()
  pickle.loads(attack)
  assert marker.exists()  # The attack was a real one.


def test_names_are_fit_for_a_terminal(read):
  with pytest.raises(UserError) as e:
    read(zip_file(text('os') + text('\x1b]0;\n\x07' + 'x' * 999) + b'\x93'))
  assert str(e.value).isprintable() and len(str(e.value)) < 400


def test_state_is_dropped_and_nothing_is_patched(read):
  """BUILD sets attributes, of objects, functions and classes alike."""
  ordered = name('collections', 'OrderedDict')
  state = dict_of(items=number(1), __defaults__=number(2))
  tensors = read(zip_file(
      ordered + b')R' + text('a') + tensor() + b's' + state + b'b'))
  assert list(tensors.items())[0][0] == 'a'
  for target in (ordered, name('torch._utils', '_rebuild_tensor_v2'),
                 name('torch', 'FloatStorage'), tensor()):
    with pytest.raises(UserError, match='damaged'):
      read(zip_file(dict_of(a=target + state + b'b')))
  assert len(pth.read(_FIXTURES / 'zip.pth')) == 24


_NESTED = b')' + b'q\0h\0h\0\x86' * 200  # A tuple of 2**200 parts.


@pytest.mark.parametrize('body', [
    _NESTED, b'}' + _NESTED + b'Ns', dict_of(a=_NESTED),
    tuple_of(_NESTED, _NESTED) + b'Q', _NESTED + _NESTED + b'R',
    tensor(flags=_NESTED), b'(' * 10000, b']' * 10000, b'N' + b'\x85' * 10000,
    b'}q\0' + text('a') + b'h\0s',  # A dict in itself.
    b'\x8e' + struct.pack('<Q', 1 << 60), b'X' + struct.pack('<I', 1 << 31),
    b'\x8d' + struct.pack('<Q', 1 << 40), b'\x96' + struct.pack('<Q', 1 << 40),
    b'\x8b' + struct.pack('<i', (1 << 31) - 1),
    b'Nr' + struct.pack('<I', (1 << 32) - 1),
])
@pytest.mark.parametrize('container', CONTAINERS)
def test_bombs_take_neither_time_nor_memory(read, container, body):
  tracemalloc.start()
  try:
    with pytest.raises(UserError, match='w.pth'):
      read(container(body))
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
  finally:
    tracemalloc.stop()


def test_compression_is_refused(read):
  data = zip_file(dict_of(a=tensor()), zipfile.ZIP_DEFLATED,
                  **{'data/1': bytes(1 << 20)})
  assert len(data) < 10_000
  with pytest.raises(UserError, match='compressed'):
    read(data)
