"""A study's report as text or Markdown."""

from pegan_jax.inspection import decision, report_parts, verdict
from pegan_jax.inspection.arms import AUGMENTED, PRETRAINED, REAL, STRONG
from pegan_jax.inspection.settings import FILTERS, Settings
from pegan_jax.metrics.table import align, span

FIGURE = 'points of accuracy'  # In which the page tells differences.
TESTED = 'test images'


def to_text(report, markdown=False):
  """Lays out a report.

  Args:
    report: as `study.study` returns it.
    markdown: whether to return Markdown tables instead of plain ones.

  Returns:
    Several lines: the protocol, the checks, the funnels, for each fraction the
    arms' figures and verdicts, and what generated images are worth.
  """
  lines = _head(report)
  if markdown:
    lines = ['```', *lines, '```']
  for name, funnel in report['funnels'].items():
    lines += ['', f'{"### " * markdown}Filter of {name}: images that fell, where',
              '', *align(_funnel(funnel), markdown)]
  for fraction, part in report['fractions'].items():
    counts = part['real_per_class'].values()
    title = f'{span(counts)} real images per class'
    lines += ['', f'{"### " * markdown}{title}', '',
              *align(figures(part['arms']), markdown), '',
              *align(_recalls(report['classes'], part['arms']), markdown), '']
    lines += [f'{"- " * markdown}{line}' for line in (
        *verdicts(part, report['protocol']), *(f'=> {x}' for x in _advice(part)))]
  for name, rows in report['worth'].items():
    lines += ['', f'{"### " * markdown}What {name} is worth beside real images, '
              'all augmented', '', *align(_worth(rows), markdown)]
  return '\n'.join(lines) + '\n'


def _head(report):
  p = report['protocol']
  lines = [
      f'data       {p["data"]}: {p["test_images"]} test images in '
      f'{p["test_groups"]} groups' + (f', of {p["test"]}' if p.get('test') else ''),
      f'inspector  {Settings.of(p).described(p["steps"])}' + (
          f'; {p["real_share"]:.0%} or more of the images of a class are real where there '
          'are generated ones' if p['real_share'] else ''),
      f'[95% interval] from {_varies(p, _shares(report)[0])}, {p["bootstrap"]} bootstrap '
      f'samples{_together(report)}']
  lines += [f'too few    {x}' for x in too_few(report)]
  lines += [f'generated  {name}: {span(counts.values())} per class'
            for name, counts in report['generated'].items()]
  lines += report_parts.checks(report)
  return lines + [f'left out   {x}' for x in report.get('notes', ())]


def too_few(report):
  """Lists what a study has too little of: sentences without a stop."""
  p = report['protocol']
  return report_parts.too_few(p, TESTED, not _alike(p, _shares(report)[0]))


def trainings(report):
  """Says what is trained for each row of `figures`, and what intervals are of: a text."""
  p, share = report['protocol'], _shares(report)[-1]
  settings, seeds = Settings.of(p), p['seeds']
  drawn = f'{share:.0%} of the real images'
  if _alike(p, share):
    said = (f'{settings.network} stays as it is, and a linear head is fitted to its '
            'features. With all real images the fit has one solution, so that seeds do '
            'not differ')
  elif settings.fitted:
    said = (f'{settings.network} stays as it is, and a linear head is fitted to its '
            f'features: for each row {seeds} times, to other draws of {drawn}')
  else:
    said = (f'{settings.network}, {seeds} trainings for each row, which differ in first '
            'weights, order and augmentation' + f', and in their {drawn}' * (share < 1))
  if PRETRAINED.name in report['fractions'][max(report['fractions'], key=float)]['arms']:
    said += '; of the pretrained network a linear head alone is fitted'
  return (f'{said}. In brackets 95% intervals from {_varies(p, share)}'
          + _together(report))


def _shares(report):
  """Returns the shares of the real images, ascending."""
  return sorted(map(float, report['fractions']))


def _alike(protocol, share):
  """Returns whether all seeds give the same: heads fitted to all real images."""
  return Settings.of(protocol).fitted and share == 1


def _together(report):
  """Returns a clause on intervals that are wider, in words, or ''."""
  wider = any(arm.get('level', 0) > 0.95  # Earlier versions lack it.
              for part in report['fractions'].values() for arm in part['arms'].values())
  return ('; those of differences of real + generated images are wider, so that those of '
          'all ways to use one set hold together') * wider


def _varies(protocol, share):
  """Returns what intervals are from, in words."""
  seeds = f'{protocol["seeds"]} seeds and ' * (not _alike(protocol, share))
  return f"{seeds}the test images' groups"


