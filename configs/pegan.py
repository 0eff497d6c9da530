"""PE-GAN at the data's native 64x64.

  python -m pegan_jax.main --config configs/pegan.py --workdir runs/pegan \\
      --config.data_dir=data/neu64

Everything but the image size is the paper's (section 3.3); what it leaves open
is marked "reconstructed".
"""

from configs import default
from ml_collections import ConfigDict


def get_config():
  """The paper's objective and optimiser."""
  config = default.get_config()
  config.method = 'pegan'
  config.num_blocks = 6  # residual blocks of the generator
  config.lambda_gp = 10.0
  config.lambda_cls_real = 2.0
  config.lambda_cls_fake = 5.0
  config.lambda_rec = 10.0
  adam = ConfigDict({
      'learning_rate': 1e-4,
      'beta1': 0.9,
      'beta2': 0.99,
      'decay_fraction': 0.0,  # part of the run over which the rate falls to 0
  })
  config.gen = adam
  config.disc = adam.copy_and_resolve_references()
  return config
