"""Notes prose and tables of office programs that name images, and are not read."""

import re
import zipfile

from data_prep.annotated import reasons

_OFFICE = ('.xlsx', '.xlsm', '.ods', '.docx', '.odt', '.pptx')  # XML in an archive.
_MOST = 2**24  # Bytes of a part of such a file; what is larger is no list of images.
_WORD = re.compile(r'[^\s<>"\'|,;:()\[\]/\\]+')


def note(left_out, noted, paths):
  """Notes files that name an image by its file's name, and so may say what it shows.

  Args:
    left_out, noted: as of `folder.Layout`.
    paths: of the images.
  """
  names = {path.name.lower() for path in paths}
  noted[reasons.SPEAK] += sorted(
      path for path in left_out.get(reasons.OTHERS, ())
      if path.suffix.lower() in (*_OFFICE, *reasons.PROSE)
      and not names.isdisjoint(map(str.lower, _WORD.findall(_text(path)))))


def _text(path):
  """Returns what a file says, with XML's tags; '' where it cannot be read."""
  if path.suffix.lower() not in _OFFICE:
    with path.open('rb') as file:
      return file.read(_MOST).decode('utf-8', 'replace')
  try:
    with zipfile.ZipFile(path) as archive:
      return '\n'.join(archive.read(part).decode('utf-8', 'replace')
                       for part in archive.infolist()
                       if part.filename.endswith('.xml') and part.file_size <= _MOST)
  except (OSError, RuntimeError, ValueError, zipfile.BadZipFile):  # Also of a password.
    return ''
