"""Every stage on synthetic steel, in eleven minutes on two CPU cores.

  python -m pegan_jax.main --mode all --config demo --workdir runs/demo

As configs/quick.py, on images that are drawn before, with masks: no folders are given.

Expected: region KID 0.083, pasted 0.022, one seed (results/README.md); 11 minutes on
two idle cores of an AMD EPYC, with the installation.
"""

from configs import quick
from ml_collections import ConfigDict


def get_config():
  """Returns the settings of all stages."""
  config = quick.get_config()
  config.synthetic = ConfigDict({
      'per_class': 1, 'image_size': 64, 'seed': 0, 'frames': 300, 'frame_size': 128,
      'classes': ('in', 'pa', 'rp', 'sc', 'sp')})  # Those that anybody can name.
  config.build.window_size = 64
  config.settings.pegan_region.num_steps = 250
  config.generate.per_class = 40
  return config
