"""Refuses files that seem to annotate images, and are of no kind that is read.

`places` says which mark a place. Two numbers for each of several rows of an image do too.
"""

import collections
import pathlib
import re
import shlex

from data_prep.annotated import (
    columns, file_names, folder_names, matching, places, reasons, records)
from data_prep.annotated.marks import Mark
from data_prep.images import reading
from pegan_jax import annotations as annotations_lib
from pegan_jax.common import class_names, listing
from pegan_jax.common.errors import UserError

# Of one image each, by its name: what else lies beside an image is of its camera.
OF_ONE = ('.csv', '.tsv', '.txt', '.json', '.jsonl', '.ndjson', '.xml', '.yaml', '.yml',
           '.gz', '.npy')
_ARRAYS = ('.mat', '.npz', '.h5', '.pkl')  # So are these, in a folder for masks.
# Of pegan_jax: files with these columns, of which `generate.jobs` has whatever name.
_OWN = {'manifest.csv': {'file', 'class', 'seed'}, 'sources.csv': {'file', 'source'}}
_JOBS = {'image', 'class', 'region', 'seed', 'strength', 'count', 'picture'}
LISTS = ('files that list some of the images and are not read: where these are bad, or to '
         'be left out, move them')


def refuse_nothing(annotations, submissions):
  """Raises UserError for annotations that hold nothing of any format."""
  if submissions:
    raise UserError(f'{submissions[0]} is a submission to a challenge by its name, which '
                    'holds what somebody guessed: name the file of what is true, as '
                    'train.csv.')
  for path in map(pathlib.Path, annotations):
    if path.suffix.lower() in ('.yaml', '.yml') and any(
        other.suffix.lower() == '.txt' for other in listing.walk(path.parent)):
      raise UserError(f'--annotations {path} names classes, and marks nothing: pass the '
                      "folder that holds it and YOLO's labels, as --annotations "
                      f'{shlex.quote(str(path.parent))}.')
  packed = [path for path in annotations if str(path).lower().endswith(reading.ARCHIVES)]
  raise UserError(f"--annotations {' '.join(map(str, annotations))} holds no "
                  f'{annotations_lib.kinds()} files and no mask images: ' + (
                      f'unpack {packed[0]}, and name what it gives.' if packed else
                      'name what marks the images, or export it as one of these.'))


def note(said, noted, paths):
  """Notes the files that say more of images than that they are there, or list some of them.

  A list of all, or of a part of the set, as train.txt, tells nothing.

  Args:
    said: as `said` returns it.
    noted: as of `folder.Layout`.
    paths: of the images.
  """
  speak = {path for path, of_images, loose in said
           if _speaks([*of_images.values(), loose])}
  noted[reasons.SPEAK] += sorted(speak)
  noted[LISTS] += sorted(
      path for path, of_images, _ in said if path not in speak and of_images
      and not folder_names.is_split(path.stem) and any(
          image not in of_images for image in paths if image.is_relative_to(path.parent)))


def _speaks(said):
  """Returns whether a part of what is said has more than the names of images."""
  if isinstance(said, (dict, list)):
    return any(map(_speaks, said.values() if isinstance(said, dict) else said))
  return said not in ('', None) and not str(said).lower().endswith(reading.EXTENSIONS)


def data_files(left_out):
  """Returns the files that are left out, and may annotate images by their suffix."""
  return [path for path in left_out.get(reasons.OTHERS, ())
          if path.suffix.lower() in (*OF_ONE, *_ARRAYS)]


def refuse_of_classes(said, paths, root):
  """Raises UserError where files mark images of class folders, or give them other classes.

  Args:
    said: as `said` returns it.
    paths: of the images.
    root: their folder.
  """
  crops = [image for image in paths if not folder_names.is_clean(image.relative_to(root))]
  has_classes = len({folder_names.class_of_crop(image.relative_to(root))
                     for image in crops} - {''}) > 1  # Of one folder it is no news.
  marked, folders = {}, _folders(paths, root)
  for path, of_images, loose in said:
    for image in _marked(of_images, loose):
      marked.setdefault(image, path)
  if len(marked) > 1 or 0 < len(marked) == len(paths):  # One may be an example.
    image, path = next(iter(marked.items()))
    raise UserError(
        f'{path} seems to mark {image}, but is of none of the kinds '
        f'{annotations_lib.kinds()}: export it as one of these, such as COCO'
        + '; where it marks nothing and the folders are the classes, pass --format classes'
        * has_classes + '.')
  for path, of_images, _ in said:
    _refuse_clean_crops(path, of_images, crops, has_classes)
    for column in _classes(of_images, folders, paths, root).values():
      named = [(folder_names.class_of_crop(image.relative_to(root)), column[image])
               for image in crops if image in column
               and (column[image].isdigit() or not columns.says_nothing(column[image]))]
      if len(named) >= 0.9 * len(crops) and _are_at_odds(named):
        raise UserError(
            f'{path} gives the images of {root} '
            + ('other classes than their folders do' if has_classes else 'classes')
            + ": put each class's images in a folder named after it"
            + ' or, where the folders are the classes, pass --format classes' * has_classes
            + '.')
      _refuse_odd_crops(path, column, {
          image: folder_names.class_of_crop(image.relative_to(root)) for image in crops})


