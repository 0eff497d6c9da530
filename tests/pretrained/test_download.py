"""Downloads, from a server that does what servers do wrong."""

import hashlib
import http.server
import sys
import threading
import urllib.error
import urllib.request

import pytest

from pegan_jax.common.errors import UserError
from pegan_jax.pretrained import weights

_BODY = bytes(range(256)) * 3000
_SHA256 = hashlib.sha256(_BODY).hexdigest()


class _Handler(http.server.BaseHTTPRequestHandler):
  """Serves one body; the path says what goes wrong."""

  def do_GET(self):
    self.server.asked.append(self.path)
    if self.path == '/missing':
      self.send_error(404)
      return
    if self.path == '/broken':
      self.send_error(500)
      return
    if self.path == '/silent':
      return  # Closes the connection without a word.
    if self.path == '/moved':
      self.send_response(302)
      self.send_header('Location', '/good')
      self.end_headers()
      return
    self.send_response(200)
    if self.path != '/unsized':
      self.send_header('Content-Length', str(len(_BODY)))
    self.end_headers()
    self.wfile.write(_BODY[:100_000] if self.path == '/cut' else _BODY)

  def log_message(self, *args):
    pass


@pytest.fixture(scope='module')
def server():
  with http.server.ThreadingHTTPServer(('127.0.0.1', 0), _Handler) as server:
    server.asked = []
    thread = threading.Thread(
        target=server.serve_forever, kwargs={'poll_interval': 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
  """An empty cache for each test, and no way out to a network."""
  monkeypatch.setenv('PEGAN_CACHE', str(tmp_path / 'cache'))
  monkeypatch.delenv('PEGAN_INCEPTION_WEIGHTS', raising=False)
  monkeypatch.setenv('no_proxy', '*')
  opened = urllib.request.urlopen

  def local(url, **kwargs):
    assert url.startswith('http://127.0.0.1:'), url
    return opened(url, **kwargs)

  monkeypatch.setattr(urllib.request, 'urlopen', local)
  return tmp_path / 'cache' / 'weights'


@pytest.fixture
def source(server):
  """Makes a Source whose address misbehaves as its path says."""
  server.asked.clear()
  port = server.server_address[1]

  def make(path, sha256=_SHA256[:8]):
    return weights.Source('Net', 'net.pth', f'http://127.0.0.1:{port}/{path}',
                          sha256, '--network other works offline')
  return make


@pytest.mark.parametrize('path', ['good', 'unsized', 'moved'])
def test_download(source, server, cache, capsys, path):
  got = weights.download(source(path))
  assert got == cache / 'net.pth' and got.read_bytes() == _BODY
  assert [p.name for p in cache.iterdir()] == ['net.pth']
  lines = capsys.readouterr().err.splitlines()
  assert len(lines) == 1 and f'/{path} to {got}' in lines[0]
  asked = len(server.asked)
  assert weights.download(source(path)) == got  # Once.
  assert len(server.asked) == asked


def test_a_bar_on_a_terminal(source, monkeypatch, capsys):
  monkeypatch.setattr(sys.stderr, 'isatty', lambda: True)
  weights.download(source('good'))
  assert '100%' in capsys.readouterr().err


@pytest.mark.parametrize('path,words', [
    ('missing', 'the server said 404'),
    ('broken', 'the server said 500'),
    ('cut', 'the connection broke off'),
    ('silent', 'without response'),
])
def test_what_a_server_does_wrong(source, cache, path, words):
  with pytest.raises(UserError, match=words) as e:
    weights.download(source(path))
  message = str(e.value)
  assert '\n' not in message
  for part in (source(path).url, str(cache / 'net.pth'), _SHA256[:8],
               '--network other works offline'):
    assert part in message
  assert not cache.exists()


def test_nobody_there(source, cache):
  with http.server.HTTPServer(('127.0.0.1', 0), _Handler) as gone:
    port = gone.server_address[1]
  with pytest.raises(UserError, match='refused.*works offline'):
    weights.download(source('')._replace(url=f'http://127.0.0.1:{port}/x'))
  assert not cache.exists()


def test_no_name_service(source, monkeypatch):
  def offline(*args, **kwargs):
    raise urllib.error.URLError(
        OSError(-3, 'Temporary failure in name resolution'))
  monkeypatch.setattr(urllib.request, 'urlopen', offline)
  with pytest.raises(UserError, match='name resolution; put the file'):
    weights.download(source('good'))


def test_a_wrong_checksum_is_not_kept(source, cache):
  with pytest.raises(UserError, match=f'{_SHA256[:16]}.*expected 01234567'):
    weights.download(source('good', '01234567'))
  assert not cache.exists()


def test_the_name_is_given_after_the_check(source, cache, monkeypatch):
  """Whatever stops the program, no unchecked file bears the name."""
  def stop(*args, **kwargs):
    assert [p.suffix for p in cache.iterdir()] == ['.part']
    raise KeyboardInterrupt
  monkeypatch.setattr(weights.os, 'replace', stop)
  with pytest.raises(KeyboardInterrupt):
    weights.download(source('good'))
  assert list(cache.iterdir()) == []


def test_a_folder_that_cannot_be_written(source, cache):
  cache.parent.write_text('')
  with pytest.raises(UserError, match='cannot write .*set PEGAN_CACHE'):
    weights.download(source('good'))


def test_inception_is_downloaded_and_checked(source, cache, monkeypatch):
  monkeypatch.setattr(weights, 'INCEPTION', source('good'))
  path = weights.inception_weights()
  assert path.read_bytes() == _BODY
  assert weights.inception_weights() == path
  path.write_bytes(_BODY[:-1])
  with pytest.raises(UserError, match=f'expected {_SHA256[:8]}.*delete it'):
    weights.inception_weights()
  assert weights.inception_weights(path) == path
