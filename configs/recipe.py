"""PE-GAN against PE-GAN+ with one budget, and what one change to a recipe brings.

  python -m pegan_jax.main --mode compare --config recipe --workdir runs/recipe \\
      --config.data_dir=data/neu64
  python -m pegan_jax.main --mode compare --config recipe:changes \\
      --workdir runs/changes --config.data_dir=data/neu64
  python -m pegan_jax.main --mode compare --config recipe:region \\
      --workdir runs/region --config.data_dir=data/neu64

What two CPU cores can do: narrow networks, small batches, a fast optimiser.

Expected of three seeds (results/README.md, recipe), on one of two cores: PE-GAN KID
0.669 +- 0.050 in 570 s per run on an AMD EPYC, PE-GAN+ 0.050 +- 0.008 in 1,717 s per run
on a busy Intel Xeon; pegan_region 0.055 +- 0.008. docs/recipe.md says what was learnt.
"""

from configs import compare
from ml_collections import ConfigDict


def _adam(rate):
  return {'learning_rate': rate, 'beta1': 0.0, 'beta2': 0.9, 'decay_fraction': 0.5}


_FAST = {'batch_size': 8, 'ema_decay': 0.98, 'gen': _adam(4e-4)}
_PEGAN = _FAST | {'n_critic': 2, 'disc': _adam(4e-4)}
# PE-GAN+'s, and pegan_region's: what two cores can do.
PLUS = _FAST | {'n_critic': 1, 'disc': _adam(1e-3)}
_PAPERS_WEIGHTS = {'lambda_cls_real': 2.0, 'lambda_cls_fake': 5.0, 'lambda_rec': 10.0}
# Weights that were tuned for a discriminator of pixels.
_OLD_MASK = {'lambda_mask': 1.0, 'lambda_soft': 0.0, 'lambda_area': 0.0}

# Variants of pegan_plus: what each changes.
CHANGES = {
    'pixels': {'pretrained': False} | _OLD_MASK,
    'wasserstein': _PAPERS_WEIGHTS | _OLD_MASK | {
        'pretrained': False, 'objective': 'wgan_gp', 'lambda_gp': 10.0},
    'strong_class_loss': _PAPERS_WEIGHTS,
    'critic_not_told': {'projection': False},
    'narrow_critic_twice': {'disc_width': 1.0, 'n_critic': 2},
    'slow_critic': {'disc': _adam(4e-4)},
    'augmented': {'augment': ('translation', 'cutout')},
    'no_grain': {'grain': 0},
    'coloured': {'grey': False},
    'any_target': {'match': False},
    'no_cycle': {'lambda_rec': 0.0},
    'free_mask': {'lambda_mask': 0.0, 'lambda_soft': 0.0, 'lambda_area': 0.0},
    'veil': {'lambda_soft': 0.0},
    'any_area': {'lambda_area': 0.0},
    'every_penalty': {'penalise_every': 1},
}


def get_config(what=''):
  """Returns what is compared: two methods ('') or another choice.

  Args:
    what: '' for PE-GAN and PE-GAN+; one of them alone: 'pegan', 'plus'; 'changes':
      `CHANGES`, each alone; 'region': pegan_region with and without a reference.
  """
  config = compare.get_config()
  config.width = 0.25
  # A class of 200 gives two sets of 60, so that floors have the same N.
  config.evaluate.count = 60
  if what == 'changes':
    variants = {'pegan_plus': {}} | {
        f'pegan_plus:{name}': change for name, change in CHANGES.items()}
    config.seeds = (0,)
    config.updates = 400
    config.per_class = 60
  elif what not in ('', 'pegan', 'plus', 'region'):
    raise ValueError(f'nothing is called {what!r}: choose pegan, plus, changes or region, '
                     'or leave it out')
  else:
    if what == 'region':
      variants = {'pegan_region': {}, 'pegan_region:reference': {'reference': True}}
    else:
      variants = {name: {} for name, alone in (('pegan', 'pegan'), ('pegan_plus', 'plus'))
                  if what in ('', alone)}
    config.seeds = (0, 1, 2)
    config.updates = 1_000
    config.per_class = 200
  config.methods = tuple(variants)
  config.settings = ConfigDict({
      name: (_PEGAN if name == 'pegan' else PLUS) | change
      for name, change in variants.items()})
  return config
