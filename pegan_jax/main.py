"""python -m pegan_jax.main --config configs/pegan.py --workdir runs/x"""

import os
import signal
import sys

from absl import app, flags, logging
from ml_collections import config_flags

from pegan_jax.errors import UserError

_CONFIG = config_flags.DEFINE_config_file('config', None, 'File of the run.')
_WORKDIR = flags.DEFINE_string('workdir', None, 'Folder of the run.')
_MODE = flags.DEFINE_enum(
    'mode', 'train',
    ['train', 'generate', 'evaluate', 'inspect', 'demo', 'compare'],
    'What to do.')
_DISTRIBUTED = flags.DEFINE_bool(
    'distributed', False, 'Train with all processes of a job (Slurm, Open MPI, '
    'Kubernetes, Cloud TPU, or those named by the next three flags).')
_COORDINATOR = flags.DEFINE_string(
    'coordinator', None, 'HOST:PORT of process 0, for --distributed.')
_PROCESS_COUNT = flags.DEFINE_integer(
    'process_count', None, 'Processes of the job, for --distributed.')
_PROCESS_ID = flags.DEFINE_integer(
    'process_id', None, 'Which of them this is, from 0, for --distributed.')
flags.mark_flags_as_required(['config', 'workdir'])


def _run(argv):
  if len(argv) > 1:
    raise UserError(f'unexpected argument {argv[1]!r}: flags begin with --')
  # After the flags are parsed, so that a wrong one is said at once.
  # pylint: disable=g-import-not-at-top
  from pegan_jax import allocator
  allocator.keep_pages()
  import jax
  from pegan_jax import compare, compilation, demo, distributed, evaluate
  from pegan_jax import generate, train
  compilation.keep()
  from pegan_jax.inspection import inspector
  modes = {'train': train.train, 'generate': generate.generate,
           'evaluate': evaluate.evaluate, 'inspect': inspector.inspect,
           'demo': demo.demo, 'compare': compare.compare}
  kind = ('compare' if 'methods' in _CONFIG.value else
          'train' if 'method' in _CONFIG.value else 'inspect')
  if kind != (_MODE.value if _MODE.value in ('compare', 'inspect') else 'train'):
    raise UserError('--mode inspect goes with configs/inspect.py, compare with '
                    'configs/compare.py, and every other mode with the config '
                    'of a GAN')
  _join()
  try:
    modes[_MODE.value](_CONFIG.value, _WORKDIR.value)
  except train.Interrupted as e:
    return 128 + e.signum
  except (jax.errors.JaxRuntimeError, ValueError, UserError) as e:
    if (lost := distributed.lost_process(e)) is None:
      raise
    distributed.leave(lost)
  return 0


def _join():
  explicit = (_COORDINATOR.value, _PROCESS_COUNT.value, _PROCESS_ID.value)
  if not _DISTRIBUTED.value:
    if any(x is not None for x in explicit):
      raise UserError('--coordinator, --process_count and --process_id go with '
                      '--distributed')
    return
  if _MODE.value in ('inspect', 'demo', 'compare'):
    raise UserError('--distributed goes with the modes train, generate and evaluate')
  from pegan_jax import distributed  # pylint: disable=g-import-not-at-top
  distributed.start(*explicit)


def _parse_flags(argv):
  try:
    rest = flags.FLAGS(argv)
    _CONFIG.value.to_dict()  # A file that failed to load fails here.
    return rest
  except (flags.Error, KeyError, AttributeError, TypeError, ValueError, OSError) as e:
    # A key that the config does not have: a KeyError, or an AttributeError of one.
    key = next((x for x in (e, *e.args) if isinstance(x, KeyError)), None)
    text = f'no such config key: {key.args[0]}' if key else str(e).strip()
    if 'Traceback' in text:  # A config's own error: the whole of it is in there.
      text = f'--config: {text.splitlines()[-1]}'
    raise UserError(_one_line(text)) from e


def _fail(text):
  print(f'error: {_one_line(text)}', file=sys.stderr, flush=True)
  if flags.FLAGS.is_parsed() and _DISTRIBUTED.value:
    os._exit(2)  # An orderly end would wait for the other processes.
  sys.exit(2)


def _one_line(text):
  return ' '.join(str(text).split())


def main(mode='train'):
  """Runs; what a user can mend is one line on standard error and status 2.

  Args:
    mode: what to do where --mode is not given.
  """
  flags.set_default(_MODE, mode)
  logging.set_verbosity(logging.WARNING)
  try:
    app.run(_run, flags_parser=_parse_flags)
  except UserError as e:
    _fail(e)
  except OSError as e:  # A full disk, a folder's rights.
    _fail(f'{e.filename or _WORKDIR.value}: {e.strerror or e}')
  except KeyboardInterrupt:  # Outside the loop, where nothing is to be saved.
    sys.exit(128 + signal.SIGINT)


if __name__ == '__main__':
  main()
