"""Says which defect images show, or where, by the inspector of --mode inspect.

  python -m pegan_jax.main --mode predict --workdir runs/inspector \\
      --config.images=new/ --config.csv=answers.csv

All else is known from the workdir of the inspector. docs/inspection.md says what answers
about windows mean.

Expected: a line per image: by a classifier the class and probability of its surest window,
by a segmenter the surest box. By a ResNet18, 100 frames of 200x200, which are 3,600
windows of 64x64, in 13 s of processor time of an AMD EPYC; by a U-Net, 2,209 windows in
11 s.
"""

from ml_collections import ConfigDict


def get_config():
  """Returns the settings."""
  config = ConfigDict()
  config.images = ''  # image files and folders of them, with commas between them
  config.csv = ''     # .csv file written; by a classifier with every window's place and the
                      # probability of every class, by a segmenter with the boxes that it
                      # found; '': none
  config.window_size = 0  # side in pixels of the windows that cover an image; 0: as the
                          # inspector's data set was cut
  config.threshold = 0.5  # of a segmenter: the score above which a pixel is a defect's
  config.pictures = ''  # of a segmenter: a new folder, which gets masks/ and overlays/, the
                        # images with what was found drawn on them; '': none
  config.skip_bad = False  # whether images that cannot be read, or do not fit the
                           # inspector's, are named and left out; else nothing is done
  return config
