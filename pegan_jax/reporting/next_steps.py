"""Lists what to do next, by a study's verdicts and the figures of a run.

Each step is {'text': a sentence, 'command': what to type, or ''}. None is told that the
figures do not call for; docs/inspection.md and docs/evaluation.md say why each is advised.
"""

import collections
import contextlib
import json
import re
import statistics

from pegan_jax.common.errors import listed, UserError
from pegan_jax.data import manifest
from pegan_jax.inspection import decision, reports, verdict
from pegan_jax.inspection.arms import AUGMENTED, REAL, STRONG
from pegan_jax.inspection.settings import PLAIN, STRONGLY
from pegan_jax.reporting import commands, words
from pegan_jax.reporting.source import DAMAGED, Missing

_MOST = 4  # Steps: more are not read.
_MANY = 0.25  # Share of a class that was not accepted, from which the run is blamed.
_LONGER, _LONGEST = 10, 20_000  # Times as many updates, up to the configs' own number.
# Without generated images; of equal ones the first, which is what --mode inspect does.
_CLASSICAL = {AUGMENTED: 'augmented', REAL: 'not augmented', STRONG: 'strongly augmented'}
_NIGHT = 4  # Hours or more; twice as many are more than one.


def collect(source):
  """Returns the next steps, the most useful first: a list of dicts."""
  steps = []
  for find in (_missing, _after_study, _train_longer):
    # What is damaged is told in its own part of the page.
    with contextlib.suppress(Missing, UserError, *DAMAGED):
      steps += find(source)
  return steps[:_MOST]


def _step(text, command=''):
  return {'text': text, 'command': command}


def _missing(source):
  """Lists the stages to run, where one was not: the first, or what tells of the images."""
  try:
    classes = source.info.classes
    if source.trains and not source.noted:
      return [_step('Train a generator.', source.train_command)]
    source.made_of  # pylint: disable=pointless-statement
  except Missing as e:
    return [_step('Generate images.' if source.noted else 'Build a data set: the words in '
                  'capitals stand for your folders.', e.command)]
  found = []
  for name, text in (
      ('study', 'Study whether the images help an inspector: that is the test, and takes '
                'minutes with this network.'),
      ('evaluation', 'Measure how close the images are to real ones.')):
    try:
      if name != 'study' or len(classes) > 1:  # Inspectors tell classes apart.
        getattr(source, name)
    except Missing as e:
      found.append(_step(text, e.command))
    except UserError:
      continue
  return found


def _after_study(source):
  """Lists what a study calls for: an inspector, and more to test on."""
  report = source.study
  if not (found := _inspectors(source, report)):
    return [_step('Run the study again: it keeps its trainings, and compares with strong '
                  'augmentation too.', commands.study(source))]
  few = reports.of_task(report).too_few(report)
  more = _more_images(source, report) if any(x.startswith('groups') for x in few) else []
  if report['protocol']['test_groups'] < verdict.ENOUGH_GROUPS:
    found = more  # There was no verdict.
  else:
    found += more
  if flags := dict(re.findall(r'--config\.(\w+)=(\d+)', ' '.join(few))):
    found.append(_step('Ask the study again with what it had too few of: it trains only '
                       'what is missing.', commands.study(source, **flags)))
  return found


def _helps(report):
  """Returns whether a study found that some set of images helps."""
  return any(x['verdict'] == verdict.HELPS for x in _decisions(report).values())


def _decisions(report):
  """Returns {name of a set: its verdict, the arm to use it in, the interval}."""
  part = report['fractions'][max(report['fractions'], key=float)]
  if report['protocol'].get('task') == 'localise':
    return {arm['generated']: arm['against'] | {'arm': name, 'over': 'real'}
            for name, arm in part['arms'].items() if arm['real'] and arm['generated']}
  return part.get('decisions', {})  # Earlier versions lack them.


def _inspectors(source, report):
  """Returns the step that trains the inspector that a study advises; none without advice.

  The images are used as the best set that helps was; else what was pasted, where a
  generator does no better; else real images alone, as `_classical` says.
  """
  part = report['fractions'][max(report['fractions'], key=float)]
  found = _decisions(report)
  if not found:
    return []
  if part.get('pretrained'):
    return [_inspector(source, report, 'Train an inspector on a pretrained network, with '
                       'real images alone: it beat all others.', None,
                       network='efficientnet_lite0')]
  best = max(found.values(), key=lambda x: (x['verdict'] == verdict.HELPS, x['low']))
  if best['verdict'] == verdict.HELPS:
    return [_inspector(source, report, 'Train an inspector with the images, in the way '
                       'that helped.', best['arm'])]
  for beaten in found.values():
    if beaten['verdict'] == decision.BEATEN:
      return [_inspector(source, report, 'Train an inspector with pasted defects, which do '
                         'as well and need no training.', beaten['over'])]
  hurts = all(x['verdict'] == verdict.HURTS for x in found.values())
  arm, how = _classical(part['arms'])
  return [_inspector(
      source, report, f'Train the inspector on real images alone, {how}. '
      + ('Added images hurt.' if hurts else 'Added images were not shown to help.'), arm)]


