"""What the page says to do next: each kind of figure has its step, and no other has it."""

import json
import pathlib
import re
import shlex
import shutil

import pytest

from conftest import small_config
from data_prep import options
from pegan_jax import main
from pegan_jax.common import files
from pegan_jax.inspection import decision, verdict
from pegan_jax.reporting import answer, next_steps, words
from pegan_jax.reporting.source import Source

pytestmark = pytest.mark.filterwarnings(r'ignore:the load_module\(\) method')
PASTED = 'p/paste/generated'
STUDY, REPORT, MANIFEST = (
    'study/study.json', 'evaluation/2/report.json', 'generated/manifest.csv')


@pytest.fixture
def good(enough_dir, tmp_path):
  """A run whose images are like real ones, with a study of two sets: (source, edit)."""
  config, workdir = small_config(), tmp_path / 'run'
  config.data_dir, config.num_steps = str(enough_dir), 2

  def edit(path, change):
    kept = json.loads((workdir / path).read_text())
    change(kept)
    (workdir / path).write_text(json.dumps(kept))

  study = json.loads(pathlib.Path('results/inspectors/generated/study.json').read_text())
  _two_sets(study)
  for path, content in (
      ('config.json', json.dumps(config.to_dict())), (STUDY, json.dumps(study)),
      (REPORT, json.dumps({
          'protocol': {}, 'mean': None, 'classes': {}, 'warnings': [], 'pooled': {'kid': {
              'value': .01, 'value_at_floor_n': .01, 'low': 0, 'high': .02, 'floor': .01,
              'floor_low': 0, 'floor_high': .02}}})),
      (MANIFEST, 'file,class,accepted\n' + 'pa/0.png,pa,yes\n' * 5)):
    (workdir / path).parent.mkdir(parents=True, exist_ok=True)
    files.write(workdir / path, content)
  return Source(config, workdir), edit


def _two_sets(study):
  """Gives a study a set of pasted defects beside `generated`, and enough to test on."""
  protocol, arms = study['protocol'], study['fractions']['1']['arms']
  protocol |= {'generated': ['g/generated', PASTED], 'network': 'resnet18', 'seeds': 5,
               'test_groups': 300, 'width': 0.5, 'data': 'd'}
  protocol['test_groups_of_classes'] = dict.fromkeys(study['classes'], 30)
  study['generated']['paste'] = study['generated']['generated']
  for name in ('real+', 'augmented+', 'strong+'):
    arms[f'{name}paste'] = arms['augmented+generated'] | {
        'generated': 'paste', 'augmented': ('real+', 'augmented+', 'strong+').index(name)}
  arms['generated, then real'] = arms['augmented+generated']
  arms['strong'] = arms['augmented'] | {
      'title': 's', 'augmented': 2, 'reference': 'augmented', 'accuracy': {'value': .926},
      'against': {'augmented': {'verdict': verdict.NO_EVIDENCE},
                  'real': {'verdict': verdict.HELPS}}}
  study['fractions']['1']['decisions'] = {
      name: {'verdict': verdict.NO_EVIDENCE, 'arm': f'augmented+{name}', 'over': 'strong',
             'value': 0, 'low': -.01, 'high': .01} for name in ('generated', 'paste')}


def _decide(name, **changed):
  return lambda study: study['fractions']['1']['decisions'][name].update(changed)


def _few_groups(study):
  study['protocol']['test_groups_of_classes']['pa'] = 3


def _no_verdict(study):
  study['protocol']['test_groups'] = 8


def _best(name, value, **verdicts):
  """Gives an arm without generated images an accuracy, and verdicts over the others."""
  def change(study):
    arm = study['fractions']['1']['arms'][name]
    arm['accuracy']['value'] = value
    arm['against'] = {other: {'verdict': word} for other, word in verdicts.items()}
  return change


def _pretrained(study):
  study['fractions']['1']['pretrained'] = {
      'over': 'real', 'value': .1, 'low': 0, 'high': .2}


MODE = {
    'inspect': 'pegan_jax.main --mode inspect', 'study': 'pegan_jax.main --mode study',
    'build': 'data_prep.build', 'train': 'pegan_jax.main --mode train'}


