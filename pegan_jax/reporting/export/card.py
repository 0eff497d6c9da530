"""The model card: what is exported, of what, how good it is, how it is used.

Its headings are those of Mitchell et al. 2019, https://arxiv.org/abs/1810.03993, without
those that only concern people.
"""

import importlib.metadata
import pathlib
import re

import jinja2
import numpy as np
import scipy

from pegan_jax import __version__
from pegan_jax.common.errors import UserError
from pegan_jax.inspection import inspector
from pegan_jax.inspection.localise import figures, kept as segmenters
from pegan_jax.reporting import quality
from pegan_jax.reporting.export import trial
from pegan_jax.reporting.source import DAMAGED, read_report

_TEMPLATES = pathlib.Path(__file__).parents[1] / 'templates'
_PROGRAMS = ('jax', 'flax', 'onnx', 'onnxruntime')


def text(sources, written, workdir):
  """Returns the card in Markdown.

  Args:
    sources: list of `sources.Source`.
    written: {kind of a source: list of `writing.Written`}.
    workdir: path of the run.
  """
  environment = jinja2.Environment(
      loader=jinja2.FileSystemLoader(_TEMPLATES), undefined=jinja2.StrictUndefined,
      trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
  card = environment.get_template('model_card.md').render(
      parts=[{'source': x, 'written': written[x.kind], 'rules': x.rules,
              **_QUALITY[x.kind](x, workdir)} for x in sources],
      batches=trial.BATCHES, machine=trial.machine(), tolerance=trial.TOLERANCE,
      dtype=lambda x: np.dtype(x).name, version=__version__, programs={
          name: importlib.metadata.version(name) for name in _PROGRAMS})
  return re.sub('\n{3,}', '\n\n', card).rstrip() + '\n'


def _of_gan(source, workdir):
  """Returns the figures of an evaluation of the step that is exported, if there is one."""
  path = workdir / 'evaluation' / str(source.made_of['step']) / 'report.json'
  if not path.is_file():
    return {'figures': [], 'cautions': [
        'how close its images are to real ones was not measured: --mode evaluate does']}
  try:
    report = read_report(path, ('protocol', 'pooled', 'mean', 'classes', 'warnings'))
    return {'figures': [{
        'title': row['title'], 'meaning': row['meaning'], **row['training']}
                        for row in quality.rows(report)], 'cautions': report['warnings']}
  except DAMAGED as e:
    raise UserError(f'{path} is damaged, or of another version: run --mode evaluate '
                    'again') from e


def _of_inspector(source, workdir):
  """Returns accuracy and recalls with Wilson's intervals, if it was tested."""
  del source
  report, notes = inspector.tested(workdir)
  if not report:
    return {'figures': [], 'cautions': notes}
  counts = np.array(report['confusion'])
  rows = [('accuracy', 'share of test images that it names rightly',
           np.trace(counts), counts.sum())]
  rows += [(f'recall of {name}', 'the same, of this class', right, total)
           for name, right, total in zip(
               report['classes'], np.diag(counts), counts.sum(1))]
  return {'figures': [_share(*row) for row in rows], 'cautions': notes}


def _share(title, meaning, right, total):
  found = scipy.stats.binomtest(int(right), int(total)).proportion_ci(method='wilson')
  return {'title': title, 'meaning': meaning, 'value': f'{100 * right / total:.1f}%',
          'interval': f'{100 * found.low:.1f}% to {100 * found.high:.1f}%',
          'floor': '', 'words': f'{right} of {total}'}


def _of_segmenter(source, workdir):
  """Returns the figures of its test, with the interval of pixel AP, if it was tested."""
  del source
  report, notes = segmenters.tested(workdir)
  if not report:
    return {'figures': [], 'cautions': notes}
  return {'figures': [
      *(_figure(report['figures'], name, title) for name, title in figures.TITLES.items()),
      *(_figure(row, 'pixel_ap', f'pixel AP of {name}')
        for name, row in report['of_classes'].items())], 'cautions': notes}


def _figure(row, name, title):
  low, high = row['interval']
  return {'title': title, 'meaning': figures.MEANINGS[name],
          'value': 'not known' if row[name] is None else f'{row[name]:.3f}',
          'interval': f'{low:.3f} to {high:.3f}' if name == 'pixel_ap' else '',
          'floor': '', 'words': f'{row["crops"]} with defects in {row["groups"]} groups'}


_QUALITY = {'generator': _of_gan, 'inspector': _of_inspector, 'segmenter': _of_segmenter}
