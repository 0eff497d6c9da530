"""LSGAN: DCGAN with the least-squares loss, one model a defect class.

  python -m pegan_jax.main --config configs/lsgan.py --workdir runs/lsgan \\
      --config.data_dir=data/neu64

At 64x64; configs/lsgan.py:paper is at 128x128. The loss is its paper's (Mao et
al. 2017); networks and optimiser are DCGAN's, so that the loss is all that differs
(its own are for 112x112, with a learning rate of 1e-3).
"""

from configs import dcgan


def get_config(scale=''):
  config = dcgan.get_config(scale)
  config.method = 'lsgan'
  config.a = 0.0  # what D learns to score generated images,
  config.b = 1.0  # real ones,
  config.c = 1.0  # and G to be scored: equation 9
  return config
