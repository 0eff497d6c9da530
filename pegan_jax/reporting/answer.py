"""The answer on top of the page: are the images like real ones, and do they help?"""

from pegan_jax.common.errors import listed, UserError
from pegan_jax.inspection import reports
from pegan_jax.metrics import kid
from pegan_jax.metrics.scores import LABEL_FIDELITY
from pegan_jax.metrics.table import number
from pegan_jax.reporting import words
from pegan_jax.reporting.source import DAMAGED, Missing

# Below this number of images only large differences can be seen.
_FEW = 50
_NEARER = 'closer to real ones'


def collect(source):
  """Returns the answer's sentences: a dict.

  `kind` is that of `words`, but not SAME where a study says to use none, WORSE where
  precision or recall is, or '' where nothing was measured; `headline` and `detail` are
  about likeness, `rival` compares it with pasted defects, `study` lists the study's
  verdicts as (advice, figures), `notes` what to be careful about.
  """
  found = {'kind': '', 'headline': '', 'detail': '', 'rival': '', 'study': [], 'notes': []}
  try:
    found |= _likeness(source)
  except Missing:
    found['headline'] = _without_figures(source)
  except (UserError, *DAMAGED):  # Its own part of the page says why.
    found['headline'] = 'How close the generated images are to real ones cannot be read.'
  try:
    found['rival'] = _rival(source)
    if _NEARER in found['rival']:
      found['notes'].append('That pasted defects, which are copies, are near to training '
                            'crops is no merit: held-out crops and a study are the test.')
  except (Missing, UserError, *DAMAGED):  # Likewise.
    pass
  try:
    found['study'] = [f'{x}.'.rsplit(': ', 1) for x in reports.of_task(
        source.study).conclusions(source.study)]
  except (Missing, UserError, *DAMAGED):  # Likewise.
    pass
  if found['kind'] == words.SAME and found['study'] and not any(
      ': use it' in advice for advice, *_ in found['study']):
    found['kind'] = words.UNSURE  # Green beside "do not rely on it" would mislead.
  return found


def line(source):
  """Returns the answer in one line."""
  found = collect(source)
  return ' '.join(filter(None, [*map(': '.join, found['study']), found['headline'],
                                found['rival']]))


def _rival(source):
  """Returns a sentence on whether pasted defects are closer to real ones, or ''."""
  if source.rival is None:
    return ''
  own, other = source.evaluation[1], source.rival.evaluation[1]
  figure = words.main_figure(own)
  pasted, made = words.overall(other, figure), words.overall(own, figure)
  closer = (_NEARER if pasted['high'] < made['low'] else
            'further from real ones' if pasted['low'] > made['high'] else
            'about as close to real ones')
  return (f'Real defects, cut out and pasted without any training, are {closer}: '
          f'{figure.title} {number(pasted["value"])}, here {number(made["value"])}.')


def _likeness(source):
  _, report = source.evaluation
  figure = words.main_figure(report)
  f = words.overall(report, figure)
  standing = words.standing(figure, f)
  notes = []
  if 'held_out' in report and figure.name in report['held_out']['pooled']:
    other = words.standing(figure, words.overall(report['held_out'], figure))
    if other.kind != standing.kind:
      notes.append(f'Against held-out crops, which were not trained on: {other.text} '
                   f'({figure.title}).')
  if not source.trains:
    notes.insert(0, 'These are real training defects, cut out and pasted: that they are '
                 'near to training crops is no merit. Held-out crops and a study are the '
                 'test.')
  notes += _others(report, figure) + _copies(report)
  notes += _by_class(report, figure) + _few(f)
  if source.config.get('pretrained'):
    notes.append('The discriminator had features of a network related to the one that '
                 'measures this, which flatters the generator: a study is the fairer test.')
  lacking = _lacking(report['mean'] or report['pooled'], source.word)
  return {
      'kind': words.WORSE if lacking else standing.kind,
      'headline': ' '.join([_sentence(figure, standing, source.word), *lacking]),
      'detail': f'{figure.title} {number(f["value"])}'
                f'{", the mean of the classes" * bool(report["mean"])}, 95% interval '
                f'{number(f["low"])} to {number(f["high"])}; two random sets of real crops '
                f'have {number(f["floor_low"])} to {number(f["floor_high"])}.',
      'notes': notes}


