"""Whole reports on features that are made, not taken from images."""

import re

import numpy as np
import pytest

from pegan_jax.common.errors import UserError
from pegan_jax.metrics import chart, evaluation, reports, table
from pegan_jax.metrics.feature_set import FeatureSet
from pegan_jax.metrics.sets import FLAT
from metrics.feature_sets import make_set, make_splits, OPTIONS, PROTOCOL, with_crops

pytestmark = pytest.mark.usefixtures('undrawn')


def test_region_kid_is_of_the_classes_and_images_whose_regions_are_known(tmp_path):
  (train, test), made, other = make_splits(), make_set(2), make_set(3)
  full = reports.compare_features(train, test, made, PROTOCOL, OPTIONS)
  assert not any('region' in str(part) for part in (full, full['held_out']))
  def crops(s, a, b, **more):
    x = s.features
    return with_crops(s, a=x['a'][:a], b=x['b'][:b], **more)
  report = reports.compare_features(
      crops(train, 30, 3), crops(test, 10, 20), crops(made, 40, 36, c=other.features['c']),
      PROTOCOL, OPTIONS)
  assert {c: 'region_kid' in v for c, v in report['classes'].items()} == {
      'a': True, 'b': False, 'c': False}
  region = report['classes']['a']['region_kid']
  assert (region['n_real'], region['n_generated'], region['floor_n']) == (30, 30, 20)
  assert report['pooled']['region_kid'] == report['mean']['region_kid'] == region
  assert report['warnings'][:2] == [
      'region KID is not known of b (3 real and 36 generated images with a known region), '
      'c (0 real and 40 generated images with a known region): it takes 4 or more on each '
      'side.', 'region KID leaves out real images whose region is not known: 10 of 40 of '
      'a.']
  held_out = report['held_out']
  assert held_out['mean']['region_kid']['value'] == pytest.approx(np.mean([
      held_out['classes'][c]['region_kid']['value'] for c in 'ab']))
  assert ('region KID leaves out generated images whose region is not known: 4 of 40 of b.'
          in held_out['warnings'])
  for name, values in full['classes'].items():  # The other figures are what they were.
    for figure, value in values.items():
      assert report['classes'][name][figure] == value
  text = table.to_text(report)
  head, row = (next(re.split(' {2,}', line) for line in text.splitlines()
                    if re.match(start, line)) for start in (' +N ', 'b '))
  cells = dict(zip(head[1:], row[1:], strict=True))
  assert cells['Region KID'] == '-'
  assert cells['Precision'].startswith(
      table.number(full['classes']['b']['precision']['value']))
  chart.draw(report, tmp_path / 'report.png')


def test_the_same_seed_gives_the_same_figures():
  first, second = (
      reports.compare_features(make_set(0), None, make_set(1), PROTOCOL, OPTIONS)
      for _ in range(2))
  assert first == second


def test_a_set_against_itself():
  real = make_set(0)
  report = reports.compare_features(real, None, real, PROTOCOL, OPTIONS)
  for values in (report['pooled'], *report['classes'].values()):
    assert abs(values['fid']['value']) < 1e-6
    assert values['kid']['low'] <= 0 <= values['kid']['high']
    for name in ('precision', 'recall', 'coverage', 'copies'):
      assert values[name]['value'] == 1
  # Each image is a copy of itself, and the list says of which.
  assert len(report['copies']) == 120
  assert all(c['generated'] == c['real'] and c['distance'] == 0
             for c in report['copies'])


def test_label_fidelity_knows_right_from_permuted_labels():
  real, generated = make_set(0), make_set(1)
  right = reports.compare_features(real, None, generated, PROTOCOL, OPTIONS)
  x = generated.features
  permuted = FeatureSet({'a': x['b'], 'b': x['c'], 'c': x['a']},
                        generated.names)
  wrong = reports.compare_features(real, None, permuted, PROTOCOL, OPTIONS)
  assert right['mean']['label_fidelity']['value'] > 0.9
  assert right['mean']['label_fidelity']['floor'] > 0.9
  assert wrong['mean']['label_fidelity']['value'] < 0.05


