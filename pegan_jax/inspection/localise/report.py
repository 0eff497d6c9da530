"""The report of a study of segmenters as text or Markdown."""

from pegan_jax.inspection import report_parts, verdict
from pegan_jax.inspection.localise.figures import MEANINGS, THRESHOLD, TITLES
from pegan_jax.metrics import found_boxes
from pegan_jax.metrics.table import align, span

# In which the page tells differences.
FIGURE = f'pixel AP, the {MEANINGS["pixel_ap"]}'
TESTED = 'test crops'


def to_text(report, markdown=False):
  """Lays out a report as text: the protocol, and for each fraction figures and verdicts.

  Args:
    report: as `study.study` returns it.
    markdown: whether to return Markdown tables instead of plain ones.
  """
  lines = _head(report)
  if markdown:
    lines = ['```', *lines, '```']
  for part in report['fractions'].values():
    title = f'{span(part["frames_per_class"].values())} real frames per class'
    lines += ['', f'{"### " * markdown}{title}', '',
              *align(figures(part['arms']), markdown), '',
              *align(_classes(report['classes'], part['arms']), markdown), '']
    lines += [f'{"- " * markdown}{line}' for line in (
        *verdicts(part, report['protocol']), *(f'=> {x}' for x in _advice(part['arms'])))]
  return '\n'.join(lines) + '\n'


def _head(report):
  p = report['protocol']
  share = p['localise']['real_share']
  lines = [
      'task       localise: where are defects?',
      f'data       {p["data"]}: {p["test_images"] - p["test_clean"]} test crops with '
      f'defects in {p["test_groups"]} groups, {p["test_clean"]} clean ones',
      'truth      ' + ', '.join(f'{name}: {kind}' for name, kind in p['truth'].items()),
      f'segmenter  {p["described"]}; {share:.0%} or more of the defects of a class are '
      'real where there are generated ones',
      f'[95% interval] of pixel AP, from {p["seeds"]} seeds and the test crops\' groups, '
      f'{p["bootstrap"]} bootstrap samples; other figures are means over seeds',
      f'boxes      around pixels above {THRESHOLD:g}; box recall at '
      f'{found_boxes.FALSE_PER_IMAGE:g} wrong boxes per crop']
  lines += [f'too few    {x}' for x in too_few(report)]
  lines += [f'generated  {name}: {span(counts.values())} per class'
            for name, counts in report['generated'].items()]
  lines += report_parts.checks(report)
  return lines + [f'note       {x}' for x in report['notes']]


def too_few(report):
  """Lists what a study has too little of: sentences without a stop."""
  return report_parts.too_few(report['protocol'], TESTED)


def trainings(report):
  """Says what is trained for each row of `figures`, and what intervals are of: a text."""
  p, share = report['protocol'], max(map(float, report['fractions']))
  return (f'{p["described"]}: {p["seeds"]} trainings for each row, which differ in first '
          'weights, order and augmentation' + (
              f', and in their {share:.0%} of the real frames' if share < 1 else '')
          + f'. In brackets 95% intervals from {p["seeds"]} seeds and the test crops\' '
          'groups')


def figures(arms):
  """Returns rows of figures and differences, the first of them the head."""
  _, *others = TITLES.values()
  rows = [['', 'pixel AP', 'over real', *others]]
  for arm in arms.values():
    rows.append([
        arm['title'], _with_interval(arm['pixel_ap']),
        _difference(arm['against']) if 'against' in arm else '',
        *('not known' if (x := arm['figures'][name]) is None else f'{x:.3f}'
          for name in list(TITLES)[1:])])
  return rows


def _with_interval(x):
  return f'{x["value"]:.3f} [{x["low"]:.3f}, {x["high"]:.3f}]'


def _difference(x):
  return f'{x["value"]:+.3f} [{x["low"]:+.3f}, {x["high"]:+.3f}]'


def _classes(classes, arms):
  return [['pixel AP', *classes],
          *([arm['title'], *(f'{arm["classes"][c]:.3f}' for c in classes)]
            for arm in arms.values())]


def verdicts(part, protocol):
  """Lists the verdicts on the arms of a report's fraction."""
  arms, lines, counts = part['arms'], [], protocol['test_images_of_classes']
  for arm in arms.values():
    if 'against' not in arm:
      continue
    found = arm['against']
    line = (f'{arm["title"]}: {found["verdict"].upper()} ({_difference(found)} pixel AP '
            f'over {arms[arm["reference"]]["title"]}; '
            f'{protocol["test_images"]} test crops)')
    for word in ('higher', 'lower'):
      if named := [f'{c} {x:+.2f} ({counts[c]} crops)' for c, x in found[word].items()]:
        line += f'; {word} for {", ".join(named)}'
    lines.append(line)
  return lines


def conclusions(report):
  """Lists what to do with each generated set, by the largest number of real frames."""
  return _advice(report['fractions'][max(report['fractions'], key=float)]['arms'])


def _advice(arms):
  lines = []
  for arm in arms.values():
    if arm['real'] and arm['generated']:
      found = arm['against']
      lines.append(f'{arm["generated"]}: ' + {
          verdict.HELPS: 'use it, a segmenter finds more of the defects with it',
          verdict.HURTS: 'do not use it, a segmenter finds less of the defects with it',
          verdict.UNTOLD: 'whether a segmenter finds more of the defects with it cannot be '
                          'told from so few groups of test images',
          verdict.NO_EVIDENCE: 'no evidence that a segmenter finds more of the defects '
                               'with it, do not rely on it'}[found['verdict']]
                   + f': {_difference(found)} pixel AP over real masks alone')
  return lines
