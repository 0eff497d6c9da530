"""Parses JSON text that may be damaged in any way."""

import json


def parse(text, **kwargs):
  """Returns the value of JSON text or bytes.

  Args:
    text: str or bytes.
    **kwargs: as of `json.loads`.

  Raises:
    ValueError: they are damaged.
  """
  try:
    return json.loads(text, **kwargs)
  except RecursionError as e:  # Thousands of brackets.
    raise ValueError('it is nested too deeply') from e
