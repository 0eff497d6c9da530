"""Notes files that are called as some clean images are, and may mark what they show."""

import collections

from data_prep.annotated import file_names, reasons
from data_prep.images import reading

NOTED = ('files called as some of the clean images beside them, as {}, and not read: where '
         'they mark defects, the images are not clean: move these, or export the marks as '
         'COCO')


def note(clean, left_out, noted, but):
  """Notes them; a camera writes one for each of its images, or for none.

  Args:
    clean: paths of clean images.
    left_out, noted: as of `folder.Layout`.
    but: suffixes of text, of which `unread` notes what it says.
  """
  by_folder, of_kind = collections.Counter(), collections.defaultdict(list)
  names = {(path.parent, file_names.bare(path)) for path in clean}
  for folder, _ in names:
    by_folder[folder] += 1
  for path in (path for why, some in left_out.items() for path in some
               if why == reasons.OTHERS or why.startswith(reading.OTHER_FORMAT)):
    suffix = path.suffix.lower()
    if suffix not in but and (path.parent, file_names.bare(path)) in names:
      of_kind[path.parent, suffix].append(path)
  for (folder, _), some in sorted(of_kind.items()):
    if len(some) < by_folder[folder]:
      noted[NOTED.format(some[0].name)] += sorted(some)
