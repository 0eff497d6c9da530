"""Says what was found of generated images, in manifests and on the terminal."""

import collections
from typing import NamedTuple

from pegan_jax.common import terminal
from pegan_jax.data import manifest


class Verdict(NamedTuple):
  """Says what was found of an image.

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
  by_class = collections.defaultdict(list)
  for name, verdict in verdicts:
    if verdict.accepted is not None:
      by_class[name].append(verdict)
  if not by_class:
    return
  said, short = [], []
  for name, found in by_class.items():
    drawn, fine = sum(v.tries for v in found), [v for v in found if v.accepted]
    rate = f'{len(fine) / drawn:.0%} of {drawn} drawn'
    said.append(f'{len(fine)} of {len(found)} {name} ({"; ".join([rate, *_why(found)])})')
    if left := [v for v in found if not v.accepted]:
      short.append(f'{len(left)} of {len(found)} {name} ({"; ".join(_why(left))})')
  terminal.say(f'accepted: {", ".join(said)}')
  if short:
    most = max(verdict.tries for _, verdict in verdicts)
    terminal.say(f'not accepted after {most} tr{"ies" if most > 1 else "y"}: '
                 f'{", ".join(short)}; the last draw is kept, and the manifest has no in '
                 'its column accepted, by which study and inspect leave it out')


def accepted(described, images, formats):
  """Returns the images that go into formats; says how many do not.

  A training takes all that a format's folder holds, and few readers would know a mark.

  Args:
    described: `regions.Annotated` of each image.
    images: their folder, which has the manifest.
    formats: names of the formats.
  """
  rejected = manifest.read_rejected(images / manifest.FILE)
  kept = [image for image in described if image.file not in rejected]
  if formats and len(kept) < len(described):
    terminal.say(f'left out of {", ".join(formats)}: '
                 f'{len(described) - len(kept)} of {len(described)} images, which show '
                 'what is not accepted' + ', and no image is left' * (not kept)
                 + '; more --config.generate.tries, or fewer defects an image, keep more, '
                 'and tries=0 judges none and keeps all')
  return kept


def _why(verdicts):
  """Returns what the rejected draws had most often, as a list of one text or none."""
  reasons = collections.Counter(
      reason for v in verdicts for draw in v.reasons for reason in draw)
  return [f'most often {reason}' for reason, _ in reasons.most_common(1)]
