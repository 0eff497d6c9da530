"""Fixtures: a run to generate crops from."""

import pytest

from conftest import untrained


@pytest.fixture(scope='module')
def trained(tmp_path_factory, two_classes_dir):
  return untrained('pegan', two_classes_dir, tmp_path_factory.mktemp('trained'), 2)


@pytest.fixture
def setting(trained, tmp_path):
  config, workdir = trained
  config = config.copy_and_resolve_references()
  config.generate.out = str(tmp_path / 'generated')
  return config, workdir
