"""From folders to an answer, with more time: made for a night on a CPU.

  python -m pegan_jax.main --mode all --config standard --workdir runs/mine \\
      --images photos/ --clean clean/

As configs/quick.py, with twice its width, ten times its updates and more images.

Expected: not run. By reckoning from configs/quick.py, more than 10 hours on two Intel Xeon
cores; not tried on a GPU.
"""

from configs import quick


def get_config():
  """Returns the settings of all stages."""
  config = quick.get_config()
  config.build.per_class, config.build.backgrounds = 600, 2000
  for settings in config.settings.values():
    settings.width, settings.num_steps = 0.5, 5_000
    settings.ema_decay = 0.995
    settings.log_every, settings.sample_every = 100, 1_000
    settings.checkpoint_every = settings.eval_every = 500
  config.generate.per_class = 300
  return config
