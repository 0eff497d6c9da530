"""From folders to an answer on a laptop: every stage, in about 15 minutes when idle.

  python -m pegan_jax.main --mode all --config quick --workdir runs/mine \\
      --images photos/ --clean clean/

Narrow networks and few updates: defects come out coarse, and `paste`, which needs no
training, is generated and studied beside them. docs/all.md says what is done.

Expected: on MT's tiles, one seed, region KID 0.043 (held out 0.069), pasted 0.011 (0.050);
in 21 minutes of processor time of an AMD EPYC, 49 by the clock on two cores with a load
of 5 to 15.
On two idle cores about 15 minutes by reckoning; not timed there.
"""

from configs import default, recipe, study
from ml_collections import ConfigDict

# How the generator is trained. Quality comes with updates, and width takes them.
_TRAINING = recipe.PLUS | {
    'width': 0.25, 'num_steps': 500, 'log_every': 50, 'sample_every': 250,
    'checkpoint_every': 100, 'eval_every': 0}


def get_config():
  """Returns the settings of all stages."""
  config = ConfigDict()
  # Arguments of data_prep.build; flags of the same names come first.
  config.build = ConfigDict({
      'image_size': 64, 'per_class': 150, 'backgrounds': 500, 'at_most': True})
  config.seed = 0
  config.flip = True  # whether training and pasting mirror images at random
  # Settings that replace the methods' own: {method: {key: value}}. The first is for data
  # with boxes or masks, the second for whole crops.
  config.settings = ConfigDict({'pegan_region': _TRAINING, 'pegan_plus': _TRAINING})
  usual = default.get_config()
  config.generate, config.evaluate = usual.generate, usual.evaluate
  config.report = usual.report
  config.generate.per_class = 100
  config.evaluate.network = 'efficientnet'
  config.study = study.get_config()
  config.study.network = 'efficientnet_lite0'
  return config
