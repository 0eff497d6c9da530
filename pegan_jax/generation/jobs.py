"""Plans which images are sampled: how many, and which class on which background."""

import os
from typing import Callable, NamedTuple

import numpy as np

from data_prep.crops import cutting
from data_prep.images import reading, survey
from pegan_jax.common import provenance, terminal
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset, matches, placing, rounds
from pegan_jax.generation import job_file, places

# Number of windows kept of a folder's images, at least one per image, to save memory.
_MOST_WINDOWS = 5000


class Job(NamedTuple):
  """Says what to sample.

  Attributes:
    counts: images of each class, in label order.
    backgrounds: uint8 [n, h, w, C], or None where the method does not translate.
    chosen: for each class [count] int, indices of its backgrounds, or None.
    sources: the names of the n backgrounds, or None; for frames, `frames.Window`s.
    regions: from `draw_regions`.
    keys: for each class [count, 2] int, the seed and the number that an image's noise is
      drawn from; None for one seed and the numbers of the images.
    strengths: for each class [count] in [0, 1]; None for `generate.strength`.
  """
  counts: list[int]
  backgrounds: np.ndarray | None
  chosen: list[np.ndarray] | None
  sources: list | None = None
  regions: Callable | None = None
  keys: list[np.ndarray] | None = None
  strengths: list[np.ndarray] | None = None


def plan(run, counts):
  """Returns the `Job` of the first `counts[c]` crops of each class c.

  More images of a class leave the first ones as they are, so that the images evaluated
  are those that `generate` writes.

  Raises:
    UserError: as `load_backgrounds`, or matches that are missing or of another data set.
  """
  backgrounds, sources = load_backgrounds(run)
  chosen = None
  if backgrounds is not None:
    chosen = choose(run, counts, len(backgrounds))
  job = Job(counts, backgrounds, chosen, sources, draw_regions(run))
  of_own = run.config.generate.roi and folder_of_inputs(run)
  return _within_roi(run, job) if of_own else job


def _within_roi(run, job):
  """Returns a `Job` of crops with regions where defects may lie, without the others."""
  seed, placer = run.config.generate.seed, draw_places(run)
  folder = folder_of_inputs(run)
  items, roi = _cut(folder, run.info), places.Roi(folder_of_roi(run))
  roi.check({item.file: reading.size(os.path.join(folder, item.file)) for item in items})
  allowed = [places.shrink(roi.read(item.file)[item.place.slices], run.info.image_size)
             for item in items]
  found = [{number: region for number, index in enumerate(indices.tolist()) if (
      region := placer.place(np.random.default_rng([seed, label, number]), label,
                             allowed[index]))} for label, indices in enumerate(job.chosen)]
  numbers = [np.array(list(of_class), int) for of_class in found]
  places.say_left_out(sum(job.counts) - sum(map(len, found)), sum(job.counts))
  maps = [[places.filled(region, allowed[0].shape) for region in of_class.values()]
          for of_class in found]
  return job._replace(
      counts=list(map(len, found)),
      chosen=[indices[kept] for indices, kept in zip(job.chosen, numbers)],
      regions=lambda label, these, trial=0: np.stack(
          [np.uint8(255) * maps[label][i] for i in these]),
      keys=[np.stack([np.full(len(kept), seed), kept], -1) for kept in numbers])


def draw_regions(run):
  """Returns what draws the regions to paint in, by the run's `generate.seed`.

  They are like those of the class's training images, see `placing`.

  Returns:
    (label, [n] numbers of images of that class, trial) -> uint8 [n, h, w], 255 inside; a
    region depends on its own number and the trial alone. None where the method takes no
    regions.
  """
  if not run.method.layout.placed:
    return None
  records = dataset.Records(run.info, 'train', run.config.cache_mb)
  regions = placing.Regions(records, len(run.info.classes))

  def draw(label, numbers, trial=0):
    return np.stack([regions.draw(np.random.default_rng(
        [run.config.generate.seed, label, int(number)] + [trial] * (trial > 0)),
                                  label) for number in numbers])

  return draw


def reference_names(run, records):
  """Names the training images whose defects a generator was shown.

  Args:
    run: a `Run`.
    records: numbers in the train split, or None where nothing was shown.

  Returns:
    {number: name, None: ''}.
  """
  records = sorted(set(records) - {None})
  named = dataset.Records(run.info, 'train').sources(records) if records else []
  return {None: '', **dict(zip(records, named))}


def draw_places(run, scale=1.0):
  """Returns the `places.Placer` of a run's training images; for `scale` see there."""
  return places.Placer(
      run, dataset.Records(run.info, 'train', run.config.cache_mb), scale)


