"""Every figure of a report is explained where users look."""

import pathlib

import pytest

from pegan_jax.metrics import METRICS, table


@pytest.mark.parametrize('page,figures', [
    ('docs/evaluation.md', table.FIGURES),
    ('README.md', [figure for metric in METRICS for figure in metric.figures])])
def test_every_figure_is_named(page, figures):
  text = pathlib.Path(page).read_text('utf-8').lower()
  assert [f.title for f in figures if f.title.lower() not in text] == []
