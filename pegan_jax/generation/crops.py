"""Writes sampled crops as class folders, with masks, boxes and a manifest."""

from concurrent.futures import ThreadPoolExecutor
import contextlib

import numpy as np

from data_prep.images import reading
from pegan_jax import annotations
from pegan_jax.annotations import regions
from pegan_jax.annotations.pictures import Pictures
from pegan_jax.common import terminal
from pegan_jax.data import manifest
from pegan_jax.generation import jobs, masks, settings, verdicts


def plan(run):
  """Returns the `jobs.Job` of `generate.per_class` crops of each class asked for."""
  asked = settings.classes(run)
  annotations.check(settings.formats(run), asked, [
      manifest.file_of(name, 0) for name in asked])
  return jobs.plan(run, [run.config.generate.per_class * (c in asked)
                         for c in run.info.classes])


def write(run, step, job, stream, images, annotated):
  """Writes crops: threads encode while the device samples.

  Args:
    run: a `Run`.
    step: the checkpoint's.
    job: from `plan`.
    stream: from `acceptance.draw`.
    images: a folder, which gets <class>/<n>.png and manifest.csv, a row per crop.
    annotated: a folder, which gets masks/<class>/<n>.png and the formats asked for, where
      the method translates, and regions/<class>/<n>.png where it takes regions.
  """
  config, classes, size = run.config.generate, run.info.classes, run.info.image_size
  with contextlib.closing(terminal.Progress(
      sum(job.counts), unit='image', what='drawing')) as progress:
    found = _write_images(run, job, stream, images, annotated, progress)
  rows, described, judged = [], [], []
  names = jobs.reference_names(run, [x[-1] for of_class in found for x in of_class])
  for label, name in enumerate(classes):
    for i, (defects, asked, verdict, record) in enumerate(found[label]):
      file = manifest.file_of(name, i)
      rows.append({
          'file': file, 'class': name, 'seed': config.seed, 'step': step,
          'background': job.sources[job.chosen[label][i]] if job.chosen else '',
          'strength': config.strength, 'mask': masks.mask_source(run),
          'boxes': regions.boxes_to_text(defects),
          'asked': regions.boxes_to_text(asked),
          'size': masks.size(defects, *asked or [None]), 'reference': names[record],
          **verdict.columns()})
      described.append(regions.Annotated(file, size, size, defects))
      judged.append((name, verdict))
  manifest.write(images, manifest.CROPS, rows)
  if run.method.translates:
    verdicts.report(judged)
    masks.report_sizes(rows)
    annotate(run, job, described, images, annotated, settings.formats(run))
    painted = [(name, defects) for name, per_image in zip(classes, found)
               for defects, _, verdict, _ in per_image
               if config.strength and verdict.accepted is not False]
    masks.report_unboxed(run, painted)
    masks.report_whole(run, painted)


def annotate(run, job, described, images, annotated, formats):
  """Writes annotations of accepted crops in formats, each to its place in `annotated`.

  Args:
    run: a `Run` whose method translates.
    job: from `plan`.
    described: `regions.Annotated` of each crop, in order.
    images: the folder of the crops, which has the manifest.
    annotated: a folder.
    formats: names of formats.
  """
  used = np.unique(np.concatenate(job.chosen))
  shown = verdicts.accepted(described, images, formats)
  annotations.write(annotated, formats, shown, run.info.classes, Pictures(
      images, {file: {name} for name, file in _files(run, job)},
      ((job.sources[i], job.backgrounds[i]) for i in used)))


def find_again(run, job, folder):
  """Finds again what is in the masks that `write` wrote to a folder, at full strength.

  Returns:
    described, as `annotate` takes it, and (file, boxes) of the manifest's rows.
  """
  find, described, boxes = masks.defect_finder(run), [], []
  for name, file in _files(run, job):
    mask = masks.read(folder / file)
    asked = (masks.read(folder.with_name('regions') / file) > 0
             if run.method.layout.placed else None)
    defects = find(mask, name, asked=asked)
    described.append(regions.Annotated(file, *mask.shape, defects))
    boxes.append((file, regions.boxes_to_text(defects)))
  return described, boxes


def _files(run, job):
  """Returns (class, file) of each crop of a job, in order."""
  return [(name, manifest.file_of(name, i))
          for name, count in zip(run.info.classes, job.counts) for i in range(count)]


def _write_images(run, job, stream, images, annotated, progress):
  """Writes images, masks and regions.

  Returns:
    For each class, for each image: its defects, the region asked for (one `Region`, or
    none), its `Verdict`, and the record of what the generator was shown, or None.
  """
  classes, find = run.info.classes, masks.defect_finder(run)
  strength = run.config.generate.strength
  folders = [images, annotated / 'masks', annotated / 'regions'][
      :1 + run.method.translates + run.method.layout.placed]

  def write_one(label, i, verdict, image, mask=None, asked=None, record=None, *_):
    file = manifest.file_of(classes[label], i)
    save(images / file, image)
    if mask is None:
      return [], [], verdict, None
    before = job.backgrounds[job.chosen[label][i]]
    written = masks.written_mask(mask, strength, before, image)
    save(annotated / 'masks' / file, written)
    if asked is not None:
      save(annotated / 'regions' / file, asked)
    return (find(mask, classes[label], asked=None if asked is None else asked > 0)
            if written.any() else [],
            [] if asked is None else [regions.of_pixels(classes[label], asked > 0)],
            verdict, None if record is None else int(record))

  found = [{} for _ in classes]
  with ThreadPoolExecutor() as executor:
    for label, numbers, painted, of_each in stream:
      for folder in folders:
        (folder / classes[label]).mkdir(parents=True, exist_ok=True)
      samples = zip(*(x for x in painted if x is not None))
      for i, verdict, sample in zip(numbers.tolist(), of_each, samples):
        found[label][i] = executor.submit(write_one, label, i, verdict, *sample)
        progress.update()
    return [[futures[i].result() for i in sorted(futures)] for futures in found]


def save(path, image):
  """Writes uint8 [h, w] or [h, w, C] as PNG."""
  reading.as_picture(image).save(path)
