"""The one exception that a user sees as a sentence instead of a traceback."""


class UserError(Exception):
  """Something that the user can mend: bad input, a bad flag, a full disk.

  The message is one sentence: what is wrong, where, and what to do. The
  command-line programs print it to standard error and exit with a status of 2.
  """


def reason(error):
  """What a library's error says, on one line and without Python's words."""
  text = getattr(error, 'strerror', None) or str(error)
  return text.strip().splitlines()[0][:200] if text.strip() else 'no reason is given'
