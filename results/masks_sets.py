"""The sets of crops that results/masks trains on, and the runs that make them."""

from ml_collections import ConfigDict
import numpy as np
from scipy import ndimage

from data_prep import dataset as data_dataset
from data_prep.crops.cutting import BACKGROUND
from pegan_jax.common import files
from pegan_jax.common.errors import UserError
from pegan_jax.generation import acceptance, jobs, masks
from pegan_jax.generation.sampler import Sampler
from pegan_jax.inspection import segmenter
from pegan_jax.nets.masks import MARGIN
from pegan_jax.runs.restore import restore
from pegan_jax.runs.run import Run
from pegan_jax.training import train as train_lib

_CLEAN = 0.2  # Share of each batch.
_ADDED = 0.4  # As _CLEAN, of pasted or generated crops that lie beside real ones.


class Crops:
  """Sets of crops with masks, laid end to end: images, inside and the sets' indices."""

  def __init__(self, **sets):
    self.images, self.inside = map(np.concatenate, zip(*sets.values()))
    ends = np.cumsum([len(images) for images, _ in sets.values()])
    self.indices = dict(zip(sets, np.split(np.arange(ends[-1]), ends[:-1])))

  def parts(self, *names):
    """Returns `segmenter.Part`s: these sets beside clean crops."""
    shares = [1 - _CLEAN] if len(names) == 1 else [1 - _CLEAN - _ADDED, _ADDED]
    return [segmenter.Part(self.indices[name], share)
            for name, share in zip([*names, 'clean'], [*shares, _CLEAN])]


def crops(records, indices):
  """Returns images and where their defects are: uint8 [n, H, W, C], bool [n, H, W]."""
  return records.images(indices), records.masks(indices)[..., 0] > 0


def masked(records, label):
  """Returns the indices of a class's records with masks."""
  found = records.find(label)
  return found[np.array(records.annotations(found), str) == 'mask']


def frames_of(records, indices):
  """Returns the frames that crops were cut from: [n] strings."""
  return np.array([source.rsplit('[', 1)[0] for source in records.sources(indices)], str)


def of_frames(records, indices, count, rng):
  """Returns those of the indices that were cut from `count` frames, drawn at random."""
  frames = frames_of(records, indices)
  known = np.unique(frames)
  if len(known) < count:
    raise UserError(f'a class has masks of {len(known)} frames, and --frames is {count}')
  return indices[np.isin(frames, rng.choice(known, count, replace=False))]


def sample(run, weights, labels, count, seed):
  """Samples `count` images of each of the labels, as `--mode generate` does.

  Returns:
    images uint8 [n, H, W, C], the masks that they claim bool [n, H, W], and the regions
    asked for uint8 [n, H, W], or None.
  """
  run.config.generate.seed = seed
  job = jobs.plan(run, [count * (c in labels) for c in range(len(run.info.classes))])
  found = {label: [] for label in labels}
  for label, _, painted, _ in acceptance.draw(run, weights, job):
    found[label].append((
        painted.image, claimed(run, label, painted.visible_mask),
        painted.visible_mask if painted.region is None else painted.region))
  images, inside, asked = (np.concatenate(x) for x in zip(
      *(part for label in labels for part in found[label])))
  return images, inside, asked if run.method.layout.placed else None


def claimed(run, label, visible):
  """Returns the pixels of the defects that are found in visible masks: as `visible`."""
  find, inside = masks.defect_finder(run), np.zeros(visible.shape, bool)
  for mask, pixels in zip(visible, inside):
    for region in find(mask, run.info.classes[label]):
      pixels[region.box.slices] |= region.mask
  return inside


def erase(run, weights, images, regions, label):
  """Erases real defects of one class: uint8 [n, H, W, C], [n, H, W] -> [n, H, W, C]."""
  regions = regions[None] if run.method.layout.placed else None
  return np.asarray(Sampler(run).eliminate(weights, images[None], regions))[0]


def places(asked, inside):
  """Measures what is claimed by what was asked for, of images that claim anything.

  Args:
    asked: uint8 [n, H, W], 255 inside.
    inside: bool [n, H, W].

  Returns:
    Share of the images whose claimed pixels lie in the asked region, widened by the
    pixels that it is softened over; and the share of the asked pixels that is claimed,
    averaged over images.
  """
  some = inside.any((1, 2))
  wide = ndimage.binary_dilation(
      asked > 0, np.ones((1, 2 * MARGIN + 1, 2 * MARGIN + 1)))
  within = ~(inside & ~wide).any((1, 2))
  covered = (inside & (asked > 0)).sum((1, 2)) / np.maximum((asked > 0).sum((1, 2)), 1)
  return float(within[some].mean()), float(covered[some].mean())


def train_own(trial, indices, config, folder, seed):
  """Trains a run that sees some records alone; goes on with one that was begun.

  Args:
    trial: `Trial`.
    indices: of the records in train.
    config: of a run; its settings but the data set are kept.
    folder: path; gets data/ and run/.
    seed: of the run.

  Returns:
    The run, whose classes are those of the trial, and its weights.
  """
  info, train = trial.info, trial.train
  name_of = [*info.classes, BACKGROUND]
  if not (folder / 'data').is_dir():
    folder.mkdir(parents=True, exist_ok=True)
    examples = [{'image': image, 'mask': mask[..., 0] > 0, 'label': name_of[label],
                 'source': source, 'group': int(group), 'annotation': annotation}
                for image, mask, label, source, group, annotation in zip(
                    train.images(indices), train.masks(indices), train.labels[indices],
                    train.sources(indices), train.groups(indices),
                    train.annotations(indices))]
    with files.whole(folder / 'data') as (new, keep):
      keep(data_dataset.write(
          new, {'train': examples}, [*trial.names, BACKGROUND],
          (info.image_size, info.image_size, info.channels),
          {k: v for k, v in info.metadata.items() if k != 'areas'}, 1))
  config = ConfigDict(config.to_dict() | {
      'data_dir': str(folder / 'data'), 'seed': seed, 'eval_every': 0})
  train_lib.train(config, folder / 'run')
  return restored(config, folder / 'run')


def restored(config, workdir):
  """Returns a run and its newest weights."""
  run = Run(config, workdir)
  return run, restore(run, 'newest')
