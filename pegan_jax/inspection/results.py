"""Results of a study's trainings on disk: one file per arm, seed and fraction."""

import json
import pathlib

import numpy as np

from pegan_jax.common import files
from pegan_jax.common.errors import UserError
from pegan_jax.inspection.settings import FILTERS


class Results:
  """The results in a folder, each named after the digest of what it depends on.

  A study that is run again with other arms, seeds or fractions finds what it
  shares with the first; with another network, schedule or image, nothing.
  """

  def __init__(self, folder):
    self._folder = pathlib.Path(folder)

  def load(self, digest, num_test, num_classes, scored=False):
    """Reads answers to the test images; None if absent or damaged.

    Returns:
      float64 [2, num_test]: the classes, and how likely there is a defect; zeros unless
      `scored`.
    """
    try:
      kept = files.read_json(self._folder / f'{digest}.json')
      found, scores = kept['predicted'], kept['scores'] if scored else [0.0] * num_test
      if len(found) == len(scores) == num_test and all(
          type(x) is int and 0 <= x < num_classes for x in found) and all(
              type(x) is float and 0 <= x <= 1 for x in scores):
        return np.array([found, scores])
    except (OSError, ValueError, KeyError, TypeError):
      pass
    return None

  def save(self, digest, answers, scored=False, **about):
    """Writes what `load` reads, whole or not at all; `about` is for human readers."""
    kept = {'predicted': answers[0].astype(int).tolist()}
    self._write(digest, about | kept | ({'scores': answers[1].tolist()} if scored else {}))

  def load_filter(self, digest, count, classes):
    """Reads what `filtering.apply` returned; None if absent or damaged."""
    try:
      found = files.read_json(self._folder / f'{digest}.json')
      keep, funnel = found['keep'], found['funnel']
      if (len(keep) == count and all(type(x) is int and x in (0, 1) for x in keep)
          and set(funnel) == set(classes) and all(map(_is_column, funnel.values()))
          and sum(x['left'] for x in funnel.values()) == sum(keep)):
        return np.array(keep, bool), {name: funnel[name] for name in classes}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
      pass
    return None

  def save_filter(self, digest, keep, funnel):
    """Writes what `filtering.apply` returned, whole or not at all."""
    self._write(digest, {'funnel': funnel, 'keep': keep.astype(int).tolist()})

  def _write(self, digest, content):
    self._folder.mkdir(parents=True, exist_ok=True)
    files.write(self._folder / f'{digest}.json', json.dumps(content) + '\n')


def _is_column(counts):
  """Returns whether these can be the counts of one class in a funnel."""
  return counts.keys() == {'given', *FILTERS, 'left'} and all(
      type(n) is int or n is None and name in FILTERS for name, n in counts.items())


def check_classes(path, classes):
  """Raises UserError where `path`, the JSON of an earlier study, has other classes."""
  try:
    before = list(map(str, files.read_json(path)['classes']))
  except FileNotFoundError:
    return
  except (ValueError, KeyError, TypeError) as e:
    raise UserError(f'{path} is damaged: move it away') from e
  if before != classes:
    raise UserError(
        f'{path.parent} holds a study of the classes {", ".join(before)}, and '
        f'this data set\'s are {", ".join(classes)}: name another --workdir')
