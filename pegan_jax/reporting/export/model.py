"""Describes what is exported: a pure function of a batch, and what its arrays mean."""

from typing import Callable, NamedTuple

import jax
from jax import export

# Outputs of this beginning are compared with ONNX Runtime's, and are no part of a file.
EXACT = 'exact_'


class Array(NamedTuple):
  """One input or output of a model.

  Attributes:
    dtype: numpy's.
    shape: without the batch, which is free.
    meaning: a few words, with the range.
  """
  dtype: type
  shape: tuple
  meaning: str


class Model(NamedTuple):
  """A network with all that comes before and after it.

  Attributes:
    name: of its files.
    purpose: what it does, a few words.
    function: {name: array} -> {name: array}, where JAX traces it. Names that begin with
      `EXACT` are values in [-1, 1] before they were rounded to uint8.
    inputs: {name: `Array`}.
    outputs: {name: `Array`} of those that a file has.
    examples: {name: array} of real inputs, the same number of each.
  """
  name: str
  purpose: str
  function: Callable
  inputs: dict
  outputs: dict
  examples: dict

  def shapes(self):
    """Returns {name: `jax.ShapeDtypeStruct`} of the inputs, their batch free."""
    batch, = export.symbolic_shape('batch')
    return {name: jax.ShapeDtypeStruct((batch, *x.shape), x.dtype)
            for name, x in self.inputs.items()}

  def final(self, inputs):
    """Returns the outputs that a file has, where JAX traces it."""
    found = self.function(inputs)
    return {name: found[name] for name in self.outputs}
