"""Do generated images help? Inspectors trained with and without them, compared.

  python -m pegan_jax.main --mode study --workdir runs/study \\
      --config.data_dir=data/neu64 --config.generated=runs/x/generated

The workdir is the study's folder; a study that is run again goes on where it stopped.
docs/inspection.md says what is compared and how.

Expected: 25 trainings on 630 training images in 403 s on two AMD EPYC cores; so far,
only pasted defects, under a new light, add to classical augmentation (results/README.md).
"""

from ml_collections import ConfigDict


def get_config():
  """Returns the study's settings, then its inspectors', as in configs/inspect.py."""
  config = ConfigDict()
  config.data_dir = ''          # from data_prep.build; '' is WORKDIR/dataset
  config.task = 'classify'      # what inspectors learn: classify, which defect it is; or
                                # localise, where defects are, of data with masks or boxes
  config.test = ''              # another data set, all of whose images are the test images:
                                # those of another day, line or light; '' is the test split
  config.clean_class = False    # whether clean images are a class: defect or not, and which
  config.generated = ''         # folders of generated images, with commas between them
  config.per_class = 600        # images used per class of each folder; 0 is all
  config.seeds = 5              # trainings of each arm
  config.fractions = (1.0,)     # shares of the real images to repeat it with: 0.15,0.35,1.0
  config.filter = ''            # generated images that are copies, unchanged, of another
                                # class or far off: '' keeps them, 'only' leaves them
                                # out, 'compare' does both
  config.network = ''           # to classify: resnet18, as without, or mobilenetv2; trained
                                # on photographs before: efficientnet_lite0 (nothing
                                # changes but its head, which is fitted: of the settings
                                # below, real_share alone has an effect),
                                # efficientnet_lite0_tuned (all but width);
                                # to localise: unet, as without, unet_efficientnet_lite0
  config.width = 0.5            # factor on filters; a third of the original's time
  config.epochs = 40            # passes over the real images; they set the steps
  config.batch_size = 64        # images per step
  config.learning_rate = 2e-3   # AdamW's highest rate, in one cycle
  config.weight_decay = 1e-2    # AdamW's decay of all parameters
  config.real_share = 0.5       # least share of real images in a class's batches, where
                                # there are both kinds; 0: every image comes equally often
  config.rotate = False         # whether strong augmentation turns images by any angle:
                                # for defects that have no direction

  config.localise = ConfigDict()  # to localise, instead of the seven above
  config.localise.width = 1.0     # factor on unet's filters
  config.localise.steps = 400     # optimiser steps
  config.localise.batch_size = 24       # crops per step
  config.localise.learning_rate = 4e-3  # AdamW's highest rate, in one cycle
  config.localise.weight_decay = 1e-3   # AdamW's decay of all parameters
  config.localise.clean_share = 0.2     # share of clean crops in a batch
  config.localise.real_share = 0.5      # least share of real crops among the others, where
                                        # there are both kinds
  return config
