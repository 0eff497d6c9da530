"""The part with samples: real crops beside them, masks, boxes, nearest training images."""

import contextlib

import numpy as np

from data_prep.images import reading
from pegan_jax.annotations import components, regions
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset, manifest
from pegan_jax.reporting import inline, nearest
from pegan_jax.reporting.source import DAMAGED, Missing

TITLE = 'What was made'
_LARGEST = 512  # Pixels: larger images, whole frames, are shown smaller.
_NOTHING_NEAR = 'The nearest training images are not shown: '


def collect(source):
  """Returns the first samples of each class, and real crops beside them: a dict."""
  made_of = source.made_of
  rows = manifest.read(source.generated / manifest.FILE)
  found = {'frames': made_of.get('frames') is True, 'folder': str(source.generated),
           'step': made_of.get('step') if source.trains else None, 'word': source.word,
           'count': len({row['file'] for row in rows}),
           'masks_are': next((row.get('mask') or '' for row in rows), ''), 'notes': [],
           'pasted_in': '', 'rejected': len({
               row['file'] for row in rows if row.get('accepted') == 'no'})}
  shown = _first(rows, source.config.report.per_class, found['frames'])
  pixels, found['classes'] = {}, []
  for name, of_class in shown.items():
    pixels[name], of_class = _of_class(source, name, rows, of_class)
    found['classes'].append(of_class | {
        'name': name, 'pasted': {'samples': []}, 'real': []})
  if not found['frames']:
    _add_pasted(source, found)
    _add_real(source, found, pixels)
  shown = [x for c in found['classes']
           for x in (*c['samples'], *c['pasted']['samples'], *c['real'])]
  return found | {'has_masks': any(x['mask'] for x in shown),
                  'has_asked': any(x['asked'] for x in shown)}


def _first(rows, count, frames):
  """Returns the first `count` files of each class: {class: [(first row, its rows)]}.

  Whole frames have defects of several classes, and are one list under ''.
  """
  by_class = {}
  for row in rows:
    by_file = by_class.setdefault('' if frames else row['class'], {})
    by_file.setdefault(row['file'], []).append(row)
  return {name: [(of[0], of) for of in list(by_file.values())[:count]]
          for name, by_file in by_class.items()}


def _of_class(source, name, rows, chosen):
  """Returns what the page shows of a class's images, the pixels of those apart.

  Args:
    source: `Source` of the images.
    name: of the class.
    rows: of the manifest.
    chosen: from `_first`.

  Returns:
    ([n] uint8 [H, W, C], a dict).
  """
  samples = [_sample(source, row, defects) for row, defects in chosen]
  said = [row.get('accepted') for row in rows if row.get('class') == name]
  return [x.pop('pixels') for x in samples], {
      'samples': samples, 'size': manifest.sizes(rows).get(name), 'accepted': said.count('yes'),
      'judged': said.count('yes') + said.count('no')}


def _sample(source, row, defects):
  """Returns what the page shows of an image, given its first row and all of them."""
  pixels = _read(source.generated, row['file'])
  height, width = pixels.shape[:2]
  beside = source.generated.with_name(f'{source.generated.name}_annotations')
  mask = None
  if (beside / 'masks' / row['file']).is_file():
    mask = inline.mask(_smaller(_read(beside / 'masks', row['file']))[..., 0])
  texts = {key: '; '.join(d.get(key) or '' for d in defects if d.get(key))
           for key in ('boxes', 'asked')}
  try:
    boxes, asked = (regions.boxes_from_text(texts[key]) for key in ('boxes', 'asked'))
  except ValueError as e:
    raise UserError(f'{source.generated / manifest.FILE} has no boxes in the row of '
                    f'{row["file"]}: put that back, or generate again') from e
  verdicts = [d.get('accepted') or '' for d in defects]
  return {
      'file': row['file'], 'src': inline.image(_smaller(pixels)), 'pixels': pixels,
      'width': width, 'height': height, 'mask': mask, 'boxes': boxes, 'asked': asked,
      'classes': [d['class'] for d in defects],
      'accepted': 'no' if 'no' in verdicts else verdicts[0],
      'tries': row.get('tries') or '',
      'reasons': '; '.join(d['reasons'] for d in defects if d.get('reasons')),
      'background': row.get('background') or '', 'nearest': None}


