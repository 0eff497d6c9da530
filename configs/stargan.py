"""StarGAN: any domain to any domain, the background among them.

  python -m pegan_jax.main --config stargan --workdir runs/stargan \\
      --config.data_dir=data/neu64

At 64x64; --config stargan:paper is at the original's 128x128. Settings are those
of its paper (Choi et al. 2018) and, where that is silent, of its PyTorch code,
except where a comment gives the reason.

Expected: with configs/compare.py:small (32x32, quarter width, 250 updates, two
seeds): KID 0.524 +- 0.001, FID 239, label fidelity 0.11, in 80 s on two AMD EPYC cores. Not
run to its end at this size.
"""

from configs import default


def get_config(scale=''):
  config = default.get_config()
  config.method = 'stargan'
  # 16 images, as in the original; half are backgrounds, about their share of the data.
  config.batch_size = 8
  config.n_critic = 5
  config.num_steps = default.REALS // (5 * 16)  # the original's, and the budget of images
  config.ema_decay = 0.0    # no average: the original samples with its last weights
  config.num_blocks = 6
  config.lambda_gp = 10.0
  config.lambda_cls_real = 1.0
  config.lambda_cls_fake = 1.0
  config.lambda_rec = 10.0
  default.set_adam(config, 1e-4, beta1=0.5, beta2=0.999, decay_fraction=0.5)
  return default.use_scale(config, scale)
