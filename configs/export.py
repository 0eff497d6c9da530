"""A trained run to take away: ONNX and StableHLO, with a model card.

  python -m pegan_jax.main --config export --mode export --workdir runs/inspector

All else is known from the workdir, that of a GAN's run or of --mode inspect.
docs/export.md says what is written and how it is used.

Expected: a classifier on ResNet18 in 9 s of one AMD EPYC core, and its answers within 1e-6;
a U-Net in 10 s, within 5e-5.
"""

from ml_collections import ConfigDict


def get_config():
  """Returns the settings."""
  config = ConfigDict()
  config.data_dir = ''  # the data set it was trained on, where it lies elsewhere now
  config.checkpoint = 'newest'  # of a GAN: newest, best (by KID), or a step
  config.tried = 32  # real images that are put through both programs, to compare them
  return config
