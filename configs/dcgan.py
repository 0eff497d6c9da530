"""DCGAN: noise to image, one model per defect class, all trained side by side.

  python -m pegan_jax.main --config dcgan --workdir runs/dcgan \\
      --config.data_dir=data/neu64

At 64x64; --config dcgan:paper is at 128x128, where there is a layer more.
Settings are those of its paper (Radford et al. 2015) and, where that is silent, of
the authors' Torch code, except where a comment gives the reason.

Expected: with configs/compare.py:small (32x32, quarter width, 35 updates, two
seeds): KID 0.456 +- 0.011, FID 205, label fidelity 0.11, in 26 s on two AMD EPYC cores. Not
run to its end at this size.
"""

from configs import default


def get_config(scale=''):
  config = default.get_config()
  config.method = 'dcgan'
  config.batch_size = 64    # images per class; 128 there, but a class has 140 images
  config.n_critic = 1
  config.num_steps = default.REALS // (64 * 9)  # the budget of images, with nine classes
  config.ema_decay = 0.0    # no average: the original samples with its last weights
  default.set_adam(config, 2e-4, beta1=0.5, beta2=0.999)
  return default.use_scale(config, scale)
