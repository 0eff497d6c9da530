"""Puts defects on whole frames of any size."""

import contextlib
import pathlib
from typing import NamedTuple

import numpy as np
from PIL import Image

from data_prep.images import reading, survey
from pegan_jax import annotations
from pegan_jax.annotations import regions
from pegan_jax.annotations.pictures import Pictures
from pegan_jax.common import provenance, terminal
from pegan_jax.common.errors import UserError
from pegan_jax.data import manifest
from pegan_jax.generation import jobs, masks, settings

# Width of the edge over which a defect fades in, as a share of the window.
_FADE = 1 / 8

# Places tried for a defect before a frame is called full.
_TRIES = 200


class Window(NamedTuple):
  """A place for a defect: the frame's path under its folder, and where in it."""
  frame: pathlib.Path
  label: int
  box: regions.Box


def plan(run):
  """Chooses places and classes, seeded, on the frames of `config.generate.frames`.

  Args:
    run: a `Run`.

  Returns:
    `jobs.Job`, its backgrounds the windows that get a defect.

  Raises:
    UserError: no frames, or one that is smaller than a window or cannot be read.
  """
  config, info = run.config.generate, run.info
  size, folder = info.window, jobs.folder_of_inputs(run, frames=True)
  paths = reading.list_images(folder)
  _check_names(folder, paths)
  annotations.check(settings.formats(run), settings.classes(run), [
      path.relative_to(folder).as_posix() for path in paths])
  survey.say_depths(paths, info.reader.max_value)
  labels = [info.classes.index(name) for name in settings.classes(run)]
  cuts, windows, full = [], [], 0
  for i, path in enumerate(paths):
    frame = reading.with_channels(
        info.reader.read_own_colour(path), info.channels)
    rng = np.random.default_rng([config.seed, i])
    places = _places(rng, frame.shape[:2], size, config.defects_per_frame)
    if not places:
      raise UserError(f'{path} has {frame.shape[1]}x{frame.shape[0]} pixels, and a '
                      f'defect is drawn in a window of {size}x{size}')
    full += len(places) < config.defects_per_frame
    for box in places:
      cuts.append(info.reader.crop(frame, box))
      windows.append(Window(path.relative_to(folder),
                            int(rng.choice(labels)), box))
  if full:
    terminal.say(f'{full} of {len(paths)} frames have no room for '
                f'{config.defects_per_frame} windows of {size}x{size}: they get fewer')
  of = np.array([w.label for w in windows])
  chosen = [np.flatnonzero(of == c) for c in range(len(info.classes))]
  return jobs.Job([len(c) for c in chosen], np.stack(cuts), chosen, windows,
                  jobs.draw_regions(run))


def _check_names(folder, paths):
  """Raises UserError for no frames, or names that cannot all be written."""
  if not paths:
    raise UserError(f'no images in {folder!r}')
  stems = [p.relative_to(folder).with_suffix('') for p in paths]
  if len(set(stems)) < len(stems):
    twice = next(p for p in stems if stems.count(p) > 1)
    raise UserError(f'{folder!r} has two frames called {str(twice)!r}: give '
                    'them different names, as each becomes a PNG')
  taken = {manifest.FILE, provenance.FILE} & {p.parts[0] for p in stems}
  if taken:
    raise UserError(f'{folder!r} has {min(taken)!r}, which is the name of a file '
                    'that is written beside the frames: rename it')


def _places(rng, shape, size, count):
  """Chooses up to `count` windows that do not overlap: `regions.Box`es."""
  height, width = shape
  places = []
  if min(shape) < size:
    return places
  for _ in range(_TRIES * count):
    if len(places) == count:
      break
    left = int(rng.integers(width - size + 1))
    top = int(rng.integers(height - size + 1))
    box = regions.Box(left, top, left + size, top + size)
    if not any(box.overlap(other) for other in places):
      places.append(box)
  return places


