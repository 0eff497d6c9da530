"""Shows a defect on the page, and says what was measured of it."""

import base64
import collections
import html
import math

from nicegui import ui


def text(tag, content):
  """Shows text, whatever signs it has, as an HTML element."""
  ui.html(html.escape(content), tag=tag, sanitize=False)


def uri(png):
  """Returns a PNG file's bytes as a data URI."""
  return f'data:image/png;base64,{base64.b64encode(png).decode()}'


def picture(png, what, width):
  """Shows a PNG file's bytes, `what` in words, in a CSS width."""
  ui.image(uri(png)).classes('pixels').style(f'width: {width}; flex: none').props(
      f'alt="{what}" no-spinner')


def region_text(box, mask):
  """Says which region an `orders.Order` has."""
  if box:
    return f'box {" ".join(map(str, box))}'
  if mask is not None:
    return f'{mask.sum()} pixels brushed'
  return 'no region drawn, so the defect goes where the program puts it'


def title(order):
  """Says what an `orders.Order` asks for."""
  return (f'{order.defect} on {order.name}, {region_text(order.box, order.mask)}, '
          f'seed {order.seed}, strength {order.strength:g}')


def verdict(drawn):
  """Says whether a defect was accepted, and why not."""
  row = drawn.row
  if not row['accepted']:
    return 'Not judged'
  tries = f'{row["tries"]} {"try" if row["tries"] == "1" else "tries"}'
  reasons = collections.Counter(filter(None, row['reasons'].split('; ')))
  before = ''.join(f' {count} rejected: {why}.' for why, count in reasons.items())
  if row['accepted'] == 'yes':
    return f'Accepted after {tries}.{before}'
  return f'Not accepted after {tries}; the last draw is shown.{before}'


def _number(value):
  if math.isnan(value):
    return 'not measurable'
  return f'{value:.0f}' if abs(value) >= 100 else f'{value:.3g}'


def table(figures):
  """Shows what was measured beside what is usual for real defects of the class."""
  if not figures:
    return
  rows = [('measured on the crop at full strength', 'here', 'usual for real ones', '')]
  for figure in figures:
    low, high, value = map(_number, (figure.low, figure.high, figure.value))
    ends = math.isinf(figure.low), math.isinf(figure.high)
    usual = ('not known' if all(ends) else f'up to {high}' if ends[0] else
             f'from {low}' if ends[1] else f'{low} to {high}')
    rows.append((figure.what, value, usual, figure.reason))
  with ui.element('table').classes('figures'):
    for row in rows:
      with ui.element('tr'):
        for cell in row:
          text('td', cell)
