"""Chooses the windows of whole images that get a defect, and what goes there."""

import collections
import pathlib
from typing import NamedTuple

import numpy as np

from data_prep.images import reading, survey
from pegan_jax.annotations import regions
from pegan_jax.common import provenance, terminal
from pegan_jax.common.errors import listed, UserError
from pegan_jax.data import manifest
from pegan_jax.generation import job_file, jobs, places, settings

# Places tried for a window before a frame is called full.
_TRIES = 200


class Window(NamedTuple):
  """A place for a defect.

  Attributes:
    picture: path of what is written, under its folder.
    frame: path of the image that is painted on, under its folder.
    path: its path.
    label: of the defect's class.
    box: `regions.Box` of the window in the frame; it may leave a small one.
    asked: `regions.Region` in the frame, or None where the method takes no regions.
    key: (seed, number) that the noise is drawn from, or None for the run's.
    strength: how strongly it is painted.
  """
  picture: pathlib.Path
  frame: pathlib.Path
  path: pathlib.Path
  label: int
  box: regions.Box
  asked: regions.Region | None
  key: tuple[int, int] | None
  strength: float


def to_job(run, windows):
  """Returns the `jobs.Job` of `Window`s, which are its sources."""
  info = run.info
  of = np.array([w.label for w in windows])
  chosen = [np.flatnonzero(of == c) for c in range(len(info.classes))]
  survey.say_depths(sorted({w.path for w in windows}), info.reader.max_value)
  cuts = np.zeros((len(windows), info.image_size, info.image_size, info.channels), np.uint8)
  maps = np.zeros(cuts.shape[:3], np.uint8)
  by_path = collections.defaultdict(list)
  for i, window in enumerate(windows):
    by_path[window.path].append(i)
  for path, indices in by_path.items():
    frame = reading.with_channels(info.reader.read_own_colour(path), info.channels)
    for i in indices:
      cuts[i] = info.reader.crop(places.cut(frame, windows[i].box))
      if windows[i].asked:
        inside = places.filled(windows[i].asked, frame.shape[:2])
        maps[i] = np.uint8(255) * places.covered(
            places.cut(inside, windows[i].box), info.image_size)
  placed = run.method.layout.placed
  return jobs.Job(
      [len(c) for c in chosen], cuts, chosen, windows,
      (lambda label, numbers, trial=0: maps[chosen[label][numbers]]) if placed else None,
      [np.array([windows[i].key for i in c], int).reshape(-1, 2) for c in chosen]
      if windows[0].key else None,
      [np.array([windows[i].strength for i in c]) for c in chosen])


# --- Frames ---

def of_frames(run):
  """Chooses places and classes, seeded, on the frames of `config.generate.frames`.

  Returns:
    List of `Window`.

  Raises:
    UserError: no frames, or one that cannot be read or is smaller than a window; masks of
      `generate.roi` that do not go with them.
  """
  config, info = run.config.generate, run.info
  size, folder = info.window, jobs.folder_of_inputs(run, frames=True)
  paths = reading.list_images(folder)
  if not paths:
    raise UserError(f'no images in {folder!r}')
  _check_names(repr(folder), [p.relative_to(folder) for p in paths])
  labels = [info.classes.index(name) for name in settings.classes(run)]
  shapes = {path.relative_to(folder): reading.size(path) for path in paths}
  placer = None
  if run.method.layout.placed:
    placer = jobs.draw_places(run, size / info.image_size)
  roi = _roi(run, shapes)
  windows, full = [], 0
  for i, (frame, shape) in enumerate(shapes.items()):
    rng = np.random.default_rng([config.seed, i])
    new = lambda label, box, asked=None, frame=frame: Window(
        frame.with_suffix('.png'), frame, folder / frame, label, box, asked, None,
        config.strength)
    if placer:
      allowed = roi.read(frame) if roi else np.ones(shape, bool)
      for _ in range(config.defects_per_frame):
        label = int(rng.choice(labels))
        if asked := placer.place(rng, label, allowed):
          windows.append(new(label, _window(run, asked, shape), asked))
          allowed = places.without(allowed, asked, places.margin(run), size)
      continue
    boxes = _boxes(rng, shape, size, config.defects_per_frame)
    if not boxes:
      raise UserError(f'{folder / frame} has {shape[1]}x{shape[0]} pixels, and a '
                      f'defect is drawn in a window of {size}x{size}')
    full += len(boxes) < config.defects_per_frame
    windows += [new(int(rng.choice(labels)), box) for box in boxes]
  if placer:
    wanted = len(shapes) * config.defects_per_frame
    places.say_left_out(wanted - len(windows), wanted)
  if full:
    terminal.say(f'{full} of {len(paths)} frames have no room for '
                 f'{config.defects_per_frame} windows of {size}x{size}: they get fewer')
  return windows


