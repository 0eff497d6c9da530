"""Settings of an inspector's training, and their checks."""

import dataclasses
import math

from pegan_jax.common.errors import check_at_least, check_value, UserError

# With fewer optimiser steps an inspector has hardly learned: of a handful of images, 40
# passes are a few dozen steps.
_ENOUGH_STEPS = 200

# How much images are augmented: not, as `augment.batch` does, or as `augment.strong` does.
PLAIN, USUAL, STRONGLY = 0, 1, 2

# What a head that is fitted to its optimum does without.
_NO_STEPS = ('epochs', 'batch_size', 'learning_rate', 'weight_decay')

# Names of the networks, and the settings that each does without: those that others have
# trained have their own width. `trainers.make` makes their trainers.
NETWORKS = {'resnet18': (), 'mobilenetv2': (),
            'efficientnet_lite0': ('width', *_NO_STEPS),
            'efficientnet_lite0_tuned': ('width',)}


# What generated images are filtered by, one after the other; see `filtering`.
FILTERS = ('copy', 'unchanged', 'other class', 'outlier')


def check_study(config):
  """Raises UserError for settings of a study, of any task, that make no sense."""
  if config.seeds < 2:
    raise UserError(f'seeds is {config.seeds}: an interval needs 2 or more')
  check_at_least('per_class', config.per_class, 0, 'all')
  if not config.fractions or not all(
      isinstance(f, (int, float)) and 0 < f <= 1 for f in config.fractions):
    raise UserError(f'fractions is {config.fractions}: give numbers above 0 and up to '
                    '1, such as 0.15,0.35,1.0')
  if config.filter not in ('', 'only', 'compare'):
    raise UserError(f'filter is {config.filter!r}: choose only or compare')
  if config.filter and not config.generated:
    raise UserError('filter needs config.generated: there is nothing to filter')


def check_training(settings, prefix=''):
  """Raises UserError for settings of an inspector's training that make no sense.

  Args:
    settings: has width, batch_size, learning_rate, weight_decay and real_share.
    prefix: of their names in a config.
  """
  check_at_least(f'{prefix}batch_size', settings.batch_size, 2)
  for name in ('width', 'learning_rate'):
    value = getattr(settings, name)
    check_value(prefix + name, value, 0 < value < math.inf, 'above 0')
  check_value(f'{prefix}weight_decay', settings.weight_decay,
              0 <= settings.weight_decay < math.inf, '0 or more')
  check_value(f'{prefix}real_share', settings.real_share, 0 <= settings.real_share < 1,
              '0 or more, and below 1')


@dataclasses.dataclass(frozen=True)
class Settings:
  """Settings of an inspector's training.

  Attributes:
    network: one of `NETWORKS`.
    width: multiplies every layer's filters.
    epochs: passes over the real training images; sets the number of steps.
    batch_size: images per step.
    learning_rate: the highest of the cycle.
    weight_decay: AdamW's, for all parameters.
    real_share: least share of real images, repeated as needed, among those that a
      class is trained with, where it has generated ones as well; 0 lets every image
      come equally often.
    rotate: whether strong augmentation turns images, see `augment.strong`.
  """
  network: str = 'resnet18'
  width: float = 1.0
  epochs: int = 40
  batch_size: int = 64
  learning_rate: float = 2e-3
  weight_decay: float = 1e-2
  real_share: float = 0.0
  rotate: bool = False

  @classmethod
  def of(cls, config):
    """Reads the settings of a config, which may be older than some of them.

    Those that the network does without have their default, whatever the config says.
    """
    network = config.get('network') or cls.network
    unused = (*NETWORKS.get(network, ()), 'network')
    return cls(network, **{
        field.name: config.get(field.name, field.default)
        for field in dataclasses.fields(cls) if field.name not in unused})

  def in_effect(self, augmented):
    """Returns a dict of what has an effect, given how much images are augmented."""
    found = dataclasses.asdict(self)
    if augmented != STRONGLY:
      del found['rotate']
    return found

  @property
  def pretrained(self):
    """Returns whether others have trained the network."""
    return 'width' in NETWORKS[self.network]

  @property
  def fitted(self):
    """Returns whether it stays as it is, and a linear head is fitted to its features."""
    return 'epochs' in NETWORKS[self.network]

  def check(self):
    """Raises UserError for values that make no sense."""
    if self.network not in NETWORKS:
      raise UserError(f'there is no inspector {self.network!r}: choose from '
                      f'{", ".join(NETWORKS)}')
    check_at_least('epochs', self.epochs, 1)
    check_training(self)

  def steps(self, num_images):
    """Returns the number of optimiser steps for a number of real training images.

    A head that is fitted takes one, to its optimum.
    """
    return 1 if self.fitted else self.epochs * -(-num_images // self.batch_size)

  def too_few_steps(self, num_images):
    """Returns a sentence without a full stop where the steps are too few, or ''."""
    steps = self.steps(num_images)
    if self.fitted or steps >= _ENOUGH_STEPS:
      return ''
    epochs = -(-_ENOUGH_STEPS * self.epochs // steps)
    return (f'{steps} steps, as {num_images} images give few of {self.batch_size}: an '
            f'inspector has hardly learned by then; --config.epochs={epochs} makes '
            f'{_ENOUGH_STEPS} or more')

  def described(self, steps):
    """Returns the network and its training of `steps` in words."""
    if self.fitted:
      return (f'{self.network}, frozen; a linear head, fitted to its optimum: '
              'equal for seeds with equal images')
    width = '' if self.pretrained else f', width {self.width:g}'
    return (f'{self.network}{width}, {steps} steps of {self.batch_size}, '
            f'AdamW {self.learning_rate:g}, one cycle')
