"""The arms of a study: the training sets of its inspectors."""

import dataclasses
import pathlib

REAL, AUGMENTED = 'real', 'augmented'


@dataclasses.dataclass(frozen=True)
class Arm:
  """One kind of training set.

  Attributes:
    name: short and unique, for files and JSON.
    title: the name that people see.
    real: whether the real training images are in it.
    generated: name of the generated set that is in it, or None.
    augmented: whether all its images are augmented.
    reference: name of the arm that its verdict is against, or None.
  """
  name: str
  title: str
  real: bool
  generated: str | None
  augmented: bool
  reference: str | None


def plan(generated):
  """Lists all arms: two without generated images, three for each generated set.

  The verdict on added generated images is against the same training without them;
  that on generated images alone, and on augmentation, against real images alone.

  Args:
    generated: names of the generated sets.

  Returns:
    `Arm`s in the order in which they are trained and shown.
  """
  arms = [Arm(REAL, 'real only', True, None, False, None),
          Arm(AUGMENTED, 'real, augmented', True, None, True, REAL)]
  for name in generated:
    arms += [
        Arm(f'real+{name}', f'real + {name}', True, name, False, REAL),
        Arm(f'augmented+{name}', f'real + {name}, augmented', True, name, True,
            AUGMENTED),
        Arm(name, f'{name} only', False, name, False, REAL)]
  return arms


def names(paths):
  """Returns a short name for each folder: the last parts, as few as tell it apart."""
  parts = [pathlib.Path(p).absolute().parts for p in paths]
  for count in range(1, max(map(len, parts), default=0) + 1):
    found = ['/'.join(p[-count:]) for p in parts]
    if len(set(found)) == len(found) and not {REAL, AUGMENTED} & set(found):
      return found
  return [f'{i}:{p[-1]}' for i, p in enumerate(parts)]  # A folder given twice.
