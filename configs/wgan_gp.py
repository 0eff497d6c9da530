"""WGAN-GP on DCGAN's networks: noise to image, one model per defect class.

  python -m pegan_jax.main --config wgan_gp --workdir runs/wgan_gp \\
      --config.data_dir=data/neu64

At 64x64; --config wgan_gp:paper is at 128x128. Settings are those of its paper
(Gulrajani et al. 2017, algorithm 1). Not among the paper's baselines: it shows how
short a method is.

Expected: with configs/compare.py:small (32x32, quarter width, 7 updates, two seeds): KID
0.438 +- 0.0004, FID 217, label fidelity 0.11, in 123 s on two busy cores of an Intel Xeon.
Not run to its end at this size.
"""

from configs import dcgan, default


def get_config(scale=''):
  config = dcgan.get_config(scale)
  config.method = 'wgan_gp'
  config.batch_size = 64
  config.n_critic = 5
  config.num_steps = default.REALS // (5 * 64 * 9)  # the budget, with nine classes
  config.lambda_gp = 10.0
  default.set_adam(config, 1e-4, beta1=0.0, beta2=0.9)
  return config
