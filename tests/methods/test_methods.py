"""Every config through the whole loop: train, resume, generate, eight devices."""

import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys

import jax
import numpy as np
from PIL import Image
import pytest

from conftest import assert_same_metrics, logged, manifest_rows, small_config
from pegan_jax import methods
from pegan_jax.common.errors import UserError
from pegan_jax.data import layouts
from pegan_jax.generation.generate import generate
from pegan_jax.pretrained import perception
from pegan_jax.runs.restore import restore
from pegan_jax.runs.run import Run
from pegan_jax.training.train import train

pytestmark = pytest.mark.usefixtures('traced_once')

# What is not trained last: tests of what is trained take the first ones.
NAMES = sorted(methods.METHODS, key=lambda name: (not methods.get(name).trained, name))
# One of each layout but PE-GAN's.
ON_EIGHT = ('cyclegan', 'pegan_plus', 'pegan_region', 'wgan_gp')
LEARNING = [name for name in NAMES if methods.get(name).trained]


def tiny_config(name, data_dir):
  """`small_config` of a method, for two steps; of `ON_EIGHT` also for eight devices."""
  config = small_config(name)
  config.update({'data_dir': str(data_dir), 'num_steps': 2 * methods.get(name).trained,
                 'sample_every': 100, 'checkpoint_every': 1})
  for key, value in (('pool_size', 2), ('match', False)):
    if key in config:
      config[key] = value
  if name in ON_EIGHT:
    config.update({'batch_size': 8, 'width': 1 / 16, 'num_blocks': 1})
    if name == 'pegan_region':  # Whose blocks and pretrained network are PE-GAN+'s.
      config.num_blocks, config.pretrained = 0, False
    # Adam's first steps have full size in each number, rounding errors included.
    config.gen.learning_rate = config.disc.learning_rate = 1e-5
  return config.lock()


@pytest.fixture(scope='module', autouse=True)
def one_map():
  """All maps of the pretrained network compile for long; test_perception.py has them.

  What is traced here is of no other file's configs, see `traced_once`.
  """
  with pytest.MonkeyPatch.context() as monkeypatch:
    monkeypatch.setattr(perception, '_STAGES', (1,))
    monkeypatch.setattr(perception, '_SIZES', (10.,))
    yield


@pytest.fixture(scope='module')
def run_of(two_classes_dir, boxed_dir, tmp_path_factory):
  """run_of(name): (config, workdir) of a method's run of two steps, made once."""
  @functools.cache
  def make(name):
    data_dir = two_classes_dir if methods.get(name).trained else boxed_dir
    config, workdir = tiny_config(name, data_dir), tmp_path_factory.mktemp(name)
    train(config, workdir)
    return config, workdir
  return make


@pytest.fixture(params=NAMES)
def trained(request, run_of):
  """(config, workdir) of a run of two steps, the name of its method."""
  return *run_of(request.param), request.param


def _leaves(tree):
  return [jax.random.key_data(x) if jax.dtypes.issubdtype(
      x.dtype, jax.dtypes.prng_key) else x for x in jax.tree.leaves(tree)]


@pytest.mark.parametrize('trained', LEARNING, indirect=True)
def test_a_resumed_run_equals_an_uninterrupted_one(trained, tmp_path):
  config, workdir, _ = trained
  run = Run(config, workdir)
  target = tmp_path / 'resumed'
  shutil.copytree(workdir / 'checkpoints' / '1', target / 'checkpoints' / '1')
  assert restore(Run(config, target), 'newest').step == 1
  train(config, target)
  whole = restore(run, 'newest').state
  resumed = restore(Run(config, target), 'newest').state
  for a, b in zip(_leaves(whole), _leaves(resumed), strict=True):
    np.testing.assert_array_equal(a, b)
  first, second = logged(workdir), logged(target)
  for name, value in first[-1].items():
    assert np.isfinite(value), name
    if not name.startswith('time/'):
      assert second[-1][name] == value, name


