"""Answers the page's own requests only."""

import urllib.parse

_HOSTS = ('127.0.0.1', 'localhost')


class Guard:
  """Refuses what another site sends, by its headers, before the page sees it.

  A browser says in Origin which site a request comes from. A site whose name was made to
  lead to this machine (DNS rebinding) has that name in Host.

  Args:
    app: an ASGI application.
  """

  def __init__(self, app):
    self._app = app

  async def __call__(self, scope, receive, send):
    if scope['type'] == 'lifespan' or _is_own(dict(scope['headers'])):
      await self._app(scope, receive, send)
    elif scope['type'] == 'websocket':
      await send({'type': 'websocket.close', 'code': 1008})
    else:
      await send({'type': 'http.response.start', 'status': 403,
                  'headers': [(b'content-type', b'text/plain')]})
      await send({'type': 'http.response.body',
                  'body': b'This page answers only itself, at 127.0.0.1 or localhost.'})


def _is_own(headers):
  host = headers.get(b'host', b'').decode('latin-1')
  try:
    known = urllib.parse.urlsplit(f'//{host}').hostname in _HOSTS
  except ValueError:
    return False
  origin = headers.get(b'origin', f'http://{host}'.encode('latin-1'))
  return known and origin == f'http://{host}'.encode('latin-1')
