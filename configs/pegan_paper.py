"""PE-GAN as the paper trains it: 64x64 crops upsampled to 128x128.

  python -m pegan_jax.main --config pegan_paper --workdir runs/paper \\
      --config.data_dir=data/neu64

20,000 generator updates (the paper's "total epochs", read as updates), five discriminator
updates each (StarGAN's ratio), 16 + 16 images.

Expected: 44 ms per update on an NVIDIA H200, 15 minutes in all; 28.8 s on two AMD EPYC
cores, a week (docs/performance.md). It has not been run to its end.
"""

from configs import pegan


def get_config():
  config = pegan.get_config()
  config.image_size = 128
  return config
