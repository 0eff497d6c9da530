"""The part with the evaluation's figures: numbers, their floors, and both in words."""

from pegan_jax.metrics import kid, table
from pegan_jax.metrics.scores import LABEL_FIDELITY
from pegan_jax.reporting import words

TITLE = 'How close to real'

# Read these first.
_FIRST = (kid.AT_REGIONS.figures[0].name, 'kid', 'precision', 'recall',
          LABEL_FIDELITY.name, 'copies')


def collect(source):
  """Returns the figures of the evaluation report as the page shows them: a dict."""
  folder, report = source.evaluation
  held_out = report.get('held_out')
  figures = _figures(report)
  protocol = report['protocol']
  painted_by = source.step_of_images
  return {
      'folder': str(folder), 'protocol': protocol, 'step': protocol.get('step'),
      'trains': source.trains,
      'other_step': None if painted_by == protocol.get('step') else painted_by,
      'of_classes': bool(report['mean']), 'held_out': held_out is not None,
      'judged': bool((report.get('provenance') or {}).get('generate', {}).get('tries')),
      'n': table.span([values['fid']['n_generated']
                       for values in report['classes'].values()]
                      or [report['pooled']['fid']['n_generated']]),
      'rows': rows(report),
      'by_class': [
          {'against': against} | _classes(part, [f for f in figures if f.name in _FIRST])
          for against, part in (('training', report), ('held-out', held_out))
          if part and part['classes']],
      'copies': report.get('copies') or [],
      'warnings': [x[0].upper() + x[1:] for x in report['warnings']]}


def rows(report):
  """Returns the figures of an evaluation report as a table shows them: dicts."""
  held_out = report.get('held_out')
  return [_row(figure, report, held_out) for figure in _figures(report)]


def _figures(report):
  """Returns the `Figure`s of a report, those to read first at the top."""
  return sorted((f for f in table.FIGURES if f.name in report['pooled']),
                key=lambda f: _FIRST.index(f.name) if f.name in _FIRST else len(_FIRST))


def _row(figure, report, held_out):
  """Returns a figure's row of the table."""
  row = {'title': figure.title, 'meaning': words.MEANING.get(figure.name, ''),
         'better': {'lower': 'lower is better', 'higher': 'higher is better',
                    'real': 'best as real', '': ''}[figure.better],
         'training': _cell(figure, words.overall(report, figure)), 'held_out': None}
  if held_out and figure.name in held_out['pooled']:
    row['held_out'] = _cell(figure, words.overall(held_out, figure))
  return row


def _cell(figure, f):
  standing = words.standing(figure, f)
  floor = ''
  if f['floor'] is not None:
    floor = f'{table.number(f["floor_low"])} to {table.number(f["floor_high"])}'
  there = ''
  if f['value_at_floor_n'] not in (None, f['value']):
    there = f'{table.number(f["value_at_floor_n"])} at the N of real, {f["floor_n"]}'
  return {'value': table.number(f['value']), 'there': there, 'floor': floor,
          'interval': f'{table.number(f["low"])} to {table.number(f["high"])}',
          'kind': standing.kind, 'words': standing.text}


def _classes(part, figures):
  """Returns {'titles', 'rows'} of the figures to read first, by class.

  Each is the figure at the N of its floor, by which it is judged.
  """
  return {'titles': [figure.title for figure in figures], 'rows': [
      {'name': name, 'cells': [
          _at_floor(figure, values[figure.name]) if figure.name in values else None
          for figure in figures]} for name, values in part['classes'].items()]}


def _at_floor(figure, f):
  cell = _cell(figure, f)
  if f['value_at_floor_n'] is not None:
    cell['value'] = table.number(f['value_at_floor_n'])
  return cell