def _roi(run, shapes):
  """Returns the `places.Roi` of images {path: (height, width)}, or None."""
  if not run.config.generate.roi:
    return None
  roi = places.Roi(jobs.folder_of_roi(run))
  roi.check(shapes)
  return roi


def _window(run, region, shape):
  return places.window_of(region.box, shape, run.info.window, places.margin(run))


def _boxes(rng, shape, size, count):
  """Chooses up to `count` windows that do not overlap: `regions.Box`es."""
  height, width = shape
  found = []
  if min(shape) < size:
    return found
  for _ in range(_TRIES * count):
    if len(found) == count:
      break
    left = int(rng.integers(width - size + 1))
    top = int(rng.integers(height - size + 1))
    box = regions.Box.square(left, top, size)
    if not any(box.overlap(other) for other in found):
      found.append(box)
  return found


def _check_names(source, images):
  """Raises UserError where images cannot all be written by name."""
  stems = [image.with_suffix('') for image in images]
  if len(set(stems)) < len(stems):
    twice = next(p for p in stems if stems.count(p) > 1)
    raise UserError(f'{source} has two frames called {str(twice)!r}: give '
                    'them different names, as each becomes a PNG')
  taken = {manifest.FILE, provenance.FILE} & {p.parts[0] for p in stems}
  if taken:
    raise UserError(f'{source} has {min(taken)!r}, which is the name of a file '
                    'that is written beside the frames: rename it')


# --- The user's jobs ---

def _check_covered(path, rows, names):
  """Raises UserError where other rows' regions cover all of a row's on its pictures.

  Args:
    path: of the file.
    rows: list of `job_file.Row`.
    names: of their pictures.
  """
  by_picture, faults = collections.defaultdict(list), []
  for row, name in sorted(zip(rows, names), key=lambda pair: pair[0].label):
    if row.region:
      by_picture[name].append(row)
  for some in by_picture.values():
    taken = np.zeros(some[0].shape, bool)
    for row in some:
      inside = places.filled(row.region, row.shape)
      if not (inside & ~taken).any():
        faults.append(f'line {row.line}: other rows of its picture cover all of its region')
      taken |= inside
  if faults:
    raise UserError(f"{path}: {listed(faults, 10)}: leave it out, or give it another word "
                    'in column picture')


def of_jobs(run):
  """Returns the `Window`s of the rows of `config.generate.jobs`.

  Raises:
    UserError: as `job_file.read`; masks of `generate.roi` that do not go with the images.
  """
  config, info = run.config.generate, run.info
  rows = job_file.read(config.jobs, info.classes)
  placer = jobs.draw_places(run, info.window / info.image_size)
  names, seedless = job_file.names(rows), collections.Counter()
  _check_covered(config.jobs, rows, names)
  pictures, left_out = collections.defaultdict(list), 0
  for row, name in zip(rows, names):
    for k in range(row.count):
      key = row.seed, k
      if row.seed is None:
        key = config.seed, seedless[row.label]
        seedless[row.label] += 1
      pictures[f'{name}_{k:03d}.png'].append((row, key))
  folder = job_file.folder(rows)
  frames = {row.image: row.image.relative_to(folder) for row in rows}
  _check_names(config.jobs, [pathlib.Path(picture) for picture in pictures])
  if config.roi and all(row.region for row in rows):
    raise UserError('--config.generate.roi says where defects may lie of rows without a '
                    f'region, and all rows of {config.jobs} have one: leave it out')
  roi = _roi(run, {frames[row.image]: row.shape for row in rows if not row.region})
  windows = []
  for picture, wanted in pictures.items():
    shape = wanted[0][0].shape
    # Those without a region go where the others are not.
    allowed = None
    for row, key in sorted(wanted, key=lambda item: item[0].region is None):
      if not (asked := row.region):
        if allowed is None:
          allowed = roi.read(frames[row.image]) if roi else np.ones(shape, bool)
          for other in filter(None, (other.region for other, _ in wanted)):
            allowed = places.without(allowed, other, places.margin(run), info.window)
        asked = placer.place(np.random.default_rng([*key, row.label]), row.label, allowed)
        if not asked:
          left_out += 1
          continue
        allowed = places.without(allowed, asked, places.margin(run), info.window)
      windows.append(Window(
          pathlib.Path(picture), frames[row.image], row.image, row.label,
          _window(run, asked, shape), asked, key,
          config.strength if row.strength is None else row.strength))
  places.say_left_out(left_out, sum(map(len, pictures.values())))
  if large := [w.box.width / info.window for w in windows if w.box.width > info.window]:
    terminal.say(f'{len(large)} of {len(windows)} regions do not fit into a window of '
                 f'{info.window} pixels with what is around them, and are painted larger '
                 f'than the defects were seen: up to {max(large):.3g} times, as column '
                 'scale of the manifest says')
  return windows
