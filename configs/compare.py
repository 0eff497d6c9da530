"""All methods on one data set, with one budget, the same seeds and the same metrics.

  python -m pegan_jax.main --mode compare --config compare --workdir runs/compare \\
      --config.data_dir=data/neu64

Two seeds of five methods at the paper's budget want a GPU; --config compare:small is what
two CPU cores can do.

Expected of compare:small: 21 minutes on two AMD EPYC cores; KID from 0.32 (CycleGAN) to
0.59 (PE-GAN), none of which would pass for real (results/compare/).
"""

from configs import default
from ml_collections import ConfigDict


def get_config(scale=''):
  """Returns the settings of all; what is not here is in each method's own config."""
  config = ConfigDict()
  config.data_dir = ''   # folder that data_prep.build made; '': WORKDIR/dataset
  # Methods or, with settings of their own below, variants of one: 'pegan:wide'.
  config.methods = ('dcgan', 'lsgan', 'cyclegan', 'stargan', 'pegan')
  config.seeds = (0, 1)
  # The budget: real images shown to a run's discriminators, over all classes. The number
  # of updates follows from it, and the time taken is in the table.
  config.reals = default.REALS
  config.updates = 0      # generator updates of every run, instead of `reals`; 0: by reals
  config.image_size = 64
  config.width = 1.0
  config.per_class = 600  # images that each run generates per class
  config.evaluate = default.get_config().evaluate
  # Settings that replace the methods' own: {method or variant: {key: value}}.
  config.settings = ConfigDict()
  if scale == 'small':
    config.reals = 20_000
    config.image_size = 32
    config.width = 0.25
    # A class of 200 gives two sets of 60, so that floors have the same N.
    config.evaluate.count = 60
    for method in ('cyclegan', 'stargan', 'pegan'):
      config.settings[method] = ConfigDict({'num_blocks': 3})
    config.settings.cyclegan.batch_size = 8  # one image leaves the cores idle
  elif scale:
    raise ValueError(f'no scale {scale!r}: choose small, or none')
  return config
