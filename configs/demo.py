"""The whole job on synthetic steel, within five minutes on two CPU cores.

  python -m pegan_jax.main --mode demo --config configs/demo.py --workdir runs/demo

Draws a data set, builds it, trains a small PE-GAN at 32x32 and generates. The
networks are narrow and the run is short: defects come out crude, but the classes
can be told apart.
"""

from configs import pegan
from ml_collections import ConfigDict


def get_config():
  config = pegan.get_config()
  config.image_size = 32
  config.width = 0.5
  config.batch_size = 8
  config.n_critic = 2
  config.num_steps = 500
  config.ema_decay = 0.98
  config.gen.learning_rate = 5e-4
  config.disc.learning_rate = 5e-4
  config.log_every = 25
  config.sample_every = 100
  config.checkpoint_every = 250
  config.generate.per_class = 20

  config.synthetic = ConfigDict({
      'per_class': 60, 'image_size': 32, 'seed': 0, 'frames': 60})
  config.build = ConfigDict({
      'image_size': 32, 'per_class': 0, 'backgrounds': 0, 'seed': 0})
  return config