def _sentence(figure, standing, word):
  of_defects = figure.name == kid.AT_REGIONS.figures[0].name
  subject = f'The {word} defects' if of_defects else f'The {word} images'
  if standing.kind == words.SAME:
    return (f'{subject} cannot be told from real ones by this measure: they are as close '
            'to your training crops as two random sets of real crops are to each other.')
  if standing.kind == words.UNSURE:
    return (f'{subject} are close to real ones. Whether they are as close as two random '
            'sets of real crops are to each other is not certain.')
  if standing.kind == words.BETTER:
    return (f'{subject} are nearer to your training crops than real crops are to each '
            'other: copies would be, too, so look at the nearest training images below.')
  if standing.times is None:
    return f'{subject} are not as close to real ones as real crops are to each other.'
  far = 'far from' if standing.times >= words.FAR else 'not quite like'
  return (f'{subject} are {far} real ones: {words.multiple(standing.times)} the largest '
          'distance that two random sets of real crops have.')


def _lacking(figures, word):
  """Returns sentences on what a distance hides: images like none, and too few kinds."""
  precision, recall = (words.worse(figures, figure) for figure in words.NEIGHBOURS)
  share = lambda f: f'{f["value_at_floor_n"]:.0%}'
  of_real = lambda f: f'{f["floor_low"]:.0%} to {f["floor_high"]:.0%}'
  said = []
  if precision:
    said.append(f'Of them {share(precision)} look like some real one; of real ones, '
                f'{of_real(precision)}.')
  if recall:
    said.append(f'They are less varied: {share(recall)} of your crops look like some '
                f'{word} one, and {of_real(recall)} like some real one of another set.')
  return said


def _others(report, main):
  """Returns a note on the other figures to read first that are worse than real."""
  at_regions, = kid.AT_REGIONS.figures
  said = []
  for figure in (at_regions, *kid.METRIC.figures, LABEL_FIDELITY):
    if figure != main and figure.name in report['pooled']:
      standing = words.standing(figure, words.overall(report, figure))
      if standing.kind == words.WORSE:
        whole = 'Whole images, not defects alone: ' * (figure in kid.METRIC.figures)
        said.append(f'{whole}{figure.title} is {standing.text}.')
  return said


def _few(f):
  n = min(f['floor_n'], f['n_generated'])
  return [f'Only {n} images of the smallest class could be compared: small differences '
          'cannot be seen.'] if n < _FEW else []


def _copies(report):
  copies = report.get('copies') or []
  found = next((part['copies'] for part in (report['mean'], report['pooled'])
                if part and 'copies' in part), None)
  if not copies or not found or found['value_at_floor_n'] <= found['floor_high']:
    return []
  return [f'{len(copies)} generated images lie as near to a training image as copies do, '
          'more than real images would.']


def _by_class(report, figure):
  """Returns a note on the classes that are like real ones, and on the one that is not."""
  standings = {c: words.standing(figure, values[figure.name])
               for c, values in report['classes'].items() if figure.name in values}
  like = [c for c, s in standings.items() if s.kind in (words.SAME, words.UNSURE)
          and not any(words.worse(report['classes'][c], figure)
                      for figure in (LABEL_FIDELITY, *words.NEIGHBOURS))]
  # By the figure that the table of classes shows: multiples are of each one's own floor.
  values = {c: report['classes'][c][figure.name]['value_at_floor_n']
            for c, s in standings.items() if s.kind == words.WORSE}
  said = []
  if any(c not in like and s.kind != words.BETTER for c, s in standings.items()) and like:
    said.append(f'Cannot, or cannot surely, be told from real crops: {listed(like, 12)}.')
  if values and len(standings) > 1:
    worst = max(values, key=values.get)
    said.append(f'The class furthest from real: {worst}, '
                f'{figure.title} {number(values[worst])}.')
  return said


def _without_figures(source):
  try:
    source.made_of  # pylint: disable=pointless-statement
    return 'Images were generated; how close they are to real ones was not measured yet.'
  except Missing:
    pass
  if source.noted:
    return 'A generator was trained; nothing was generated or measured yet.'
  return 'Nothing was trained here yet.'
