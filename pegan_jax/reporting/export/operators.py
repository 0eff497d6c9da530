"""Translates JAX's operations to ONNX's: a function for each, by its name in a jaxpr.

Each takes the graph, the equation and the values of its inputs, and returns the name of
its output, a list of names where it has several, or None where ONNX cannot do it.
"""

import functools
import string

import numpy as np
from onnx import helper

_INT = np.int64


def _simple(kind):
  return lambda graph, eqn, *values: graph.add(kind, values)


def _same(graph, eqn, value, *rest):
  del graph, eqn, rest
  return value


def _negated(kind):
  return lambda graph, eqn, *values: graph.add('Not', [graph.add(kind, values)])


def _logical(kind):
  """Adds an operation of truth values; ONNX got those of bits in a later version."""
  return lambda graph, eqn, *values: graph.add(kind, values) if (
      eqn.outvars[0].aval.dtype == bool) else None


def _constant(eqn, value, index=0):
  """Returns a number as an array of the type of one of an equation's inputs."""
  return np.asarray(value, eqn.invars[index].aval.dtype)


def _rsqrt(graph, eqn, x):
  return graph.add('Div', [_constant(eqn, 1), graph.add('Sqrt', [x])])


def _square(graph, eqn, x):
  del eqn
  return graph.add('Mul', [x, x])


def _integer_pow(graph, eqn, x):
  return graph.add('Pow', [x, _constant(eqn, eqn.params['y'])])


def _round(graph, eqn, x):
  """To even where both are as near, which is all that ONNX can do."""
  return graph.add('Round', [x]) if eqn.params['rounding_method'] == 1 else None


def _clamp(graph, eqn, low, x, high):
  del eqn
  return graph.add('Min', [graph.add('Max', [x, low]), high])


def _select(graph, eqn, which, *cases):
  """The second case where `which` is true."""
  if eqn.invars[0].aval.dtype != bool or len(cases) != 2:
    return None
  return graph.add('Where', [which, cases[1], cases[0]])


def _cast(graph, eqn, x):
  dtype = np.dtype(eqn.params['new_dtype'])
  return graph.add('Cast', [x], to=helper.np_dtype_to_tensor_dtype(dtype))


def _reshape(graph, eqn, x):
  shape = eqn.outvars[0].aval.shape
  if sum(not isinstance(n, int) for n in shape) == 1:  # Whatever is left.
    return graph.add('Reshape', [x, np.array(
        [n if isinstance(n, int) else -1 for n in shape], _INT)])
  return graph.add('Reshape', [x, graph.shape(shape)])


def _broadcast(graph, eqn, x):
  shape, axes = eqn.outvars[0].aval.shape, eqn.params['broadcast_dimensions']
  own = eqn.invars[0].aval.shape
  spread = [1] * len(shape)
  for axis, n in zip(axes, own):
    spread[axis] = n
  new = [i for i in range(len(shape)) if i not in axes]
  if new and isinstance(x, str):
    x = graph.add('Unsqueeze', [x, np.array(new, _INT)])
  elif new:
    x = x.reshape(spread)
  # What is free already stays as it is where the other side says 1.
  wanted = [1 if not isinstance(n, int) and not isinstance(m, int) else n
            for n, m in zip(shape, spread)]
  return graph.add('Expand', [x, graph.shape(wanted)])


def _transpose(graph, eqn, x):
  return graph.add('Transpose', [x], perm=list(eqn.params['permutation']))


def _concatenate(graph, eqn, *values):
  return graph.add('Concat', values, axis=eqn.params['dimension'])


def _slice(graph, eqn, x):
  """Leaves out the axes that are whole: one of them is free."""
  p, shape = eqn.params, eqn.invars[0].aval.shape
  strides = p['strides'] or (1,) * len(shape)
  cut = [i for i, n in enumerate(shape)
         if (p['start_indices'][i], p['limit_indices'][i], strides[i]) != (0, n, 1)]
  bounds = [[x[i] for i in cut] for x in (p['start_indices'], p['limit_indices'])]
  if not all(isinstance(n, int) for part in bounds for n in part):
    return None
  return graph.add('Slice', [x, *(np.array(part, _INT) for part in (
      *bounds, cut, [strides[i] for i in cut]))])


