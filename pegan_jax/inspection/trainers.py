"""Chooses what trains a network: its steps, or the fit of a head to its features."""

from pegan_jax.common import provenance
from pegan_jax.inspection.linear_head import HeadFitter
from pegan_jax.inspection.training import Trainer
from pegan_jax.pretrained import weights as weight_files


def make(settings, *args):
  """Makes the trainer of a network; takes what `training.Trainer` takes."""
  return (HeadFitter if settings.fitted else Trainer)(settings, *args)


def weights(settings):
  """Returns {'pretrained': SHA-256 of others' weights}; {} where there are none.

  Raises:
    UserError: they are not installed.
  """
  if not settings.pretrained:
    return {}
  return {'pretrained': provenance.sha256(weight_files.efficientnet_path())}
