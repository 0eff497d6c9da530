"""An inspector: ResNet18 or MobileNetV2 from scratch on a built data set.

  python -m pegan_jax.main --config configs/inspect.py --mode inspect \\
      --workdir runs/inspector --config.data_dir=data/neu64

Its own settings; those of the GANs do not apply. docs/inspection.md says what
to expect and how long it takes.
"""

from ml_collections import ConfigDict


def get_config():
  """The settings, each with its unit."""
  config = ConfigDict()
  config.data_dir = ''          # from data_prep.build; '' is WORKDIR/dataset
  config.network = 'resnet18'   # or mobilenetv2
  config.width = 1.0            # multiplies every layer's filters
  config.epochs = 40            # over the real images; sets the steps
  config.batch_size = 64        # images a step
  config.learning_rate = 2e-3   # AdamW's highest, of one cycle
  config.weight_decay = 1e-2
  config.augment = True         # flips, 10% shifts, 20% brightness, contrast
  config.seed = 0
  config.generated = ''         # folders of generated images, by commas
  config.per_class = 600        # of which so many a class are used
  config.real_share = 0.0       # how many of a class's images in training are real;
                                # 0: as many as there are
  config.checkpoint_every = 200  # steps
  return config
