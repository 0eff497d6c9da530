"""Turns configuration into optax optimisers."""

import optax


def schedule(config, updates):
  """Returns the learning rate by update: constant, then linear to 0 at the end.

  Args:
    config: has `learning_rate` and `decay_fraction`, the part of the run, in
      [0, 1], over which the rate falls; 0 keeps it constant.
    updates: number of updates of this network in the whole run.

  Returns:
    An optax schedule.
  """
  if not config.decay_fraction:
    return optax.constant_schedule(config.learning_rate)
  decay = max(1, round(config.decay_fraction * updates))
  return optax.linear_schedule(
      config.learning_rate, 0.0, decay, transition_begin=updates - decay)


def adam(config, updates):
  """Returns Adam (Kingma & Ba 2015) with the config's rate, `beta1` and `beta2`."""
  return optax.adam(schedule(config, updates), config.beta1, config.beta2)
