"""Runs every stage from the command line: flags, modes and exit status.

  python -m pegan_jax.main --config pegan --workdir runs/x --config.data_dir=data/mine
"""

import faulthandler
import importlib
import os
import signal
import sys
from typing import NamedTuple

from absl import logging
from ml_collections import ConfigDict

from pegan_jax.common import command_line, config_files, config_flags, terminal
from pegan_jax.common.errors import Interrupted, listed, UserError
from pegan_jax.runs import own_settings


class _Mode(NamedTuple):
  """A mode of the command line.

  Attributes:
    module: module under pegan_jax, with a function (config, workdir).
    help: what the mode does.
    own: name of the config that the mode takes by default, where it takes none of a GAN.
    function: the function's name; '' is the mode's.
    distributed: whether several processes can run it together.
    of_run: whether it is about a trained run, whose settings it then takes.
  """
  module: str
  help: str
  own: str = ''
  function: str = ''
  distributed: bool = False
  of_run: bool = False


MODES = {
    'all': _Mode('pipeline.stages', 'runs all stages, from folders of images to a page; '
                 'takes the flags of data_prep.build, but --out', 'quick', 'run'),
    'train': _Mode('training.train', 'trains a GAN, or resumes its training (the default)',
                   distributed=True),
    'generate': _Mode('generation.generate', 'writes images, masks and boxes',
                      distributed=True, of_run=True),
    'evaluate': _Mode('metrics.evaluate', 'compares generated images with real ones',
                      distributed=True, of_run=True),
    'match': _Mode('metrics.match', 'finds which classes go with which background; '
                   'PE-GAN+ does this by itself'),
    'studio': _Mode('generation.studio.serve', 'opens a page to draw defects by hand, '
                    'for a job file', of_run=True),
    'report': _Mode('reporting.report', 'writes a page of what there is: report.html',
                    of_run=True),
    'compare': _Mode('compare', 'trains and evaluates several methods', 'compare'),
    'study': _Mode('inspection.tasks', 'says whether generated images help an inspector',
                   'study'),
    'inspect': _Mode('inspection.tasks', 'trains an inspector: which defect, or where',
                     'inspect'),
    'predict': _Mode('inspection.tasks', 'names defects in images, or finds them',
                     'predict'),
    'export': _Mode('reporting.export.export', 'writes a trained run as ONNX and StableHLO',
                    'export'),
}
# The first of these keys in a config tells which mode the config is for.
_KEYS = {'methods': 'compare', 'build': 'all', 'method': 'train',
         'fractions': 'study', 'images': 'predict', 'augment': 'inspect',
         'tried': 'export'}


def _parser():
  """Returns the parser of all flags but --config.KEY."""
  own, of_run = (', '.join(name for name, mode in MODES.items() if getattr(mode, kind))
                 for kind in ('own', 'of_run'))
  parser = command_line.Parser(
      prog='python -m pegan_jax.main',
      usage='%(prog)s --mode MODE --config CONFIG --workdir DIR [--config.KEY=VALUE ...]',
      epilog='modes:\n' + '\n'.join(
          f'  {name:10}{mode.help}' for name, mode in MODES.items()))
  add = parser.add_argument
  add('--mode', nargs='?', const='', default='train', help='the stage to run, see below')
  add('--config', help=f'''the settings: a name, with a scale where it has some
      (dcgan:paper), or the path of a file, such as configs/pegan.py or your own. Names are
      {', '.join(config_files.names())}. Modes {own} use one of their own by default,
      modes {of_run} the settings of the run in the workdir.
      --config.KEY=VALUE gives a key of it a new value, such as --config.batch_size=8; the
      file of the config explains its keys''')
  add('--workdir', help='''folder of the run; a run that is there is resumed. --mode match
      does not need it if --config.data_dir is given''')
  add('--distributed', action='store_true', help='''runs in all processes of a job together
      (train, generate and evaluate): those of Slurm, Open MPI, Kubernetes or Cloud TPU, or
      those that the next three flags name''')
  add('--coordinator', help='HOST:PORT of process 0')
  add('--process_count', type=int, help='number of processes')
  add('--process_id', type=int, help='number of this process, from 0')
  return parser


class _Command(NamedTuple):
  """A valid command line.

  Attributes:
    job: the arguments of `distributed.start`, or None.
    note: a line for the user, or ''.
  """
  mode: str
  config: ConfigDict
  workdir: str | None
  job: tuple | None
  note: str


