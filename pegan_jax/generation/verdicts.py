"""What was found of generated images, for manifests and for the terminal."""

import collections
from typing import NamedTuple

from pegan_jax.common import terminal


class Verdict(NamedTuple):
  """What was found of an image.

  Attributes:
    accepted: whether it is accepted; None where it was not judged.
    tries: number of times that it was drawn, with this one.
    reasons: for each draw that was rejected, its reasons.
  """
  accepted: bool | None
  tries: int
  reasons: tuple[tuple[str, ...], ...] = ()

  def columns(self):
    """Returns its cells of a manifest."""
    if self.accepted is None:
      return {}
    return {'accepted': 'yes' if self.accepted else 'no', 'tries': self.tries,
            'reasons': '; '.join(map(' + '.join, self.reasons))}


def report(verdicts):
  """Says how many images of each class were accepted, and why the others were not.

  Args:
    verdicts: pairs of a class's name and a `Verdict`.
  """
  total, drawn, fine = (collections.Counter() for _ in range(3))
  why = collections.defaultdict(collections.Counter)
  for name, verdict in verdicts:
    if verdict.accepted is None:
      return
    total[name] += 1
    drawn[name] += verdict.tries
    fine[name] += verdict.accepted
    why[name].update(reason for draw in verdict.reasons for reason in draw)
  if not total:
    return
  terminal.say('accepted: ' + ', '.join(
      f'{fine[c]} of {total[c]} {c} ({fine[c] / drawn[c]:.0%} of {drawn[c]} drawn'
      + (f'; most often {why[c].most_common(1)[0][0]}' if why[c] else '') + ')'
      for c in total))
  most = max(verdict.tries for _, verdict in verdicts)
  if short := [f'{total[c] - fine[c]} of {total[c]} {c}' for c in total if fine[c] < total[c]]:
    terminal.say(f'not accepted after {most} tries: {", ".join(short)}; the last try is '
                 'kept, and the manifest has no in its column accepted')