def _read(folder, file):
  """Returns an image below a folder as uint8 [H, W, 3 or 1]."""
  path = folder / file
  if not path.resolve().is_relative_to(folder.resolve()):
    raise UserError(f'{folder / manifest.FILE} names {file}, which is in another folder')
  coloured, _ = reading.probe(path)
  return reading.read_image(path, not coloured)


def _smaller(pixels):
  """Returns every n-th pixel of what is larger than the page shows."""
  step = -(-max(pixels.shape[:2]) // _LARGEST)
  return pixels[::step, ::step]


def _add_pasted(source, found):
  """Adds pasted defects, where there are some; notes why where they cannot be read."""
  try:
    if source.pasted is None:
      return
    rows = manifest.read(source.pasted.generated / manifest.FILE)
    shown = _first(rows, source.config.report.per_class, False)
    for of_class in found['classes']:
      if chosen := shown.get(of_class['name']):
        _, of_class['pasted'] = _of_class(source.pasted, of_class['name'], rows, chosen)
        found['pasted_in'] = str(source.pasted.generated)
  except (UserError, *DAMAGED) as e:
    found['notes'].append(f'Pasted defects are not shown: {e}.')


def _add_real(source, found, pixels):
  """Adds real crops and nearest training images; notes why where there are none."""
  try:
    info = source.info
    records = dataset.Records(info, 'train')
    rng = np.random.default_rng(0)
    for of_class in found['classes']:
      if of_class['name'] in info.classes:
        of_class['real'] = _real(
            records, records.find(info.classes.index(of_class['name'])), rng,
            source.config.report.per_class)
    if source.config.report.nearest:
      _add_nearest(source, info, found, pixels)
  except Missing as e:
    found['notes'].append(f'Real crops are not shown: {e}')
  except UserError as e:
    found['notes'].append(f'Real crops are not shown: {e}.')


def _real(records, indices, rng, count):
  """Returns training crops of a class, drawn at random, as the page shows them."""
  chosen = rng.permutation(indices)[:count]
  if not len(chosen):
    return []
  shown = []
  for image, mask, kind, name in zip(
      records.images(chosen), records.masks(chosen), records.annotations(chosen),
      records.sources(chosen)):
    shown.append({
        'src': inline.image(image), 'width': image.shape[1], 'height': image.shape[0],
        'mask': inline.mask(mask[..., 0]) if kind == 'mask' else None, 'kind': kind,
        'name': name, 'asked': [],
        'boxes': [] if kind == 'none' else [
            x.box for x in components.pieces(mask[..., 0] > 0)]})
  return shown


def _add_nearest(source, info, found, pixels):
  shape = (info.image_size, info.image_size)
  painted_for = source.made_of.get('dataset')
  content = painted_for.get('content') if isinstance(painted_for, dict) else None
  if content not in (None, info.content):
    found['notes'].append(f'{_NOTHING_NEAR}the images are of another data set than '
                          f'{info.folder}.')
    return
  images = {}
  for name, of_class in pixels.items():
    if name in info.classes and {x.shape[:2] for x in of_class} == {shape}:
      with contextlib.suppress(ValueError):  # A coloured image in a grey set.
        images[name] = np.stack([np.broadcast_to(x, (*shape, info.channels))
                                 for x in of_class])
  near = nearest.find(source.config, info, images) if images else {}
  for of_class in found['classes']:
    for sample, training in zip(of_class['samples'], near.get(of_class['name'], [])):
      sample['nearest'] = training
  if left_out := [name for name in pixels if name not in near]:
    found['notes'].append(f'{_NOTHING_NEAR}of {", ".join(left_out)} there are no training '
                          "images of the samples' size and colour.")