def figures(arms):
  """Returns rows of accuracies and differences, the first of them the head."""
  # Earlier versions lack the last.
  others = [x for x in (REAL, AUGMENTED, STRONG) if x in arms]
  rates = next(iter(arms.values())).get('detected', {})
  rows = [['', 'balanced accuracy' if rates else 'accuracy', *(
      f'over {arms[x]["title"]}' for x in others), 'macro F1', *(
          f'defects found at {x} false alarms' for x in rates)]]
  for arm in arms.values():
    rows.append([
        arm['title'], _percent(arm['accuracy']),
        *(_points(arm['against'][x]['accuracy']) if x in arm['against'] else ''
          for x in others),
        _percent(arm['macro_f1']), *map(_percent, arm.get('detected', {}).values())])
  return rows


def _percent(x):
  return f'{_share(x["value"])} [{_share(x["low"])}, {_share(x["high"])}]'


def _share(x):
  return f'{100 * x:.1f}%'


def _points(x):
  return (f'{100 * x["value"]:+.1f} [{100 * x["low"]:+.1f}, '
          f'{100 * x["high"]:+.1f}]')


def _recalls(classes, arms):
  return [['recall', *classes],
          *([arm['title'], *(_share(arm['recall'][c]['value'])
                             for c in classes)] for arm in arms.values())]


def _funnel(funnel):
  columns = ('given', *FILTERS, 'left')
  rows = [['class', *columns]]
  for name, counts in funnel.items():
    rows.append([name, *('not known' if counts[c] is None else str(counts[c])
                         for c in columns)])
  totals = [[f[c] for f in funnel.values()] for c in columns]
  rows.append(['all', *('not known' if None in t else str(sum(t))
                        for t in totals)])
  return rows


def verdicts(part, protocol):
  """Lists the verdicts on the arms of one of a report's `fractions`."""
  lines, arms, images = [], part['arms'], protocol['test_images_of_classes']
  for arm in arms.values():
    if arm['reference'] is None:
      continue
    found = arm['against'][arm['reference']]
    accuracy = found['accuracy']
    line = (f'{arm["title"]}: {found["verdict"].upper()} '
            f'({_points(accuracy)} points of accuracy over '
            f'{arms[arm["reference"]]["title"]}; {protocol["test_images"]} test images)')
    for word in ('higher', 'lower'):
      named = [f'{c} {100 * found["recall"][c]["value"]:+.0f} ({images[c]} images)'
               for c in found[word]]
      if named:
        line += f'; recall {word} for {", ".join(named)}'
    lines.append(line)
  return lines


def conclusions(report):
  """Lists what to do with each generated set, by the largest number of real images.

  Args:
    report: as `study.study` returns it.

  Returns:
    Texts: 'X: use it, as real + X, augmented: +4.1 points of accuracy [2.0, 6.2] ...'.
  """
  return _advice(report['fractions'][max(report['fractions'], key=float)])


def _advice(part):
  """Lists a line per generated set: whether to use it, and what that rests on."""
  lines, arms = [], part['arms']
  if 'decisions' not in part:
    return ['this report is of an earlier version, whose advice did not compare with '
            'strong augmentation: run the study again, which keeps its trainings']
  for name, found in part['decisions'].items():
    over, way = arms[found['over']], arms[found['arm']]['title']
    points = (f'{_points(found)} points of accuracy over the best without it, '
              f'{over["title"]}')
    lines.append(f'{name}: ' + {
        verdict.HELPS: f'use it, as {way}: {points}',
        verdict.HURTS: f'do not use it, it hurts: at best, as {way}, {points}',
        decision.BEATEN: f'do not use it, {over["generated"]} does as well, which is only '
                         f'pasted: as {way}, {points}',
        verdict.UNTOLD: f'whether it helps cannot be told from so few groups of test '
                        f'images: at best, as {way}, {points}',
        decision.EASY: 'whether it helps cannot be told, as nothing is left to gain on '
                       'these test images, test on more of them or on harder ones: '
                       f'{over["title"]} is right on all of them',
        verdict.NO_EVIDENCE: 'no evidence that it adds to classical augmentation, do not '
                             f'rely on it: at best, as {way}, {points}'}[found['verdict']])
  if found := part.get('pretrained'):  # Earlier versions lack it.
    lines.append('use a pretrained inspector instead, --config.network=efficientnet_lite0, '
                 f'with real images alone: {_points(found)} points of accuracy over '
                 f'{arms[found["over"]]["title"]}')
  return lines


def _worth(rows):
  table = [['', 'generated', 'beside real', 'worth as many more real']]
  for row in rows:
    more = row['more_real']
    table.append([
        'all classes' if row['figure'] == 'accuracy' else row['figure'],
        f'{row["generated"]:.0f}', f'{row["real"]:.0f}',
        'more than the curve reaches to' if more is None else
        'none' if more < 0.5 else f'about {more:.0f}'])
  return table
