"""Turns images into data URIs, so that the page needs no other file."""

import base64
import io

import numpy as np
from PIL import Image

from pegan_jax.common.errors import reason, UserError

_EXACT = 128   # Side in pixels up to which an image is kept exactly.
_LARGE = 300   # Kilobytes from which a picture's file is compressed again.
_LONGEST = 16_383  # Pixels, of WebP.
_MASK = (255, 120, 0)


def image(pixels):
  """Returns uint8 [H, W, 1 or 3] as a data URI: PNG, or WebP where it is large."""
  picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
  if max(picture.size) <= _EXACT:
    return _encoded(picture, 'png', optimize=True)
  return _encoded(picture, 'webp', quality=90)


def mask(pixels):
  """Returns a mask, uint8 [H, W], as a data URI of a colour that covers what it marks."""
  rgba = np.empty((*pixels.shape, 4), np.uint8)
  rgba[..., :3] = _MASK
  rgba[..., 3] = (pixels * 0.55).astype(np.uint8)
  return _encoded(Image.fromarray(rgba), 'png', optimize=True)


def file(path):
  """Returns a PNG file as a data URI, a large one as WebP; and its size in pixels.

  Returns:
    (data URI, width, height).

  Raises:
    UserError: it is damaged.
  """
  try:
    content = path.read_bytes()
    with Image.open(io.BytesIO(content)) as picture:
      picture.load()
      width, height = picture.size
      if len(content) < _LARGE * 1024 and picture.format == 'PNG':
        return _uri('png', content), width, height
      picture = picture.convert('RGB')
      picture.thumbnail((_LONGEST, _LONGEST))
      return _encoded(picture, 'webp', quality=80), width, height
  except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as e:
    raise UserError(f'{path} cannot be read: {reason(e)}') from e


def _encoded(picture, kind, **options):
  out = io.BytesIO()
  picture.save(out, kind, **options)
  return _uri(kind, out.getvalue())


def _uri(kind, content):
  return f'data:image/{kind};base64,{base64.b64encode(content).decode()}'