def _classical(arms):
  """Returns the best way to use real images alone, and words on it and its evidence.

  That is the arm of the highest accuracy, whether or not surely so, as one is to be used.
  """
  known = {name: arms[name] for name in _CLASSICAL if 'accuracy' in arms.get(name, {})}
  if not known:
    return None, 'augmented'
  best = max(known, key=lambda name: known[name]['accuracy']['value'])
  others = [name for name in known if name != best]
  unsure = [_CLASSICAL[name] for name in others if known[best]['against'].get(
      name, {}).get('verdict') != verdict.HELPS]
  sure = [_CLASSICAL[name] for name in others if _CLASSICAL[name] not in unsure]
  same = [_CLASSICAL[name] for name in others
          if known[name]['accuracy']['value'] == known[best]['accuracy']['value']]
  unsure = [words for words in unsure if words not in same]
  return best, (
      f'{_CLASSICAL[best]}: of the study\'s ways without generated images this had the '
      f'highest accuracy, {known[best]["accuracy"]["value"]:.1%}'
      + f', as had {" and ".join(same)}' * bool(same)
      + f', surely higher than {" and ".join(sure)}' * bool(sure)
      + f', but {" or ".join(unsure)} may be as good' * bool(unsure))


def _inspector(source, report, text, arm, **changed):
  """Returns a step with the command that trains an inspector as a study's arm.

  Args:
    source: `Source`.
    report: the study's.
    text: what to do.
    arm: name of the arm; None is real images alone, augmented.
    changed: settings that are not the study's.
  """
  protocol = report['protocol']
  if protocol.get('clean_class') or arm and ', filtered' in arm:
    return _step(f'{text[:-1]}; no command does so yet, as --mode inspect knows no clean '
                 'class and does not filter.')
  flags = {}
  if arm:
    of = report['fractions'][max(report['fractions'], key=float)]['arms'][arm]
    if of['generated']:
      folders = dict(zip(report['generated'], protocol['generated']))
      flags['generated'] = folders[of['generated']]
      flags['per_class'] = protocol['per_class']
    if 'augmented' in of:
      flags |= {'augment': of['augmented'] > PLAIN, 'strong': of['augmented'] == STRONGLY,
                'generated_first': arm == f'{of["generated"]}, then real'}
  return _step(text, commands.inspect(source, protocol, flags | changed))


def _more_images(source, report):
  """Returns the step that tests on more pieces."""
  text = ('Test on new pieces, at least '
          f'{verdict.ENOUGH_GROUPS} of each class, as the test has too few')
  if report['protocol'].get('task') == 'localise':
    return [_step(f'{text}: add them to your folders, and build a new data set.')]
  folder = source.workdir / 'test'
  return [_step(
      f'{text}: the words in capitals stand for folders with new photographs alone.',
      '\n'.join([commands.build_of_more(source, folder),
                 commands.study(source, workdir=source.workdir / 'study_more',
                                test=str(folder))]))]


def _train_longer(source):
  """Returns the step that trains longer, where images are far, uniform or rejected.

  Not where they help as they are.
  """
  if not source.trains or not source.noted:
    return []
  with contextlib.suppress(Missing, UserError, *DAMAGED):
    if _helps(source.study):
      return []
  reasons = [*_far(source), *_rejected(source)]
  done = source.step_of_images or source.noted['num_steps']
  updates = min(_LONGER * done, _LONGEST)
  if not reasons or updates <= done:
    return []
  return [_step(
      f'Train longer, as {" and ".join(reasons)}: {updates:,} updates'
      f'{_time(source, updates)}; whether closer ones help an inspector is not certain.',
      commands.train(source, workdir=f'{source.workdir}_{updates}', num_steps=updates,
                     data_dir=str(source.data_dir)))]


def _far(source):
  try:
    _, report = source.evaluation
    figure = words.main_figure(report)
    standing = words.standing(figure, words.overall(report, figure))
    _, recall = words.NEIGHBOURS
    uniform = words.worse(report['mean'] or report['pooled'], recall)
  except (Missing, UserError, *DAMAGED):
    return []
  far = standing.kind == words.WORSE and (standing.times or 0) >= words.FAR
  return (['the images are far from real ones'] * far
          or ['the images are less varied than real ones'] * bool(uniform))


def _rejected(source):
  """Returns a clause on the classes of which many images were not accepted."""
  counts = collections.defaultdict(collections.Counter)
  try:
    for row in manifest.read(source.generated / manifest.FILE):
      counts[row['class']][row.get('accepted')] += 1
  except (Missing, UserError, *DAMAGED):
    return []
  many = [f'{x["no"]} of {x["yes"] + x["no"]} {name}' for name, x in counts.items()
          if x['no'] and x['no'] >= _MANY * (x['yes'] + x['no'])]
  return [f'{listed(many)} were not accepted'] if many else []


def _time(source, updates):
  """Returns a clause on how long updates take at the pace of the run, or ''."""
  try:
    lines = (source.workdir / 'metrics.jsonl').read_text('utf-8').splitlines()
    hours = updates / 3600 * statistics.median(
        seconds for line in lines if (seconds := json.loads(line).get(
            'time/seconds_per_step')))
  except (OSError, *DAMAGED):
    return ''
  took = f'{max(60 * hours, 1):.0f} minutes' if hours < 2 else f'{hours:.0f} hours'
  night = ', more than a night' if hours > 2 * _NIGHT else ', a night' * (hours >= _NIGHT)
  return f', about {took} at the pace of this run{night}'
