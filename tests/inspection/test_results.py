"""Results of a study on disk: whole and of the right shape, or none."""

import json

import numpy as np
import pytest

from inspection.worlds import CLASSES
from pegan_jax.common.errors import UserError
from pegan_jax.inspection import results, settings


def test_kept_results_of_another_shape_are_none(tmp_path):
  kept = results.Results(tmp_path)
  kept.save('x', np.array([[0, 1], [0, 0]]))
  assert kept.load('x', 2, 2).tolist() == [[0, 1], [0, 0]]
  assert kept.load('x', 2, 2, scored=True) is None
  kept.save('x', np.array([[0, 1], [0.5, 0.25]]), scored=True)
  assert kept.load('x', 2, 2, scored=True).tolist() == [[0, 1], [0.5, 0.25]]
  for predicted in ('[0, true]', '[0, 1.0]', '[0, "1"]', '[0, 2]', '[0, -1]', '[0, [1]]',
                    '[0]', '"01"', '{"0": 0, "1": 1}', '3', 'null'):
    (tmp_path / 'x.json').write_text(f'{{"predicted": {predicted}}}')
    assert kept.load('x', 2, 2) is None, predicted
  for content in '[]', '3', '{}', 'null', '{':
    (tmp_path / 'x.json').write_text(content)
    assert kept.load('x', 2, 2) is None
    assert kept.load_filter('x', 2, ['a']) is None
  funnel = {'a': {'given': 2} | dict.fromkeys(settings.FILTERS, 0) | {'left': 1}}
  funnel['a']['copy'], funnel['a']['unchanged'] = 1, None
  kept.save_filter('y', np.array([True, False]), funnel)
  keep, found = kept.load_filter('y', 2, ['a'])
  assert keep.tolist() == [True, False] and found == funnel
  for keep, counts in (([1, 'x'], funnel), ([1, True], funnel), ([1], funnel),
                       ([1, 1], funnel), ([1, 0], {}), ([1, 0], {'a': 3}), ([1, 0], []),
                       ([1, 0], {'b': funnel['a']}), ([1, 0], {'a': {'left': 1}}),
                       ([1, 0], {'a': funnel['a'] | {'given': None}}),
                       ([1, 0], {'a': funnel['a'] | {'copy': 'x'}})):
    (tmp_path / 'y.json').write_text(json.dumps({'keep': keep, 'funnel': counts}))
    assert kept.load_filter('y', 2, ['a']) is None, (keep, counts)


def test_another_class_list_is_refused(tmp_path):
  path = tmp_path / 'study.json'
  path.write_text('{"classes": ["x", "y"]}')
  with pytest.raises(UserError, match='x, y'):
    results.check_classes(path, CLASSES)
