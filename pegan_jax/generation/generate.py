"""Writes images, masks, boxes and a manifest from a checkpoint."""

import collections
import csv
import os
import pathlib

import jax

from pegan_jax import annotations
from pegan_jax.common import class_names, files, provenance, terminal
from pegan_jax.common.errors import listed, UserError
from pegan_jax.data import manifest
from pegan_jax.generation import acceptance, crops, frames, job_file, jobs, settings
from pegan_jax.runs.restore import restore
from pegan_jax.runs.run import Run

_ADVICE = 'move it away, or name another folder with --config.generate.out'


def generate(config, workdir, ensure_matches=lambda run, frames: None):
  """Writes `config.generate.per_class` images of each class, or whole frames.

  A result that is there already, whole and made of the same, is left as it is; it gets
  the formats of annotations that it lacks.

  Args:
    config: the run's configuration, with a section `generate`.
    workdir: has the checkpoints; gets generated/, see `crops.write` and
      `frames.write`, and, where the method translates, generated_annotations/:
      masks/, regions/ where it takes regions, and the formats asked for, see
      `annotations.write`.
    ensure_matches: called with a `Run`, and whether it paints on frames; after all checks,
      since matching takes minutes.

  Returns:
    The folder of images.

  Raises:
    UserError: bad settings, no checkpoint, no backgrounds, a full disk, or a folder that
      exists already and is not whole or was made of something else; nothing half-made
      is left.
  """
  run = Run(config, workdir)
  settings.check(run)
  if config.generate.jobs:  # Before any work: its faults are the user's to mend.
    job_file.read(config.generate.jobs, run.info.classes, run.info.reader.read_own_colour)
  kind = frames if settings.on_frames(run) else crops
  inputs = jobs.folder_of_inputs(run, kind is frames)
  out = _named(run, inputs)
  beside = out.with_name(f'{out.name}_annotations')
  # Regions are drawn from the data set's.
  free = {'dataset.content'} if inputs and not run.method.layout.placed else set()
  restored = restore(run, config.generate.checkpoint, free)
  primary = jax.process_index() == 0
  if primary:
    files.finish(out)
  is_there = os.path.lexists(out) and os.path.lexists(beside) == run.method.translates
  if primary and not is_there:
    files.refuse_existing([out, beside], _ADVICE)
  ensure_matches(run, kind is frames)
  made_of = _made_of(run, restored)
  if is_there:
    _add_formats(run, kind, out, beside, made_of)
    return out
  job = kind.plan(run)
  stream = acceptance.draw(run, restored.state.ema, job, primary)
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
  terminal.say(f'written to {out}' + (
      f'; masks and formats to {beside}' if run.method.translates else ''), always=True)
  return out


def _named(run, inputs):
  """Returns the folder of images that is asked for, which may not lie in its inputs."""
  out = files.named(
      os.path.expanduser(run.config.generate.out) or run.workdir / 'generated')
  if inputs and out.resolve().is_relative_to(pathlib.Path(inputs).resolve()):
    raise UserError(f'{out} lies in {inputs}, whose images are painted on: name another '
                    'folder with --config.generate.out')
  return out


def settings_of(run):
  """Returns the settings of `config.generate` that images depend on."""
  kept = run.config.generate.to_dict()
  of_the_other = ['per_class'] if settings.on_frames(run) else ['defects_per_frame']
  of_the_other += ['defects_per_frame'] * bool(kept['jobs'])
  of_the_other += ['tries'] * (not run.method.layout.placed)
  for name in ('backgrounds', 'frames', 'jobs', 'roi', 'split', 'matched', 'out',
               'checkpoint', 'batch_size', *of_the_other):
    del kept[name]  # Noted by content, or without effect.
  return kept | {name: class_names.join(class_names.split(kept[name]))
                 for name in ('classes', 'texture_classes')} | {
                     'formats': ','.join(sorted(settings.formats(run)))}


def _add_formats(run, kind, out, beside, made_of):
  """Checks a result that is there, and writes the formats that it lacks.

  Raises:
    UserError: it is not whole, was made of something else, or its masks do not give the
      boxes of the manifest.
  """
  noted = (provenance.read(out) or {}).get('generate')
  noted = noted.get('formats') if isinstance(noted, dict) else None
  there = class_names.split(noted) if isinstance(noted, str) else []
  provenance.check(out, made_of | {'generate': made_of['generate'] | {
      'formats': noted}}, _ADVICE)
  rows = _rows(out / manifest.FILE)
  _check_whole(run, out, beside, list(dict.fromkeys(row['file'] for row in rows)), there)
  missing = sorted(set(settings.formats(run)) - set(there))
  if not missing:
    terminal.say(f'{out} is made already', always=True)
    return
  # The masks on disk are fainter than what is found.
  if faint := [row['strength'] for row in rows if float(row['strength']) != 1]:
    raise UserError(f'{out} has no annotations in {", ".join(missing)}, and to a strength '
                    f'of {faint[0]} none can be added: {_ADVICE}')
  if jax.process_index():
    return
  job = kind.plan(run)
  described, boxes = kind.find_again(run, job, beside / 'masks')
  # An earlier version wrote rows in another order.
  if sorted(boxes) != sorted((row['file'], row['boxes']) for row in rows):
    raise UserError(f"{beside / 'masks'} does not give the boxes of {out / manifest.FILE}: "
                    'one of them was changed, or an earlier version found the boxes, so '
                    f'no formats can be added: {_ADVICE}')
  paths = [annotations.WRITTEN[name].PATH for name in missing]
  with files.whole(*(beside / path for path in paths)) as (part, keep):
    kind.annotate(run, job, described, out, part, missing)
    keep(*(part / path for path in paths))
  provenance.write(out, made_of | {'generate': made_of['generate'] | {
      'formats': ','.join(sorted([*there, *missing]))}})
  terminal.say(f'{out} is made already; {", ".join(missing)} written to {beside}',
               always=True)


def _check_whole(run, out, beside, files_now, formats):
  """Raises UserError where a file that `generate` wrote is gone."""
  wanted = [out / name for name in files_now]
  if run.method.translates:
    wanted += [beside / 'masks' / name for name in files_now]
  if run.method.layout.placed:
    wanted += [beside / 'regions' / name for name in files_now]
  rejected = manifest.read_rejected(out / manifest.FILE)
  for kind in map(annotations.WRITTEN.get, formats):
    wanted += kind.written(
        beside / kind.PATH, [name for name in files_now if name not in rejected])
  if gone := [str(path) for path in wanted if not path.exists()]:
    raise UserError(f'{out} is not whole any more: {listed(gone, 1)} is missing; '
                    f'{_ADVICE}')


def _rows(path):
  """Returns the rows of a manifest, dicts that have file, strength and boxes at least."""
  try:
    with path.open(newline='', encoding='utf-8') as f:
      rows = list(csv.DictReader(f))
    if not all(row['file'] and row['boxes'] is not None and float(row['strength']) >= 0
               for row in rows):
      raise ValueError
    return rows
  except (OSError, ValueError, TypeError, KeyError, csv.Error) as e:
    raise UserError(f'{path} cannot be read: {_ADVICE}') from e


def _made_of(run, restored):
  """Returns what the images depend on, as provenance has it."""
  whole_frames = settings.on_frames(run)
  return {'step': restored.step, 'weights': restored.digest,
          'generate': settings_of(run),
          'frames': whole_frames, 'painted_on': jobs.inputs(run, whole_frames),
          'dataset': run.saved_config['dataset']}
