"""Charts and tables of any names: nothing in one is mathematics, a bar or left out."""

import contextlib

import numpy as np
from PIL import Image
import pytest

from pegan_jax.inspection import confusion, picture
from pegan_jax.metrics import chart, comparison
from pegan_jax.metrics.table import align
from pegan_jax.common import figures

NAMES = [r'$\nothing$', 'a$b$', '_c', 'd|e']


@pytest.fixture
def canvas(monkeypatch):
  """What was drawn, one figure a call."""
  kept, png = [], figures.png

  @contextlib.contextmanager
  def keep(*args):
    with png(*args) as canvas:
      yield canvas
      kept.append(canvas)

  monkeypatch.setattr(figures, 'png', keep)
  return kept


def _ticks(axis):
  return [text.get_text() for text in axis.get_ticklabels()]


def _legend(panel):
  return [text.get_text().strip() for text in panel.get_legend().get_texts()]


def _interval(value):
  return {'value': value, 'low': value - 0.1, 'high': value + 0.1}


def test_confusion(canvas, tmp_path):
  confusion.write({'classes': NAMES, 'confusion': (np.eye(4) * 3).astype(int).tolist(),
                   'images_per_second': 1.0}, tmp_path)
  panel, = canvas[0].axes
  assert _ticks(panel.xaxis) == NAMES
  row = (tmp_path / 'inspection.md').read_text().splitlines()[-1]
  assert row == r'| d\|e | 0 | 0 | 0 | 3 | 100.0% |'
  assert sorted(p.name for p in tmp_path.iterdir()) == [
      'inspection.json', 'inspection.md', 'inspection.png']


def test_study(canvas, tmp_path):
  arms = {name: {
      'title': name, 'generated': None, 'accuracy': _interval(0.5), 'against': {},
      'recall': {c: _interval(0.5) for c in NAMES}}
          for name in ('real', 'augmented', 'strong', *NAMES)}
  part = {'arms': arms, 'real_per_class': {'a': 4}}
  picture.draw({'fractions': {'0.5': part, '1': part | {'real_per_class': {'a': 8}}},
                'classes': NAMES, 'protocol': {
                    'network': 'resnet18', 'seeds': 2, 'steps': 3, 'test_images': 4}},
               tmp_path / 'study.png')
  curve = canvas[0].axes[-1]
  assert _legend(curve) == list(arms)
  assert _ticks(curve.xaxis) == ['4', '8']
  assert _ticks(canvas[0].axes[4].xaxis) == NAMES
  with Image.open(tmp_path / 'study.png') as image:
    assert image.width == 1900


def _figure(value):
  return _interval(value) | {
      'floor': 0.2, 'floor_low': 0.1, 'floor_high': 0.3, 'floor_n': 5, 'n_real': 5,
      'n_generated': 5, 'value_at_floor_n': value, 'seeds': [value, value]}


def test_comparison(canvas, tmp_path):
  entry = {'fid': _figure(1.0), 'kid': _figure(2.0)}
  methods = {name: {
      'mean': entry, 'classes': {c: entry for c in NAMES}, 'updates': 1, 'seconds': 1.0,
      'images_per_second': 1.0, 'parameters': {'gen': 1, 'disc': 1}} for name in NAMES}
  table = {'methods': methods, 'differences': {}, 'protocol': {
      'network': 'n', 'weights_sha256': 'ab', 'resize': 'r', 'input_size': 8,
      'seeds': [0], 'data': 'd', 'image_size': 8, 'width': 1, 'budget': 'b', 'device': 'c'}}
  comparison.draw(table, tmp_path / 'table.png')
  panel = canvas[0].axes[0]
  assert sorted(_legend(panel)) == sorted([*NAMES, 'real against real'])
  assert _ticks(panel.xaxis) == [*NAMES, 'mean']
  lines = comparison.to_markdown(table).splitlines()
  for head in (r'| d\|e | 1.000', r'| class | $\nothing$ | a$b$ | _c | d\|e | floor |'):
    assert any(line.startswith(head) for line in lines), head


def test_evaluation(canvas, tmp_path):
  entry = {'fid': _figure(1.0)}
  chart.draw({'classes': {c: entry for c in NAMES}, 'mean': entry, 'pooled': entry,
              'protocol': {'generated': 'runs/$\\x$', 'real': '$', 'network': 'n',
                           'weights_sha256': 'ab', 'resize': 'r', 'input_size': 8}},
             str(tmp_path / 'chart.png'))
  assert _ticks(canvas[0].axes[0].xaxis) == [*NAMES, 'mean', 'pooled']
  assert canvas[0].get_suptitle().startswith('runs/$\\x$ against $\n')


def test_the_chart_has_the_tables_values(canvas, tmp_path):
  """And beside a bar what it would be with as few images as its floor."""
  entries = [{'kid': _figure(x) | {'n_real': 40, 'n_generated': 30, 'value_at_floor_n': at}}
             for x, at in ((1.0, 1.5), (2.0, 2.0), (1.5, 1.75), (3.0, None))]
  report = {'classes': dict(zip('ab', entries)), 'mean': entries[2], 'pooled': entries[3],
            'protocol': {'generated': 'g', 'real': 'r', 'network': 'n',
                         'weights_sha256': 'ab', 'resize': 'r', 'input_size': 8}}
  chart.draw(report, str(tmp_path / 'chart.png'))
  panel = canvas[0].axes[0]
  assert [bar.get_height() for bar in panel.patches] == [1.0, 2.0, 1.5, 3.0]
  bars, = (x for x in panel.containers if x.get_label().startswith('against'))
  assert bars.get_label() == 'against real images, N = 40 real, 30 generated per class'
  ends = bars.errorbar.lines[2][0].get_segments()
  np.testing.assert_allclose([end[:, 1] for end in ends], [
      [e['kid']['low'], e['kid']['high']] for e in entries])
  diamonds, = (x for x in panel.lines if x.get_marker() == 'D')
  assert diamonds.get_xydata().tolist() == [[0, 1.5], [2, 1.75]]


def test_a_dollar_is_drawn(tmp_path):
  """Two more of them are wider, where mathematics would leave both out."""
  widths = []
  for text in ('xx', '$xx$'):
    with figures.png(tmp_path / 'a.png', 3, 3) as canvas:
      drawn = canvas.text(0.1, 0.5, text)
    widths.append(drawn.get_window_extent(canvas.canvas.get_renderer()).width)
  assert widths[1] > 1.5 * widths[0]


def test_a_chart_that_fails_leaves_the_old_one(tmp_path):
  (tmp_path / 'a.png').write_bytes(b'old')
  with pytest.raises(ZeroDivisionError):
    with figures.png(tmp_path / 'a.png', 3, 3):
      _ = 1 / 0
  assert [p.read_bytes() for p in tmp_path.iterdir()] == [b'old']


def test_cells_of_a_plain_table_are_as_they_are():
  assert align([['a|b', 'c'], ['d', 'e']], False) == ['a|b  c', 'd    e']
