"""Writes images, masks, boxes and a manifest from a checkpoint."""

import collections
import csv
import os
import pathlib

import jax

from pegan_jax import annotations
from pegan_jax.common import files, provenance, terminal
from pegan_jax.common.errors import listed, UserError
from pegan_jax.data import manifest
from pegan_jax.generation import crops, frames, jobs, settings
from pegan_jax.generation.sampler import chunks_in_flight, Sampler
from pegan_jax.runs.restore import restore
from pegan_jax.runs.run import Run

_ADVICE = 'move it away, or name another folder with --config.generate.out'


def generate(config, workdir):
  """Writes `config.generate.per_class` images of each class, or whole frames.

  A result that is there already, whole and made of the same, is left as it is.

  Args:
    config: the run's configuration, with a section `generate`.
    workdir: has the checkpoints; gets generated/, see `crops.write` and
      `frames.write`, and, where the method translates, generated_annotations/:
      masks/, and the formats asked for, see `annotations.write`.

  Returns:
    The folder of images.

  Raises:
    UserError: bad settings, no checkpoint, no backgrounds, a full disk, or a folder that
      exists already and is not whole or was made of something else; nothing half-made
      is left.
  """
  run = Run(config, workdir)
  settings.check(run)
  out = files.named(os.path.expanduser(config.generate.out) or run.workdir / 'generated')
  kind = frames if config.generate.frames else crops
  inputs = jobs.folder_of_inputs(run, kind is frames)
  if inputs and out.resolve().is_relative_to(pathlib.Path(inputs).resolve()):
    raise UserError(f'{out} lies in {inputs}, whose images are painted on: name another '
                    'folder with --config.generate.out')
  beside = out.with_name(f'{out.name}_annotations')
  # Regions are drawn from the data set's.
  free = {'dataset.content'} if inputs and not run.method.layout.placed else set()
  restored = restore(run, config.generate.checkpoint, free)
  made_of = _made_of(run, restored)
  primary = jax.process_index() == 0
  if primary:
    files.finish(out)
  if os.path.lexists(out) and os.path.lexists(beside) == run.method.translates:
    provenance.check(out, made_of, _ADVICE)
    _check_whole(run, out, beside)
    terminal.say(f'{out} is made already')
    return out
  job = kind.plan(run)
  stream = Sampler(run).stream(
      restored.state.ema, job, seed=config.generate.seed,
      strength=config.generate.strength, in_flight=chunks_in_flight(run))
  if not primary:  # Process 0 writes; this one lends its devices.
    collections.deque(stream, maxlen=0)
    return out
  with files.whole(out, beside, advice=_ADVICE) as (part, keep):
    images, annotated = part / 'images', part / 'annotations'
    images.mkdir()
    annotated.mkdir()
    kind.write(run, restored.step, job, stream, images, annotated)
    provenance.write(images, made_of)
    keep(images, annotated if run.method.translates else None)
  terminal.say(f'written to {out}')
  return out


def settings_of(run):
  """Returns the settings of `config.generate` that images depend on."""
  kept = run.config.generate.to_dict()
  of_the_other = 'per_class' if kept['frames'] else 'defects_per_frame'
  for name in ('backgrounds', 'frames', 'split', 'matched', 'out', 'checkpoint',
               'batch_size', of_the_other):
    del kept[name]  # Noted by content, or without effect.
  return kept | {name: ','.join(settings.split(kept[name]))
                 for name in ('classes', 'formats', 'texture_classes')}


def _check_whole(run, out, beside):
  """Raises UserError where a file that `generate` wrote is gone."""
  files_now = _files(out / manifest.FILE)
  wanted = [out / name for name in files_now]
  if run.method.translates:
    wanted += [beside / 'masks' / name for name in files_now]
  for kind in map(annotations.WRITTEN.get, settings.formats(run)):
    wanted += kind.written(beside / kind.PATH, files_now)
  if gone := [str(path) for path in wanted if not path.exists()]:
    raise UserError(f'{out} is not whole any more: {listed(gone, 1)} is missing; '
                    f'{_ADVICE}')


def _files(path):
  """Returns the names of the files that a manifest lists, each once."""
  try:
    with path.open(newline='', encoding='utf-8') as f:
      return list(dict.fromkeys(row['file'] for row in csv.DictReader(f)))
  except (OSError, ValueError, KeyError, csv.Error) as e:
    raise UserError(f'{path} cannot be read: {_ADVICE}') from e


def _made_of(run, restored):
  """Returns what the images depend on, as provenance has it."""
  whole_frames = bool(run.config.generate.frames)
  return {'step': restored.step, 'weights': restored.digest,
          'generate': settings_of(run),
          'frames': whole_frames, 'painted_on': jobs.inputs(run, whole_frames),
          'dataset': run.saved_config['dataset']}
