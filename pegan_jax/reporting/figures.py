"""The one way in which charts are made and saved."""

import contextlib
import io

from pegan_jax.common import files


@contextlib.contextmanager
def png(path, width, height):
  """Yields a matplotlib `Figure` to draw on, which is then put at `path`.

  Args:
    path: of the PNG file.
    width, height: in hundreds of pixels.

  Raises:
    OSError: it cannot be written; a file that was there is kept then.
  """
  # Here, so that nothing else waits for it: it takes a second to import.
  # pylint: disable=g-import-not-at-top
  import matplotlib
  from matplotlib.backends.backend_agg import FigureCanvasAgg
  from matplotlib.figure import Figure
  # Names are drawn as they are: a dollar in one is no mathematics.
  with matplotlib.rc_context({'text.parse_math': False}):
    canvas = Figure(figsize=(width, height), layout='constrained')
    FigureCanvasAgg(canvas)
    yield canvas
    drawn = io.BytesIO()
    canvas.savefig(drawn, format='png', dpi=100)
  files.write(path, drawn.getvalue())


def label(name):
  """A name for a legend, which leaves out those that begin with an underscore."""
  return f' {name}' if name.startswith('_') else name
