"""Writes a model's files, each tried first."""

import json
from typing import NamedTuple

import jax
from jax import export

from pegan_jax import __version__
from pegan_jax.common import files
from pegan_jax.nets import backend
from pegan_jax.reporting.export import graph, trial
from pegan_jax.reporting.export.model import Model

_PLATFORMS = ('cpu', 'cuda', 'rocm', 'tpu')


class Written(NamedTuple):
  """A model that was written.

  Attributes:
    model: it.
    trial: `trial.Trial` of its ONNX.
    speed: from `trial.speed`.
    megabytes: of its ONNX.
  """
  model: Model
  trial: trial.Trial
  speed: dict
  megabytes: float


def write(folder, model, source):
  """Writes <name>.onnx and <name>.stablehlo into a folder.

  Args:
    folder: path of it.
    model: a `Model`.
    source: the `Source` that it is of.

  Returns:
    A `Written`.

  Raises:
    UserError: an operation has no translation, or the answers differ from ours.
  """
  with backend.portable(), jax.default_matmul_precision('highest'):
    whole = graph.translate(model.function, model.shapes(), model.name)
    program = export.export(jax.jit(model.final), platforms=_PLATFORMS)(model.shapes())
  tried = trial.of_onnx(model, whole)
  trial.of_stablehlo(model, program)
  content = graph.keep(whole, list(model.outputs), {
      'pegan_jax': __version__, 'purpose': model.purpose,
      'classes': json.dumps(source.classes)} | {
          name: str(value) for name, value in source.rules.items()}).SerializeToString()
  files.write(folder / f'{model.name}.onnx', content)
  files.write(folder / f'{model.name}.stablehlo', bytes(program.serialize()))
  return Written(model, tried, trial.speed(model, content), len(content) / 1e6)
