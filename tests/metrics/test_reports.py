"""What a report of three classes holds and says."""

import json

import numpy as np
from PIL import Image
import pytest

from metrics.feature_sets import make_set, make_splits, OPTIONS, PROTOCOL, with_crops
from pegan_jax.metrics import chart, evaluation, fid, prdc, reports, table
from pegan_jax.metrics.feature_set import FeatureSet
from pegan_jax.metrics.metric import Figure, Metric


@pytest.fixture(scope='module')
def report():
  """Train and test of one distribution, generated with class b moved; so are its crops."""
  train, test = (with_crops(s, **s.features) for s in make_splits())
  generated = make_set(2, 60)
  generated.features['b'] = generated.features['b'] + 1.0
  generated = FeatureSet(generated.features, generated.names, changes={
      c: np.stack([np.full(60, 9.0), np.zeros(60)], 1)
      for c in generated.features})
  generated = with_crops(generated, **generated.features)
  return reports.compare_features(train, test, generated, PROTOCOL, OPTIONS)


def test_report_has_the_promised_keys(report):
  assert {'protocol', 'pooled', 'mean', 'classes', 'held_out'} <= set(report)
  assert report['protocol']['weights_sha256'] == 'ab' * 32
  for part in (report, report['held_out']):
    assert list(part['classes']) == ['a', 'b', 'c']
    for values in (part['pooled'], part['mean'], *part['classes'].values()):
      assert set(values) == {figure.name for figure in table.FIGURES} >= {
          'fid', 'kid', 'precision', 'recall', 'density', 'coverage',
          'diversity', 'copies', 'label_fidelity', 'change', 'unchanged'}
      for value in values.values():
        assert {'value', 'low', 'high', 'floor', 'n_real',
                'n_generated'} <= set(value)
        assert value['low'] <= value['value'] <= value['high']
  json.dumps(report)


def test_region_kid_is_kid_of_the_crops(report):
  """Crops that are the images have KID itself, its interval and its floor."""
  for part in (report, report['held_out']):
    for values in (part['pooled'], part['mean'], *part['classes'].values()):
      assert values['region_kid'] == values['kid']


def test_the_moved_class_stands_out_and_the_others_do_not(report):
  for part in (report, report['held_out']):
    for name, lower in (('fid', True), ('kid', True), ('coverage', False)):
      values = {c: v[name] for c, v in part['classes'].items()}
      if lower:
        assert values['b']['value'] > values['b']['floor_high']
        assert values['b']['low'] > max(
            values['a']['value'], values['c']['value'])
    for c in 'ac':
      kid = part['classes'][c]['kid']
      assert kid['low'] <= 0 <= kid['high']


def test_counts_are_equal_and_said(report):
  assert report['classes']['a']['fid']['n_real'] == 40
  assert report['classes']['a']['fid']['n_generated'] == 40
  assert report['classes']['a']['fid']['floor_n'] == 30  # Half of 40 + 20 images.
  assert report['held_out']['classes']['a']['fid']['n_generated'] == 20
  assert report['held_out']['classes']['a']['fid']['floor_n'] == 20
  assert report['pooled']['fid']['n_real'] == 120
  assert report['mean']['fid']['n_real'] == 40


def test_mean_is_the_mean_of_classes(report):
  for name in ('fid', 'kid', 'label_fidelity'):
    assert report['mean'][name]['value'] == pytest.approx(np.mean(
        [v[name]['value'] for v in report['classes'].values()]))


def test_warnings_say_what_to_read_instead(report):
  text = ' '.join(report['held_out']['warnings'])
  assert 'precision' in text and 'KID' in text
  assert 'the figures at that N' in ' '.join(report['warnings'])
  # 16 features and 200 images: FID has full rank, neighbours are many.
  many = reports.compare_features(
      make_set(0, 200), None, make_set(1, 200), PROTOCOL, evaluation.Options(repeats=2))
  assert not any('KID' in w for w in many['warnings'])


def test_each_metric_says_itself_what_few_images_do_not_tell(monkeypatch):
  def of(n_real, n_generated, floor_n):
    return evaluation.warnings({'classes': {}, 'pooled': {'fid': {
        'n_real': n_real, 'n_generated': n_generated, 'floor_n': floor_n}}}, dim=60)
  monkeypatch.setattr(evaluation, 'METRICS', (fid.METRIC, prdc.METRIC))
  assert not of(60, 60, 60)
  assert [x.partition(':')[0] for x in of(59, 59, 59)] == [
      'FID of 59 images with 60 features is mostly bias']
  assert not any(x.startswith('precision') for x in of(50, 50, 50))
  said = of(80, 49, 20)
  assert said[1].startswith('precision, recall, density and coverage of 49 images')
  assert said[2].endswith('alone: FID, Precision, Recall, Coverage.')
  assert 'floors at N = 49: they are at 20 per side' in said[3] and len(said) == 4
  another = Metric((Figure('x', 'X', 'lower', shifts=True),), compute=None,
                   doubt=lambda n, dim: f'X of {n} and {dim} says little.')
  monkeypatch.setattr(evaluation, 'METRICS', (fid.METRIC, prdc.METRIC, another))
  more = of(80, 49, 20)
  assert more == [*said[:2], 'X of 49 and 60 says little.',
                  said[2].replace('Coverage', 'Coverage, X'), said[3]]


def test_table_says_the_protocol_and_every_class(report):
  text = table.to_text(report)
  assert 'weights abababababababab' in text and 'resize bicubic to 224' in text
  assert 'Against held-out images' in text and 'N = 40' in text
  fid = report['classes']['b']['fid']
  assert (f'{table.number(fid["value"])} ({table.number(fid["floor"])})'
          in text)
  markdown = table.to_text(report, markdown=True)
  rows = [line for line in markdown.splitlines() if line.startswith('| b ')]
  assert len(rows) == 2


def test_the_mean_says_the_n_of_all_its_classes():
  """Not the smallest alone, neither of the figures nor of the floors."""
  real, made = make_set(0), make_set(1, 32)
  for part in vars(real), vars(made):
    for name in ('features', 'names'):
      part[name]['b'] = part[name]['b'][:12]
  report = reports.compare_features(
      real, None, made, PROTOCOL, evaluation.Options(repeats=4, all_images=True))
  head, *rows = table.to_text(report).split('\n\n')[2].splitlines()
  assert 'mean of classes, N = 12 to 40 real, 12 to 32 generated  (floor, N)' in head
  assert 'pooled, N = 92 real, 76 generated' in head
  kid = report['mean']['kid']
  assert (f'({table.number(kid["floor"])}, 6 to 20; there '
          f'{table.number(kid["value_at_floor_n"])})') in rows[1]
  alike = table.count([{'n_real': n, 'n_generated': n} for n in (7, 5, 9)])
  assert alike == '5 to 9'


def test_chart_is_a_picture(report, tmp_path):
  chart.draw(report, tmp_path / 'c.png')
  image = np.asarray(Image.open(tmp_path / 'c.png').convert('RGB'))
  assert min(image.shape[:2]) > 600
  assert (image == (0x48, 0x78, 0xa8)).all(-1).mean() > 0.02  # The bars.


def test_report_is_written_whole(report, tmp_path):
  reports.write(report, tmp_path / 'evaluation')
  names = sorted(p.name for p in (tmp_path / 'evaluation').iterdir())
  assert names == ['report.json', 'report.md', 'report.png']
  assert json.loads(
      (tmp_path / 'evaluation/report.json').read_text('utf-8')) == report