def folder_of_inputs(run, frames=False):
  """Returns the user's folder of images to paint on, or '' for the data set's own.

  Args:
    run: a `Run`.
    frames: whether whole frames are painted on, rather than crops.
  """
  settings = run.config.generate
  return os.path.expanduser(settings.frames if frames else settings.backgrounds)


def folder_of_roi(run):
  """Returns the user's folder of masks of where defects may lie, or ''."""
  return os.path.expanduser(run.config.generate.roi)


def inputs(run, frames=False):
  """Returns what the images to paint on depend on, as provenance has it.

  Args:
    run: a `Run`.
    frames: as `folder_of_inputs` has it. Evaluation samples crops, whatever
      `generate.frames` says.
  """
  settings = run.config.generate
  of_roi = {'roi': provenance.of_folder(folder_of_roi(run))} if settings.roi else {}
  if frames and settings.jobs:
    return {'jobs': job_file.digest(settings.jobs, job_file.read(
        settings.jobs, run.info.classes))} | of_roi
  if folder := folder_of_inputs(run, frames):
    return {'files': provenance.of_files(folder, reading.list_images(folder))} | of_roi
  if run.matched and settings.matched:
    return {'split': settings.split, 'matches': matches.digest(run.info)}
  return {'split': settings.split}


def load_backgrounds(run):
  """Loads the clean images to put defects on.

  Args:
    run: a `Run`; its config's `generate.backgrounds` names a folder of the
      user's own, cut into windows as `data_prep.build --clean` cuts them, else
      `generate.split` names a split of the data set.

  Returns:
    uint8 [n, h, w, C] at the data set's size and number of channels, and n
    names; (None, None) where the method does not translate.
  """
  settings, info = run.config.generate, run.info
  if not run.method.translates:
    return None, None
  if folder := folder_of_inputs(run):
    return _cut_backgrounds(folder, info)
  records = dataset.Records(info, settings.split)
  found = records.find(info.background)
  if not len(found):
    raise UserError(
        f'the {settings.split} split of {str(info.folder)!r} has no '
        'backgrounds: name another with --config.generate.split, or a folder '
        'with --config.generate.backgrounds')
  return records.images(found), records.sources(found)


def _cut_backgrounds(folder, info):
  """Returns windows of a folder's clean images, and their names."""
  items = _cut(folder, info)
  paths = {item.frame for item in items}
  small = {item.frame for item in items if item.place.height < info.window}
  if small:
    terminal.say(f'note: {len(small)} of {len(paths)} images in {folder!r} are smaller '
                 f'than a window of {info.window}x{info.window}: squares of their own '
                 'shorter side were enlarged')
  # What is a window as it is keeps its file's name.
  names = [item.frame.split('/', 1)[1]
           if item.whole and item.place.height == info.window else item.source
           for item in items]
  return np.stack([item.image for item in items]), names


def _cut(folder, info):
  """Returns windows of a folder's clean images, as `cutting.Item`s."""
  paths = reading.list_images(folder)
  if not paths:
    raise UserError(f'no images in {folder!r}')
  survey.say_depths(paths, info.reader.max_value)
  return cutting.read_clean(
      paths, folder, info.reader, info.window, max(len(paths), _MOST_WINDOWS))


def choose(run, counts, available):
  """Chooses backgrounds by the run's `generate.seed` and, if it has any, matches.

  Matches exist for the data set's own backgrounds. In a folder of the user's, or without
  `generate.matched`, every class goes with every background.

  Returns:
    As `choose_backgrounds`.
  """
  config, match = run.config, None
  if run.matched and config.generate.matched and not config.generate.backgrounds:
    split = config.generate.split
    match = matches.load(run.info, split)
    matches.check_count(run.info, split, match, available)
  return choose_backgrounds(config.generate.seed, counts, available, match)


def choose_backgrounds(seed, counts, available, match=None):
  """Chooses the background that each image is put on.

  Rounds of seeded permutations, so that each is used as often as any other, or with
  `match` as often as the class goes with it; more images of a class leave the first
  ones as they are.

  Args:
    seed: of the permutations.
    counts: images of each class, in label order.
    available: number of backgrounds.
    match: None, or [available, classes], weights of the classes.

  Returns:
    For each class [count] int.
  """
  chosen = []
  for label, count in enumerate(counts):
    rng = np.random.default_rng([seed, label])
    if match is not None:
      weights = match[:, label].astype(np.float64)
      chosen.append(rng.choice(available, count, p=weights / weights.sum()))
      continue
    chosen.append(rounds.draw(rng, np.arange(available), count))
  return chosen
