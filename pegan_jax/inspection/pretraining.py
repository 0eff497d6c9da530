"""Notes by which weights of others an inspector was trained."""

from pegan_jax.common import provenance
from pegan_jax.pretrained import weights as weight_files


def weights(settings):
  """Returns {'pretrained': SHA-256 of others' weights}; {} where there are none.

  Raises:
    UserError: they are not installed.
  """
  if not settings.pretrained:
    return {}
  return {'pretrained': provenance.sha256(weight_files.efficientnet_path())}
