"""Numbers the groups that pairs make."""

import numpy as np
import scipy


def number(count, pairs):
  """Numbers connected nodes alike.

  Args:
    count: number of nodes.
    pairs: int [P, 2].

  Returns:
    int [count], group numbers from 0 in order of each group's first node.
  """
  pairs = np.asarray(pairs, int).reshape(-1, 2)
  graph = scipy.sparse.coo_array(
      (np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
  _, labels = scipy.sparse.csgraph.connected_components(graph, directed=False)
  _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
  return np.argsort(np.argsort(first))[inverse]
