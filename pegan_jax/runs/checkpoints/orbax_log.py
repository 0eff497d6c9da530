"""Hides the routine log lines of Orbax and TensorStore."""

import logging as std_logging
import os
import sys

from absl import logging
import orbax.checkpoint as ocp


def _is_news(record):
  """Returns whether to log a record: Orbax's own only at --verbosity=1.

  Orbax logs dozens of lines per save to absl's one logger, and tracebacks of the
  errors that it raises as well. After a failed write asyncio adds a long text for
  each array that TensorStore had not finished.
  """
  return logging.vlog_is_on(1) or not (
      record.pathname.startswith(os.path.dirname(ocp.__file__))
      or record.name == 'asyncio' and 'OCDBT database' in record.getMessage())


def _drop_closed_loop(unraisable, otherwise=sys.unraisablehook):
  """Drops the tracebacks of arrays that were under way when a read or write failed.

  Orbax raises the first error and closes its event loop under the rest.
  """
  if str(unraisable.exc_value) != 'Event loop is closed':
    otherwise(unraisable)


def quieten():
  """Filters the log from here on."""
  logging.get_absl_logger().addFilter(_is_news)
  std_logging.getLogger('asyncio').addFilter(_is_news)
  sys.unraisablehook = _drop_closed_loop
