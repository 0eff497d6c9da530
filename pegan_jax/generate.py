"""A checkpoint and clean backgrounds to class folders of defects and a manifest."""

from concurrent.futures import ThreadPoolExecutor
import csv
import os
import pathlib
import shutil

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image

from data_prep import images
from pegan_jax import data, monitor
from pegan_jax.checkpoints import BEST, Checkpoints
from pegan_jax.errors import UserError
from pegan_jax.run import Run
from pegan_jax.step import scale, to_pixels

# Images computed together, whatever the batch size: the same shapes give the
# same rounding, and so the same bytes.
_CHUNK = 16


def generate(config, workdir):
  """Writes `config.generate.per_class` images of each defect class.

  Args:
    config: the run's configuration; `generate` holds what concerns this.
    workdir: has the checkpoints; gets generated/<class>/<n>.png and
      generated/manifest.csv.

  Returns:
    The folder written.

  Raises:
    UserError: no checkpoint, no backgrounds, a folder that exists already, or
      a full disk; nothing half-made is left.
  """
  run = Run(config, workdir)
  settings = config.generate
  if settings.per_class < 1 or settings.batch_size < 1:
    raise UserError('generate.per_class and generate.batch_size must be at '
                    f'least 1, not {settings.per_class} and '
                    f'{settings.batch_size}')
  out = pathlib.Path(settings.out or run.workdir / 'generated')
  if os.path.lexists(out):
    raise UserError(f'{out} exists already: move it away, or name another '
                    'folder with --config.generate.out')
  restored = restore(run, settings.checkpoint)
  backgrounds, sources = load_backgrounds(run)
  part = out.with_name(f'.{out.name}.part')
  shutil.rmtree(part, ignore_errors=True)
  try:
    _write(run, restored, backgrounds, sources, part)
    part.rename(out)
  except OSError as e:
    raise UserError(f'cannot write {out}: {e.strerror or e}') from e
  finally:
    shutil.rmtree(part, ignore_errors=True)
  return out


def restore(run, which):
  """Reads a checkpoint of the run by name.

  Args:
    run: a `Run`.
    which: 'newest', 'best' (by KID; see `watch`) or a step's number.

  Returns:
    A `checkpoints.Restored`.

  Raises:
    UserError: another name, no such checkpoint, or none that is readable.
  """
  which = str(which)
  if which not in ('newest', 'best') and not which.isdecimal():
    raise UserError(f'checkpoint is {which!r}: choose newest, best or a step')
  checkpoints = Checkpoints(run.workdir, say=monitor.say,
                            name=BEST if which == 'best' else 'checkpoints')
  restored = checkpoints.restore(run.state_template(), run.saved_config,
                                 int(which) if which.isdecimal() else None)
  checkpoints.close()
  if restored is None:
    raise UserError(
        f'no checkpoint in {str(checkpoints.folder)!r}: train first' + (
            ', with eval_every' if which == 'best' else ''))
  return restored


def load_backgrounds(run):
  """The clean images to put defects on.

  Args:
    run: a `Run`; its config's `generate.backgrounds` names a folder of the
      user's own, else `generate.split` names a split of the data set.

  Returns:
    uint8 [n, h, w, C] at the data set's size and number of channels, and n
    names.
  """
  settings, info = run.config.generate, run.info
  if settings.backgrounds:
    paths = images.list_images(settings.backgrounds)
    if not paths:
      raise UserError(f'no images in {settings.backgrounds!r}')
    max_value = info.metadata['max_value']
    loaded = [images.square_crop_resize(
        images.read_image(p, info.channels == 1, max_value), info.image_size)
              for p in paths]
    names = [p.relative_to(settings.backgrounds).as_posix() for p in paths]
    return np.stack(loaded), names
  records = data.Records(info, settings.split)
  found = records.find(info.background)
  if not len(found):
    raise UserError(
        f'the {settings.split} split of {str(info.folder)!r} has no '
        'backgrounds: name another with --config.generate.split, or a folder '
        'with --config.generate.backgrounds')
  return records.images(found), records.sources(found)


def choose_backgrounds(seed, label, count, available):
  """Which background each image of a class is put on: [count] int.

  Rounds of seeded permutations, so that each is used as often as any other;
  more images of a class leave the first ones as they are.
  """
  rng = np.random.default_rng([seed, label])
  rounds = -(-count // available)
  return np.concatenate([rng.permutation(available) for _ in range(rounds)])[
      :count]


def make_generator(run):
  """A jitted function: parameters, uint8 [n, h, w, C], labels [n] -> the same."""
  info, size = run.info, run.config.image_size

  @jax.jit
  def run_chunk(gen, image, label):
    x = scale(image, size)
    x = run.method.translate(
        run.nets, gen, jnp.broadcast_to(x, (*x.shape[:-1], 3)), label)
    return to_pixels(x, info.image_size, info.channels)

  return run_chunk


def translate(run, gen, backgrounds, chosen, in_flight=1):
  """Puts each class on its backgrounds, a few chunks under way at once.

  Args:
    run: a `Run`.
    gen: the generator's parameters.
    backgrounds: uint8 [n, h, w, C].
    chosen: for each class, in label order, indices of its backgrounds.
    in_flight: chunks that the device works on while others are taken in.

  Yields:
    (label, number of the first image within its class, uint8 [k, h, w, C]).
  """
  run_chunk = make_generator(run)
  chunks = [(label, first) for label, indices in enumerate(chosen)
            for first in range(0, len(indices), _CHUNK)]
  for start in range(0, len(chunks), in_flight):
    pending = []
    for label, first in chunks[start:start + in_flight]:
      index = chosen[label][first:first + _CHUNK]
      # The last chunk is filled up by wrapping round, to keep its shape.
      full = np.resize(index, _CHUNK)
      pending.append((label, first, len(index), run_chunk(
          gen, backgrounds[full], np.full(_CHUNK, label, np.int32))))
    for label, first, count, fake in pending:
      yield label, first, np.asarray(fake)[:count]


def _write(run, restored, backgrounds, sources, out):
  """Generates into `out`: the device computes while threads encode."""
  config, classes = run.config.generate, run.info.classes
  chosen = [choose_backgrounds(config.seed, label, config.per_class,
                               len(backgrounds))
            for label in range(len(classes))]
  for name in classes:
    (out / name).mkdir(parents=True)
  progress = monitor.Progress(len(classes) * config.per_class, unit='image')
  writes = []
  with ThreadPoolExecutor() as pool:
    for label, first, fake in translate(
        run, restored.state.ema, backgrounds, chosen,
        max(1, config.batch_size // _CHUNK)):
      for i, image in enumerate(fake, first):
        writes.append(pool.submit(
            _save, out / classes[label] / file_name(i), image))
        progress.update()
    for write in writes:
      write.result()
  progress.close()
  with (out / 'manifest.csv').open('w', newline='', encoding='utf-8') as f:
    writer = csv.writer(f)
    writer.writerow(['file', 'class', 'background', 'seed', 'step'])
    for label, name in enumerate(classes):
      for i, index in enumerate(chosen[label]):
        writer.writerow([f'{name}/{file_name(i)}', name, sources[index],
                         config.seed, restored.step])


def file_name(i):
  return f'{i:05d}.png'


def _save(path, image):
  Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(path)