def _refuse_odd_crops(path, column, crops):
  """Raises UserError where a file that knows the classes gives some crops another one.

  Args:
    path: of the file.
    column: {image: the class that it says}.
    crops: {image: the class of its folder}, '' of those that are not used.
  """
  crops = {image: name for image, name in crops.items() if name}
  known = {name.lower() for name in crops.values()}
  says = {image: column[image] for image in crops if image in column}
  if len(known) < 2 or not any(word.lower() in known for word in says.values()):
    return
  if odd := [image for image, word in says.items() if word.lower() != crops[image].lower()
             and (word.lower() in known or class_names.is_clean(word))]:
    raise UserError(
        f"{path} says '{says[odd[0]]}' of {odd[0]}, and another class than its folder of "
        f'{len(odd)} of {len(crops)} crops: move these or, where the folders are right, '
        'correct the file or pass --format classes.')


def _refuse_clean_crops(path, of_images, crops, has_classes):
  """Raises UserError where a file calls some crops clean, and others defective."""
  for column in columns.verdicts(of_images).values():
    good = [image for image in crops if class_names.is_clean(column.get(image, ''))]
    if good and any(class_names.is_defect(column.get(image, '')) for image in crops):
      raise UserError(f"{path} says '{column[good[0]]}' of {good[0]}, " + (
          'which is in the folder of a class: move the image or, where the folders are '
          'right, pass --format classes.' if has_classes else
          "and no folder does: put such images into one called good, and each class's "
          'images into one named after it.'))


def refuse_of_clean(said, clean, paths, root, names=()):
  """Raises UserError where a file that is not read may mark an image that is clean.

  Args:
    said, paths, root: as of `refuse_of_classes`.
    clean: those of the images that are clean by their place.
    names: of the classes that annotations name.
  """
  clean = set(clean)
  folders = _folders(paths, root) | {*map(str.lower, names)}
  for path, every, loose in said if clean else ():
    of_images = {image: every[image] for image in every if image in clean}
    if of_images and len(of_images) < len(clean) and _calls_bad(path, every, clean):
      raise UserError(
          f'{path} lists {min(of_images)}, which is clean by its folder, and is called as '
          'what is bad: move what it lists or, where that is no defect, name by --format '
          'what is to be read.')
    for image in _marked(of_images, loose):
      raise UserError(
          f'{path} may mark {image}, which is clean by its folder, but is of none of the '
          f'kinds {annotations_lib.kinds()}: export it as one of these or, where it marks '
          'nothing, name by --format what is to be read.')
    for name, column in [*_classes(every, folders, paths, root).items(),
                         *columns.verdicts(every).items()]:
      words = {image: word for image, word in column.items() if image in clean}
      if name and not columns.CLASS & columns.words_of(name):  # It may be of a state.
        words = {image: word for image, word in words.items()
                 if class_names.is_defect(word)}
      says = {image: word for image, word in words.items() if not (
          columns.says_nothing(word) or class_names.is_clean(word) or word.lower() in map(
              str.lower, [root.name, *image.relative_to(root).parent.parts]))}
      if says and (len({*words.values()}) > 1 or any(
          class_names.is_defect(word) or word.lower() in folders
          for word in says.values())):
        image = min(says)
        raise UserError(
            f"{path} says '{says[image]}' of {image}, which is clean by its folder: move "
            'the image or, where that is no defect, name by --format what is to be read.')


def _calls_bad(path, listed, clean):
  """Returns whether a file's name is of what is bad, and it lists what is clean.

  That has the file below its folder, unless a name there may be that of another image.
  """
  words = [word for word in re.split(r'[\W\d_]+', path.stem) if word]
  near = [image for image in listed if image.is_relative_to(path.parent)]
  return any(map(class_names.is_defect, [path.stem, *words])) and (
      bool(near) and clean.issuperset(
          [image for image in near if image.parent == path.parent] or near))


