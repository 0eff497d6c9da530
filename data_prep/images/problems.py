"""Collects what is wrong in many files, so that a user hears of all of it at once."""

import contextlib

from pegan_jax.common.errors import by_kind, like_first, UserError

_SHOWN = 20  # Kinds.


class Several(UserError):
  """Holds more than one problem; its text has a line for each.

  Attributes:
    problems: the sentences.
  """

  def __init__(self, problems):
    super().__init__(problems.text())
    self.problems = list(problems)


class Misnamed(UserError):
  """Says that a folder cannot be read as it is named; `other_folders` seeks others.

  Attributes:
    said: the beginning of a sentence.
    advice: what to do, where no other folder does.
    flag: what names the folder, as 'images'.
    root: path of the folder.
    paths: of images in it, which the matter is of.
  """

  def __init__(self, said, advice, flag, root, paths=()):
    super().__init__(f'{said}: {advice}.')
    self.said, self.advice, self.flag = said, advice, flag
    self.root, self.paths = root, paths


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
    """Returns the only problem, or a line for the first of each kind.

    Below such a line it is said how many more there are, and the files of some.
    """
    if len(self) < 2:
      return ''.join(self)
    kinds = by_kind(self)
    lines = [f'{len(self)} problems:']
    for some in kinds[:_SHOWN]:
      lines += [some[0], f'  {like_first(some)}'][:len(some)]
    if other := sum(map(len, kinds[_SHOWN:])):
      lines.append(f'and {other} more of other kinds')
    return '\n  '.join(lines)