def parse(arguments):
  """Checks the command line without loading JAX, which takes seconds.

  Args:
    arguments: list of what follows the program's name.

  Returns:
    A `_Command`.

  Raises:
    UserError: the message names the flag, the mode or the key that is wrong.
  """
  flags, rest = _parser().parse_known_args(arguments)
  mode = flags.mode
  if mode not in MODES:
    raise UserError(f'--mode {mode}: choose from {", ".join(MODES)}')
  workdir = os.path.expanduser(flags.workdir or '')
  noted = own_settings.read(workdir) if workdir and MODES[mode].of_run else None
  given = flags.config or MODES[mode].own or noted and _config_of(noted)
  if not given:
    if MODES[mode].of_run and workdir:
      raise UserError(f'no run in {workdir!r}: train one with this --workdir first, or '
                      'name the config of an older one with --config')
    raise UserError('--config is missing: name a method, as in --config pegan')
  options, rest = _build_flags(rest) if mode == 'all' else ({}, rest)
  config, keys = config_flags.load(given, rest)
  _check_kind(mode, given, config)
  if options:
    with config.unlocked():
      config.build.update(options)
  if not workdir and not (mode == 'match' and config.data_dir):
    raise UserError('--workdir is missing: name the folder of the run')
  note = noted and _take(config, noted, keys, flags.config, workdir)
  return _Command(mode, config, workdir or None, _job(mode, flags), note or '')


def _build_flags(arguments):
  """Returns the arguments of `data_prep.build` that flags give, and the other flags."""
  from data_prep import options as build_options  # Only here, as no other mode needs it.
  parser = command_line.Parser(prog='python -m pegan_jax.main', add_help=False)
  build_options.add_flags(parser, only_given=True)
  flags, rest = parser.parse_known_args(arguments)
  options = vars(flags)
  if 'out' in options:
    raise UserError('--out goes with data_prep.build: --mode all builds in '
                    'WORKDIR/dataset')
  return options, rest


def _config_of(noted):
  """Returns the name of the config of ours that a run's noted settings have the keys of."""
  return noted['method'] if noted['method'] in config_files.names() else None


def _take(config, noted, keys, given, workdir):
  """Gives a config the settings of the run in the workdir; returns a line about it."""
  if config.method != noted['method']:
    raise UserError(f'--config {given}: the run in {workdir!r} is of method '
                    f'{noted["method"]}: leave --config out')
  changed = own_settings.take(config, noted, keys, all_keys=not given)
  if not given:
    changed.insert(0, f'method {config.method}')
  return changed and f'as the run in {workdir!r} was trained: {listed(changed, 12)}'


def _check_kind(mode, given, config):
  """Raises UserError where the config is for another mode."""
  kind = next((kind for key, kind in _KEYS.items() if key in config), None)
  own = MODES[mode].own
  if kind != (mode if own else 'train'):
    wanted = f'--config {own}' if own else 'the config of a GAN, such as --config pegan'
    raise UserError(f'--mode {mode} goes with {wanted}; --config {given} ' + (
        f'goes with --mode {kind}' if kind else 'is derived from none of ours'))


def _job(mode, flags):
  """Returns the values of the flags for a job of several processes, or None."""
  job = flags.coordinator, flags.process_count, flags.process_id
  given = [x is not None for x in job]
  if not flags.distributed:
    if any(given):
      raise UserError('--coordinator, --process_count and --process_id go with '
                      '--distributed')
    return None
  if not MODES[mode].distributed:
    raise UserError('--distributed goes with the modes train, generate and evaluate')
  if any(given) != all(given):
    raise UserError('--coordinator, --process_count and --process_id go together')
  return job


def _run(command):
  """Runs the command from `parse`; returns the exit status."""
  faulthandler.enable(2)
  # pylint: disable=g-import-not-at-top
  with command_line.loading():
    from pegan_jax.common.runtime import allocator
    allocator.keep_pages()
    import jax
    from pegan_jax.common.runtime import compilation, distributed
  compilation.keep()
  if command.job:
    # An orderly exit would wait for the other processes, as long as they live.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    distributed.start(*command.job)
  if command.note:
    terminal.say(command.note)
  name, config, workdir = command[:3]
  with command_line.loading():
    module = importlib.import_module(f'pegan_jax.{MODES[name].module}')
  try:
    arguments = [config, workdir]
    if name == 'generate':  # Generation cannot import matching, which builds on it.
      from pegan_jax.metrics import match
      arguments.append(match.ensure_to_sample)
    getattr(module, MODES[name].function or name)(*arguments)
  except Interrupted as e:
    return 128 + e.signum
  except (jax.errors.JaxRuntimeError, ValueError, UserError) as e:
    if (lost := distributed.lost_process(e)) is None:
      raise
    distributed.leave(lost)
  return 0


def main(arguments=None):
  """Runs the command line; returns the exit status.

  A mistake of the user becomes one line on standard error.
  """
  arguments = sys.argv[1:] if arguments is None else arguments
  logging.use_absl_handler()
  logging.set_verbosity(logging.WARNING)
  command = None

  def action():
    nonlocal command
    command = parse(arguments)
    return _run(command)

  status = command_line.run(
      action, 'what was saved is kept: run the same command again',
      '--config.batch_size, --config.width or, for a GAN, --config.cache_mb')
  if status == 2 and command and command.job:
    os._exit(status)  # An orderly exit would wait for the other processes.
  return status


if __name__ == '__main__':
  STATUS = main()
  if STATUS > 128:  # By a signal: XLA may still compile, and an orderly exit would crash.
    os._exit(STATUS)
  sys.exit(STATUS)
