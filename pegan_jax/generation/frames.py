"""Puts defects on whole frames of any size."""

import contextlib

import numpy as np
from PIL import Image
import scipy

from data_prep.images import reading
from pegan_jax import annotations
from pegan_jax.annotations import regions
from pegan_jax.annotations.pictures import Pictures
from pegan_jax.common import terminal
from pegan_jax.data import manifest
from pegan_jax.generation import jobs, masks, places, settings, verdicts, windows

# Width of the edge over which a defect fades in, as a share of the window.
_FADE = 1 / 8


def plan(run):
  """Returns the `jobs.Job` of what is painted on whole frames, its sources `Window`s.

  Args:
    run: a `Run`.

  Raises:
    UserError: as `windows.of_jobs` or `windows.of_frames`.
  """
  of = windows.of_jobs if run.config.generate.jobs else windows.of_frames
  found = of(run)
  annotations.check(
      settings.formats(run), sorted({run.info.classes[w.label] for w in found}),
      list(dict.fromkeys(w.picture.as_posix() for w in found)))
  return windows.to_job(run, found)


def write(run, step, job, stream, out, annotated):
  """Puts the samples into the frames' windows, brought back to their size.

  Outside of the windows, and where a generator's mask is 0, a frame stays as it is,
  except that it is written with 8 bits per channel. Its colour is kept where the network
  is grey. Where no region was asked for, a defect fades out towards its window's edge.

  Args:
    run: a `Run`.
    step: the checkpoint's.
    job: from `plan`.
    stream: from `acceptance.draw`.
    out: a folder, which gets <frame>.png and manifest.csv, a row per defect.
    annotated: a folder, which gets masks/<frame>.png and the formats asked for, all in
      the frame's own coordinates, and regions/<frame>.png where the method takes regions.
  """
  samples, by_picture = _drawn(job, stream), _by_picture(job)
  names = jobs.reference_names(run, [record for *_, record in samples.values()])
  rows, described, painted, judged = [], [], [], []
  with contextlib.closing(terminal.Progress(
      len(by_picture), unit='frame', what='painting')) as progress:
    for path, indices in sorted(by_picture.items()):
      frame = _Frame(run.info.reader.read_own_colour(job.sources[indices[0]].path))
      defects = []
      for index in indices:
        window, (fake, part, verdict, record) = job.sources[index], samples[index]
        place = _Place(index, indices, job, frame.mask.shape)
        part, is_seen = frame.paint(
            window, place, fake.astype(np.int16) - job.backgrounds[index], part)
        found = place.find(run, part) if is_seen else []
        name = run.info.classes[window.label]
        if window.strength and verdict.accepted is not False:
          painted.append((name, found))
        defects += found
        judged.append((name, verdict))
        rows.append(_row(run, window, found, verdict)
                    | {'step': step, 'reference': names[record]})
      _save(out / path, frame.image)
      _save(annotated / 'masks' / path, frame.mask)
      if run.method.layout.placed:
        _save(annotated / 'regions' / path, np.uint8(255) * frame.asked)
      described.append(regions.Annotated(path.as_posix(), *frame.mask.shape, defects))
      progress.update()
  manifest.write(out, manifest.FRAMES, rows)
  verdicts.report(judged)
  masks.report_sizes(rows)
  annotate(run, job, described, out, annotated, settings.formats(run))
  masks.report_unboxed(run, painted)


class _Frame:
  """A whole image while defects are painted on it.

  Attributes:
    image: uint8 [H, W, C].
    mask: uint8 [H, W], how visible the defects are.
    asked: bool [H, W], the regions that were asked for.
  """

  def __init__(self, image):
    self.image = image.copy()
    self.mask = np.zeros(image.shape[:2], np.uint8)
    self.asked = np.zeros(image.shape[:2], bool)

  def paint(self, window, place, change, part):
    """Paints a sample in its window.

    Args:
      window: a `windows.Window`.
      place: its `_Place`.
      change: int16 [S, S, C], what the sample adds to its background.
      part: its mask, uint8 [S, S].

    Returns:
      Its mask in `place.area`, in pixels of the frame and faded, uint8; and whether it
      changed a pixel.
    """
    side = window.box.width
    fade = np.ones((side, side)) if window.asked else _fade(side)
    part = place.own(np.rint(_resize(part, side) * fade).astype(np.uint8))
    before = self.image[place.area].copy()
    self.image[place.area] = _paint(before, place.inner(_resize(change, side)),
                                    np.where(part > 0, place.inner(fade), 0))
    written = masks.written_mask(part, window.strength, before, self.image[place.area])
    self.mask[place.area] = np.maximum(self.mask[place.area], written)
    if window.asked:
      self.asked |= places.filled(window.asked, self.asked.shape)
    return part, written.any()


