"""The class and probability of images, by the inspector that --mode inspect trained.

  python -m pegan_jax.main --mode predict --workdir runs/inspector \\
      --config.images=new/ --config.csv=answers.csv

All else is known from the workdir of the inspector.
"""

from ml_collections import ConfigDict


def get_config():
  config = ConfigDict()
  config.images = ''  # image files and folders of them, by commas
  config.csv = ''     # a file for the answers, with the probability of every class
  return config
