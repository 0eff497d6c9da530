"""Chooses what trains a network: its steps, or the fit of a head to its features."""

from pegan_jax.inspection.linear_head import HeadFitter
from pegan_jax.inspection.training import Trainer


def make(settings, *args):
  """Makes the trainer of a network; takes what `training.Trainer` takes."""
  return (HeadFitter if settings.fitted else Trainer)(settings, *args)
