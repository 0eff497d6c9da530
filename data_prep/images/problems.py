"""Collects what is wrong in many files, so that a user hears of all of it at once."""

import contextlib
import re

from pegan_jax.common.errors import UserError

_SHOWN = 10
# What differs between problems of one kind: names of files, numbers.
_NAMES = re.compile(r'\S*[/\d]\S*')


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
    """Returns the only problem, or a line for each of the first and how many more.

    Of each kind one is shown, and of the others it is said which they are like.
    """
    if len(self) < 2:
      return ''.join(self)
    kinds = {}
    for problem in self:
      kinds.setdefault(_NAMES.sub('', problem), []).append(problem)
    first = {some[0] for some in kinds.values()}
    shown = [problem for k, problem in enumerate(self) if k < _SHOWN or problem in first]
    shown = shown[:2 * _SHOWN]
    like = [(sum(problem not in shown for problem in some), shown.index(some[0]) + 1)
            for some in kinds.values() if some[0] in shown]
    left = [f'{n} like number {k} of these' for n, k in like if n]
    if other := len(self) - len(shown) - sum(n for n, _ in like):
      left.append(f'{other} of other kinds')
    more = [f"and {len(self) - len(shown)} more: {', '.join(left)}"] if left else []
    return '\n  '.join([f'{len(self)} problems:', *shown, *more])