@pytest.mark.parametrize('found, kind', [
    (verdict.NO_EVIDENCE, words.UNSURE), (verdict.HELPS, words.SAME)])
def test_the_answer_is_green_where_no_study_says_not_to_use_them(
    good, found, kind, monkeypatch):
  monkeypatch.setattr(answer, '_likeness', lambda _: {'kind': words.SAME})
  source, edit = good
  edit(STUDY, _decide('paste', verdict=found))
  assert answer.collect(source)['kind'] == kind
  (pathlib.Path(source.workdir) / STUDY).unlink()
  assert answer.collect(Source(source.config, source.workdir))['kind'] == words.SAME


@pytest.mark.parametrize('change, said, modes, has, has_not', [
    (lambda _: None, 'real images alone, augmented: of the study\'s ways without generated '
     'images this had the highest accuracy, 92.7%, surely higher than not augmented, but '
     'strongly augmented may be as good. Added images were not shown to help.',
     ['inspect'], ['--config.width=0.5'],
     ['--config.generated', '--config.strong', '--config.augment']),
    (_best('strong', .95, real=verdict.HELPS, augmented=verdict.HELPS), 'alone, strongly '
     'augmented: of the study\'s ways without generated images this had the highest '
     'accuracy, 95.0%, surely higher than augmented and not augmented. Added', ['inspect'],
     ['--config.strong=true'], ['--config.generated', '--config.augment=']),
    (_best('real', .95, augmented=verdict.NO_EVIDENCE, strong=verdict.NO_EVIDENCE),
     'alone, not augmented: of the study\'s ways without generated images this had the '
     'highest accuracy, 95.0%, but augmented or strongly augmented may be as good. Added',
     ['inspect'], ['--config.augment=false'], ['--config.generated', '--config.strong']),
    (_best('strong', .9270253578821818), 'alone, augmented: of the study', ['inspect'], [],
     ['--config.strong', '--config.augment']),
    (_decide('generated', verdict=verdict.HELPS, arm='generated, then real', low=.01),
     'with the images, in the way that helped', ['inspect'],
     ['--config.generated=g/generated', '--config.generated_first=true'], ['strong']),
    (_decide('paste', verdict=verdict.HELPS, arm='real+paste', low=.01),
     'with the images', ['inspect'],
     [f'--config.generated={PASTED}', '--config.augment=false'], ['first', 'strong']),
    (_decide('generated', verdict=decision.BEATEN, over='strong+paste'),
     'pasted defects, which do as well', ['inspect'],
     [f'--config.generated={PASTED}', '--config.strong=true'], []),
    (_pretrained, 'a pretrained network', ['inspect'],
     ['--config.network=efficientnet_lite0'], ['--config.generated', 'width']),
    (_few_groups, 'Test on new pieces', ['inspect', 'build', 'study'],
     ['--config.test=', '--defects DEFECTS', '--per_class 0'], []),
    (_no_verdict, 'Test on new pieces', ['build', 'study'], ['--config.test='], []),
    (lambda s: s['protocol'].update(seeds=3), 'too few of', ['inspect', 'study'],
     ['--config.seeds=5'], ['--config.seeds=3', '--config.test']),
    (lambda s: s['protocol'].update(clean_class=True), 'no command does so', [], [], []),
    (lambda s: s['fractions']['1'].pop('decisions'), 'Run the study again', ['study'],
     [], [])], ids=[
         'no evidence', 'strong', 'plain', 'equal', 'helps', 'pasted helps',
         'beaten', 'pretrained', 'groups',
         'no verdict', 'seeds', 'clean class', 'earlier'])
def test_a_study_has_its_steps_and_no_others(good, change, said, modes, has, has_not):
  source, edit = good
  edit(STUDY, change)
  steps = next_steps.collect(source)
  typed = [line for x in steps for line in x['command'].splitlines()]
  assert said in ' '.join(x['text'] for x in steps)
  assert [next(k for k, v in MODE.items() if v in line) for line in typed] == modes
  for text in has:
    assert text in ' '.join(typed)
  for text in has_not:
    assert text not in ' '.join(typed)
  for line in typed:
    _check(line)


