"""The part about the data: what was found, how it was split, what was left out."""

from data_prep.report import remarks
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.reporting import inline
from pegan_jax.reporting.source import Missing, read_report

TITLE = 'Your data'


def collect(source):
  """Returns the data set's counts and what its audit says: a dict."""
  info = source.info
  found = {'folder': str(info.folder), 'content': info.content,
           'image_size': info.image_size, 'window': info.window,
           'colour': 'grey' if info.channels == 1 else 'coloured',
           'rows': _rows(info), 'lines': [], 'window_why': '', 'left_out': [],
           'notes': [], 'picture': None}
  try:
    found |= _audited(info.folder / 'audit.json')
  except (Missing, UserError) as e:
    found['notes'] = [str(e)]
  if (path := info.folder / 'audit.png').is_file():
    found['picture'] = inline.file(path)
  return found


def _audited(path):
  """Returns what the page takes from audit.json."""
  if not path.is_file():
    raise Missing(f'There is no {path}, which data_prep.build writes: what was left out is '
                  'not known.', '')
  report = read_report(path, ('counts', 'random_split_leak'))
  try:
    return {'lines': [remarks.leak_sentence(report)],
            'window_why': report['window']['why'], 'left_out': _left_out(report),
            'notes': [x[0].upper() + x[1:] for x in remarks.remarks(report)]}
  except (LookupError, TypeError, AttributeError, ValueError) as e:
    raise UserError(f'{path} is damaged, or of an earlier version: build the data set '
                    'again') from e


def _rows(info):
  """Returns a dict per class, the background last: counts by split and annotation."""
  splits = {name: dataset.Records(info, name) for name in ('train', 'test')}
  rows = []
  for label, name in enumerate([*info.classes, 'background']):
    row = {'name': name, 'kinds': {}}
    for split, records in splits.items():
      indices = records.find(label)
      row[split] = len(indices)
      if label != info.background:
        for kind in records.annotations(indices):
          row['kinds'][kind] = row['kinds'].get(kind, 0) + 1
    rows.append(row)
  return rows


def _left_out(report):
  names = report.get('left_out_files', {})
  return [{'reason': reason, 'count': count, 'names': names.get(reason, [])[:3]}
          for reason, count in report.get('left_out', {}).items()]
