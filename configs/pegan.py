"""PE-GAN at the data's native 64x64.

  python -m pegan_jax.main --config pegan --workdir runs/pegan --config.data_dir=data/neu64

Everything but the image size is the paper's (section 3.3); docs/paper.md lists what the
paper leaves open.

Expected: 5.8 s per update on two AMD EPYC cores, 32 hours in all; not run to its end.
After 1,000 updates at half width with a faster optimiser, one seed (results/README.md,
neu64): KID 0.34, FID 179, label fidelity 0.39, in 36 minutes on a busy machine.
"""

from configs import default


def get_config():
  """Returns the paper's objective and optimiser."""
  config = default.get_config()
  config.method = 'pegan'
  config.num_blocks = 6         # residual blocks of the generator
  # Weights of the losses.
  config.lambda_gp = 10.0       # gradient penalty
  config.lambda_cls_real = 2.0  # class loss on real images
  config.lambda_cls_fake = 5.0  # class loss on generated images
  config.lambda_rec = 10.0      # reconstruction of the input
  default.set_adam(config, 1e-4, beta1=0.9, beta2=0.99)
  return config
