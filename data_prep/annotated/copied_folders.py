"""Finds folders that are a copy of the one beside, as people keep, or make by mistake."""

import filecmp

from data_prep.annotated import versions
from pegan_jax.common import listing


def find(root, noted):
  """Finds what lies in folders that are copies.

  A folder is one if it is called as another one beside it, but for a word for a copy or a
  version, and has no file that is not there too, byte by byte. Where a folder beside has
  others and the same word, none is: masks_old may be of images_old, with empty masks. Where
  it has some files of its own, and half of them or more are there too, that is noted.

  Args:
    root: path of the folder to search.
    noted: as of `folder.Layout`; gets what is found.

  Returns:
    {path of a copied folder: set of the paths of the files in it}.
  """
  below = {}
  for path in listing.walk(root):
    for place in path.relative_to(root).parents[:-1]:
      below.setdefault(root / place, set()).add(path)
  others, found = {}, {}
  for folder in sorted(below, key=lambda folder: (len(folder.name), folder)):
    name = versions.original(folder.name)
    of = others.setdefault((folder.parent, name.casefold()), folder)
    if of != folder:
      word = folder.name.replace(name, '').casefold()
      found.setdefault((folder.parent, word), {})[folder] = of
  own = {copy: _own(below[copy], copy, of)
         for pairs in found.values() for copy, of in pairs.items()}
  copies = {copy: of for pairs in found.values() if not any(own[copy] for copy in pairs)
            for copy, of in pairs.items()}
  for copy, of in copies.items():
    noted[f"files of '{copy.name}', a copy of '{of.name}' beside it: left out, as each is "
          'there too, byte by byte'] += sorted(below[copy])
  for copy, of in ((copy, of) for pairs in found.values() for copy, of in pairs.items()):
    if 0 < 2 * len(own[copy]) <= len(below[copy]):
      noted[f"files by which '{copy.name}' differs from '{of.name}' beside it, of which it "
            'seems to be a copy: both folders are read; keep one of them, with the files '
            'that are right'] += own[copy]
  return {copy: below[copy] for copy in copies}


def _own(paths, copy, of):
  """Returns the files of a folder that are not in another, at their places, sorted."""
  return sorted(path for path in paths if not (
      (other := of / path.relative_to(copy)).is_file()
      and filecmp.cmp(path, other, shallow=False)))