def _reversed(graph, eqn, x):
  axes = eqn.params['dimensions']
  ends = [[value] * len(axes) for value in (-1, np.iinfo(_INT).min)]
  return graph.add('Slice', [x, *(np.array(part, _INT) for part in (
      *ends, axes, [-1] * len(axes)))])


def _split(graph, eqn, x):
  return graph.add('Split', [x, np.array(eqn.params['sizes'], _INT)],
                   names=[graph.new() for _ in eqn.outvars], axis=eqn.params['axis'])


def _pad(graph, eqn, x, value):
  config = eqn.params['padding_config']
  if any(inner for *_, inner in config):
    return None
  pads = np.array([low for low, *_ in config] + [high for _, high, _ in config], _INT)
  return graph.add('Pad', [x, pads, value])


def _gather(graph, eqn, table, index):
  """Takes rows of a table, or a fixed part of an array.

  The latter is what a slice is where the length of an axis is not known.
  """
  if not isinstance(index, str):
    return _part(graph, eqn, table, index)
  p, width = eqn.params, eqn.invars[0].aval.shape[1:]
  dims, rank = p['dimension_numbers'], eqn.invars[1].aval.ndim
  rows = (dims.collapsed_slice_dims, dims.start_index_map, dims.operand_batching_dims,
          dims.offset_dims, p['slice_sizes']) == (
              (0,), (0,), (), tuple(range(rank - 1, rank - 1 + len(width))), (1, *width))
  if not rows:
    return None
  index = graph.add('Squeeze', [index, np.array([rank - 1], _INT)])
  return graph.add('Gather', [table, index], axis=0)


def _part(graph, eqn, x, index):
  p, shape = eqn.params, eqn.invars[0].aval.shape
  dims, sizes = p['dimension_numbers'], p['slice_sizes']
  cut = [i for i, (n, size) in enumerate(zip(shape, sizes)) if n != size]
  if index.ndim != 1 or not set(cut) <= set(dims.start_index_map):
    return None
  at = dict(zip(dims.start_index_map, index.tolist()))
  if cut:
    x = graph.add('Slice', [x, *(np.array(part, _INT) for part in (
        [at[i] for i in cut], [at[i] + sizes[i] for i in cut], cut))])
  if dims.collapsed_slice_dims:
    x = graph.add('Squeeze', [x, np.array(dims.collapsed_slice_dims, _INT)])
  return x


def _reduce(kind, graph, eqn, x):
  axes = eqn.params['axes']
  if kind == 'ReduceSum':  # The only one whose axes are an input in this set.
    return graph.add(kind, [x, np.array(axes, _INT)], keepdims=0)
  return graph.add(kind, [x], axes=list(axes), keepdims=0)


def _dot_general(graph, eqn, a, b):
  (of_a, of_b), (batch_a, batch_b) = eqn.params['dimension_numbers']
  ranks = [x.aval.ndim for x in eqn.invars]
  if not batch_a and ranks[1] == 2 and (of_a, of_b) == ((ranks[0] - 1,), (0,)):
    return graph.add('MatMul', [a, b])
  letters = iter(string.ascii_letters)
  terms = [[None] * rank for rank in ranks]
  for axes in (zip(batch_a, batch_b), zip(of_a, of_b)):
    for i, j in axes:
      terms[0][i] = terms[1][j] = next(letters)
  terms = [[x or next(letters) for x in term] for term in terms]
  out = [terms[0][i] for i in batch_a] + [
      x for term, summed, of_batch in zip(terms, (of_a, of_b), (batch_a, batch_b))
      for i, x in enumerate(term) if i not in summed and i not in of_batch]
  return graph.add('Einsum', [a, b], equation='{},{}->{}'.format(
      *(''.join(x) for x in (*terms, out))))