def test_some_classes_have_the_figures_that_they_have_among_all(tmp_path):
  """All images are compared: only intervals and floors are random."""
  made = make_set(2, 40)
  made.features['c'][:4] = made.features['b'][:4]  # b is left out below.
  made.features['c'][5] = make_set(0).features['c'][3]  # A copy.
  full, some = (
      reports.compare_features(*make_splits(), generated, PROTOCOL,
                                evaluation.Options(repeats=10, all_images=True))
      for generated in (made, made.in_order(['c', 'a'])))
  for known, part in ((full, some), (full['held_out'], some['held_out'])):
    assert list(part['classes']) == ['a', 'c']
    for c, figures in part['classes'].items():
      for name, figure in figures.items():
        assert figure['value'] == known['classes'][c][name]['value'], (c, name)
      # Label fidelity counts images: nothing is random.
      assert figures['label_fidelity'] == known['classes'][c]['label_fidelity']
    assert part['classes']['c']['label_fidelity']['value'] == 0.9  # 4 of 40 are b.
    assert part['pooled']['label_fidelity']['n_generated'] == 80
    for name in ('fid', 'coverage', 'label_fidelity'):
      assert part['mean'][name]['value'] == pytest.approx(np.mean(
          [known['classes'][c][name]['value'] for c in 'ac']))
    assert part['warnings'][0].startswith('nothing was generated of b: ')
    assert part['warnings'][1:] == known['warnings']
  assert some['copies'] == [x for x in full['copies'] if x['generated'][0] != 'b']
  assert some['copies'][0]['generated'] == 'c/5.png'
  # Pooled figures of two classes, as if the data set had no others.
  train, test = (s.in_order(['a', 'c']) for s in make_splits())
  alone = reports.compare_features(
      train, test, made.in_order(['a', 'c']), PROTOCOL,
      evaluation.Options(repeats=10, all_images=True))
  for name in ('fid', 'kid', 'precision', 'recall', 'coverage', 'copies'):
    assert some['pooled'][name] == alone['pooled'][name]
  text = table.to_text(some)
  assert text.count('Note: nothing was generated of b') == 2 and '\nb ' not in text
  chart.draw(some, tmp_path / 'c.png')


def test_one_class_alone_is_read_among_all(tmp_path):
  """Images that should show a show b, whether or not b was generated."""
  real, made = make_set(0), make_set(2)
  wrong = FeatureSet({'a': made.features['b']}, {'a': made.names['b']})
  report = reports.compare_features(real, None, wrong, PROTOCOL, OPTIONS)
  assert list(report['classes']) == ['a']
  assert report['classes']['a']['label_fidelity']['value'] <= 0.1
  assert report['pooled']['fid'] == report['classes']['a']['fid']
  assert report['mean']['kid']['value'] == report['classes']['a']['kid']['value']
  right = reports.compare_features(real, None, made.in_order(['b']), PROTOCOL, OPTIONS)
  assert right['mean']['label_fidelity']['value'] > 0.9
  chart.draw(right, tmp_path / 'c.png')
  assert 'N = 40' in table.to_text(right)


def test_the_order_of_generated_folders_does_not_matter():
  real, generated = make_set(0), make_set(1)
  turned = FeatureSet(dict(reversed(generated.features.items())),
                      generated.names)
  assert (reports.compare_features(real, None, turned, PROTOCOL, OPTIONS)
          == reports.compare_features(real, None, generated, PROTOCOL, OPTIONS))


def test_copies_are_found_by_name():
  real, generated = make_set(0), make_set(1)
  generated.features['b'][7] = real.features['b'][3] + 1e-3
  copies = evaluation.find_copies(real, generated)
  assert copies[0]['generated'] == 'b/7.png'
  assert copies[0]['real'] == 'b/3.png'
  assert copies[0]['distance'] == pytest.approx(4e-3)  # 1e-3 * 16^1/2


def test_flat_sets_are_pooled_only():
  real = make_set(0).flattened()
  report = reports.compare_features(real, None, make_set(1), PROTOCOL, OPTIONS)
  assert report['classes'] == {} and report['mean'] == {}
  assert report['pooled']['fid']['n_real'] == 120
  assert 'label_fidelity' not in report['pooled']
  assert 'pooled, N = 120' in table.to_text(report)


def test_a_flat_folder_against_a_data_set():
  report = reports.compare_features(
      *make_splits(), make_set(2).flattened(), PROTOCOL, OPTIONS)
  for part, count in ((report, 120), (report['held_out'], 60)):
    assert part['classes'] == {} and part['pooled']['fid']['n_real'] == count


def test_no_certainty_from_all_of_a_few():
  report = {'pooled': {}, 'mean': {'kid': {}}, 'classes': {'a': {}, 'b': {}}}
  generated = make_set(0, 30, ('a', 'b'))

  class Always:
    def predict(self, features):
      return np.full(len(features), 0 if features is generated.features['a']
                     else 1)

  from pegan_jax.metrics import scores
  scores.add(report, generated, scores.Reader(Always(), ['a', 'b'], {}))
  a = report['classes']['a']['label_fidelity']
  assert a['value'] == 1 and a['high'] == 1
  assert 0.85 < a['low'] < 0.95  # 30 of 30: Wilson's lower end is 0.886.


