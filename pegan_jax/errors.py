"""The one exception that a user sees as a sentence instead of a traceback."""


class UserError(Exception):
  """Something that the user can mend: bad input, a bad flag, a full disk.

  The message is one sentence: what is wrong, where, and what to do. The
  command-line programs print it to standard error and exit with a status of 2.
  """
