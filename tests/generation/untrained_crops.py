"""Fixtures: a run to generate crops from."""

import pytest

from conftest import to_change, untrained


@pytest.fixture(scope='module')
def trained(tmp_path_factory, two_classes_dir):
  return untrained('pegan', two_classes_dir, tmp_path_factory.mktemp('trained'), 2)


@pytest.fixture
def setting(trained, tmp_path):
  return to_change(trained, tmp_path / 'generated')
