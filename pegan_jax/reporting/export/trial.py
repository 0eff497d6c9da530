"""Tries what is exported on real images: the same answers as ours, and how fast."""

import dataclasses
import platform
import re
import statistics
import time

import jax
import numpy as np
import onnxruntime

from pegan_jax.common.errors import UserError
from pegan_jax.reporting.export.model import EXACT

TOLERANCE = 1e-4  # Of probabilities, and of values in [0, 1].
BATCHES = (1, 32)  # Sizes whose speed is measured.
_SECONDS, _LEAST = 0.5, 5  # A measurement's length, and its number of runs.


@dataclasses.dataclass(frozen=True)
class Trial:
  """Tells how the exported model compares with the run.

  Attributes:
    count: number of real images.
    difference: the largest of values in [0, 1].
    levels: the largest of grey levels, after rounding; None where there are none.
    share: share of pixels whose level differs.
  """
  count: int
  difference: float
  levels: int | None
  share: float


def of_onnx(model, content):
  """Compares a model with its ONNX in ONNX Runtime.

  Args:
    model: a `Model`.
    content: an `onnx.ModelProto` with all outputs of the model's function.

  Returns:
    A `Trial`.

  Raises:
    UserError: the answers differ.
  """
  session = open_session(content.SerializeToString())
  names = [x.name for x in session.get_outputs()]
  run = lambda inputs: dict(zip(names, session.run(None, inputs)))
  theirs = run(model.examples)
  with jax.default_matmul_precision('highest'):  # A GPU would round to three digits.
    ours = jax.device_get(jax.jit(model.function)(model.examples))
  found = _compare(model, ours, theirs, 'ONNX Runtime')
  alone = run({x: value[:1] for x, value in model.examples.items()})
  _compare(model, {x: value[:1] for x, value in theirs.items()}, alone,
           'ONNX Runtime with another batch')
  return found


def of_stablehlo(model, program):
  """Compares a model with what `jax.export` made of it; raises UserError as `of_onnx`."""
  with jax.default_matmul_precision('highest'):
    ours = jax.device_get(jax.jit(model.final)(model.examples))
    theirs = jax.device_get(jax.jit(program.call)(model.examples))
  _compare(model, ours, theirs, 'StableHLO')


def open_session(content, threads=0):
  """Returns ONNX Runtime's session of a file's bytes, on the CPU; 0 threads are all."""
  options = onnxruntime.SessionOptions()
  options.intra_op_num_threads = threads
  options.log_severity_level = 3
  return onnxruntime.InferenceSession(content, options, ['CPUExecutionProvider'])


def _compare(model, ours, theirs, where):
  """Returns a `Trial`; UserError, naming `where`, if answers differ."""
  difference, levels, shares = 0.0, None, [0.0]
  for name, value in ours.items():
    gap = np.abs(value.astype(np.float64) - theirs[name]).max() / (
        2 if name.startswith(EXACT) else 1)
    of_pixels = value.dtype == np.uint8
    if not gap <= (1 if of_pixels else TOLERANCE):  # Nor if it is not a number.
      raise UserError(
          f'{model.name} has other answers in {where} than here: '
          f'{name.removeprefix(EXACT)} differs by up to {gap:.2g} on {len(value)} real '
          'images; nothing was exported: go on with the run itself')
    if of_pixels:
      levels = max(levels or 0, int(gap))
      shares.append(float(np.mean(value != theirs[name])))
    else:
      difference = max(difference, float(gap))
  return Trial(len(value), difference, levels, max(shares))


def speed(model, content):
  """Measures images per second in ONNX Runtime, by one thread: {images at a time: median}.

  Where others want the cores, two threads wait for each other, up to tenfold.

  Args:
    model: a `Model`.
    content: bytes of its file.
  """
  session, found = open_session(content, 1), {}
  for size in BATCHES:
    inputs = {x: np.resize(value, (size, *value.shape[1:]))
              for x, value in model.examples.items()}
    session.run(None, inputs)
    took, began = [], time.perf_counter()
    while len(took) < _LEAST or time.perf_counter() - began < _SECONDS:
      start = time.perf_counter()
      session.run(None, inputs)
      took.append(time.perf_counter() - start)
    found[size] = size / statistics.median(took)
  return found


def machine():
  """Returns the name of this machine's processor."""
  name = platform.processor() or platform.machine()
  try:
    with open('/proc/cpuinfo', encoding='utf-8') as f:
      name = re.search(r'model name\s*: (.+)', f.read())[1]
  except (OSError, TypeError):
    pass
  return name