@pytest.mark.parametrize('generated, options, message', [
    (make_set(1, classes=('a', 'b', 'x')), OPTIONS,
     'no real images of the generated class x: the real classes are a, b, c'),
    (make_set(1, 3), OPTIONS, '3 generated images of a are too few, as intervals compare '
     'halves of a set: add images until there are 4 or more, or leave the class out'),
    (make_set(1), evaluation.Options(count=41), '41 images per class were asked for'),
    (make_set(1, shift=np.nan), OPTIONS, 'not finite'),
])
def test_bad_input_is_one_sentence(generated, options, message):
  with pytest.raises(UserError, match=re.escape(message)) as e:
    reports.compare_features(make_set(0), None, generated, PROTOCOL, options)
  assert '\n' not in str(e.value)


def test_numbers_that_can_be_compared():
  def refused(real, generated, **options):
    with pytest.raises(UserError) as e:
      evaluation.check_counts(real, generated, evaluation.Options(**options))
    return str(e.value)
  check = lambda *sides, **o: evaluation.check_counts(*sides, evaluation.Options(**o))
  check({'a': 9, 'b': 1}, {'a': 4})  # Nothing is said of b.
  check({'a': 3, 'b': 3}, {FLAT: 4}, count=4)
  check({'a': 9}, {'a': 4}, count=5, all_images=True)
  assert refused({'a': 9, 'b': 3}, {'b': 9}).startswith('3 real images of b are too few')
  assert refused({FLAT: 3}, {'a': 2, 'b': 2}).startswith('3 real images are too few')
  assert refused({}, {FLAT: 9}).startswith('0 real images are too few')
  assert refused({'a': 9}, {'a': 4}, count=5).endswith('and a has 4 generated ones')
  assert refused({'a': 9}, {'x': 4}).startswith('there are no real images of')


def test_a_class_of_one_image_does_not_hinder_the_others():
  """It is nothing to learn a class from, and nothing is generated of it."""
  real = make_set(0)
  real.features['z'], real.names['z'] = np.full((1, 16), 50.), ['z/0.png']
  made = make_set(1)
  report = reports.compare_features(real, None, made, PROTOCOL, OPTIONS)
  assert report['mean']['label_fidelity']['value'] > 0.9
  held_out = make_set(2)
  held_out.features['z'], held_out.names['z'] = np.full((2, 16), 50.), ['z/1.png'] * 2
  for side in (real, held_out):
    object.__setattr__(side, 'groups', {c: np.arange(len(x))
                                        for c, x in side.features.items()})
  report = reports.compare_features(real, held_out, made, PROTOCOL, OPTIONS)
  assert report['held_out']['mean']['label_fidelity']['value'] > 0.9


@pytest.mark.parametrize('options', [
    evaluation.Options(count=-1), evaluation.Options(count=3),
    evaluation.Options(repeats=1)])
def test_bad_options(options):
  with pytest.raises(UserError, match='it must be'):
    options.check()


def test_a_class_without_test_images_is_left_out_of_held_out_alone(tmp_path):
  (train, test), made = make_splits(), make_set(2, 20)
  full = reports.compare_features(train, test, made, PROTOCOL, OPTIONS)
  few = FeatureSet(**{  # Too few of b to halve.
      name: part and part | {'b': part['b'][:3]} for name, part in vars(test).items()})
  test = test.in_order(['a', 'c'])
  for count, held in ((3, few), ('no', test)):
    report = reports.compare_features(train, held, made, PROTOCOL, OPTIONS)
    assert list(report['classes']) == ['a', 'b', 'c']
    assert list(report['held_out']['classes']) == ['a', 'c']
    assert (f'the test split has {count} images of b, and a comparison takes 4 or more: '
            'nothing is said of them here.') == report['held_out']['warnings'][0]
  for c in 'ac':  # The classifier's answers to c's real images, not b's.
    for part in (lambda r: r, lambda r: r['held_out']):
      assert (part(report)['classes'][c]['label_fidelity']
              == part(full)['classes'][c]['label_fidelity'])
  assert report['classes']['b']['label_fidelity']['floor'] is None
  assert full['classes']['b']['label_fidelity']['floor'] is not None
  chart.draw(report, tmp_path / 'r.png')
  table.to_text(report)
  # Not one generated class in the test split: nothing is held out.
  alone = reports.compare_features(
      train, test.in_order(['a']), made.in_order(['b']), PROTOCOL, OPTIONS)
  assert 'held_out' not in alone
  assert alone['warnings'][-1].startswith('there are fewer than 4 test images of every')
  # Nor where classes are not known, and there are fewer than can be halved.
  three = FeatureSet(**{
      name: part and {'a': part['a'][:3]} for name, part in vars(test).items()})
  flat = reports.compare_features(train, three, made.flattened(), PROTOCOL, OPTIONS)
  assert 'held_out' not in flat and flat['warnings'][-1] == alone['warnings'][-1]
