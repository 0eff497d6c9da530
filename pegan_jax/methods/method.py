"""The contract of a GAN: what each file of `methods/` gives the rest."""

from typing import Any, Callable, NamedTuple

from clu.metrics import Average
from flax import linen as nn

from pegan_jax.data.layouts import Layout

PyTree = Any


def average(values, mask=None):
  """Returns a metric: the average of values [B], of those alone where `mask` holds."""
  return Average.from_model_output(values=values, mask=mask)


class Networks(NamedTuple):
  """A method's networks, without their trained parameters.

  Attributes:
    gen, disc: the modules.
    num_classes: of defects.
    frozen: what nothing trains, numpy arrays, or () where there is none: pretrained
      weights that the losses use, and what `Method.of_data` took from the training images.
      It is no part of a run's state.
  """
  gen: nn.Module
  disc: nn.Module
  num_classes: int
  frozen: PyTree = ()

  @property
  def background(self):
    """Returns the label of the background: the one after the defect classes."""
    return self.num_classes

  @property
  def num_domains(self):
    """Returns the number of defect classes and background."""
    return self.num_classes + 1


class Method(NamedTuple):
  """A GAN: pure functions over pytrees.

  `gen` and `disc` are the trained parameters. `aux` is the auxiliary state, which
  changes without being trained, such as batch statistics, and () where there is none.
  A batch is {'image': [*layout, H, W, 3] in [-1, 1], 'label': [*layout]}, with whatever
  else the layout has; label num_classes is the background. `metrics` maps names to
  `clu.metrics.Average`; a name is a tag in TensorBoard.

  Attributes:
    layout: of the batches it learns from, see `data.layouts`.
    networks: (config, num_classes, channels of the data: 1 or 3) -> `Networks`; raises
      UserError for settings of its own that make no sense.
    init: (nets, config, key) -> (gen, disc, aux).
    disc_loss: (nets, config, disc, gen, aux, batch, key) -> (scalar, (metrics, aux)).
    gen_loss: (nets, config, gen, disc, aux, batch, key) -> (scalar, (metrics, aux)). Both
      are None where nothing is trained.
    weights: (gen, aux) -> the pytree that images are sampled with.
    produce: (nets, weights, image, key) -> (images, visible masks) of every class:
      [C, B, H, W, 3], row c of class c, from backgrounds of the same shape, or None where
      the method samples from noise; `key` has [C, B] random keys, one per image. Masks
      are [C, B, H, W, 1] in [0, 1], 0 where the background is kept, or None.
    eliminate: (nets, weights, image) -> backgrounds, of defects of class c in row c; None
      where the method samples from noise.
      With `layout.placed` both take the regions as well, last: float [C, B, H, W, 1] in
      [0, 1].
    draw: (nets, config, key) -> {name: noise of one image}, as `paint` takes it; {} where
      there is none.
    paint: (nets, weights, image, label, noise, *region) -> (images, masks) as those of
      `produce`, for [B, H, W, 3], [B] int labels and noise {name: [B, ...]}; with
      `layout.per_class` the weights are those of one class, and the label is None. None
      where no network paints.
    erase: (nets, weights, image, *region) -> backgrounds, likewise; None where the method
      samples from noise.
    has_masks: whether `produce` gives masks.
    matched: config -> whether a background gets only classes that go with it.
    of_data: (nets, config, `DataInfo`) -> `Networks` with what is taken from the training
      images; raises UserError for a data set that it cannot use. None where nothing is.
    references: (nets, image, key, region) -> `reference.Reference` [C, B, ...], real
      defects for images that are to be produced, or None where the run has none; its
      `shown` is `produce`'s last argument then. Arguments as of `produce`.
  """
  layout: Layout
  networks: Callable
  init: Callable
  disc_loss: Callable | None
  gen_loss: Callable | None
  weights: Callable
  produce: Callable
  eliminate: Callable | None = None
  draw: Callable = lambda nets, config, key: {}
  paint: Callable | None = None
  erase: Callable | None = None
  has_masks: bool = False
  matched: Callable = lambda config: False
  of_data: Callable | None = None
  references: Callable = lambda nets, image, key, region=None: None

  @property
  def translates(self):
    """Returns whether it changes an image, rather than sampling one from noise."""
    return self.eliminate is not None

  @property
  def trained(self):
    """Returns whether there is anything to train."""
    return self.gen_loss is not None
