"""Runs the pickle in a PyTorch file on plain values: nothing in it is executed.

The module `pickle` does what a pickle says: it imports, calls, sets attributes.
So it is not used here. `Machine` carries out the few opcodes that tensors need;
a name in the file is looked up in `_GLOBALS` and never imported, the functions
in there are all that is ever called, and no attribute is set.
"""

import pickletools
from typing import NamedTuple

_MAX_DIMS = 32


class UnreadableError(Exception):
  """Why a file is refused: a sentence that lacks the file's name in front."""


class Kind(NamedTuple):
  """A class of storage: how its values are stored, little-endian."""
  dtype: str
  is_bfloat16: bool = False


class Storage(NamedTuple):
  """A run of `numel` values in the file; the tensor may use just start:stop."""
  kind: Kind
  key: str
  numel: int
  start: int
  stop: int


class Tensor(NamedTuple):
  """A tensor's place in a storage; offset and strides count values."""
  storage: Storage
  offset: int
  size: tuple[int, ...]
  strides: tuple[int, ...]


def _ordered_dict(*pairs):
  if pairs:
    raise UnreadableError('was saved by Python 2: load it in PyTorch and save '
                          'it again')
  return {}


def _rebuild_tensor(storage, offset, size, strides, requires_grad, hooks,
                    flags=None):
  """Stands for torch._utils._rebuild_tensor_v2."""
  del requires_grad, hooks
  expect(storage, Storage)
  # The number of axes first: a file may name one long tuple many times.
  if (len(expect(size, tuple)) > _MAX_DIMS
      or len(expect(strides, tuple)) != len(size)):
    raise ValueError('odd axes')
  for number in (offset, *size, *strides):
    _expect_count(number)
  if flags:
    raise UnreadableError('has a tensor whose sign is kept apart from its '
                          'data: save a clone() of it')
  return Tensor(storage, offset, size, strides)


def _rebuild_parameter(tensor, requires_grad, hooks):
  """Stands for torch._utils._rebuild_parameter."""
  del requires_grad, hooks
  return expect(tensor, Tensor)


_GLOBALS = {
    'collections.OrderedDict': _ordered_dict,
    'torch._utils._rebuild_tensor_v2': _rebuild_tensor,
    'torch._utils._rebuild_parameter': _rebuild_parameter,
    'torch.FloatStorage': Kind('<f4'),
    'torch.DoubleStorage': Kind('<f8'),
    'torch.HalfStorage': Kind('<f2'),
    'torch.BFloat16Storage': Kind('<u2', is_bfloat16=True),
    'torch.LongStorage': Kind('<i8'),
    'torch.IntStorage': Kind('<i4'),
    'torch.ShortStorage': Kind('<i2'),
    'torch.CharStorage': Kind('i1'),
    'torch.ByteStorage': Kind('u1'),
    'torch.BoolStorage': Kind('?'),
}


