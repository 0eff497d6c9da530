"""One model per defect class, all classes side by side in one step.

`vmap` over a leading class axis: the classes' losses are added up, and as each
depends on its own class's parameters only, the gradient of the sum is every
model's own. Adam works on each number by itself, so that optimisers, the loop and
checkpoints need not know that there are several models. On a device this is one
large operation in place of a small one per class.
"""

import jax


def init(one, key, num_classes):
  """Initialises every class: vmaps `one(key)` over one key per class."""
  return jax.vmap(one)(jax.random.split(key, num_classes))


def add(one, *args):
  """Adds up the losses of all classes.

  Args:
    one: maps one class's arguments to (scalar loss, (metrics, aux)).
    *args: pytrees whose arrays have the class axis first.

  Returns:
    (scalar, (metrics over all classes, aux with the class axis first)).
  """
  loss, (metrics, aux) = jax.vmap(one)(*args)
  # Averages are totals and counts: both add up.
  return loss.sum(), (jax.tree.map(lambda x: x.sum(0), metrics), aux)
