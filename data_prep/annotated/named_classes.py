"""Notes files that name classes of which there is no region."""

from pegan_jax.annotations import text_files
from pegan_jax.common import class_names
from pegan_jax.common.errors import listed

def note(labels, found, names, noted):
  """Notes what files of names for YOLO, and COCO's categories, name in vain.

  Words for what is clean, or for all defects, are no such names.

  Args:
    labels: as of `labels.read`.
    found: {image path: `Annotated`}.
    names: from `yolo.names_of`.
    noted: as of `folder.Layout`.
  """
  there = {region.name for annotated in found.values() for region in annotated.regions}
  named = {file: list(of) for of, file in names.values() if file}
  first = {of[0] for of in named.values() if of}
  named |= {path: _categories(path) for path in sorted({
      mark.path for mark, _ in labels if mark.format == 'coco'})}
  lacking = sorted({name for of in named.values() for name in of
                    if name not in there and _is_class(name)})
  if there and lacking:
    noted['files that name classes of which there is no region, as '
          + listed(lacking, 3) + (
        '; where the labels count classes from 1, each has the name after its own'
        if first & {*lacking} else '')] += [
            file for file, of in named.items() if {*of} & {*lacking}]


def _categories(path):
  """Returns the names of COCO's categories but those that others are below."""
  items = text_files.read_json(path)['categories']
  above = {item.get('supercategory') for item in items
           if item.get('supercategory') != item['name']}
  return [item['name'].strip() for item in items if item['name'] not in above]


def _is_class(name):
  bare = name.strip('_')
  return bool(bare) and not any(is_other(bare) for is_other in (
      class_names.is_clean, class_names.names_no_kind, class_names.is_nothing,
      class_names.is_undecided))
