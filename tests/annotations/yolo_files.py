"""A label file of YOLO's, written and read."""

from pegan_jax.annotations import yolo


def read_text(folder, text, names=None):
  """Writes a.txt, and classes.txt if `names` are given; returns the one `Annotated`."""
  (folder / 'a.txt').write_text(text, 'utf-8')
  if names is not None:
    (folder / 'classes.txt').write_text(names, 'utf-8')
  image, = yolo.read(folder)
  return image
