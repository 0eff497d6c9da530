"""PE-GAN as the paper trains it: 64x64 crops upsampled to 128x128.

  python -m pegan_jax.main --config configs/pegan_paper.py --workdir runs/paper \\
      --config.data_dir=data/neu64

20,000 generator updates ("total epochs", read as updates), five discriminator
updates each (StarGAN's ratio), 16 + 16 images.
"""

from configs import pegan


def get_config():
  config = pegan.get_config()
  config.image_size = 128
  return config
