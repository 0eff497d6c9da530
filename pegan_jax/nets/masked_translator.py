"""The generator of PE-GAN+: content, and a mask that says where to paint it."""

from flax import linen as nn
import jax
import jax.numpy as jnp

from pegan_jax.nets import masks
from pegan_jax.nets.blocks import ConditionalInstanceNorm, Conv, levels

GRID = 8  # Pixels between two values of smooth noise.

# Averaging window for the change, so that per-pixel noise leaves no holes in the mask.
_AROUND = (5, 5)


class MaskedTranslator(nn.Module):
  """G(x, c, z) = x + m (content - x): where the opacity m is 0, x stays as it is.

  With a region r in [0, 1], m is r times the network's own opacity, so that r decides
  where to paint.

  The label enters by the scales and shifts of every norm: as constant planes next to the
  image, instance norm would subtract it. It does subtract the image's brightness and
  contrast and the noise's means, which therefore enter with the label. Reflect padding
  avoids a visible frame, and linear resizing before a convolution avoids a weave, which
  nearest neighbours would leave. Per-pixel noise gets lost in two strided layers, and is
  therefore given to the last layers again.

  Attributes:
    num_domains: defect classes and background.
    width: multiplies every layer's filters.
    num_blocks: residual blocks at a quarter of the resolution.
    dtype: of the computation; parameters and norms are float32.
    filters: of the three first layers.
    channels: of the content: 1 for grey, or 3.
    grain: number of channels of per-pixel noise, the last ones of the noise.
    class_features: length of each class's vector.
    opening: added to the logit of the opacity, so that it starts open.
    skips: whether the last layers get the first ones' features, as in a U-Net.
    reference: number of channels that show a real defect, 0 for none.
  """
  num_domains: int
  width: float = 1.0
  num_blocks: int = 6
  dtype: jnp.dtype = jnp.float32
  filters: tuple[int, int, int] = (32, 64, 128)
  channels: int = 3
  grain: int = 0
  class_features: int = 64
  opening: float = 0.0
  skips: bool = False
  reference: int = 0

  @nn.compact
  def __call__(self, x, label, noise, region=None, reference=None):
    """Translates.

    Args:
      x: [B, H, W, 3] in [-1, 1], H and W divisible by 4.
      label: [B] target domains, int.
      noise: [B, H, W, Z], more channels of the image: smooth ones, with a value per
        `GRID` pixels, then those of grain.
      region: [B, H, W, 1] in [0, 1], or None for the whole image.
      reference: [B, H, W, self.reference], 0 where nothing of a real defect is shown; None
        for nothing at all.

    Returns:
      [B, H, W, 3] float32 in [-1, 1], and the opacity m, [B, H, W, 1] in [0, 1].
    """
    def conv(x, features, size, stride=1):
      return Conv(features, size, stride, (size - 1) // 2, dtype=self.dtype,
                  reflect=True)(x)

    def norm(x):
      return ConditionalInstanceNorm()(x, vector)

    def join(*maps):
      return jnp.concatenate([x.astype(self.dtype) for x in maps], -1)

    vector = self.param('classes', nn.initializers.normal(1.0),
                        (self.num_domains, self.class_features))[label]
    # Means of the smooth noise, scaled to a variance of 1.
    means = noise[..., :noise.shape[-1] - self.grain].mean((1, 2)) * (
        (x.shape[1] * x.shape[2]) ** 0.5 / GRID)
    vector += nn.Dense(self.class_features, name='levels')(
        jnp.concatenate([levels(x, (1, 2)), means], axis=-1))

    f = [round(n * self.width) for n in self.filters]
    place = [] if region is None else [region]
    if self.reference:
      place.append(jnp.zeros((*x.shape[:-1], self.reference)) if reference is None
                   else reference)
    y = first = nn.relu(norm(conv(join(x, noise, *place), f[0], 7)))
    y = second = nn.relu(norm(conv(y, f[1], 4, 2)))
    y = nn.relu(norm(conv(y, f[2], 4, 2)))
    for _ in range(self.num_blocks):
      inner = nn.relu(norm(conv(y, f[2], 3)))
      y = y + norm(conv(inner, f[2], 3))
    skipped = [[second], [first]] if self.skips else [[], []]
    y = nn.relu(norm(conv(join(_double(y), *skipped[0]), f[1], 3)))
    fine = noise[..., noise.shape[-1] - self.grain:]
    y = nn.relu(norm(conv(join(_double(y), fine, *place, *skipped[1]), f[0], 3)))
    y = Conv(self.channels + 1, 7, pad=3, use_bias=True, dtype=self.dtype,
             reflect=True)(y).astype(jnp.float32)
    content, opacity = jnp.tanh(y[..., :-1]), nn.sigmoid(y[..., -1:] + self.opening)
    if region is not None:
      opacity *= region
    return x + opacity * (content - x), opacity


def visible_mask(x, fake, opacity):
  """Returns the part of a mask whose content differs visibly from the image.

  A generator may paint a streak together with its ground; the defect is the streak.

  Args:
    x: [B, H, W, C] in [-1, 1].
    fake: [B, H, W, C], what was painted on it.
    opacity: [B, H, W, 1] in [0, 1].

  Returns:
    [B, H, W, 1]: m (1 - exp(-|content - x| / 0.3)), the distance averaged over
    `_AROUND` pixels.
  """
  distance = nn.avg_pool(masks.content_distance(x, fake, opacity), _AROUND,
                         padding='SAME', count_include_pad=False)
  return opacity * (1 - masks.unseen(distance))


def _double(x):
  """Doubles the size, linearly between pixels: [B, H, W, C] -> [B, 2H, 2W, C]."""
  batch, height, width, channels = x.shape
  return jax.image.resize(x, (batch, 2 * height, 2 * width, channels), 'linear')
