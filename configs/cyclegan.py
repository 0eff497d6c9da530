"""CycleGAN: background <-> defect, a pair of generators per class, side by side.

  python -m pegan_jax.main --config cyclegan --workdir runs/cyclegan \\
      --config.data_dir=data/neu64

At 64x64; --config cyclegan:paper is at 128x128. Settings are those of its paper
(Zhu et al. 2017) and, where that is silent, of its PyTorch code, except where a
comment gives the reason. A batch of one cannot be split over several devices: there
--config.batch_size must be a multiple of their number.

Expected: with configs/compare.py:small (32x32, quarter width, 139 updates, two
seeds): KID 0.321 +- 0.012, FID 156, label fidelity 0.21, in 197 s on two AMD EPYC cores.
Not run to its end at this size.
"""

from configs import default


def get_config(scale=''):
  config = default.get_config()
  config.method = 'cyclegan'
  config.batch_size = 1
  config.n_critic = 1
  config.num_steps = default.REALS // (2 * 9)  # the budget of images, with nine classes
  config.ema_decay = 0.0    # no average: the original samples with its last weights
  config.num_blocks = 6     # residual blocks: the paper's for 128x128; 9 from 256x256
  config.pool_size = 50     # earlier generated images kept, to show D again
  config.lambda_cycle = 10.0    # weight: images translated there and back
  config.lambda_identity = 5.0  # weight: images translated to their own domain
  default.set_adam(config, 2e-4, beta1=0.5, beta2=0.999, decay_fraction=0.5)
  # There are ten times more steps than the other methods have, each ten times shorter.
  config.log_every = 1_000
  config.sample_every = config.checkpoint_every = config.eval_every = 10_000
  return default.use_scale(config, scale)
