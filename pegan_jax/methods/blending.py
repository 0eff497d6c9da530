"""Blends a cut-out defect with the image that it is pasted on.

The image x shows the cut-out g and an offset u with opacity o, and stays as it is, bit for
bit, where o is 0. The opacity is 1 on the defect and falls on the ground around it, which
was cut out as well: an annotated outline is a pixel or two off.

The cut-out is multiplied first: the light on its own ground is not that on the image's.
Then `feather` keeps its brightness above the ground: u is constant, and

  x' = x + o (g + u - x)

`poisson` keeps the gradients of all that was cut out: where o is above 0

  x' = g + u

and u is the smoothest function that makes x' meet x around that. Its Laplacian is 0, so
that x' solves Poisson's equation.

References:
  Perez, Gangnet and Blake 2003, "Poisson image editing",
  https://doi.org/10.1145/882262.882269, equations 2 to 4.
"""

import jax
import jax.numpy as jnp

from pegan_jax.data import light
from pegan_jax.nets import masks

# Pixels from a defect's outline that count as the ground that it lies on.
_GROUND = 2, 6
_TOLERANCE = 1e-5  # Of the equation's right side; float32 goes no further.


def opacity(inside, allowed):
  """Returns the opacity of a defect's pixels.

  1 inside; outside 0.33, 0.1 and 0.02 at one, two and three pixels from a straight edge,
  and 0 further away: of what is allowed.

  Args:
    inside: bool [H, W, 1].
    allowed: float [H, W, 1] in [0, 1].

  Returns:
    float [H, W, 1] in [0, 1], 0 or at least 1 / 255, so that 8-bit masks have it.
  """
  inside = inside.astype(jnp.float32)
  shown = jnp.maximum(inside, masks.blur(inside)) * allowed
  return jnp.where(shown < 1 / 255, 0, shown)


def feather(image, patch, shown, known):
  """Blends by the opacity, with a constant offset.

  Args:
    image: float [H, W, C] in [-1, 1].
    patch: the same shape, the defect and the ground around it.
    shown: float [H, W, 1] in [0, 1], the opacity, 0 where the patch has no pixels.
    known: bool [H, W, 1], where it has some.

  Returns:
    As `image`. A defect without ground around it keeps its own brightness.
  """
  patch, offset = _lit(image, patch, shown, known)
  return image + shown * (patch + offset - image)


def poisson(image, patch, shown, known):
  """Blends by the gradients; arguments and result as for `feather`.

  Where the patch ends, or the image, nothing is met, and the offset goes on as it is.
  """
  inside = shown > 0
  patch, start = _lit(image, patch, shown, known)
  u = harmonic(image - patch, inside, known & ~inside, start)
  return jnp.where(inside, patch + u, image)


def harmonic(values, inside, edge, start):
  """Solves Laplace's equation: each pixel is the mean of its four neighbours.

  Args:
    values: float [H, W, C], read on `edge` alone.
    inside: bool [H, W, 1], the unknown pixels.
    edge: bool [H, W, 1], known ones. A neighbour that is neither has no part in a mean.
    start: float that broadcasts to [H, W, C], a first guess, which stays where no known
      pixel can be reached.

  Returns:
    float [H, W, C], 0 where not `inside`.
  """
  inside, edge = (x.astype(values.dtype) for x in (inside, edge))
  count = _neighbours(inside + edge)

  def laplacian(u):  # Symmetric and positive, as conjugate gradients need it.
    return inside * (count * u - _neighbours(u))

  u, _ = jax.scipy.sparse.linalg.cg(
      laplacian, inside * _neighbours(edge * values),
      inside * jnp.broadcast_to(start, values.shape), tol=_TOLERANCE,
      maxiter=4 * max(values.shape))
  return u


def _neighbours(x):
  """Returns the sum of each pixel's four neighbours: [H, W, C] -> the same."""
  rows, columns = (jnp.pad(x, [(a, a), (b, b), (0, 0)]) for a, b in ((1, 0), (0, 1)))
  return rows[:-2] + rows[2:] + columns[:, :-2] + columns[:, 2:]


def _lit(image, patch, shown, known):
  """Puts a patch in the image's light.

  Returns:
    (patch, [C] offset): the patch, multiplied so that the defect differs from its ground by
    the same share of the light (`data/light.py`) in the image, and how much brighter than
    its ground the image's is then. As it was, and 0, where there is no ground.
  """
  inside = (shown > 0.5).astype(image.dtype)
  near, far = (masks.widen(inside, pixels) > 0 for pixels in _GROUND)
  ring = far & ~near & known
  ground, own = (jnp.sum(x * ring, (0, 1)) / jnp.maximum(ring.sum(), 1)
                 for x in (image, patch))
  more = light.of_values(ground.mean()) / light.of_values(own.mean())
  return more * patch, ground - more * own
