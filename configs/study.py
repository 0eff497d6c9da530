"""Do generated images help? Inspectors trained with and without them, compared.

  python -m pegan_jax.main --mode study --workdir runs/study \\
      --config.data_dir=data/neu64 --config.generated=runs/x/generated

The workdir is the study's folder; a study that is run again goes on where it stopped.
docs/inspection.md says what is compared and how.
"""

from ml_collections import ConfigDict


def get_config():
  """The settings of the study, then those of its inspectors, as in configs/inspect.py."""
  config = ConfigDict()
  config.data_dir = ''          # from data_prep.build; '' is WORKDIR/dataset
  config.generated = ''         # folders of generated images, by commas
  config.per_class = 600        # images used per class of each folder; 0 is all
  config.seeds = 5              # trainings of each arm
  # Everything is repeated with these shares of the real images: 0.15,0.35,1.0
  config.fractions = (1.0,)
  # Generated images that are copies, unchanged, of another class or far off: '' keeps
  # them, 'only' leaves them out, 'compare' does both.
  config.filter = ''
  config.network = 'resnet18'   # or mobilenetv2
  config.width = 0.5            # a third of the time that the original's 1.0 takes
  config.epochs = 40            # over the real images; sets the steps
  config.batch_size = 64        # images a step
  config.learning_rate = 2e-3   # AdamW's highest, of one cycle
  config.weight_decay = 1e-2
  config.real_share = 0.0       # real images' share of a class where there are both
                                # kinds; 0: as many as there are
  return config