def _conv(graph, eqn, x, kernel):
  """A convolution, or a transposed one where the input is dilated."""
  p, sides = eqn.params, len(eqn.params['window_strides'])
  dims, dilation = p['dimension_numbers'], p['lhs_dilation']
  if p['batch_group_count'] != 1 or isinstance(kernel, str):
    return None
  x = graph.add('Transpose', [x], perm=list(dims.lhs_spec))
  kernel = kernel.transpose(dims.rhs_spec)  # Out, in, space.
  lows, highs = zip(*p['padding'])
  common = {'group': p['feature_group_count'], 'dilations': list(p['rhs_dilation'])}
  if set(dilation) == {1}:
    if min(*lows, *highs) < 0:
      return None
    y = graph.add('Conv', [x, kernel], strides=list(p['window_strides']),
                  pads=[*lows, *highs], **common)
  else:
    size = [d * (n - 1) for d, n in zip(p['rhs_dilation'], kernel.shape[2:])]
    lows, highs = ([n - low for n, low in zip(size, part)] for part in (lows, highs))
    if common['group'] != 1 or set(p['window_strides']) != {1} or min(*lows, *highs) < 0:
      return None
    kernel = np.flip(kernel, range(2, 2 + sides)).swapaxes(0, 1)
    y = graph.add('ConvTranspose', [x, kernel], strides=list(dilation),
                  pads=[*lows, *highs], **common)
  return graph.add('Transpose', [y], perm=np.argsort(dims.out_spec).tolist())


def _window(kind, graph, eqn, x):
  """A pooling over height and width of [B, H, W, C]."""
  p = eqn.params
  window, pads = p['window_dimensions'], p['padding']
  if len(window) != 4 or {window[0], window[3], *p['base_dilation'],
                          *p['window_dilation']} != {1}:
    return None
  attributes = {'kernel_shape': list(window[1:3]),
                'strides': list(p['window_strides'][1:3]),
                'pads': [low for low, _ in pads[1:3]] + [high for _, high in pads[1:3]]}
  if kind == 'AveragePool':
    attributes['count_include_pad'] = 1
  y = graph.add(kind, [graph.add('Transpose', [x], perm=[0, 3, 1, 2])], **attributes)
  y = graph.add('Transpose', [y], perm=[0, 2, 3, 1])
  if kind == 'AveragePool':  # JAX sums.
    y = graph.add('Mul', [y, _constant(eqn, window[1] * window[2])])
  return y


OPERATORS = {
    name: _simple(kind) for name, kind in {
        'add': 'Add', 'add_any': 'Add', 'sub': 'Sub', 'mul': 'Mul', 'div': 'Div',
        'max': 'Max', 'min': 'Min', 'neg': 'Neg', 'exp': 'Exp', 'log': 'Log',
        'tanh': 'Tanh', 'logistic': 'Sigmoid', 'sqrt': 'Sqrt', 'abs': 'Abs', 'pow': 'Pow',
        'floor': 'Floor', 'ceil': 'Ceil', 'sign': 'Sign', 'eq': 'Equal', 'lt': 'Less',
        'le': 'LessOrEqual', 'gt': 'Greater', 'ge': 'GreaterOrEqual'}.items()
} | {
    name: functools.partial(_reduce, kind) for name, kind in {
        'reduce_sum': 'ReduceSum', 'reduce_max': 'ReduceMax', 'reduce_min': 'ReduceMin'
    }.items()
} | {
    'ne': _negated('Equal'), 'and': _logical('And'), 'or': _logical('Or'),
    'not': _logical('Not'), 'rsqrt': _rsqrt, 'square': _square,
    'integer_pow': _integer_pow, 'round': _round, 'clamp': _clamp, 'select_n': _select,
    'convert_element_type': _cast, 'reshape': _reshape, 'squeeze': _reshape,
    'expand_dims': _reshape, 'broadcast_in_dim': _broadcast, 'transpose': _transpose,
    'concatenate': _concatenate, 'slice': _slice, 'rev': _reversed, 'split': _split,
    'pad': _pad, 'gather': _gather, 'dot_general': _dot_general,
    'conv_general_dilated': _conv, 'stop_gradient': _same, 'copy': _same,
    'optimization_barrier': lambda graph, eqn, *values: list(values),
    'reduce_window_sum': functools.partial(_window, 'AveragePool'),
    'reduce_window_max': functools.partial(_window, 'MaxPool'),
}
