"""PE-GAN+ at the data's native 64x64: masks, noise, matched targets.

  python -m pegan_jax.main --config pegan_plus --workdir runs/plus \\
      --config.data_dir=data/neu64

Before its first training on a data set it finds which classes go with which background.
docs/recipe.md says what each setting brought.

Expected: after 7,000 updates, three seeds: KID 0.020 +- 0.006, held out 0.034 +- 0.004,
label fidelity 0.96, in 8 minutes for the three, or about 3 for one alone, on an NVIDIA
H200, and the first compilation. After 1,000 updates with configs/recipe.py's settings
(quarter width, 8 + 8 images), three seeds: KID 0.050 +- 0.008, FID 58, label fidelity
0.93, in 29 minutes on one core of an Intel Xeon.
"""

from configs import pegan


def get_config():
  config = pegan.get_config()
  config.method = 'pegan_plus'

  # --- Generator ---
  config.match = True       # backgrounds get only classes that go with them
  config.grey = True        # one channel of content, where the data are grey
  config.grain = 2          # noise channels that differ from pixel to pixel
  config.lambda_rec = 2.0   # weight: backgrounds that got a defect and were erased again
  config.lambda_mask = 4.0  # weight: mask where nothing visible is painted
  config.lambda_soft = 1.0  # weight: mask that is neither open nor closed
  config.lambda_area = 4.0  # weight: mask smaller or larger than the class's boxes
  config.lambda_cls_fake = 0.5

  # --- Discriminator ---
  config.pretrained = True  # input: features of EfficientNet-Lite1; False: pixels
  config.n_critic = 1
  config.disc_width = 2.0   # factor on `width`
  config.projection = True  # condition on the image's domain
  config.augment = ()       # changes of its input: brightness, translation, cutout
  config.objective = 'logistic_r1'  # losses: logistic_r1, or wgan_gp with lambda_gp 10
  config.lambda_gp = 0.1
  config.penalise_every = 2  # gradient penalty on one pair in this many
  config.lambda_cls_real = 1.0

  # --- Optimisers ---
  for adam in (config.gen, config.disc):
    adam.beta1 = 0.0
    adam.beta2 = 0.9
  config.disc.learning_rate = 2.5e-4
  return config
