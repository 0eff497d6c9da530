"""PE-GAN+ at the data's native 64x64: masks, noise, matched targets.

  python -m pegan_jax.main --config configs/pegan_plus.py --workdir runs/plus \\
      --config.data_dir=data/neu64

Before its first training on a data set it finds which classes go with which background.
docs/recipe.md says what each setting brought.
"""

from configs import pegan


def get_config():
  config = pegan.get_config()
  config.method = 'pegan_plus'
  config.match = True       # targets go with the background; False: any does
  # The generator.
  config.grey = True        # its content is grey, for grey data
  config.grain = 2          # channels of noise from pixel to pixel
  config.lambda_rec = 2.0   # of backgrounds: given a defect, and erased again
  config.lambda_mask = 4.0  # of the part of the mask that paints nothing that is seen
  config.lambda_soft = 1.0  # of a mask that is neither open nor closed
  config.lambda_area = 4.0  # of one that covers less or more than its class's boxes
  config.lambda_cls_fake = 0.5
  # The discriminator.
  config.pretrained = True  # judges what EfficientNet-Lite1 sees, else pixels
  config.n_critic = 1
  config.disc_width = 2.0   # times `width`
  config.projection = True  # it is told the domain
  config.augment = ()       # of what it sees: brightness, translation, cutout
  config.objective = 'logistic_r1'  # or wgan_gp, whose lambda_gp is 10
  config.lambda_gp = 0.1    # of its gradient
  config.penalise_every = 2  # of so many pairs, background and defect, one is penalised
  config.lambda_cls_real = 1.0
  for adam in (config.gen, config.disc):
    adam.beta1 = 0.0
    adam.beta2 = 0.9
  config.disc.learning_rate = 2.5e-4
  return config
