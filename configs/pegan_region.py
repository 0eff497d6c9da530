"""PE-GAN in a region, at the data's native 64x64: a defect where it is asked for.

  python -m pegan_jax.main --config pegan_region --workdir runs/region \\
      --config.data_dir=data/mine

For a data set built with boxes or masks; where a defect has neither, its region is the
whole crop. Before its first training on a data set it finds which classes go with which
background. docs/recipe.md says what was measured.

Expected: with the settings of `recipe:region`, 1,000 updates on NEU's crops, three seeds
(docs/recipe.md): KID 0.055 +- 0.008, label fidelity 0.82 +- 0.02, in about 20 minutes each
on two busy cores of an AMD EPYC. Full settings have not been run.
"""

from configs import default


def get_config():
  config = default.get_config()
  config.method = 'pegan_region'
  config.match = True       # backgrounds get only classes that go with them

  # --- Generator ---
  config.num_blocks = 4     # residual blocks
  config.grey = True        # one channel of content, where the data are grey
  config.grain = 1          # noise channels that differ from pixel to pixel
  config.skips = True       # the last layers get the first ones' features
  config.reference = False  # the generator is shown a real defect, half of the time
  config.lambda_rec = 1.0   # weight: backgrounds that got a defect and were erased again
  config.lambda_cls_fake = 0.5  # weight: class loss on generated images
  config.lambda_brightness = 5.0  # weight: darker or brighter than the class's defects are
  config.ema_decay = 0.995

  # --- Discriminator ---
  config.pretrained = True  # input: features of EfficientNet-Lite1 too; False: pixels
  config.n_critic = 1
  config.disc_width = 1.0   # factor on `width`
  config.augment = ('brightness', 'translation')  # changes of its input; also cutout
  config.lambda_mismatched = 0.5  # weight: images with a region or class of others
  config.lambda_cls_real = 1.0  # weight: class loss on real images
  config.lambda_gp = 0.2    # weight: gradient penalty on real images
  config.penalise_every = 4  # gradient penalty on one pair in this many

  default.set_adam(config, 3e-4, beta1=0.0, beta2=0.9)
  config.disc.learning_rate = 1e-3
  return config