def _check(command):
  """Refuses a command that the tool would not understand."""
  program, *argv = re.sub('^python -m ', '', command).split(' ', 1)
  argv = shlex.split(' '.join(argv))
  if program == 'data_prep.build':
    parser = options.argparse.ArgumentParser(exit_on_error=False)
    options.add_flags(parser)
    options.Options.of(vars(parser.parse_args(argv))).check()
  else:
    main.parse(argv)


def test_far_images_are_trained_longer_unless_they_help(good):
  source, edit = good
  edit(REPORT, lambda r: r['pooled']['kid'].update(
      value=.09, value_at_floor_n=.09, low=.08, high=.1))
  _, step = next_steps.collect(Source(source.config, source.workdir))
  assert 'far from real ones: 20 updates;' in step['text']  # No pace was logged.
  assert f'--workdir {source.workdir}_20 ' in step['command']
  assert '--config.num_steps=20' in step['command']
  _check(step['command'])
  log = source.workdir / 'metrics.jsonl'
  for pace, said in (
      (60, 'about 20 minutes at the pace of this run;'),
      (900, 'about 5 hours at the pace of this run, a night;'),
      (3600, 'about 20 hours at the pace of this run, more than a night;')):
    log.write_text(json.dumps({'step': 1, 'time/seconds_per_step': pace}) + '\n')
    assert said in next_steps.collect(Source(source.config, source.workdir))[1]['text']
  edit(STUDY, _decide('generated', verdict=verdict.HELPS, low=.01))
  assert len(next_steps.collect(Source(source.config, source.workdir))) == 1


def test_uniform_images_are_trained_longer(good):
  source, edit = good
  edit(REPORT, lambda r: r['pooled'].update(recall=r['pooled']['kid'] | {
      'value_at_floor_n': .1, 'value': .1, 'low': .05, 'high': .2, 'floor': .8,
      'floor_low': .7, 'floor_high': .9}))
  _, step = next_steps.collect(Source(source.config, source.workdir))
  assert 'less varied than real ones: 20 updates;' in step['text']


def test_rejected_images_are_trained_longer(good):
  source, _ = good
  rows = (source.workdir / MANIFEST).read_text()
  for rejected in (1, 2):  # Of five: from a quarter on.
    files.write(source.workdir / MANIFEST, rows.replace('yes', 'no', rejected))
    steps = next_steps.collect(source)
    assert len(steps) == rejected
  assert 'as 2 of 5 pa were not accepted: 20 updates' in steps[1]['text']


@pytest.mark.parametrize('gone, said', [
    (['study'], ['study']), (['study', 'evaluation'], ['study', 'evaluate']),
    (['study', 'evaluation', 'generated'], ['generate']),
    (['study', 'evaluation', 'generated', 'config.json'], ['train'])])
def test_what_was_not_made_comes_next(good, gone, said):
  source, _ = good
  for name in gone:
    path = source.workdir / name
    shutil.rmtree(path) if path.is_dir() else pathlib.Path(path).unlink()
  steps = next_steps.collect(Source(source.config, source.workdir))
  assert [re.search(r'--mode (\w+)', x['command'])[1] for x in steps] == said
  for step in steps:
    _check(step['command'])


def test_a_segmenter_is_advised_as_its_study_was(good):
  source, edit = good
  task = {'task': 'localise', 'network': 'unet', 'localise': {'steps': 40, 'width': 1.0}}
  arms = {'real': {'generated': None, 'real': True}, 'real+generated': {
      'generated': 'generated', 'real': True, 'against': {
          'verdict': verdict.HELPS, 'value': .1, 'low': .05, 'high': .2}}}
  edit(STUDY, lambda s: (
      s['protocol'].pop('width'), s['protocol'].update(task),
      s['fractions']['1'].update(arms=arms)))
  step, = next_steps.collect(source)
  assert '--config.task=localise' in step['command'] and 'steps=40' in step['command']
  assert '--config.generated=g/generated' in step['command'] and 'width' not in (
      step['command'])
  _check(step['command'])
