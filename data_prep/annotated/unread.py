"""Refuses files that seem to annotate images, and are of no kind that is read."""

import gzip
import itertools
import pathlib
import re

from data_prep.annotated import folder_names, matching
from data_prep.annotated.folder_names import Mark
from pegan_jax import annotations as annotations_lib
from pegan_jax.annotations import key_points, text_files
from pegan_jax.common import class_names
from pegan_jax.common.errors import UserError

# An item of JSON by a name without a suffix, as Datumaro has it.
_NAMED = re.compile(r'"(?:id|image|image_id|name|file)"\s*:\s*"(?:[^"]*/)?([^"/]+)"')
_TABLES = ('.csv', '.tsv')
_TREES = ('.json', '.jsonl', '.ndjson', '.xml', '.yaml', '.yml', '.gz')
_PROSE = ('.md', '.rst', '.html', '.htm', '.log', '.py', '.ipynb')
# Of one image each, by its name: what else lies beside an image is of its camera.
_OF_ONE = ('.npy', '.npz', '.mat', '.h5', '.pkl', *_TABLES, *_TREES)
# Of pegan_jax: files with these columns.
_OWN = {'manifest.csv': {'file', 'class', 'seed'}, 'sources.csv': {'file', 'source'}}
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_HASH = re.compile(r'[0-9a-f]{10,}', re.IGNORECASE)


def refuse_nothing(annotations, submissions):
  """Raises UserError for annotations that hold nothing of any format."""
  if submissions:
    raise UserError(f'{submissions[0]} is a submission to a challenge by its name, which '
                    'holds what somebody guessed: name the file of what is true, as '
                    'train.csv.')
  raise UserError(f"--annotations {' '.join(map(str, annotations))} holds no "
                  f'{annotations_lib.kinds()} files and no mask images.')


def refuse_unknown(others, paths, root):
  """Raises UserError where files name most of the images, as annotations do.

  Args:
    others: paths of the files that are not read.
    paths: of the images.
    root: their folder.
  """
  named, first = _named(others, set(paths), paths, root)
  if len(named) > max(1, len(paths) / 2):
    raise UserError(
        f'{first[0]} names images of --images, but is of none of the kinds '
        f'{annotations_lib.kinds()}: export it as one of these, such as COCO; where it '
        'marks nothing and the folders are the classes, pass --format classes.')


def refuse_of_clean(others, clean, paths, root):
  """Raises UserError where a file that is not read may mark an image that is clean.

  Args:
    others, paths, root: as of `refuse_unknown`.
    clean: those of the images that are clean by their place.
  """
  named, first = _named([path for path in others if not _is_of_words(path)], set(clean),
                        paths, root)
  if named:
    raise UserError(
        f'{first[0]} may mark {first[1]}, which is clean by its folder, but is of none of '
        f'the kinds {annotations_lib.kinds()}: export it as one of these or, where it '
        'marks nothing, name by --format what is to be read.')


def _is_of_words(path):
  """Returns whether a file is JSON without a number, which marks no place."""
  if path.suffix.lower() not in ('.json', '.jsonl', '.ndjson'):
    return False
  text = _text(path)
  strings = _STRING.findall(text)
  return not re.search(r'\d', _STRING.sub('', text)) and not any(
      sum(map(_is_number, re.split('[ ,;]', said.strip('"')))) > 1 for said in strings)


def _named(others, some, paths, root):
  """Returns the images of `some` that files may mark; and the first file and image."""
  named, first = set(), None
  others = [path for path in others if path.suffix.lower() not in _PROSE]
  for path, images in _of_one(others, paths, root).items():
    found = set(images) if some.issuperset(images) else set()
    named, first = named | found, first or found and (path, min(found))
  by_name = {}
  for path in paths:
    by_name.setdefault(path.name, []).append(path)
  stems = {path.stem for path in paths}
  for path in others if some else ():
    suffix = path.suffix.lower()
    if suffix not in _OF_ONE and path.stem in stems:
      continue  # Of the camera.
    text = _text(path).replace('\\\\', '/').replace('\\', '/')
    found = some & _images_in(text, by_name)
    if suffix in _TREES:
      said = set(_NAMED.findall(text))
      found |= {image for image in some if image.stem in said}
    elif found and not _may_mark(suffix in _TABLES, text, by_name, found, root):
      continue
    named, first = named | found, first or found and (path, min(found))
  return named, first


def _of_one(others, paths, root):
  """Returns {file: images that it may be of, by its name} of files for one image."""
  marks = [Mark('', path, pathlib.PurePath(path.relative_to(root)), root)
           for path in others if path.suffix.lower() in _OF_ONE
           and path.is_relative_to(root)]
  return {mark.path: found for mark, found in zip(
      marks, matching.match(marks, paths, root)[0]) if found}


def _images_in(text, by_name):
  """Returns the images that a text names; of one name, those with their folder."""
  found = set()
  for name, images in by_name.items():
    if name in text and re.search(rf'(?<![\w.-]){re.escape(name)}', text):
      found.update([image for image in images if len(images) > 1
                    and f'{image.parent.name}/{name}' in text] or images)
  return found


def _text(path):
  """Returns a file's text; '' for what is none, or was written by pegan_jax."""
  try:
    if path.suffix.lower() == '.gz':
      with gzip.open(path) as file:
        return file.read().decode('utf-8', 'replace')
    with path.open('rb') as file:  # A film is not read to its end.
      head = file.read(4096)
    if b'\0' in head and not head.startswith((b'\xff\xfe', b'\xfe\xff')):
      return ''
    text = text_files.read(path)
  except (EOFError, OSError, UserError):
    return ''
  own = _OWN.get(path.name)
  return '' if own and own <= {*text.partition('\n')[0].split(',')} else text


def _may_mark(is_table, text, by_name, images, root):
  """Returns whether a list of images says more than the folders and a part of a set.

  Args:
    is_table: whether it has columns; else it is lines of words.
    text: of the list, with / in paths.
    by_name: {name: paths} of all images.
    images: those that are asked for.
    root: folder of the images.
  """
  said = []
  for line in text.splitlines():
    for cells in ([cell.strip(' "') for cell in re.split('[,;\t]', line)], line.split()):
      k = next((k for k, cell in enumerate(cells) if cell.rpartition('/')[2] in by_name),
               None)
      if k is not None:
        some = by_name[cells[k].rpartition('/')[2]]
        image = next((x for x in some if x.as_posix().endswith('/' + cells[k])), some[0])
        said.append((image, cells[:k] + cells[k + 1:]))
        break
  said = [(image, cells) for image, cells in said if image in images]
  if any(sum(map(_is_number, re.split('[ ,;]', ' '.join(cells)))) > 1
         for _, cells in said):
    return True  # One number is a class, or counts the lines.
  if not is_table:
    return False
  if len({image for image, _ in said}) < len(said) or not said:
    return True  # Several rows for an image, as it has marks; or no cell is its name.
  columns = itertools.zip_longest(*(cells for _, cells in said), fillvalue='')
  return not all(_is_known([
      (folder_names.class_of(image.relative_to(root)), cell)
      for (image, _), cell in zip(said, column) if cell]) for column in columns)


def _is_known(column):
  """Returns whether (class by its folder, word)s say a part, clean, a sum or the class."""
  words = {word for _, word in column}
  if any(all(map(is_one, words)) for is_one in (
      folder_names.is_split, class_names.is_clean, _HASH.fullmatch)):
    return True
  return len(words) == len(set(column)) == len({name for name, _ in column})


def _is_number(word):
  return key_points.is_number(word) and not _HASH.fullmatch(word)
