"""DCGAN: noise to image, one model a defect class, all trained side by side.

  python -m pegan_jax.main --config configs/dcgan.py --workdir runs/dcgan \\
      --config.data_dir=data/neu64

At 64x64; configs/dcgan.py:paper is at 128x128, where there is a layer more.
Settings are those of its paper (Radford et al. 2015) and, where that is silent, of
the authors' Torch code, except where a comment gives the reason.
"""

from configs import default
from ml_collections import ConfigDict


def get_config(scale=''):
  config = default.get_config()
  config.method = 'dcgan'
  config.batch_size = 64    # of each class; 128 there: a class has 140 images
  config.n_critic = 1
  config.num_steps = default.REALS // (64 * 9)  # the budget, for nine classes
  config.ema_decay = 0.0    # samples are the last weights' there
  adam = ConfigDict({
      'learning_rate': 2e-4,
      'beta1': 0.5,
      'beta2': 0.999,
      'decay_fraction': 0.0,
  })
  config.gen = adam
  config.disc = adam.copy_and_resolve_references()
  return default.use_scale(config, scale)
