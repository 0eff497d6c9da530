"""Real defects, cut out and pasted on clean images: nothing is trained.

  python -m pegan_jax.main --config paste --workdir runs/paste --config.data_dir=data/mine

For a data set built with boxes or masks; docs/generation.md explains it. It makes a run for
the same commands as any other.

Expected: a run in 3 s of processor time of an AMD EPYC (13 s the first time, to compile).
60 images per class of NEU-DET's inclusions, patches and scratches with masks, one seed: KID
0.026 (held out 0.035), region KID 0.030, label fidelity 0.90; of real ones 0.042 (0.045),
0.041 and 0.96. Of NEU's crops with boxes: KID 0.017 (held out 0.029), label fidelity 0.85;
of real ones 0.018 (0.018) and 0.88. docs/generation.md has more, blend=feather too.
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