def refuse_of_marked(said, annotated):
  """Raises UserError where a file that is not read gives an image another of the classes.

  Args:
    said: as `said` returns it.
    annotated: {image: `Annotated`}.
  """
  named = {image: {region.name.lower() for region in of.regions} - {''}
           for image, of in annotated.items()}
  known = {name for names in named.values() for name in names if not name.isdigit()}
  for path, of_images, _ in said:
    for column in columns.classes(of_images, known).values():
      odd = [image for image, word in column.items() if word.lower() in known
             and named.get(image) and word.lower() not in named[image]]
      if odd:
        raise UserError(
            f"{path} says '{column[odd[0]]}' of {odd[0]}, in which "
            f"{annotated[odd[0]].file} marks '{min(named[odd[0]])}', and so of {len(odd)} "
            'images: correct one of the two, or move the former away where it is out of '
            'date.')


def said(others, paths, root):
  """Returns what files that are not read say of images.

  Args:
    others, paths, root: paths of these files, of the images, and of their folder.

  Returns:
    List of (file, {image: list of what it says of it}, dicts that are of no image).
  """
  return list(_said(others, paths, root))


def _said(others, paths, root):
  stems = {path.stem.lower() for path in paths}
  some = [Mark('', path, place, root) for path in others
          if path.suffix.lower() in (*OF_ONE, *_ARRAYS) and path.is_relative_to(root)
          for place in _places(path.relative_to(root), stems)[:1]]
  found = matching.match(some, paths, root)[0] if some else ()
  of_one = {mark.path: images for mark, images in zip(some, found) if images}
  for path in others:
    suffix = path.suffix.lower()
    images = of_one.get(path, ())
    if images and suffix in _ARRAYS:
      if folder_names.is_mask_folder(path.relative_to(root)):
        yield path, {image: [{'mask': [0]}] for image in images}, []
    elif suffix not in reasons.PROSE and (
        suffix in OF_ONE or path.stem.lower() not in stems):
      said = records.tree(path) if suffix != '.npy' else None
      named, loose = records.of_images(said, paths) if said else ({}, [])
      if images and len(named) < 2:  # Else it has one's name by chance: project-1.json.
        yield path, {image: [places.tree(path, image)] for image in images}, []
      elif said and not _is_own(path, said):
        yield path, named, loose


def _places(place, stems):
  """Returns a path as it may be named after an image: 1.csv of 1_boxes.csv, of gt_1.csv."""
  names = [*file_names.without_words(place.stem), place.stem]
  found = [place.with_name(name + place.suffix) for name in names]
  return [place for place in found
          if {place.stem.lower(), file_names.bare(place).lower()} & stems]


def _is_own(path, said):
  if not said or not isinstance(said, list) or not isinstance(said[0], dict):
    return False
  columns_ = {*said[0]}
  return path.name in _OWN and _OWN[path.name] <= columns_ or (
      {'image', 'class'} < columns_ <= _JOBS and bool({'seed', 'strength'} & columns_))


def _marked(said, loose):
  """Returns the images that may be marked, of what `records.of_images` returns."""
  if any(places.has_word(key, value) for one in loose for key, value in one.items()):
    return sorted(said)
  return sorted(image for image, values in said.items()
                if any(places.marks(value, image) for value in values)
                or sum(places.marks(value, image, least=2) for value in values) > 1)


def _folders(paths, root):
  return {part.lower() for path in paths for part in path.relative_to(root).parent.parts}


def _classes(of_images, folders, paths, root):
  """Returns `columns.classes`, without the words of a table whose numbers say the classes.

  That is of one without a header, as ELPV's: the words are of something else.
  """
  found = columns.classes(of_images, folders)
  if _has_folders(of_images, paths, root):
    found.pop('', None)
  return found


def _has_folders(of_images, paths, root):
  """Returns whether numbers in a table without a header say of images what folders do."""
  rows = [(folder_names.class_of_crop(path.relative_to(root)), row[''])
          for path in paths for row in of_images.get(path, ())[:1]
          if isinstance(row, dict) and isinstance(row.get(''), list)]
  for k in range(min((len(row) for _, row in rows), default=0)):
    pairs = {(folder, row[k]) for folder, row in rows if records.is_number(row[k])}
    folders, numbers = (len({pair[side] for pair in pairs}) for side in (0, 1))
    if len(pairs) == numbers >= folders > 1 and numbers <= len(rows) / 2 and (
        len(rows) >= 0.9 * len(paths)):
      return True
  return False


def _are_at_odds(named):
  """Returns whether (class by folder, by list)s are few, and not one set in other words.

  Neither tells the other; of one folder alone, the list tells its images apart.
  """
  def share(k):  # Of those of which one is told by the most frequent of the other.
    counts = collections.Counter(named)
    most = collections.Counter()
    for pair, count in counts.items():
      most[pair[k]] = max(most[pair[k]], count)
    return sum(most.values()) / len(named)

  folders, said = ({pair[k] for pair in named} for k in (0, 1))
  return 1 < len(said) <= len(named) / 2 and share(0) < 0.75 and (
      len(folders) == 1 or share(1) < 0.75)
