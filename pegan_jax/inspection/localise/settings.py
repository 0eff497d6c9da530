"""Settings of a segmenter's training, and their checks; imports no JAX."""

import dataclasses

from pegan_jax.common.errors import check_at_least, check_value, UserError
from pegan_jax.inspection.settings import check_training

# Names of the networks, and whether others have trained the encoder.
NETWORKS = {'unet': False, 'unet_efficientnet_lite0': True}


@dataclasses.dataclass(frozen=True)
class Settings:
  """Settings of a segmenter's training.

  Attributes:
    network: one of `NETWORKS`.
    width: multiplies every layer's filters; without effect on a pretrained encoder.
    steps: optimiser steps.
    batch_size: crops per step.
    learning_rate: the highest of the cycle.
    weight_decay: AdamW's, for all parameters.
    clean_share: share of clean crops in a batch.
    real_share: least share of real crops among a batch's defects, where there are
      generated ones as well; real ones are then repeated as needed.
  """
  network: str = 'unet'
  width: float = 1.0
  steps: int = 400
  batch_size: int = 24
  learning_rate: float = 4e-3
  weight_decay: float = 1e-3
  clean_share: float = 0.2
  real_share: float = 0.5

  @classmethod
  def of(cls, config):
    """Reads the settings of a config from configs/study.py or inspect.py, or saved."""
    return cls(network=config['network'] or cls.network, **config['localise'])

  def check(self):
    """Raises UserError for values that make no sense."""
    if self.network not in NETWORKS:
      raise UserError(f'{self.network!r} does not localise: with --config.task=localise '
                      f'choose --config.network from {", ".join(NETWORKS)}')
    check_at_least('localise.steps', self.steps, 1)
    check_training(self, 'localise.')
    check_value('localise.clean_share', self.clean_share, 0 <= self.clean_share < 1,
                '0 or more, and below 1')
    if not 0 < self.clean < self.batch_size:
      raise UserError(f'localise.clean_share is {self.clean_share:g}, of '
                      f'{self.batch_size} crops in a batch {self.clean}: give one by which '
                      'a batch has clean crops and others')

  @property
  def pretrained(self):
    """Returns whether others have trained the encoder."""
    return NETWORKS[self.network]

  def as_config(self):
    """Returns them as a config has them: {'network': ..., 'localise': {...}}."""
    found = dataclasses.asdict(self)
    return {'network': found.pop('network'), 'localise': found}

  @property
  def clean(self):
    """Returns the number of clean crops in a batch."""
    return round(self.clean_share * self.batch_size)

  def described(self):
    """Returns the network and its training in words."""
    width = f', width {self.width:g}' * (not self.pretrained)
    return (f'{self.network}{width}, {self.steps} steps of {self.batch_size}, '
            f'{self.clean} of them clean; all crops are augmented')
