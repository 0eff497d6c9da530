"""A checkpoint to defects: images, masks, boxes and a manifest."""

import collections
from concurrent.futures import ThreadPoolExecutor
import contextlib
import csv
import os
import pathlib

import jax
import numpy as np
from PIL import Image

from pegan_jax import annotations
from pegan_jax.annotations import regions
from pegan_jax.common import files, provenance, terminal
from pegan_jax.common.errors import UserError
from pegan_jax.generation import drawing, frames, settings
from pegan_jax.runs.restore import restore
from pegan_jax.runs.run import Run

_ADVICE = 'move it away, or name another folder with --config.generate.out'


def generate(config, workdir):
  """Writes `config.generate.per_class` images of each class, or whole frames.

  What is there already is left as it is where it was made of the same.

  Args:
    config: the run's configuration; `generate` holds what concerns this.
    workdir: has the checkpoints; gets generated/, see `_write_crops` and
      `frames.write`, and, where the method translates, generated_annotations/:
      masks/, and boxes in the formats asked for, see `annotations.write`.

  Returns:
    The folder of images.

  Raises:
    UserError: bad settings, no checkpoint, no backgrounds, a folder that exists
      already and was made of something else, or a full disk; nothing half-made is left.
  """
  run = Run(config, workdir)
  settings.check(run)
  out = files.named(config.generate.out or run.workdir / 'generated')
  inputs = drawing.folder_of_inputs(run)
  if inputs and out.absolute().is_relative_to(pathlib.Path(inputs).absolute()):
    raise UserError(f'{out} lies in {inputs}, whose images are painted on: name another '
                    'folder with --config.generate.out')
  beside = out.with_name(f'{out.name}_annotations')
  free = {'dataset.content'} if inputs else set()
  restored = restore(run, config.generate.checkpoint, free)
  made_of = _made_of(run, restored)
  primary = jax.process_index() == 0
  if primary:
    files.finish(out)
  if os.path.lexists(out) and os.path.lexists(beside) == run.method.TRANSLATES:
    provenance.check(out, made_of, _ADVICE)
    terminal.say(f'{out} is made already')
    return out
  job = frames.plan(run) if config.generate.frames else _plan_crops(run)
  drawn = drawing.draw(run, restored.state.ema, job.counts, seed=config.generate.seed,
                       backgrounds=job.backgrounds, chosen=job.chosen,
                       in_flight=drawing.chunks_in_flight(run))
  if not primary:  # Process 0 writes; this one lends its devices.
    collections.deque(drawn, maxlen=0)
    return out
  with files.whole(out, beside, advice=_ADVICE) as (part, keep):
    images, annotated = part / 'images', part / 'annotations'
    images.mkdir()
    annotated.mkdir()
    write = frames.write if config.generate.frames else _write_crops
    write(run, restored.step, job, drawn, images, annotated)
    provenance.write(images, made_of)
    keep(images, annotated if run.method.TRANSLATES else None)
  return out


def settings_of(run):
  """The settings of `config.generate` that images depend on."""
  kept = run.config.generate.to_dict()
  of_the_other = 'per_class' if kept['frames'] else 'defects_per_frame'
  for name in ('backgrounds', 'frames', 'split', 'matched', 'out', 'checkpoint',
               'batch_size', of_the_other):
    del kept[name]  # Said by the others, or no matter.
  return kept


def _made_of(run, restored):
  """What the images depend on, as provenance has it."""
  return {'step': restored.step, 'weights': restored.digest,
          'generate': settings_of(run),
          'frames': bool(run.config.generate.frames), 'painted_on': drawing.inputs(run),
          'dataset': run.saved_config['dataset']}


def _plan_crops(run):
  """`drawing.Job` for crops of every class."""
  asked = settings.classes(run)
  counts = [run.config.generate.per_class * (c in asked) for c in run.info.classes]
  backgrounds, sources = drawing.load_backgrounds(run)
  chosen = None
  if backgrounds is not None:
    chosen = drawing.choose(run, counts, len(backgrounds))
  return drawing.Job(counts, backgrounds, chosen, sources)


def _write_crops(run, step, job, drawn, images, beside):
  """<class>/<n>.png and manifest.csv into `images`; masks and boxes into `beside`."""
  config, classes = run.config.generate, run.info.classes
  find = settings.defect_finder(run)
  with contextlib.closing(terminal.Progress(sum(job.counts), unit='image')) as progress:
    found = write_images(classes, drawn, images,
                         beside / 'masks' if run.method.TRANSLATES else None,
                         find, progress.update, config.strength)
  source, annotated = settings.mask_source(run), []
  with (images / 'manifest.csv').open('w', newline='', encoding='utf-8') as f:
    writer = csv.writer(f)
    writer.writerow(['file', 'class', 'background', 'seed', 'step', 'strength',
                     'mask', 'boxes'])
    for label, name in enumerate(classes):
      for i, defects in enumerate(found[label]):
        file = f'{name}/{drawing.file_name(i)}'
        background = job.sources[job.chosen[label][i]] if job.chosen else ''
        writer.writerow([file, name, background, config.seed, step, config.strength,
                         source, regions.boxes_to_text(defects)])
        size = run.info.image_size
        annotated.append(regions.Annotated(file, size, size, defects))
  annotations.write(beside, settings.formats(run), annotated, classes)
  if run.method.TRANSLATES:
    settings.report_unboxed(run, [(name, defects) for name, of in zip(classes, found)
                                  for defects in of])


def write_images(classes, drawn, out, masks=None, find=None, progress=lambda: None,
                 strength=1.0):
  """Writes out/<class>/<n>.png: threads encode while the device draws.

  Args:
    classes: names of the classes, in label order.
    drawn: what `drawing.draw` yields.
    out: the folder, which gets the classes' own.
    masks: a folder that gets the same of the masks, or None where there are none.
    find: find(mask, class name) -> defects; with `masks`.
    progress: called for each class's part of a chunk.
    strength: of what is painted, by which masks are written; `find` gets them whole.

  Returns:
    For each class what `find` found in each of its images; empty lists without
    masks.
  """
  def write(label, i, image, mask):
    path = pathlib.Path(classes[label], drawing.file_name(i))
    save(out / path, image)
    if masks is None:
      return []
    save(masks / path, np.rint(strength * mask).astype(np.uint8))
    return find(mask, classes[label])

  found = [[] for _ in classes]
  with ThreadPoolExecutor() as pool:
    for label, first, fakes, parts in drawn:
      for folder in (out, masks) if masks else (out,):
        (folder / classes[label]).mkdir(parents=True, exist_ok=True)
      for i, fake in enumerate(fakes):
        found[label].append(pool.submit(
            write, label, first + i, fake, parts[i] if masks else None))
      progress()
    return [[future.result() for future in futures] for futures in found]


def save(path, image):
  """Writes uint8 [h, w] or [h, w, C] as PNG."""
  Image.fromarray(np.squeeze(image, -1) if image.shape[-1] == 1 else image).save(path)