class Machine:
  """Runs one pickle of a stream; the stream then stands behind it.

  Attributes:
    storages: {key: Storage} of all storages that the pickle names.
  """

  _LITERALS = frozenset({
      'INT', 'BININT', 'BININT1', 'BININT2', 'LONG', 'LONG1', 'LONG4',
      'BINFLOAT', 'BINSTRING', 'SHORT_BINSTRING', 'BINUNICODE',
      'SHORT_BINUNICODE', 'BINUNICODE8'})
  _NEW = {'NONE': lambda: None, 'NEWTRUE': lambda: True,
          'NEWFALSE': lambda: False, 'EMPTY_DICT': dict, 'EMPTY_LIST': list,
          'EMPTY_TUPLE': tuple}
  _TUPLES = {'TUPLE1': 1, 'TUPLE2': 2, 'TUPLE3': 3}

  def __init__(self, stream):
    self.storages = {}
    self._stream = stream
    self._stack = []
    self._marks = []  # Positions in the stack.
    self._memo = {}

  def run(self):
    """Returns the pickle's value, of plain values and `Tensor`s.

    Raises:
      UnreadableError: the pickle asks for what tensors do not need.
      LookupError, TypeError, ValueError: it is damaged.
    """
    for opcode, arg, _ in pickletools.genops(self._stream):
      name = opcode.name
      if name in self._LITERALS:
        self._stack.append(arg)
      elif name in self._NEW:
        self._stack.append(self._NEW[name]())
      elif name in ('BINPUT', 'LONG_BINPUT'):
        self._memo[arg] = self._stack[-1]
      elif name == 'MEMOIZE':
        self._memo[len(self._memo)] = self._stack[-1]
      elif name in ('BINGET', 'LONG_BINGET'):
        self._stack.append(self._memo[arg])
      elif name in ('GLOBAL', 'INST'):
        self._stack.append(_find(arg.replace(' ', '.')))
        if name == 'INST':  # Calls it at once, in a form of Python 1.
          raise ValueError('pickle opcode INST')
      elif name == 'STOP':
        return self._stack.pop()
      elif name not in ('PROTO', 'FRAME'):
        self._operate(name)

  def _operate(self, name):
    """Carries out an opcode that works on the stack alone."""
    if name == 'MARK':
      self._marks.append(len(self._stack))
    elif name in self._TUPLES:
      self._stack.append(tuple(self._pop(self._TUPLES[name])))
    elif name == 'TUPLE':
      self._stack.append(tuple(self._pop_mark()))
    elif name == 'APPEND':
      items = self._pop(1)
      expect(self._stack[-1], list).extend(items)
    elif name == 'APPENDS':
      items = self._pop_mark()
      expect(self._stack[-1], list).extend(items)
    elif name == 'SETITEM':
      self._set_items(self._pop(2))
    elif name == 'SETITEMS':
      self._set_items(self._pop_mark())
    elif name == 'BUILD':  # An OrderedDict's state: a note of layer versions.
      self._pop(1)
      expect(self._stack[-1], dict)
    elif name == 'STACK_GLOBAL':
      module, name = self._pop(2)
      self._stack.append(_find(f'{expect(module, str)}.{expect(name, str)}'))
    elif name == 'REDUCE':
      function, args = self._pop(2)
      if not callable(function):
        raise TypeError('not a function')
      self._stack.append(function(*expect(args, tuple)))
    elif name == 'BINPERSID':
      self._stack.append(self._storage(*expect(self._pop(1)[0], tuple)))
    else:
      raise ValueError(f'pickle opcode {name}')

  def _pop(self, count):
    start = len(self._stack) - count
    if min(start, count) < 0:
      raise IndexError('too little on the stack')
    items = self._stack[start:]
    del self._stack[start:]
    return items

  def _pop_mark(self):
    return self._pop(len(self._stack) - self._marks.pop())

  def _set_items(self, items):
    target = expect(self._stack[-1], dict)
    for key, value in zip(items[::2], items[1::2], strict=True):
      # No tuples: hashing nested ones can take for ever.
      target[expect(key, str, int)] = value

  def _storage(self, tag, kind, key, location, numel, view=None):
    """Returns the storage of a persistent id; `view` only in old files."""
    del location
    if tag != 'storage':
      raise UnreadableError('holds a whole module, not its tensors: save '
                            'model.state_dict()')
    root = Storage(expect(kind, Kind), expect(key, str),
                   _expect_count(numel), 0, numel)
    if self.storages.setdefault(key, root) != root:
      raise ValueError('one storage of two kinds')
    if view is None:
      return root
    _, start, length = expect(view, tuple)
    start, stop = _expect_count(start), start + _expect_count(length)
    if stop > numel:
      raise ValueError('a view outside its storage')
    return root._replace(start=start, stop=stop)


def _find(name):
  """Returns what stands for a global; the file's name for it is all it has."""
  if name not in _GLOBALS:
    raise UnreadableError(f'asks for {shown(name)}, which a file of tensors '
                          'does not need: refused')
  return _GLOBALS[name]


def expect(value, *types):
  """Returns `value` of exactly one of `types`, or raises TypeError."""
  if type(value) not in types:
    raise TypeError(f'{type(value).__name__} in the wrong place')
  return value


def _expect_count(value):
  if not 0 <= expect(value, int) < 2**63:
    raise ValueError('a count out of range')
  return value


def shown(text):
  """Returns a file's text fit for a terminal and a line."""
  text = str(text)
  plain = text if text.isascii() and text.isprintable() else ascii(text)
  return plain if len(plain) <= 80 else f'{plain[:77]}...'