def _row(run, window, found, verdict):
  """Returns what the manifest says of a window and the `Region`s found in it."""
  return {
      'file': window.picture.as_posix(), 'class': run.info.classes[window.label],
      'background': window.frame.as_posix(),
      'left': window.box.left, 'top': window.box.top,
      'scale': f'{window.box.width / run.info.window:.4g}',
      'seed': window.key[0] if window.key else run.config.generate.seed,
      'strength': window.strength, 'mask': masks.mask_source(run),
      'boxes': regions.boxes_to_text(found),
      'asked': regions.boxes_to_text([window.asked] if window.asked else []),
      'size': masks.size(found, window.asked),
      **verdict.columns()}


def _save(path, image):
  """Writes an image, uint8 [H, W] or [H, W, 1 or 3], into a new folder if there is none."""
  path.parent.mkdir(parents=True, exist_ok=True)
  reading.as_picture(image).save(path)


def _drawn(job, stream):
  """Collects {window's number: (image, visible mask, `Verdict`, record or None)}."""
  samples = {}
  with contextlib.closing(terminal.Progress(
      sum(job.counts), unit='defect', what='drawing')) as progress:
    for label, numbers, sampled, of_each in stream:
      shown = [None] * len(numbers) if sampled.record is None else sampled.record.tolist()
      for i, image, mask, verdict, record in zip(numbers, *sampled[:2], of_each, shown):
        samples[job.chosen[label][i]] = image, mask, verdict, record
      progress.update(len(numbers))
  return samples


def annotate(run, job, described, out, annotated, formats):
  """Writes annotations of accepted frames in formats, each to its place in `annotated`.

  Args:
    run: a `Run`.
    job: from `plan`.
    described: `regions.Annotated` of each frame, in order.
    out: the folder of the painted frames, which has the manifest.
    annotated: a folder.
    formats: names of formats.
  """
  classes, reader = run.info.classes, run.info.reader
  shown = {path.as_posix(): {classes[job.sources[i].label] for i in indices}
           for path, indices in _by_picture(job).items()}
  frames = {window.frame: window.path for window in job.sources}
  described = verdicts.accepted(described, out, formats)
  annotations.write(annotated, formats, described, classes, Pictures(
      out, shown, ((frame.as_posix(), reader.read_own_colour(frames[frame]))
                   for frame in sorted(frames))))


def find_again(run, job, folder):
  """Finds again what is in the masks that `write` wrote to a folder, at full strength.

  Returns:
    described, as `annotate` takes it, and (file, boxes) of the manifest's rows.
  """
  described, boxes = [], []
  for path, indices in sorted(_by_picture(job).items()):
    file, defects = path.as_posix(), []
    mask = masks.read(folder / file)
    for index in indices:
      place = _Place(index, indices, job, mask.shape)
      found = place.find(run, place.mine(mask[place.area]))
      defects += found
      boxes.append((file, regions.boxes_to_text(found)))
    described.append(regions.Annotated(file, *mask.shape, defects))
  return described, boxes


def _by_picture(job):
  """Returns {picture: indices of its windows}, in the order in which they are drawn."""
  found = {}
  for index in np.concatenate(job.chosen).tolist():
    found.setdefault(job.sources[index].picture, []).append(index)
  return found


class _Place:
  """Holds what a window has of its picture, and what of that is its own.

  A pixel belongs to the nearest region that was asked for, so that none is painted twice
  where windows overlap.

  Args:
    index: of the window among the job's sources.
    indices: of all windows of the picture, in the order in which they are drawn.
    job: from `plan`.
    shape: (height, width) of the picture.
  """

  def __init__(self, index, indices, job, shape):
    self._window = window = job.sources[index]
    self._shape = shape
    self._box = window.box.clip(*shape)
    self.area = self._box.slices
    self._own, later = True, False
    for i in indices:
      other = job.sources[i]
      later |= i == index
      if i == index or not (window.asked and window.box.overlap(other.box)):
        continue
      both = window.box.hull(other.box).clip(*shape)
      here = self._box.shift(-both.left, -both.top).slices
      mine, its = (scipy.ndimage.distance_transform_edt(
          ~places.filled(w.asked, shape)[both.slices])[here] for w in (window, other))
      self._own &= mine <= its if later else mine < its

  def inner(self, array):
    """Returns what lies in the picture of [side, side, ...]."""
    return array[self._box.shift(-self._window.box.left, -self._window.box.top).slices]

  def mine(self, mask):
    """Returns a mask of `area` where its pixels are the window's own, 0 elsewhere."""
    return np.where(self._own, mask, np.zeros_like(mask))

  def own(self, mask):
    """Returns `mine` of a mask of the whole window."""
    return self.mine(self.inner(mask))

  def find(self, run, part):
    """Returns the `Region`s of the defect whose visible mask in `area` is `part`."""
    asked = self._window.asked and places.filled(
        self._window.asked, self._shape)[self.area]
    return masks.defect_finder(run)(
        part, run.info.classes[self._window.label], self._box[:2], asked)


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
