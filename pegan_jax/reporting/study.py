"""The part with the study: whether generated images help an inspector."""

from pegan_jax.common.errors import UserError
from pegan_jax.inspection import reports
from pegan_jax.reporting import inline

TITLE = 'Do they help an inspector?'


def collect(source):
  """Returns the study's verdicts, its table of accuracies and its chart: a dict."""
  report = source.study
  study_report = reports.of_task(report)
  largest = report['fractions'][max(report['fractions'], key=float)]
  found = {'sentences': [f'{x}.' for x in study_report.conclusions(report)],
           'folder': str(source.study_dir), 'protocol': report['protocol'],
           'trainings': study_report.trainings(report),
           'rows': study_report.figures(largest['arms']), 'verdicts': [], 'cautions': [],
           'picture': None, 'figure': study_report.FIGURE}
  if 'test_images_of_classes' in report['protocol']:  # Earlier versions lack it.
    found['verdicts'] = study_report.verdicts(largest, report['protocol'])
  if 'test_groups_of_classes' in report['protocol']:
    found['cautions'] = [f'Too few: {x}.' for x in study_report.too_few(report)]
  path = source.study_dir / 'study.png'
  try:
    if path.is_file():
      found['picture'] = inline.file(path)
  except UserError as e:
    found['verdicts'].append(str(e))
  return found
