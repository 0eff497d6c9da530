"""--mode studio: opens a local page where defects are drawn on clean images."""

import importlib.util
import pathlib
import socket
import tempfile

from pegan_jax import methods
from pegan_jax.common import terminal
from pegan_jax.common.errors import check_value, UserError
from pegan_jax.generation import settings
from pegan_jax.generation.studio.artist import Artist
from pegan_jax.generation.studio.gallery import Gallery
from pegan_jax.generation.studio.session import Session
from pegan_jax.runs.restore import restore
from pegan_jax.runs.run import Run

_HOST = '127.0.0.1'  # For this machine alone.


def studio(config, workdir):
  """Serves the page until it is interrupted.

  Args:
    config: the run's configuration; `studio` and `generate` hold what concerns this.
    workdir: has the checkpoints; gets studio/ with what is exported.

  Jobs that are kept and not exported are exported at the end.

  Raises:
    UserError: the extra is not installed, the method takes no regions, bad settings, no
      checkpoint, no clean images, or a port that is taken.
  """
  if not methods.get(config.method).layout.placed:
    placed = [name for name, method in methods.METHODS.items() if method.layout.placed]
    raise UserError(f'{config.method} is told no regions: --mode studio goes with runs of '
                    + ' and '.join(placed))
  if not importlib.util.find_spec('nicegui'):
    raise UserError("--mode studio needs more packages: pip install 'pegan_jax[studio]'")
  if config.generate.jobs:
    raise UserError('--mode studio writes job files and reads none: leave out '
                    '--config.generate.jobs')
  check_value('studio.port', config.studio.port, 0 <= config.studio.port < 2**16,
              'from 0, which stands for any free one, to 65535')
  with _listening(config.studio.port) as listening, tempfile.TemporaryDirectory() as folder:
    run = Run(config, workdir)
    settings.check(run)
    gallery = Gallery(run, pathlib.Path(folder))
    # Those of the job files.
    config.generate.frames = config.generate.backgrounds = ''
    restored = restore(run, config.generate.checkpoint)
    session = Session(run, restored.step, gallery, Artist(run, restored))
    try:
      _serve(session, listening)
    finally:
      if not session.exported:
        terminal.say(f'the jobs that were kept are in {session.export()[0]}', always=True)


def _listening(port):
  """Returns a socket that listens; taken before the work, so that its absence is said."""
  try:
    return socket.create_server((_HOST, port))
  except OSError as e:
    raise UserError(f'port {port} of {_HOST} cannot be used ({e.strerror}): choose another '
                    'with --config.studio.port, or 0 for any free one') from e


def _serve(session, listening):
  # pylint: disable=g-import-not-at-top
  import fastapi
  from nicegui import ui
  import uvicorn

  from pegan_jax.generation.studio import guard, page
  app = fastapi.FastAPI(openapi_url=None)
  ui.page('/', title='pegan_jax studio', dark=None)(lambda: page.Page(session).build())
  # A computer that compiles may not answer for a while.
  ui.run_with(app, reconnect_timeout=60, tailwind=False, show_welcome_message=False)
  port = listening.getsockname()[1]
  terminal.say(f'the studio is open at http://{_HOST}:{port}/; Ctrl-C closes it',
               always=True)
  terminal.quiet()  # Whatever it says of a drawing, the page says.
  uvicorn.Server(uvicorn.Config(
      guard.Guard(app), log_level='warning', timeout_graceful_shutdown=1)).run([listening])
