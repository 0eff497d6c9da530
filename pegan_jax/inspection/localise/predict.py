"""--mode predict of a segmenter: where the defects of image files are."""

import contextlib
import functools
import pathlib

import numpy as np
from PIL import Image

from data_prep.images import reading
from pegan_jax.annotations.regions import Box
from pegan_jax.common import files
from pegan_jax.common.errors import check_value, UserError
from pegan_jax.inspection import asked, training
from pegan_jax.inspection.localise import kept, overlay
from pegan_jax.metrics import found_boxes, outputs

_COLUMNS = ['file', *Box._fields, 'score', 'image_score']
_ADVICE = 'move it away, or name another folder with --config.pictures'


def predict(config, workdir):
  """Prints a line per image: file, its highest score, the boxes found.

  Images are read as `data_prep.build` reads them, and covered by windows of the size that
  the segmenter's data set was cut with; scores of overlapping windows are averaged, see
  `stitch`. A box is around pixels above `threshold` that touch. What the segmenter's own
  test warns of is said first.

  Args:
    config: from configs/predict.py.
    workdir: that of --mode inspect.

  Returns:
    [(path, highest score, list of `found_boxes.Found`)], one per image.

  Raises:
    UserError: no segmenter, no images, as `asked.Images`, a threshold that makes no sense,
      or a place for answers that holds something else; all before the first answer.
  """
  training.set_up()
  check_value('threshold', config.threshold, 0 < config.threshold < 1, 'between 0 and 1')
  paths = asked.find(config)
  outputs.check(config.csv, '.csv', asked.is_table(_COLUMNS))
  trained = kept.restore(workdir)
  names, found = _names(config, paths), []
  with _pictures(config) as folder:
    images = asked.Images(
        config, paths, trained.config['dataset'], kept.tested(workdir)[1], workdir)

    def answers():
      for path, windows in images.answers(
          functools.partial(trained.trainer.scores, trained.state)):
        scores = stitch(windows, reading.size(path))
        boxes = found_boxes.of_scores(scores, config.threshold)
        boxes.sort(key=lambda x: -x.score)
        found.append((path, float(scores.max()), boxes))
        if folder:
          _draw(folder, names[path], images.reader.read(path), scores > config.threshold,
                boxes)
        yield _line(*found[-1]), _rows(*found[-1])

    asked.tell(answers(), config.csv, _COLUMNS)
  return found


def stitch(windows, shape):
  """Averages the scores of overlapping windows.

  A window's weight falls to its edges, where it shows less of what is around a pixel.

  Args:
    windows: iterable of (`Box` of a square in an image, float [S, S]); scores of another
      size than their window are brought to it.
    shape: (height, width) of the image.

  Returns:
    float32 [height, width], in the range of the scores; 0 where there is no window.
  """
  total, weight = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
  for box, scores in windows:
    side = box.width
    if scores.shape != (side, side):
      scores = np.asarray(Image.fromarray(scores).resize(
          (side, side), Image.Resampling.BILINEAR))
    edge = np.minimum(np.arange(1, side + 1), np.arange(side, 0, -1)).astype(np.float32)
    taper = np.outer(edge, edge)
    total[box.slices] += taper * scores
    weight[box.slices] += taper
  return total / np.maximum(weight, 1)


@contextlib.contextmanager
def _pictures(config):
  """Yields a folder that becomes `config.pictures`, or None where that is empty."""
  if not config.pictures:
    yield None
    return
  out = pathlib.Path(config.pictures)
  for named in config.images.split(','):
    if out.resolve().is_relative_to(pathlib.Path(named.strip()).resolve()):
      raise UserError(f'{out} lies in {named.strip()}, which is read: name another folder '
                      'with --config.pictures')
  with files.whole(out, advice=_ADVICE) as (part, keep):
    folder = part / 'pictures'
    folder.mkdir()
    yield folder
    keep(folder)


def _names(config, paths):
  """Returns {path: its pictures' path below their folder}; UserError where two are one."""
  if not config.pictures:
    return {}
  named = [pathlib.Path(x.strip()) for x in config.images.split(',')]
  names = {path: next((path.relative_to(x) for x in named if path != x and
                       path.is_relative_to(x)), pathlib.Path(path.name)).with_suffix('.png')
           for path in paths}
  taken = {}
  for path, name in names.items():
    if (other := taken.setdefault(name, path)) != path:
      raise UserError(f'{other} and {path} would have one picture, {name}: rename one, or '
                      'ask about them one after the other')
  return names


def _draw(folder, name, image, inside, boxes):
  """Writes masks/NAME, 255 on what was found, and overlays/NAME, for people."""
  for kind, picture in (('masks', np.uint8(255) * inside[..., None]),
                        ('overlays', overlay.draw(image, inside, boxes))):
    path = folder / kind / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(reading.encode_png(picture))


def _line(path, score, boxes):
  """Returns what is printed of an image."""
  if not boxes:
    return f'{path}  {score:.3f}  no box'
  first, count = boxes[0].box, len(boxes)
  more = f', the surest of {count} boxes' if count > 1 else ''
  return f'{path}  {score:.3f}  at {",".join(map(str, first))}{more}'


def _rows(path, score, boxes):
  """Returns an image's rows of the table: one per box, or one without a box."""
  return [[path, *x.box, f'{x.score:.6f}', f'{score:.6f}'] for x in boxes] or [
      [path, '', '', '', '', '', f'{score:.6f}']]