@pytest.mark.parametrize('trained', LEARNING, indirect=True)
def test_everything_learns_and_the_average_follows(trained):
  config, workdir, name = trained
  run = Run(config, workdir)
  before, after = run.init_state(), restore(run, 'newest').state
  for part in ('gen', 'disc'):
    for (path, a), b in zip(
        jax.tree_util.tree_leaves_with_path(getattr(before, part)),
        jax.tree.leaves(getattr(after, part)), strict=True):
      # A bias before an instance norm has no gradient but rounding errors.
      assert np.abs(np.asarray(a) - np.asarray(b)).max() > 0, (part, path)
  if not config.ema_decay:
    weights = methods.get(name).weights(after.gen, after.aux)
    for a, b in zip(jax.tree.leaves(weights), jax.tree.leaves(after.ema),
                    strict=True):
      np.testing.assert_array_equal(a, b)


def test_auxiliary_state_changes_and_pretrained_weights_are_no_part_of_a_state(trained):
  config, workdir, name = trained
  run = Run(config, workdir)
  before, after = run.init_state().aux, restore(run, 'newest').state
  for (path, a), b in zip(jax.tree_util.tree_leaves_with_path(before),
                          jax.tree.leaves(after.aux), strict=True):
    assert (np.asarray(a) != np.asarray(b)).any(), (name, path)
  frozen = {x.tobytes() for x in jax.tree.leaves(run.nets.frozen) if x.any()}
  assert frozen or name != 'pegan_plus'
  assert not frozen & {np.asarray(x).tobytes() for x in _leaves(after)}


@pytest.mark.parametrize('name', NAMES)
def test_every_method_is_complete(name):
  method = methods.get(name)
  optional = {'eliminate', 'erase', 'has_masks', 'layout', 'of_data'}
  if not method.trained:
    optional |= {'gen_loss', 'disc_loss', 'paint'}
    assert method.disc_loss is None and method.paint is None and method.of_data
  for member, value in method._asdict().items():
    assert member in optional or callable(value), member
  assert isinstance(method.layout, layouts.Layout)
  assert method.translates == method.layout.with_backgrounds
  assert method.has_masks <= method.translates
  assert bool(method.erase) == (method.trained and method.translates)


def test_generate_fills_every_class_folder(trained, tmp_path):
  config, workdir, name = trained
  config = config.copy_and_resolve_references()
  config.generate.out = str(tmp_path / 'out')
  out = generate(config, workdir)
  rows = manifest_rows(out)
  assert [r['class'] for r in rows] == np.repeat(
      Run(config, workdir).info.classes, 3).tolist()
  translates = methods.get(name).translates
  assert all(bool(r['background']) == translates for r in rows)
  images = []
  for row in rows:
    with Image.open(out / row['file']) as image:
      images.append(np.asarray(image))
  assert all(x.shape == (32, 32) for x in images)
  assert len({x.tobytes() for x in images}) == 6
  sheets = {p.name.partition('_')[2] for p in (workdir / 'samples').iterdir()}
  assert sheets == {'production.png'} | (
      {'elimination.png'} if translates else set())
  if not translates:
    config.generate.out = str(tmp_path / 'again')
    config.generate.backgrounds = str(tmp_path)
    with pytest.raises(UserError, match='samples from noise'):
      generate(config, workdir)


def test_eight_devices_equal_one(run_of, two_classes_dir):
  """A method of each layout, its first two iterations: in one process of eight devices.

  PE-GAN's, on two processes of two devices, are in test_distributed.py. StarGAN has its
  losses, and targets of its own, which the script compares. The other methods share these
  ones' layouts and losses, and later iterations differ by what rounding grew to.
  """
  assert {methods.get(n).layout for n in (*ON_EIGHT, 'pegan')} == {
      m.layout for m in methods.METHODS.values()}
  script = pathlib.Path(__file__).with_name('eight_devices.py')
  process = subprocess.run(
      [sys.executable, str(script), str(two_classes_dir), *ON_EIGHT],
      capture_output=True, text=True, timeout=500,
      env=os.environ | {'JAX_NUM_CPU_DEVICES': '8',
                        'PYTHONPATH': os.pathsep.join(['.', 'tests'])})
  assert process.returncode == 0, process.stderr
  found = json.loads(process.stdout)
  assert sorted(found) == sorted(ON_EIGHT)
  for name, eight in found.items():
    one = [{k: v for k, v in line.items() if not k.startswith('time/') and k in eight[0]}
           for line in logged(run_of(name)[1])]
    assert len(eight[0]) > 5 and one[0].keys() == eight[0].keys(), name
    assert_same_metrics(one, eight)
