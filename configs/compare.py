"""All methods on one data set with one budget, the same seeds and one ruler.

  python -m pegan_jax.main --mode compare --config configs/compare.py --workdir runs/compare \\
      --config.data_dir=data/neu64

Two seeds of five methods at the paper's budget want a GPU;
configs/compare.py:small is what two CPU cores can do.
"""

from configs import default
from ml_collections import ConfigDict


def get_config(scale=''):
  """The settings of the whole; what is not here is each method's own config's."""
  config = ConfigDict()
  config.data_dir = ''   # from data_prep.build; '' is WORKDIR/dataset
  # A method or, with settings of its own below, a variant of one: 'pegan:wide'.
  config.methods = ('dcgan', 'lsgan', 'cyclegan', 'stargan', 'pegan')
  config.seeds = (0, 1)
  # The budget: real images that a run's discriminators are shown, over all
  # classes. Updates follow from it; the wall time it took is in the table.
  config.reals = default.REALS
  config.updates = 0  # the generator's, of every run, whatever it is shown; 0: by reals
  config.image_size = 64
  config.width = 1.0
  config.per_class = 600  # images that each run generates of each class
  config.evaluate = default.get_config().evaluate
  # Settings over the methods' own configs': {method or variant: {key: value}}.
  config.settings = ConfigDict()
  if scale == 'small':
    config.reals = 20_000
    config.image_size = 32
    config.width = 0.25
    # Two sets of so many exist of each class of 200: floors at the same N.
    config.evaluate.count = 60
    for method in ('cyclegan', 'stargan', 'pegan'):
      config.settings[method] = ConfigDict({'num_blocks': 3})
    config.settings.cyclegan.batch_size = 8  # one image leaves the cores idle
  elif scale:
    raise ValueError(f'no scale {scale!r}: choose small, or none')
  return config
