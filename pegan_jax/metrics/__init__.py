"""Sample quality with its uncertainty; by itself `python -m pegan_jax.metrics`.

A metric that compares two sets of features is a file with a `METRIC` and a line
here; tables, charts, JSON, intervals and floors follow.
"""

from pegan_jax.metrics import copies, diversity, fid, kid, prdc

METRICS = (fid.METRIC, kid.METRIC, prdc.METRIC, diversity.METRIC, copies.METRIC)
