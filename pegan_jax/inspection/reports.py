"""Finds what lays out a study's report."""

from pegan_jax.inspection import report as classify
from pegan_jax.inspection.localise import report as localise


def of_task(report):
  """Returns the module for a report's task: `to_text`, `figures`, `verdicts`, and so on."""
  localises = report['protocol'].get('task') == 'localise'  # Earlier versions lack it.
  return localise if localises else classify
