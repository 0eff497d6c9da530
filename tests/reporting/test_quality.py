"""The page's table of figures by class: each is the one that its mark judges."""

import json
import pathlib
from types import SimpleNamespace

import pytest

from pegan_jax.metrics import kid, table
from pegan_jax.reporting import quality

KID, = kid.METRIC.figures


@pytest.fixture
def report():
  return json.loads(pathlib.Path('results/neu64/evaluation/report.json').read_text())


def _collect(report):
  return quality.collect(SimpleNamespace(
      evaluation=('here', report), step_of_images=None, trains=True))


def test_classes_stand_against_training_and_held_out_crops(report):
  found = _collect(report)['by_class']
  assert [x['against'] for x in found] == ['training', 'held-out']
  for part, of in zip(found, (report, report['held_out'])):
    at = part['titles'].index(KID.title)
    assert {row['name']: row['cells'][at]['value'] for row in part['rows']} == {
        name: table.number(values['kid']['value_at_floor_n'])
        for name, values in of['classes'].items()}
  del report['held_out']
  assert [x['against'] for x in _collect(report)['by_class']] == ['training']


def test_a_class_shows_the_figure_that_its_mark_judges(report):
  name, values = next(iter(report['classes'].items()))
  values['kid'] |= {'value': 0.9, 'low': 0.8, 'high': 1.0, 'value_at_floor_n': 0.01,
                    'floor': 0.01, 'floor_low': 0.0, 'floor_high': 0.02}
  part = _collect(report)['by_class'][0]
  row = next(row for row in part['rows'] if row['name'] == name)
  cell = row['cells'][part['titles'].index(KID.title)]
  assert (cell['value'], cell['kind']) == (table.number(0.01), 'same')
