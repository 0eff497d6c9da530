"""A checkpoint to class folders of defects and a manifest."""

import collections
from concurrent.futures import ThreadPoolExecutor
import contextlib
import csv
import os
import pathlib
import shutil

import jax
from PIL import Image

from pegan_jax import drawing, monitor
from pegan_jax.checkpoints import BEST, Checkpoints
from pegan_jax.errors import UserError
from pegan_jax.run import Run


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
  backgrounds, sources = drawing.load_backgrounds(run)
  if jax.process_index():  # Process 0 writes; this one lends its devices.
    collections.deque(_draw(run, restored, backgrounds)[1], maxlen=0)
    return out
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


def _draw(run, restored, backgrounds):
  """(indices of each class's backgrounds or None, what `drawing.draw` yields)."""
  config, classes = run.config.generate, run.info.classes
  counts, chosen = [config.per_class] * len(classes), None
  if backgrounds is not None:
    chosen = drawing.choose(run, counts, len(backgrounds))
  together = drawing.CHUNK * run.mesh.size * len(classes)
  return chosen, drawing.draw(
      run, restored.state.ema, counts, seed=config.seed,
      backgrounds=backgrounds, chosen=chosen,
      in_flight=max(1, config.batch_size // together))


def _write(run, restored, backgrounds, sources, out):
  """Generates into `out`."""
  config, classes = run.config.generate, run.info.classes
  chosen, drawn = _draw(run, restored, backgrounds)
  with contextlib.closing(monitor.Progress(
      config.per_class * len(classes), unit='image')) as progress:
    write_images(classes, drawn, out, progress.update)
  with (out / 'manifest.csv').open('w', newline='', encoding='utf-8') as f:
    writer = csv.writer(f)
    writer.writerow(['file', 'class', 'background', 'seed', 'step'])
    for label, name in enumerate(classes):
      for i in range(config.per_class):
        writer.writerow([
            f'{name}/{file_name(i)}', name,
            sources[chosen[label][i]] if chosen else '', config.seed,
            restored.step])


def write_images(classes, drawn, out, progress=lambda: None):
  """Writes out/<class>/<n>.png: threads encode while the device draws.

  Args:
    classes: names of the classes, in label order.
    drawn: what `drawing.draw` yields.
    out: the folder, which gets the classes' own.
    progress: called for each image.
  """
  for name in classes:
    (out / name).mkdir(parents=True)
  writes = []
  with ThreadPoolExecutor() as pool:
    for label, first, fake in drawn:
      for i, image in enumerate(fake, first):
        writes.append(pool.submit(
            _save, out / classes[label] / file_name(i), image))
        progress()
    for write in writes:
      write.result()


def file_name(i):
  return f'{i:05d}.png'


def _save(path, image):
  Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(path)
