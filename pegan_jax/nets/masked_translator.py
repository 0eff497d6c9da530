"""The generator of PE-GAN+: what to paint, and where."""

from flax import linen as nn
import jax
import jax.numpy as jnp

from pegan_jax.nets import masks
from pegan_jax.nets.blocks import ConditionalInstanceNorm, Conv, levels

GRID = 8  # Pixels from one number of smooth noise to the next.

# Of a change, so that grain, which crosses the image's colour, leaves no holes.
_AROUND = (5, 5)


class MaskedTranslator(nn.Module):
  """G(x, c, z) = x + m (content - x): where the mask m is 0, x stays as it is.

  The label enters by the scales and shifts of every norm: beside the image, as
  planes, instance norm would subtract it. So it does with the image's brightness and
  contrast and the noise's means, which therefore enter with the label. The content is
  grey or coloured. Reflect padding leaves no frame, and upsampling by linear resize and
  convolution no weave: after nearest neighbours a convolution can still tell a pixel's
  place. Noise from pixel to pixel, which two strided layers lose, is put in again where
  the last layers see it.

  Attributes:
    num_domains: defect classes and background.
    width: multiplies every layer's filters.
    num_blocks: residual blocks at a quarter of the resolution.
    dtype: of the computation; parameters and norms are float32.
    filters: of the three first layers.
    channels: of the content: 1, grey, or 3.
    grain: the last channels of the noise that differ from pixel to pixel.
    class_features: length of a class's vector.
  """
  num_domains: int
  width: float = 1.0
  num_blocks: int = 6
  dtype: jnp.dtype = jnp.float32
  filters: tuple[int, int, int] = (32, 64, 128)
  channels: int = 3
  grain: int = 0
  class_features: int = 64

  @nn.compact
  def __call__(self, x, label, noise):
    """Translates.

    Args:
      x: [B, H, W, 3] in [-1, 1], H and W divisible by 4.
      label: [B] target domains, int.
      noise: [B, H, W, Z], put beside the image: smooth, of a number a `GRID`, and the
        channels of grain.

    Returns:
      [B, H, W, 3] float32 in [-1, 1], and the mask [B, H, W, 1] in [0, 1].
    """
    def conv(x, features, size, stride=1):
      return Conv(features, size, stride, (size - 1) // 2, dtype=self.dtype,
                  reflect=True)(x)

    def norm(x):
      return ConditionalInstanceNorm()(x, vector)

    vector = self.param('classes', nn.initializers.normal(1.0),
                        (self.num_domains, self.class_features))[label]
    # Of the smooth noise, of variance 1 as drawn.
    means = noise[..., :noise.shape[-1] - self.grain].mean((1, 2)) * (
        (x.shape[1] * x.shape[2]) ** 0.5 / GRID)
    vector += nn.Dense(self.class_features, name='levels')(
        jnp.concatenate([levels(x, (1, 2)), means], axis=-1))

    f = [round(n * self.width) for n in self.filters]
    y = nn.relu(norm(conv(jnp.concatenate([x, noise], -1), f[0], 7)))
    y = nn.relu(norm(conv(y, f[1], 4, 2)))
    y = nn.relu(norm(conv(y, f[2], 4, 2)))
    for _ in range(self.num_blocks):
      inner = nn.relu(norm(conv(y, f[2], 3)))
      y = y + norm(conv(inner, f[2], 3))
    y = nn.relu(norm(conv(_double(y), f[1], 3)))
    fine = noise[..., noise.shape[-1] - self.grain:].astype(y.dtype)
    y = nn.relu(norm(conv(jnp.concatenate([_double(y), fine], -1), f[0], 3)))
    y = Conv(self.channels + 1, 7, pad=3, use_bias=True, dtype=self.dtype,
             reflect=True)(y).astype(jnp.float32)
    content, mask = jnp.tanh(y[..., :-1]), nn.sigmoid(y[..., -1:])
    return x + mask * (content - x), mask


def visible_mask(x, fake, mask):
  """A mask without what it paints in the image's own colour.

  A generator may paint a streak and its ground: the defect is the streak.

  Args:
    x: [B, H, W, C] in [-1, 1].
    fake: [B, H, W, C], what the mask painted on it.
    mask: [B, H, W, 1] in [0, 1].

  Returns:
    [B, H, W, 1]: m (1 - exp(-|content - x| / 0.3)), the distance averaged over
    `_AROUND` pixels.
  """
  distance = nn.avg_pool(masks.content_distance(x, fake, mask), _AROUND,
                         padding='SAME', count_include_pad=False)
  return mask * (1 - masks.unseen(distance))


def _double(x):
  """Linear between pixels: [B, H, W, C] -> [B, 2H, 2W, C]."""
  batch, height, width, channels = x.shape
  return jax.image.resize(x, (batch, 2 * height, 2 * width, channels), 'linear')
