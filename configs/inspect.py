"""An inspector of the defects of a built data set: which defect it is, or where.

  python -m pegan_jax.main --config inspect --mode inspect \\
      --workdir runs/inspector --config.data_dir=data/neu64

The settings of the GANs do not apply.

Expected: on NEU's nine classes, 140 real crops per class, five seeds, with --mode study
(results/README.md, inspectors): accuracy 94.0% [90.5, 96.7], 800 steps of 0.3 to 0.45 s on
two AMD EPYC cores. A segmenter, with --config.task=localise, on three classes of NEU-DET's
windows (docs/inspection.md, one segmenter), three seeds: pixel AP 0.875 [0.785, 0.965],
90 to 98 s of processor time.
"""

from configs import study
from ml_collections import ConfigDict


def get_config():
  """Returns the settings, each with its unit."""
  config = ConfigDict()
  config.data_dir = ''          # from data_prep.build; '' is WORKDIR/dataset
  config.task = 'classify'      # what it learns: classify, which defect it is; or localise,
                                # where defects are, of data with masks or boxes
  config.network = ''           # to classify: resnet18, as without, or mobilenetv2; trained
                                # on photographs before: efficientnet_lite0 (nothing changes
                                # but its head, which is fitted: width, epochs, batch_size,
                                # learning_rate and weight_decay have no effect), or
                                # efficientnet_lite0_tuned (width has none);
                                # to localise: unet, as without, unet_efficientnet_lite0
  config.width = 1.0            # factor on every layer's filters
  config.epochs = 40            # passes over the real images; they set the steps
  config.batch_size = 64        # images per step
  config.learning_rate = 2e-3   # AdamW's highest rate, in one cycle
  config.weight_decay = 1e-2    # AdamW's decay of all parameters
  config.augment = True         # flips; 10% shifts; 20% of brightness and contrast
  config.strong = False         # more of it: parts enlarged, blur, noise, mixtures
  config.rotate = False         # and turned by any angle: for defects without direction
  config.seed = 0
  config.generated = ''         # folders of generated images, with commas between them
  config.per_class = 600        # images used per class of each folder
  config.real_share = 0.5       # least share of real images in a class's batches; 0: every
                                # image comes equally often
  config.generated_first = False  # whether the first half of the steps is of generated
                                # images alone, and the second of real ones alone
  config.checkpoint_every = 200  # steps between checkpoints
  # To localise, instead of width to rotate, and real_share: see configs/study.py.
  config.localise = study.get_config().localise
  return config
