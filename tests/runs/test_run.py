"""A run's config and data set."""

import json

import pytest

from pegan_jax.common.errors import UserError
from pegan_jax.runs.run import Run
from conftest import small_config


def test_a_run_without_its_data_set_names_the_flag(tmp_path):
  config = small_config()
  config.data_dir = ''
  with pytest.raises(UserError, match='no data set at .*dataset.: build one'):
    Run(config, tmp_path)
  (tmp_path / 'config.json').write_text(json.dumps({'data_dir': '/my data/x'}))
  for given in ('', '/my data/x'):
    config.data_dir = given
    with pytest.raises(UserError, match='trained on, by --config.data_dir, where it is '
                       'now: it was /my data/x$'):
      Run(config, tmp_path)
  config.data_dir = ''
  (tmp_path / 'my data').mkdir()
  (tmp_path / 'config.json').write_text(json.dumps({'data_dir': f'{tmp_path}/my data'}))
  with pytest.raises(UserError, match="trained on, --config.data_dir='.*/my data'$"):
    Run(config, tmp_path)
  (tmp_path / 'config.json').write_text('{')
  with pytest.raises(UserError, match='no data set at .*dataset.: build one'):
    Run(config, tmp_path)
