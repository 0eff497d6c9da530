"""--mode report: makes a page of what a run's folder and its data set hold."""

import pathlib

import jinja2

from pegan_jax.common import files, terminal
from pegan_jax.common.errors import check_at_least, UserError
from pegan_jax.reporting import answer, commands, curves, data_set, next_steps
from pegan_jax.reporting import quality, samples, study
from pegan_jax.reporting.source import DAMAGED, Missing, Source

FILE = 'report.html'

# From top to bottom, below the answer.
PARTS = {'samples': samples, 'quality': quality, 'study': study, 'data_set': data_set,
         'curves': curves, 'commands': commands}
# The same parts in the order in which their stages run.
_STAGES = ('data_set', 'curves', 'samples', 'quality', 'study', 'commands')


def report(config, workdir):
  """Writes WORKDIR/report.html, and says what was not made yet.

  The page needs no other file and no network. A part whose stage was not run is left out,
  with the command that runs it; one whose files are damaged says so.

  Args:
    config: the run's configuration; `report` holds what concerns this.
    workdir: folder of the run.

  Returns:
    The path of the page.

  Raises:
    UserError: bad settings, a study named that is not there, nothing to report on, or the
      page cannot be written.
  """
  check_at_least('config.report.per_class', config.report.per_class, 1)
  source = Source(config, workdir)
  _check(source)
  parts, missing = [], {}
  for name, module in PARTS.items():
    part = {'name': name, 'title': module.TITLE, 'problem': ''}
    try:
      part |= _collected(module, source)
    except Missing as e:
      missing[name] = {'what': e.what, 'command': e.command}
      continue
    except UserError as e:
      part['problem'] = f'{str(e).rstrip(".")}.'
      terminal.say(f'note: {module.TITLE}: {e}')
    parts.append(part)
  missing = [missing[name] for name in sorted(missing, key=_STAGES.index)]
  page = _environment().get_template('page.html').render(
      workdir=str(source.workdir.resolve()), name=source.workdir.resolve().name,
      answer=_collected(answer, source),
      next_steps=next_steps.collect(source), parts=parts, missing=missing)
  out = source.workdir / FILE
  try:
    files.write(out, page)
  except OSError as e:
    raise UserError(f'{out} cannot be written: {(e.strerror or str(e)).lower()}') from e
  for lacking in missing:
    print(f'not on the page: {lacking["what"]} {lacking["command"]}')
  print(f'written to {out}')
  return out


def _check(source):
  """Raises UserError where there is nothing to make a page of."""
  if not source.workdir.is_dir():
    raise UserError(f'there is no folder {str(source.workdir)!r}: name that of a run with '
                    '--workdir')
  if source.config.report.study and not (source.study_dir / 'study.json').is_file():
    raise UserError(f'there is no study.json in {str(source.study_dir)!r}: name the folder '
                    'of a study with --config.report.study')
  if not (source.noted or source.data_dir.exists() or source.generated.exists()):
    raise UserError(f'there is no data set at {str(source.data_dir)!r} and no run in '
                    f'{str(source.workdir)!r}: build or train first')


def _collected(module, source):
  """Returns what a part shows; UserError where its files have something else in them."""
  try:
    return module.collect(source)
  except DAMAGED as e:
    raise UserError('its files are damaged or of another version '
                    f'({type(e).__name__}: {e}): run its stage again') from e


def _environment():
  """Returns the templates; what they are given is escaped, as names come from outside."""
  return jinja2.Environment(
      loader=jinja2.FileSystemLoader(pathlib.Path(__file__).parent / 'templates'),
      autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
      lstrip_blocks=True)
