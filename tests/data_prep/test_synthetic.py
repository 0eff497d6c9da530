"""The built-in data set: deterministic, boxed tightly, separable, lifelike."""

import os
import pathlib
import subprocess
import sys
import time
from xml.etree import ElementTree

import numpy as np
from PIL import Image
import pytest

from data_prep import synthetic
from data_prep.steel import surfaces
from pegan_jax.annotations.regions import Box, box_of, Region
from pegan_jax.common import provenance
from pegan_jax.common.errors import UserError

ROOT = pathlib.Path(__file__).resolve().parents[2]
REAL = pathlib.Path(
    os.environ.get('PEGAN_DATA', ROOT.parent / 'shared' / 'data'))
NEU = 'cr gg in pa ps rp rs sc sp'.split()


def _files(root):
  """Every file below `root`: relative name -> bytes."""
  return {
      str(p.relative_to(root)): p.read_bytes()
      for p in sorted(root.rglob('*'))
      if p.is_file()
  }


@pytest.fixture(scope='module')
def small(tmp_path_factory):
  out = tmp_path_factory.mktemp('synthetic') / 'small'
  synthetic.write(out, per_class=2, image_size=32, seed=3, frames=3)
  return out


def _spectrum_slope(images):
  """Slope of log power over log frequency, from [N, S, S] images."""
  size = images.shape[1]
  images = images - images.mean((1, 2), keepdims=True)
  window = np.outer(np.hanning(size), np.hanning(size))
  power = (np.abs(np.fft.fft2(images * window))**2).mean(axis=0)
  f = np.fft.fftfreq(size) * size
  radius = np.hypot(f[:, None], f[None])
  rings = np.arange(3, size // 2 - 1)
  level = [power[np.abs(radius - r) < 0.5].mean() for r in rings]
  return np.polyfit(np.log(rings), np.log(level), 1)[0]


def test_layout_sizes_and_grey(small):
  names = set(_files(small)) - {provenance.FILE}
  want = {
      f'defects/{c}/{i:05d}.png' for c in synthetic.CLASSES for i in range(2)
  }
  for folder, suffix in (('frames', 'png'), ('boxes', 'xml'), ('masks', 'png'),
                         ('clean', 'png')):
    want |= {f'{folder}/{i:05d}.{suffix}' for i in range(3)}
  assert names == want
  assert {*synthetic.CLASSES} >= {*NEU}
  for name in names:
    if name.endswith('.png'):
      with Image.open(small / name) as image:
        side = 32 if name.startswith('defects') else 96
        assert (image.mode, image.size) == ('L', (side, side)), name


def test_masks_fill_their_boxes(small):
  for i in range(3):
    with Image.open(small / 'masks' / f'{i:05d}.png') as image:
      mask = np.asarray(image)
    inside = np.zeros_like(mask)
    for region in synthetic.frame(3, i, 32, 96)[1]:
      inside[region.box.slices][region.mask] = 255
      part = mask[region.box.slices] > 0
      assert all(part[side].any() for side in (0, -1, np.s_[:, 0], np.s_[:, -1]))
    np.testing.assert_array_equal(mask, inside)


def test_same_arguments_same_bytes_and_more_keeps_the_first(small, tmp_path):
  synthetic.write(tmp_path / 'more', 3, image_size=32, seed=3, frames=4)
  first, more = _files(small), _files(tmp_path / 'more')
  assert first.pop(provenance.FILE) != more.pop(provenance.FILE)
  assert {name: more[name] for name in first} == first
  assert len(more) > len(first)


def test_seeds_classes_and_numbers_give_different_images():
  images = [
      synthetic.crop(seed, name, i, 32).tobytes()
      for seed in (0, 1) for name in synthetic.CLASSES for i in (0, 1)
  ]
  images += [synthetic.frame(0, 0, 32, 96, kind)[0].tobytes()
             for kind in ('frame', 'clean')]
  assert len(set(images)) == len(images)


@pytest.mark.parametrize('size', [32, 64])
def test_masks_are_what_one_sees_and_boxes_hold_just_that(size):
  counts = []
  for i in range(24):
    image, regions = synthetic.frame(1, i, size, 3 * size)
    clean, none = synthetic.frame(1, i, size, 3 * size, defects=False)
    assert none == []
    change = np.abs(image - clean.astype(int))
    assert regions or not change.any()
    for region in regions:
      assert box_of(region.mask) == Box(0, 0, region.box.width, region.box.height)
    if len(regions) == 1:  # From a fifth of its strongest change on.
      seen = np.zeros_like(change, bool)
      seen[regions[0].box.slices] = regions[0].mask
      np.testing.assert_array_equal(seen, 5 * change >= change.max())
    counts.append(len(regions))
  assert min(counts) == 0 and max(counts) > 1


def test_voc_files_say_what_the_boxes_are(small):
  for i in range(3):
    root = ElementTree.parse(small / 'boxes' / f'{i:05d}.xml').getroot()
    assert root.findtext('filename') == f'{i:05d}.png'
    assert [root.findtext(f'size/{t}') for t in ('width', 'height', 'depth')
           ] == ['96', '96', '1']
    found = []
    for node in root.iter('object'):
      # VOC counts pixels from 1 and includes the far corner.
      x0, y0, x1, y1 = (int(node.findtext(f'bndbox/{tag}'))
                        for tag in ('xmin', 'ymin', 'xmax', 'ymax'))
      found.append(Region(node.findtext('name'), Box(x0 - 1, y0 - 1, x1, y1)))
    assert found == [region._replace(mask=None)
                     for region in synthetic.frame(3, i, 32, 96)[1]]


@pytest.mark.parametrize('size', [32, 64, 128])
def test_every_defect_shows_on_a_good_part_of_its_crop(size):
  for name in synthetic.CLASSES:
    parts = []
    for i in range(8):
      marked = synthetic.crop(0, name, i, size)
      clean = synthetic.crop(0, name, i, size, defect=False)
      parts.append((np.abs(marked.astype(int) - clean) > 6).mean())
    assert np.median(parts) > 0.06, (name, parts)


def test_clean_frames_have_the_steel_of_every_class():
  """Brightness and roughness of each class's steel lie amid the frames'."""

  def look(image):
    image = image.astype(float)
    return image.mean(), np.log(np.abs(np.diff(image, axis=0)).mean())

  clean = np.array([
      look(synthetic.frame(0, i, 64, 192, 'clean')[0][:64, :64])
      for i in range(60)
  ])
  for name in synthetic.CLASSES:
    steel_look = np.mean(
        [look(synthetic.crop(0, name, i, 64, defect=False)) for i in range(12)],
        axis=0)
    nearest = np.abs((clean - steel_look) / clean.std(axis=0)).max(axis=1).min()
    assert nearest < 0.3, name


def test_only_classes_that_are_asked_for_and_their_steel(tmp_path):
  """Spots and pits occur on bright steel, which is brighter than any other."""
  synthetic.write(tmp_path / 'x', 1, 32, 0, frames=8, classes=['sp', 'ps'])
  assert {p.name for p in (tmp_path / 'x' / 'defects').iterdir()} == {'sp', 'ps'}
  named = [node.text for path in (tmp_path / 'x' / 'boxes').iterdir()
           for node in ElementTree.parse(path).iter('name')]
  assert {*named} == {'sp', 'ps'}
  drawn = {classes: np.mean([
      synthetic.frame(0, i, 32, 32, 'clean', classes=classes)[0] for i in range(20)])
           for classes in (('sp', 'ps'), synthetic.CLASSES)}
  assert drawn['sp', 'ps'] > drawn[synthetic.CLASSES] + 30


def _features(image):
  """A few numbers that a person would look at: [F]."""
  x = image.astype(float)
  gy, gx = np.diff(x, axis=0), np.diff(x, axis=1)
  low = np.percentile(x, [1, 5, 25, 75, 95, 99]) - np.median(x)
  size = x.shape[0] // 4
  coarse = x[:4 * size, :4 * size].reshape(size, 4, size, 4).mean((1, 3))
  contrast = [x.std(), np.abs(gx).mean(), np.abs(gy).mean(), coarse.std(),
              x.mean(axis=0).std(), x.mean(axis=1).std(),
              np.percentile(np.abs(gx), 99), np.percentile(np.abs(gy), 99)]
  return np.concatenate([[np.median(x)], low, np.log1p(contrast)])


@pytest.mark.parametrize('size', [32, 64])
def test_classes_can_be_told_apart(size):
  """Linear discriminant on 15 numbers: far beyond what the steel gives away.

  Four kinds of steel alone would name 4 classes of 9: 44%.
  """
  data = np.array([[_features(synthetic.crop(0, name, i, size))
                    for i in range(60)]
                   for name in synthetic.CLASSES])
  train, test = data[:, :40], data[:, 40:]
  means = train.mean(axis=1)
  within = (train - means[:, None]).reshape(-1, data.shape[-1])
  inverse = np.linalg.pinv(np.cov(within, rowvar=False))
  off = test[:, :, None] - means
  distance = np.einsum('nicf,fg,nicg->nic', off, inverse, off)
  right = distance.argmin(axis=-1) == np.arange(len(means))[:, None]
  assert right.mean() > 0.7
  assert right.mean(axis=1).min() > 0.35


def test_noise_field_has_unit_variance_and_its_direction():
  rng = np.random.default_rng(0)
  fields = np.array([surfaces.noise_field(rng, (63, 64), 3, 1) for _ in range(30)])
  assert fields.shape == (30, 63, 64)
  np.testing.assert_allclose(fields.var(), 1, atol=0.05)
  # White noise blurred by s correlates as exp(-d^2 / 4 s^2) at distance d.
  along = (fields[:, :, 2:] * fields[:, :, :-2]).mean()
  across = (fields[:, 2:] * fields[:, :-2]).mean()
  np.testing.assert_allclose([along, across], np.exp([-4 / 36, -1]), atol=0.05)


@pytest.mark.parametrize('argument, value', [
    ('per_class', 0), ('per_class', -1), ('per_class', 10**6),
    ('image_size', 0), ('image_size', 5), ('image_size', 10**5),
    ('frames', -1), ('frame_size', 31), ('frame_size', 10**5), ('seed', -1),
    ('image_size', 32.5), ('classes', ['sc', 'rust']), ('classes', []),
])
def test_nonsense_is_one_sentence_and_writes_nothing(tmp_path, argument, value):
  arguments = {'per_class': 1, 'image_size': 32, 'seed': 0, 'frames': 1}
  with pytest.raises(UserError, match=argument) as e:
    synthetic.write(tmp_path / 'out', **{**arguments, argument: value})
  assert '\n' not in str(e.value)
  assert not list(tmp_path.iterdir())


def test_what_is_there_stays(tmp_path):
  (tmp_path / 'full').mkdir()
  (tmp_path / 'full' / 'mine.txt').write_text('mine')
  (tmp_path / 'file').write_text('mine')
  for name in ('full', 'file'):
    with pytest.raises(UserError, match=name):
      synthetic.write(tmp_path / name, 1, 32, 0, frames=0)
  assert _files(tmp_path) == {'full/mine.txt': b'mine', 'file': b'mine'}


def test_empty_folder_and_missing_parents_are_fine(tmp_path):
  (tmp_path / 'empty').mkdir()
  synthetic.write(tmp_path / 'empty', 1, 32, 0, frames=0)
  synthetic.write(tmp_path / 'a' / 'b', 1, 32, 0, frames=0)
  assert _files(tmp_path / 'empty') == _files(tmp_path / 'a' / 'b')


@pytest.mark.parametrize('error, raised', [
    (KeyboardInterrupt(), KeyboardInterrupt),
    (OSError(28, 'No space left on device'), UserError),
])
def test_a_stop_half_way_leaves_nothing(tmp_path, monkeypatch, error, raised):
  save, calls = Image.Image.save, []

  def stops(self, *args, **kwargs):
    calls.append(1)
    if len(calls) == 5:
      raise error
    save(self, *args, **kwargs)

  monkeypatch.setattr(Image.Image, 'save', stops)
  with pytest.raises(raised):
    synthetic.write(tmp_path / 'out', 1, 32, 0, frames=1)
  assert len(calls) == 5 and not list(tmp_path.iterdir())


def test_command_line(tmp_path, capsys):
  arguments = ['--per_class=1', '--image_size=32', '--seed=3', '--frames=1']
  out = str(tmp_path / 'out')
  assert synthetic.main(['--out', out] + arguments) == 0
  assert out in capsys.readouterr().out
  assert synthetic.main(['--out', out] + arguments) == 2
  captured = capsys.readouterr()
  assert captured.err.startswith('error: ') and captured.err.count('\n') == 1
  assert synthetic.main(['--out', out, '--per_class=few']) == 2
  error = capsys.readouterr().err
  assert error.startswith('error: ') and "'few'" in error and error.count('\n') == 1


def test_a_signal_leaves_nothing(tmp_path):
  process = subprocess.Popen(
      [sys.executable, '-m', 'data_prep.synthetic', '--out', str(tmp_path / 'out'),
       '--per_class=9999'], cwd=ROOT, stderr=subprocess.PIPE)
  while process.poll() is None and not any(tmp_path.rglob('*.png')):  # It draws.
    time.sleep(0.02)
  process.terminate()
  assert process.communicate(timeout=60)[1] == b''
  assert process.returncode == 143 and not any(tmp_path.iterdir())


def test_needs_no_jax():
  code = "import sys, data_prep.synthetic; sys.exit('jax' in sys.modules)"
  assert subprocess.run([sys.executable, '-c', code], check=False, cwd=ROOT).returncode == 0


def test_statistics_are_those_of_the_real_data():
  real_root = REAL / 'NEU-CLS-64'
  if not real_root.is_dir():
    pytest.skip(f'no real data: {real_root} is missing (set PEGAN_DATA)')
  for name in NEU:
    paths = sorted((real_root / name).glob('*.jpg'))
    real = np.array([
        np.asarray(Image.open(p).convert('L').resize((64, 64)), float)
        for p in paths[::max(1, len(paths) // 60)]
    ])
    drawn = np.array(
        [synthetic.crop(0, name, i, 64) for i in range(60)]).astype(float)
    mean = drawn.mean() - real.mean()
    spread = np.median(drawn.std((1, 2))) / np.median(real.std((1, 2)))
    slope = _spectrum_slope(drawn) - _spectrum_slope(real)
    assert abs(mean) < 30, (name, mean)  # Grey levels.
    assert 0.6 < spread < 1.6, (name, spread)
    assert abs(slope) < 1.1, (name, slope)
