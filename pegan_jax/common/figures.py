"""Makes and saves charts."""

import contextlib
import io

from pegan_jax.common import files


@contextlib.contextmanager
def png(path, width, height):
  """Yields a matplotlib `Figure` to plot on, which is then saved at `path`.

  Args:
    path: path of the PNG file.
    width, height: size in hundreds of pixels.

  Raises:
    OSError: it cannot be written; an older file is then kept.
  """
  # A late import, as it takes a second and nothing else needs it.
  # pylint: disable=g-import-not-at-top
  import matplotlib
  from matplotlib.backends.backend_agg import FigureCanvasAgg
  from matplotlib.figure import Figure
  # A dollar in a name is not mathematics.
  with matplotlib.rc_context({'text.parse_math': False}):
    canvas = Figure(figsize=(width, height), layout='constrained')
    FigureCanvasAgg(canvas)
    yield canvas
    drawn = io.BytesIO()
    canvas.savefig(drawn, format='png', dpi=100)
  files.write(path, drawn.getvalue())


def label(name):
  """Returns a name for a legend, which would skip one with a leading underscore."""
  return f' {name}' if name.startswith('_') else name
