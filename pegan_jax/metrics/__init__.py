"""Sample quality with its uncertainty; its own command is `python -m pegan_jax.metrics`.

A metric that compares two sets of features is one file with a `METRIC` and one line
here; tables, charts, JSON, intervals and floors follow.
"""

from pegan_jax.metrics import copies, diversity, fid, kid, prdc

METRICS = (fid.METRIC, kid.METRIC, prdc.METRIC, diversity.METRIC, copies.METRIC)