def write(run, step, job, stream, out, annotated):
  """Puts the samples into the frames' windows, brought back to their size.

  Outside of the windows, and where a generator's mask is 0, a frame stays as it is,
  except that it is written with 8 bits per channel. Its colour is kept where the network
  is grey. Towards a window's edge a defect fades out.

  Args:
    run: a `Run`.
    step: the checkpoint's.
    job: from `plan`.
    stream: from `Sampler.stream`.
    out: a folder, which gets <frame>.png and manifest.csv, a row per defect.
    annotated: a folder, which gets masks/<frame>.png and the formats asked for, all in
      the frame's own coordinates.
  """
  config, info = run.config.generate, run.info
  samples = {}
  for label, numbers, sampled, verdicts in stream:
    for i, image, mask, verdict in zip(numbers, *sampled[:2], verdicts):
      samples[job.chosen[label][i]] = image, mask, verdict
  by_frame = _by_frame(job)
  find, size = masks.defect_finder(run), info.window
  folder = pathlib.Path(jobs.folder_of_inputs(run, frames=True))
  fade = _fade(size)
  rows, described, painted = [], [], []
  with contextlib.closing(terminal.Progress(len(by_frame), unit='frame')) as progress:
    for path in sorted(by_frame):
      frame = info.reader.read_own_colour(folder / path).copy()
      name = path.with_suffix('.png')
      mask, defects = np.zeros(frame.shape[:2], np.uint8), []
      for index in by_frame[path]:
        window, (fake, part, verdict) = job.sources[index], samples[index]
        area = window.box.slices
        part = np.rint(_resize(part, size) * fade).astype(np.uint8)
        change = _resize(fake.astype(np.int16) - job.backgrounds[index], size)
        frame[area] = _paint(frame[area], change, np.where(part > 0, fade, 0))
        mask[area] = masks.written_mask(part, config.strength)
        name_of, found = info.classes[window.label], []
        if config.strength:
          found = find(part, name_of, window.box[:2])
          painted.append((name_of, found))
        defects += found
        rows.append({
            'file': name.as_posix(), 'class': info.classes[window.label],
            'left': window.box.left, 'top': window.box.top, 'seed': config.seed,
            'step': step,
            'strength': config.strength, 'mask': masks.mask_source(run),
            'boxes': regions.boxes_to_text(found)})
      for to, image in ((out, frame), (annotated / 'masks', mask)):
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.squeeze()).save(to / name)
      described.append(regions.Annotated(name.as_posix(), *mask.shape, defects))
      progress.update()
  manifest.write(out, manifest.FRAMES, rows)
  annotate(run, job, described, out, annotated, settings.formats(run))
  masks.report_unboxed(run, painted)


def annotate(run, job, described, out, annotated, formats):
  """Writes annotations of frames in formats, each to its place in `annotated`.

  Args:
    run: a `Run`.
    job: from `plan`.
    described: `regions.Annotated` of each frame, in order.
    out: the folder of the painted frames.
    annotated: a folder.
    formats: names of formats.
  """
  info, folder = run.info, pathlib.Path(jobs.folder_of_inputs(run, frames=True))
  by_frame = _by_frame(job)
  shown = {path.with_suffix('.png').as_posix():
           {info.classes[job.sources[i].label] for i in indices}
           for path, indices in by_frame.items()}
  annotations.write(annotated, formats, described, info.classes, Pictures(
      out, shown, ((path.as_posix(), info.reader.read_own_colour(folder / path))
                   for path in sorted(by_frame))))


def find_again(run, job, folder):
  """Finds again what is in the masks that `write` wrote to a folder, at full strength.

  Returns:
    described, as `annotate` takes it, and (file, boxes) of the manifest's rows.
  """
  find, described, boxes = masks.defect_finder(run), [], []
  for path, indices in sorted(_by_frame(job).items()):
    file, defects = path.with_suffix('.png').as_posix(), []
    mask = masks.read(folder / file)
    for window in (job.sources[i] for i in indices):
      found = find(mask[window.box.slices], run.info.classes[window.label],
                   window.box[:2])
      defects += found
      boxes.append((file, regions.boxes_to_text(found)))
    described.append(regions.Annotated(file, *mask.shape, defects))
  return described, boxes


def _by_frame(job):
  """Returns {frame: indices of its windows}, in the order in which they are drawn."""
  found = {}
  for index in np.concatenate(job.chosen).tolist():
    found.setdefault(job.sources[index].frame, []).append(index)
  return found


def _resize(array, size):
  """Resizes [s, s] or [s, s, C] to `size`, linearly: 0 among zeros stays 0."""
  if len(array) == size:
    return array
  planes = np.atleast_3d(array).astype(np.float32)
  planes = [Image.fromarray(plane).resize((size, size), Image.Resampling.BILINEAR)
            for plane in np.moveaxis(planes, -1, 0)]
  return np.stack(planes, -1).reshape(size, size, *array.shape[2:])


def _fade(size):
  """Returns [size, size] in (0, 1]: 1 inside, falling towards the edges."""
  distance = np.minimum(np.arange(size), np.arange(size)[::-1]) + 1
  ramp = np.minimum(1, distance / (_FADE * size + 1))
  ramp = np.sin(ramp * np.pi / 2) ** 2
  return ramp[:, None] * ramp


def _paint(frame, change, weight):
  """Adds weight * change: uint8 [h, w, C], [h, w, c], [h, w] -> uint8 [h, w, C]."""
  if change.shape[-1] != frame.shape[-1]:  # Between grey and colour.
    change = change.mean(-1, keepdims=True)
  painted = np.rint(frame + weight[..., None] * change)
  return np.clip(painted, 0, 255).astype(np.uint8)
