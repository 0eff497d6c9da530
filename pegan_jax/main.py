"""python -m pegan_jax.main --config configs/pegan.py --workdir runs/x"""

import importlib
import os
import re
import signal
import sys
import traceback

from absl import app, flags, logging
from ml_collections import config_flags, ConfigDict

from pegan_jax.common import command_line, config_files
from pegan_jax.common.errors import Interrupted, UserError

# The module of each mode, which has a function of the mode's name.
_MODES = {
    'train': 'pegan_jax.training.train',
    'generate': 'pegan_jax.generation.generate',
    'evaluate': 'pegan_jax.metrics.evaluate',
    'match': 'pegan_jax.metrics.match',
    'inspect': 'pegan_jax.inspection.inspector',
    'compare': 'pegan_jax.compare',
    'demo': 'pegan_jax.demo',
}

_CONFIG = config_flags.DEFINE_config_file('config', None, 'File of the run.')
_WORKDIR = flags.DEFINE_string('workdir', None, 'Folder of the run.')
_MODE = flags.DEFINE_enum(
    'mode', 'train', list(_MODES), 'What to do.')
_DISTRIBUTED = flags.DEFINE_bool(
    'distributed', False, 'Train with all processes of a job (Slurm, Open MPI, '
    'Kubernetes, Cloud TPU, or those named by the next three flags).')
_COORDINATOR = flags.DEFINE_string(
    'coordinator', None, 'HOST:PORT of process 0, for --distributed.')
_PROCESS_COUNT = flags.DEFINE_integer(
    'process_count', None, 'Processes of the job, for --distributed.')
_PROCESS_ID = flags.DEFINE_integer(
    'process_id', None, 'Which of them this is, from 0, for --distributed.')
flags.mark_flags_as_required(['config'])


def _run(argv):
  if len(argv) > 1:
    raise UserError(f'unexpected argument {argv[1]!r}: flags begin with --')
  kind = ('compare' if 'methods' in _CONFIG.value else
          'train' if 'method' in _CONFIG.value else 'inspect')
  if kind != (_MODE.value if _MODE.value in ('compare', 'inspect') else 'train'):
    raise UserError('--mode inspect goes with configs/inspect.py, compare with '
                    'configs/compare.py, and every other mode with the config '
                    'of a GAN')
  if _WORKDIR.value is None and not (
      _MODE.value == 'match' and _CONFIG.value.data_dir):
    raise UserError('--workdir is missing: name the folder of the run')
  explicit = _explicit_job()
  # After the flags, so that a wrong one is said at once: JAX takes seconds.
  # pylint: disable=g-import-not-at-top
  from pegan_jax.common.runtime import allocator
  allocator.keep_pages()
  import jax
  from pegan_jax.common.runtime import compilation, distributed
  compilation.keep()
  if _DISTRIBUTED.value:
    # An orderly end would wait for the other processes, as long as they live.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    distributed.start(*explicit)
  mode = getattr(importlib.import_module(_MODES[_MODE.value]), _MODE.value)
  try:
    mode(_CONFIG.value, _WORKDIR.value)
  except Interrupted as e:
    return 128 + e.signum
  except (jax.errors.JaxRuntimeError, ValueError, UserError) as e:
    if (lost := distributed.lost_process(e)) is None:
      raise
    distributed.leave(lost)
  return 0


def _explicit_job():
  """The three flags that say who takes part, checked against the others."""
  explicit = (_COORDINATOR.value, _PROCESS_COUNT.value, _PROCESS_ID.value)
  if not _DISTRIBUTED.value:
    if any(x is not None for x in explicit):
      raise UserError('--coordinator, --process_count and --process_id go with '
                      '--distributed')
  elif _MODE.value not in ('train', 'generate', 'evaluate'):
    raise UserError('--distributed goes with the modes train, generate and evaluate')
  return explicit


def _parse_flags(argv):
  config_files.use()
  argv = [*map(config_files.find, argv)]
  path = _config_path(argv)
  if path and not os.path.isfile(path):
    raise UserError(f'--config {path}: there is no such file')
  try:
    rest = flags.FLAGS(argv)
  except Exception as e:  # A config is a program, and may fail in any way.
    raise UserError(_why(e, path)) from e
  if not isinstance(_CONFIG.value, ConfigDict):
    raise UserError(f'--config {path}: its get_config must return a ConfigDict')
  return rest


def _config_path(argv):
  """What --config names, without its scale."""
  for argument, following in zip(argv, [*argv[1:], '']):
    found = re.fullmatch(r'--?config(?:=(.*))?', argument)
    if found:
      return (following if found[1] is None else found[1]).split(':')[0]
  return ''


# What Python says of a value that does not fit, and what is meant.
_MEANT = ((r'invalid literal for int\(\) with base 10: .*',
           'it must be a whole number'),
          (r'could not convert string to float: .*', 'it must be a number'),
          (r'.*Non-boolean argument.*', 'it must be true or false'),
          (r'.*a value other than None.', 'it must be given'),
          (r'.* is not a dict.', 'it is a group of settings: set them one by one'))


def _why(error, path):
  """Why flags do not parse; `path` is the config's."""
  text = str(error).strip()
  if 'Traceback' in text:  # A ValueError of a config's own: the whole of it.
    return f'--config {path}: {text.splitlines()[-1].partition(": ")[2]}'
  if "attribute 'get_config'" in text:
    return f'--config {path}: it has no function get_config'
  if isinstance(error, SyntaxError):
    return f'--config {path}: {error.msg} in line {error.lineno} of {error.filename}'
  if path in [x.filename for x in traceback.extract_tb(error.__traceback__)]:
    return f'--config {path}: ' + (
        f'there is no key {text}' if isinstance(error, KeyError) else text)
  # A key that the config does not have: a KeyError, or an AttributeError of one.
  key = next((x for x in (error, *error.args) if isinstance(x, KeyError)), None)
  if key:
    return f'no such config key: {key.args[0]}'
  head, colon, value = text.partition(': ')
  for pattern, meant in _MEANT:
    value = re.sub(pattern, meant, value)
  return head + colon + value


def main():
  """Runs and exits; what a user can mend is one line on standard error."""
  logging.set_verbosity(logging.WARNING)
  status = command_line.run(
      lambda: app.run(_run, flags_parser=_parse_flags),
      'what was saved is kept, and the same command goes on from there',
      '--config.batch_size, --config.width or --config.cache_mb')
  if status == 2 and flags.FLAGS.is_parsed() and _DISTRIBUTED.value:
    os._exit(status)  # An orderly end would wait for the other processes.
  sys.exit(status)


if __name__ == '__main__':
  main()
