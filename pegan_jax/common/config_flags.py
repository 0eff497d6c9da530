"""Reads the config that --config names, and the values that --config.KEY gives it."""

import os
import re
import traceback

from absl import flags as absl_flags
from ml_collections import config_flags, ConfigDict

from pegan_jax.common import config_files
from pegan_jax.common.errors import listed, UserError


def load(given, arguments):
  """Loads a config and gives it what flags say.

  Args:
    given: what --config names, as `config_files.find` takes it.
    arguments: the flags --config.KEY=VALUE.

  Returns:
    The `ConfigDict`, a leading ~ in its paths expanded, and the dotted keys that flags gave
    values.

  Raises:
    UserError: there is no such config, its file fails, or a flag does not fit it.
  """
  if any(re.match('--?flagfile', argument) for argument in arguments):
    raise UserError('--flagfile is not taken: write the flags out')
  path = config_files.find(given)
  argv = ['pegan_jax.main', f'--config={path}', *arguments]
  values = absl_flags.FlagValues()
  config_flags.DEFINE_config_file(
      'config', None, '', flag_values=values, sys_argv=argv)
  config_files.use()
  try:
    stray = values(argv)[1:]
  except Exception as e:  # A config is a program, and may fail in any way.
    raise UserError(_why(e, given.split(':')[0], path.split(':')[0], argv[:2])) from e
  if stray:
    raise UserError(f'unexpected argument {stray[0]!r}: flags begin with --')
  if not isinstance(values.config, ConfigDict):
    raise UserError(f'--config {given}: its get_config must return a ConfigDict')
  _expand(values.config)
  return values.config, set(values['config'].override_values)


def _expand(config):
  """Expands ~ in paths, and in lists of paths by commas: a shell leaves it there."""
  for key, value in config.items():
    if isinstance(value, ConfigDict):
      _expand(value)
    elif isinstance(value, str) and '~' in value:
      config[key] = ','.join(map(os.path.expanduser, value.split(',')))


def _deeper(said, argv):
  """Returns where a key that the config lacks lies deeper in it, as advice, or ''."""
  values = absl_flags.FlagValues()
  config_flags.DEFINE_config_file(
      'config', None, '', flag_values=values, sys_argv=argv)
  values(argv)
  name = re.match(r'\W*(\w*)', said)[1]
  places = [place for place in _places(values.config)
            if place.split('.')[-1] == name and place != name]
  return f": did you mean {listed(['--config.' + place for place in places])}?" if (
      places) else ''


def _places(config):
  """Yields the dotted keys of a config's settings."""
  for key, value in config.items():
    if isinstance(value, ConfigDict):
      yield from (f'{key}.{place}' for place in _places(value))
    else:
      yield key


# Python's messages about a value that does not fit, and what they mean.
_MEANT = ((r'invalid literal for int\(\) with base 10: .*',
           'it must be a whole number'),
          (r'could not convert string to float: .*', 'it must be a number'),
          (r'.*Non-boolean argument.*', 'it must be true or false'),
          (r'.* is not a dict.', 'it is a group of settings: set them one by one'))


def _why(error, given, path, argv):
  """Returns why flags do not parse, where --config is `given`, the file `path`.

  `argv` has this flag alone.
  """
  text = str(error).strip()
  if 'get_config() takes 0 positional arguments' in text:
    return f'--config {given}: it has no scales: leave out what follows the colon'
  if 'Traceback' in text:  # A ValueError that a config raised.
    return f'--config {given}: {text.splitlines()[-1].partition(": ")[2]}'
  if "attribute 'get_config'" in text:
    return f'--config {given}: it has no function get_config'
  if isinstance(error, SyntaxError):
    return f'--config {given}: {error.msg} in line {error.lineno} of {error.filename}'
  if path in [x.filename for x in traceback.extract_tb(error.__traceback__)]:
    return f'--config {given}: ' + (
        f'there is no key {text}' if isinstance(error, KeyError) else text)
  # A key that the config lacks: a KeyError, or an AttributeError that holds one.
  key = next((x for x in (error, *error.args) if isinstance(x, KeyError)), None)
  if key:
    said = str(key.args[0])
    return f'no such config key: {said}{_deeper(said, argv)}'
  head, colon, value = text.partition(': ')
  for pattern, meant in _MEANT:
    value = re.sub(pattern, meant, value)
  return head + colon + value
