"""Notes classes that may be one with another, or another than they are called."""

import re
import shlex

from data_prep.annotated import folder_names, versions
from pegan_jax.common import class_names

_NUMBERED = ('images whose classes differ by a number alone: where it counts what is '
             'marked, give all of them one name')
_NO_NAME = re.compile(r'(class)?\d+')  # Of values and numbers that nothing names.


def of_names(by_class, numbered=_NUMBERED):
  """Finds classes that differ by a number, or by a word for a copy, a version or many.

  Args:
    by_class: {class: paths}.
    numbered: what is noted where all of them differ by a number alone.

  Returns:
    {note: paths}.
  """
  if folder_names.are_numbered(by_class):
    return {numbered: sorted({path for some in by_class.values() for path in some})}
  found = {}
  for some in versions.alike(by_class):
    said = ' and '.join(f"'{name}'" for name in some)
    found[f'images of {said}, which are {len(some)} classes: where they are one, give them '
          'one name'] = sorted({path for name in some for path in by_class[name]})
  return found


def of_regions(found, uses, places, noted):
  """Notes classes of regions as `of_names`, and folders called as another class.

  Args:
    found: {image path: `Annotated`}.
    uses: as of `layouts.read`.
    places: {image path: its place under the images' folder, without outer folders}.
    noted: as of `folder.Layout`.
  """
  by_class = {}
  for path, annotated in found.items():
    for region in annotated.regions:
      by_class.setdefault(region.name, []).append(path)
  if not noted.get(folder_names.NUMBERED):  # As of folders of masks.
    noted.update(of_names({name: paths for name, paths in by_class.items()
                           if name and not _NO_NAME.fullmatch(name) and uses(name)}))
  for path, annotated in sorted(found.items()):
    names = {region.name for region in annotated.regions} - {''}
    folder = folder_names.class_of(places[path])
    if names and folder and folder in by_class and folder not in names:
      noted['images in the folder of a class of which they have no region, but one of '
            'another: taken as they are marked'].append(path)


def with_clean_words(crops, regions, clean):
  """Notes classes that may be clean, as their names have such a word: 'Good Weld'.

  Args:
    crops: {class: paths} of whole files.
    regions: {class: path of an image that has a region of it}.
    clean: folder of --clean, None without.

  Returns:
    {note: paths}.
  """
  found = {}
  for name in filter(class_names.has_clean_word, sorted({*crops, *regions})):
    paths, begin = crops.get(name), f"images of the class '{name}', whose name has a word "
    if not paths:
      found[begin + 'for what is clean: where it shows no defect, pass --skip_classes '
            + class_names.as_flag([name])] = [regions[name]]
      continue
    folders = {next((folder for folder in path.parents if folder.name.startswith(name)),
                    path.parent) for path in paths}
    if clean:
      remedy = f'move them into {clean}'
    elif len(folders) == 1:
      remedy = f'pass --clean {shlex.quote(str(*folders))}'
    else:
      remedy = 'move them into one folder, and pass that by --clean'
    found[begin + f'for what is clean: where they show no defect, {remedy}'] = paths
  return found
