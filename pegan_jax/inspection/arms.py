"""The arms of a study: the training sets of its inspectors."""

import dataclasses
import pathlib

from pegan_jax.inspection.settings import PLAIN, STRONGLY, USUAL

REAL, AUGMENTED, STRONG = 'real', 'augmented', 'strong'


@dataclasses.dataclass(frozen=True)
class Arm:
  """One kind of training set.

  Attributes:
    name: short and unique, for files and JSON.
    title: the name that people see.
    real: whether the real training images are in it.
    generated: name of the generated set that is in it, or None.
    augmented: how much all its images are: `PLAIN`, `USUAL` or `STRONGLY` of
      `settings`.
    reference: name of the arm that its verdict is against, or None.
    by_turns: whether the first half of the steps is of generated images alone, and the
      second of real ones alone; else both come mixed.
  """
  name: str
  title: str
  real: bool
  generated: str | None
  augmented: int
  reference: str | None
  by_turns: bool = False


# Beside a network that is trained from scratch: what one that others have trained does.
PRETRAINED = Arm('pretrained', 'real, augmented, pretrained network', True, None, USUAL,
                 AUGMENTED)


def plan(generated, in_steps, clean=False):
  """Lists all arms: three without generated images, up to five for each generated set.

  The verdict on added generated images is against the same training without them;
  that on generated images alone, and on augmentation, against real images alone, and on
  stronger augmentation against the usual one.

  Args:
    generated: names of the generated sets.
    in_steps: whether inspectors are trained step by step. A head that is fitted to its
      optimum forgets where it began, so that nothing can come first.
    clean: whether clean images are a class, which is real in every arm.

  Returns:
    `Arm`s in the order in which they are trained and shown.
  """
  alone = ' and clean' if clean else ' only'
  arms = [Arm(REAL, 'real only', True, None, PLAIN, None),
          Arm(AUGMENTED, 'real, augmented', True, None, USUAL, REAL),
          Arm(STRONG, 'real, strongly augmented', True, None, STRONGLY, AUGMENTED)]
  for name in generated:
    arms += [
        Arm(f'real+{name}', f'real + {name}', True, name, PLAIN, REAL),
        Arm(f'augmented+{name}', f'real + {name}, augmented', True, name, USUAL,
            AUGMENTED),
        Arm(f'strong+{name}', f'real + {name}, strongly augmented', True, name,
            STRONGLY, STRONG)]
    if in_steps:
      arms.append(Arm(f'{name}, then real', f'{name}, then real, augmented', True, name,
                      USUAL, AUGMENTED, by_turns=True))
    arms.append(Arm(name, name + alone, False, name, PLAIN, REAL))
  return arms


def ways(arms, name):
  """Lists the ways of using a generated set: the arms that have it and real images."""
  return [arm for arm in arms if arm.real and arm.generated == name]


def level(arms, arm):
  """Returns at how much an interval of an arm's differences from others is.

  That is 95%; for the ways of using one set so much that all of their intervals hold
  together at 95% (Bonferroni), as the best of them is chosen by the test images.

  Args:
    arms: all `Arm`s of the study.
    arm: one of them.
  """
  return 1 - 0.05 / (len(ways(arms, arm.generated)) if arm.real and arm.generated else 1)


def names(paths):
  """Returns a short name for each folder: the last parts, as few as tell it apart."""
  parts = [pathlib.Path(p).absolute().parts for p in paths]
  for count in range(1, max(map(len, parts), default=0) + 1):
    found = ['/'.join(p[-count:]) for p in parts]
    if len(set(found)) == len(found) and not set(found) & {
        REAL, AUGMENTED, STRONG, PRETRAINED.name}:
      return found
  return [f'{i}:{p[-1]}' for i, p in enumerate(parts)]  # A folder given twice.
