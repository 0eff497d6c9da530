"""Translates a traced JAX function to an ONNX graph.

What depends on no input is computed at once, by JAX itself: weights as they are used, the
matrices of a resizing, noise of a fixed key. The other operations become nodes, by
`operators`. One dimension may be free, that of the batch.

The operator set is 17, of 2022, which old versions of a runtime still read.
"""

import jax
from jax.extend import core
import numpy as np
import onnx
from onnx import helper, numpy_helper

from pegan_jax.common.errors import UserError
from pegan_jax.reporting.export import operators

OPSET, _IR = 17, 8

# Operations that only call another function, with the parameter that holds it.
_CALLS = ('jaxpr', 'call_jaxpr', 'fun_jaxpr', 'call')


def translate(function, inputs, name):
  """Translates a function of arrays with one free dimension.

  Args:
    function: {name: array} -> {name: array}.
    inputs: {name: `jax.ShapeDtypeStruct`}, whose first dimension may be a symbolic one
      of `jax.export`, the same in all.
    name: the graph's.

  Returns:
    An `onnx.ModelProto`, checked.

  Raises:
    UserError: an operation of the function has no translation.
  """
  traced = jax.jit(function).trace(inputs)
  names = [path[-1].key for path, _ in jax.tree_util.tree_leaves_with_path(
      traced.out_info)]
  # `trace` orders the leaves of dicts by name.
  jaxpr = traced.jaxpr
  graph = Graph([(x, inputs[x]) for x in sorted(inputs)])
  found = graph.run(jaxpr.jaxpr, jaxpr.consts, list(sorted(inputs)))
  for output, value in zip(names, found, strict=True):
    graph.add('Identity', [value], names=[output])
  model = helper.make_model(helper.make_graph(
      graph.nodes, name, [_described(x, inputs[x].shape, inputs[x].dtype) for x in inputs],
      [_described(x, aval.shape, aval.dtype) for x, aval in zip(names, jaxpr.out_avals)],
      graph.initializers), producer_name='pegan_jax',
      opset_imports=[helper.make_opsetid('', OPSET)], ir_version=_IR)
  onnx.checker.check_model(model)
  return model


def _described(name, shape, dtype):
  shape = [x if isinstance(x, int) else 'batch' for x in shape]
  return helper.make_tensor_value_info(
      name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)


class Graph:
  """Nodes and constants of a graph that grows.

  A value is a numpy array where it is known, and else the name of a tensor.

  Attributes:
    nodes: list of `onnx.NodeProto`, in order.
    initializers: list of `onnx.TensorProto`.
  """

  def __init__(self, inputs):
    """Begins with inputs: (name, `jax.ShapeDtypeStruct`) each."""
    self.nodes, self.initializers = [], []
    self._constants, self._count = {}, 0
    self._batch = next((x for x, like in inputs
                        if like.shape and not isinstance(like.shape[0], int)), None)

  def run(self, jaxpr, consts, values):
    """Adds the operations of a jaxpr; returns the values of its outputs."""
    known = dict(zip(jaxpr.constvars, map(np.asarray, consts), strict=True))
    known |= dict(zip(jaxpr.invars, values, strict=True))
    read = lambda x: np.asarray(x.val, x.aval.dtype) if isinstance(
        x, core.Literal) else known[x]
    for eqn in jaxpr.eqns:
      outputs = self._evaluate(eqn, [read(x) for x in eqn.invars])
      known |= dict(zip(eqn.outvars, outputs, strict=True))
    return [read(x) for x in jaxpr.outvars]

  def _evaluate(self, eqn, values):
    """Returns the values of an operation's outputs."""
    inner = next((eqn.params[x] for x in _CALLS if x in eqn.params), None)
    if inner is not None:
      jaxpr, consts = (inner.jaxpr, inner.consts) if hasattr(inner, 'consts') else (
          inner, [])
      return self.run(jaxpr, consts, values)
    fixed = eqn.primitive.name != 'dim_as_value' and all(  # That is the batch's.
        isinstance(n, int) for x in eqn.outvars for n in x.aval.shape)
    if fixed and not any(isinstance(x, str) for x in values):
      found = eqn.primitive.bind(*values, **eqn.params)
      # Keys of random numbers are no numpy arrays.
      found = found if eqn.primitive.multiple_results else [found]
      return [x if jax.dtypes.issubdtype(x.dtype, jax.dtypes.extended) else np.asarray(x)
              for x in found]
    operator = operators.OPERATORS.get(eqn.primitive.name)
    found = operator and operator(self, eqn, *values)
    if found is None:
      raise UserError(f'the operation {eqn.primitive} of {eqn.outvars[0].aval} has no '
                      'translation to ONNX: only the formats of JAX can hold it')
    return found if eqn.primitive.multiple_results else [found]

  def add(self, kind, values, *, names=None, **attributes):
    """Adds a node; returns the name of its output, or those of several.

    Args:
      kind: of ONNX's operators.
      values: names of tensors, or arrays, which become constants.
      names: of the outputs, or None for one of a new name.
      **attributes: the node's.
    """
    outputs = names or [self.new()]
    self.nodes.append(helper.make_node(
        kind, [self.name(x) for x in values], outputs, **attributes))
    return outputs[0] if len(outputs) == 1 else outputs

  def new(self):
    """Returns a name that no tensor has."""
    self._count += 1
    return f't{self._count}'

  def name(self, value):
    """Returns the name of a value; an array becomes a constant of the graph."""
    if isinstance(value, str):
      return value
    value = np.ascontiguousarray(value)
    key = value.dtype.str, value.shape, value.tobytes()
    if key not in self._constants:
      self._constants[key] = f'c{len(self._constants)}'
      self.initializers.append(numpy_helper.from_array(value, self._constants[key]))
    return self._constants[key]

  def shape(self, dims):
    """Returns a shape as a tensor of int64; a free dimension is the batch's own."""
    if all(isinstance(n, int) for n in dims):
      return np.array(dims, np.int64)
    batch = self.add('Slice', [self.add('Shape', [self._batch]), np.zeros(1, np.int64),
                               np.ones(1, np.int64)])
    parts = [np.array([n], np.int64) if isinstance(n, int) else batch for n in dims]
    return self.add('Concat', parts, axis=0)


def keep(model, outputs, notes):
  """Leaves outputs of a model away, with what only they need.

  Args:
    model: an `onnx.ModelProto`; changed.
    outputs: names of those that stay.
    notes: {name: text}, which a runtime gives as the model's metadata.

  Returns:
    The model.
  """
  needed, nodes = set(outputs), []
  for node in reversed(model.graph.node):
    if needed & set(node.output):
      needed |= set(node.input)
      nodes.insert(0, node)
  for field, kept in (
      (model.graph.node, nodes),
      (model.graph.output, [x for x in model.graph.output if x.name in outputs]),
      (model.graph.initializer, [x for x in model.graph.initializer if x.name in needed])):
    kept = list(kept)
    del field[:]
    field.extend(kept)
  helper.set_model_props(model, notes)
  onnx.checker.check_model(model)
  return model
