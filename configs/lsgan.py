"""LSGAN: DCGAN with the least-squares loss, one model per defect class.

  python -m pegan_jax.main --config lsgan --workdir runs/lsgan \\
      --config.data_dir=data/neu64

At 64x64; --config lsgan:paper is at 128x128. The loss is its paper's (Mao et
al. 2017); networks and optimiser are DCGAN's, so that the loss is all that differs
(its own are for 112x112, with a learning rate of 1e-3).

Expected: with configs/compare.py:small (32x32, quarter width, 35 updates, two
seeds): KID 0.460 +- 0.024, FID 206, label fidelity 0.11, in 20 s on two AMD EPYC cores. Not
run to its end at this size.
"""

from configs import dcgan


def get_config(scale=''):
  config = dcgan.get_config(scale)
  config.method = 'lsgan'
  # Targets of equation 9.
  config.a = 0.0  # D's score of generated images
  config.b = 1.0  # D's score of real images
  config.c = 1.0  # score that G wants
  return config
