"""The arms of a study of segmenters: their training sets."""

from typing import NamedTuple

REAL = 'real'


class Arm(NamedTuple):
  """One kind of training set; clean crops and augmentation belong to all.

  Attributes:
    name: short and unique, for files and JSON.
    title: the name that people see.
    real: whether the real crops of defects are in it.
    generated: name of the generated set that is in it, or None.
  """
  name: str
  title: str
  real: bool
  generated: str | None

  @property
  def reference(self):
    """Returns the name of the arm that its verdict is against, or None."""
    return REAL if self.generated else None


def plan(generated):
  """Lists all arms: real crops alone, and two for each generated set.

  A segmenter of a handful of masks that did not augment would be nobody's choice: there
  are no such arms.

  Args:
    generated: names of the generated sets.
  """
  arms = [Arm(REAL, 'real', True, None)]
  for name in generated:
    arms += [Arm(f'real+{name}', f'real + {name}', True, name),
             Arm(name, f'{name} only', False, name)]
  return arms
