"""Tells what shapes say beside their class, which is not read and may be the class."""

from pegan_jax.common.errors import listed


def notes(said, remedy):
  """Returns {class: a note on its attributes that have several values}.

  Args:
    said: iterable of (class, {attribute: text of its value}), one for each shape.
    remedy: what to do where these are the classes.
  """
  values = {}
  for label, of_shape in said:
    for name, value in of_shape.items():
      values.setdefault(label, {}).setdefault(name, {})[value] = 0
  return {label: f"images with the label '{label}', whose attributes are not read: " + (
      ', '.join(f"'{name}' is {listed(list(some), 3)}" for name, some in several.items()))
          + f'; where these are the classes, {remedy}'
          for label, of_label in values.items()
          if (several := {name: some for name, some in of_label.items() if len(some) > 1})}


def noted(images, found):
  """Returns `Annotated`s with the notes of `notes` that are on a class they have."""
  return [image._replace(notes=image.notes + tuple(
      note for label, note in found.items()
      if any(region.name == label for region in image.regions))) for image in images]


def texts(said, but=()):
  """Returns those of JSON's attributes that are text, {name: text}, and not in `but`."""
  return {name: value.strip() for name, value in said.items()
          if isinstance(value, str) and name not in but} if isinstance(said, dict) else {}
