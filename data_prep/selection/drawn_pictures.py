"""Refuses pictures of other images with marks drawn into them, whatever they are called."""

from data_prep.annotated import drawn_over
from data_prep.selection import copies
from pegan_jax.common.errors import UserError


def refuse(options, pool):
  """Raises UserError where some of the images that are used are such.

  Each image is compared with the one of another folder that resembles it most, of those
  that were read; what names tell is found before, see `drawn_over`.

  Args:
    options: `options.Options`; where --format is given, all are photographs.
    pool: `pool.Pool`.
  """
  if options.format:
    return
  found = pool.found
  used = {path: name for name, paths in found.crops.items() for path in paths}
  used |= dict.fromkeys([path for path, _ in found.layout.annotated], '')
  used |= dict.fromkeys([path for paths, *_ in found.clean for path in paths], '')
  paths = [path for path in used if path in pool.small]
  pairs = copies.find_alike(
      [pool.small[path] for path in paths], [str(path.parent) for path in paths])
  drawn = drawn_over.among([(paths[i], paths[j]) for i, j in pairs.tolist()])
  if said := drawn_over.problem(drawn, used, options, found.layout.format or 'classes'):
    raise UserError(said)
