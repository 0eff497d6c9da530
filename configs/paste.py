"""Real defects, cut out and pasted on clean images: nothing is trained.

  python -m pegan_jax.main --config paste --workdir runs/paste --config.data_dir=data/mine

For a data set built with boxes or masks. It makes a run, in seconds, for the same commands
as any other.
"""

from configs import default


def get_config():
  config = default.get_config()
  config.method = 'paste'
  config.num_steps = 0
  config.eval_every = 0
  config.match = True       # backgrounds get only classes that go with them
  config.blend = 'poisson'  # keeps the defect's gradients; or feather: its brightness
  default.set_adam(config, 1e-3, beta1=0.0, beta2=0.9)  # A run's state has them.
  return config
