"""PE-GAN+ at the data's native 64x64: masks, noise, matched targets.

  python -m data_prep.match --data data/neu64
  python -m pegan_jax.main --config configs/pegan_plus.py --workdir runs/plus \\
      --config.data_dir=data/neu64

PE-GAN's objective and weights; the optimiser is WGAN-GP's own.
"""

from configs import pegan


def get_config():
  config = pegan.get_config()
  config.method = 'pegan_plus'
  config.match = True       # targets go with the background, see data_prep.match
  config.grey = True        # the content is grey, for grey data
  config.grain = 1          # channels of noise from pixel to pixel
  config.projection = True  # the critic is told the domain
  config.lambda_rec_defect = 0.0  # of a defect, there and back; lambda_rec is of backgrounds
  config.augment = ('translation', 'cutout')  # what D sees, see pegan_jax.augment
  config.penalise_every = 2        # of so many images' pairs one is penalised
  for adam in (config.gen, config.disc):
    adam.beta1 = 0.0
    adam.beta2 = 0.9
  return config
