"""Layouts of the real images in a batch."""

from typing import NamedTuple


class Layout(NamedTuple):
  """Rows and columns of a batch, with B rows per discriminator update and C classes.

  Attributes:
    per_class: True: [.., C], defects of class c in column c; False: [..], defects of any
      class.
    with_backgrounds: True: 2 B rows, backgrounds and defects alternating; False: B rows
      of defects.
    matched: whether a batch also says which classes go with each background, and how
      much of an image each domain covers.
    placed: whether a batch also says to which domain each image is translated, and the
      region where that changes it.
  """
  per_class: bool
  with_backgrounds: bool
  matched: bool = False
  placed: bool = False


PAIRS = Layout(per_class=False, with_backgrounds=True)
MATCHED_PAIRS = PAIRS._replace(matched=True)
PLACED_PAIRS = PAIRS._replace(placed=True)
CLASSES = Layout(per_class=True, with_backgrounds=False)
CLASS_PAIRS = Layout(per_class=True, with_backgrounds=True)


def reals_per_step(config, layout, num_classes):
  """Returns how many real images one iteration shows, over all classes."""
  images = (1 + layout.with_backgrounds) * (num_classes if layout.per_class else 1)
  return config.n_critic * config.batch_size * images
