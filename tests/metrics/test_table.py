"""Every figure of a report is explained where users look."""

import pathlib

from pegan_jax.metrics import table


def test_every_figure_is_named():
  text = pathlib.Path('docs/evaluation.md').read_text('utf-8').lower()
  assert [f.title for f in table.FIGURES if f.title.lower() not in text] == []
