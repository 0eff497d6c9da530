"""Every stage on synthetic steel, in about six minutes on two CPU cores.

  python -m pegan_jax.main --mode demo --workdir runs/demo

Draws a data set, builds it, trains a small PE-GAN at 32x32, generates and
evaluates. The networks are narrow and the run is short.

Expected: crude defects, but classes that can be told apart (results/demo/), in 348 s on two
Intel Xeon cores.
"""

from configs import default, pegan
from ml_collections import ConfigDict


def get_config():
  config = pegan.get_config()
  config.image_size = 32
  config.width = 0.5
  config.num_blocks = 3
  config.batch_size = 8
  config.n_critic = 2
  config.num_steps = 1_200
  config.ema_decay = 0.99
  # Six times the paper's rate, which needs no momentum and a fall at the end.
  default.set_adam(config, 6e-4, beta1=0.0, beta2=0.9, decay_fraction=0.5)
  config.log_every = 50
  config.sample_every = 200
  config.checkpoint_every = 300
  config.generate.per_class = 20
  config.eval_every = 600

  config.synthetic = ConfigDict({
      'per_class': 100, 'image_size': 32, 'seed': 0, 'frames': 60})
  config.build = ConfigDict({
      'image_size': 32, 'per_class': 0, 'backgrounds': 0, 'seed': 0})
  return config
