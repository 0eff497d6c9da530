"""Collects what is wrong in many files, so that a user hears of all of it at once."""

import contextlib

from pegan_jax.common.errors import UserError

_SHOWN = 10


class Several(UserError):
  """Holds more than one problem; its text has a line for each.

  Attributes:
    problems: the sentences.
  """

  def __init__(self, problems):
    super().__init__(problems.text())
    self.problems = list(problems)


class Problems(list):
  """A list of sentences, none twice."""

  def add(self, problem):
    """Adds a sentence, or the text of an error."""
    if str(problem) not in self:
      self.append(str(problem))

  @contextlib.contextmanager
  def collected(self):
    """Adds the `UserError` that ends the work inside, or each of `Several`."""
    try:
      yield
    except Several as error:
      for problem in error.problems:
        self.add(problem)
    except UserError as error:
      self.add(error)

  def check(self):
    """Raises UserError if there is a problem, `Several` if there are more."""
    if self:
      raise Several(self) if len(self) > 1 else UserError(self.text())

  def text(self):
    """Returns the only problem, or a line for each of the first and how many more."""
    if len(self) < 2:
      return ''.join(self)
    more = [f'and {len(self) - _SHOWN} more'] if len(self) > _SHOWN else []
    return '\n  '.join([f'{len(self)} problems:', *self[:_SHOWN], *more])
