"""A data set of shrunk windows: frames and backgrounds are worked on at their scale."""


import numpy as np
from PIL import Image
import pytest

from conftest import manifest_rows, small_config, untrained
from data_prep import build
from data_prep.crops import cutting
from pegan_jax.data import dataset
from pegan_jax.generation import frames, jobs
from pegan_jax.generation.generate import generate
from pegan_jax.generation.sampler import Painted
from pegan_jax.generation.verdicts import Verdict
from pegan_jax.runs.run import Run

LEVEL = 40


@pytest.fixture(scope='module')
def shrunk_dir(tmp_path_factory):
  """Windows of 64 pixels, kept at 32; the defects' crops are of any size."""
  folder = tmp_path_factory.mktemp('shrunk')
  rng = np.random.default_rng(0)
  for name in ('pa', 'sc'):
    (folder / 'defects' / name).mkdir(parents=True)
    for i in range(6):
      Image.fromarray(rng.integers(0, 256, (48, 48), np.uint8)).save(
          folder / 'defects' / name / f'{i}.png')
  (folder / 'clean').mkdir()
  for i, shape in enumerate([(64, 64), (70, 130), (128, 200)]):
    Image.fromarray(rng.integers(0, 256, shape, np.uint8)).save(
        folder / 'clean' / f'{i}.png')
  build.build(defects=folder / 'defects', clean=folder / 'clean', out=folder / 'set',
              image_size=32, window_size=64, per_class=0, backgrounds=0, shards=1)
  return folder / 'set'


def _run(shrunk_dir, workdir, **generate_settings):
  config = small_config()
  config.data_dir = str(shrunk_dir)
  config.generate.update(generate_settings)
  return Run(config, workdir)


def test_the_window_is_noted_where_it_is_another(shrunk_dir, data_dir):
  info = dataset.load_info(shrunk_dir)
  assert (info.window, info.image_size) == (64, 32)
  info = dataset.load_info(data_dir)
  assert info.window == info.image_size == 32 and 'window' not in info.metadata


def test_a_folders_images_are_cut_as_the_data_sets_were(shrunk_dir, tmp_path):
  clean = shrunk_dir.parent / 'clean'
  run = _run(shrunk_dir, tmp_path, backgrounds=str(clean))
  images, names = jobs.load_backgrounds(run)
  assert names == ['0.png', 'clean/1.png[0,0,64,64]', 'clean/1.png[64,0,128,64]',
                   *(f'clean/2.png[{x},{y},{x + 64},{y + 64}]'
                     for y in (0, 64) for x in (0, 64, 128))]
  records = dataset.Records(run.info, 'train')
  found = records.find(run.info.background)
  built = dict(zip(records.sources(found), records.images(found)))
  assert len(built) == len(names)
  for name, image in zip(names, images):
    whole = 'clean/0.png[0,0,64,64]'
    np.testing.assert_array_equal(image, built[whole if name == '0.png' else name])


def test_many_windows_are_drawn_by_seed_and_bounded(shrunk_dir, tmp_path, monkeypatch):
  monkeypatch.setattr(jobs, '_MOST_WINDOWS', 4)
  run = _run(shrunk_dir, tmp_path, backgrounds=str(shrunk_dir.parent / 'clean'))
  first, second = (jobs.load_backgrounds(run)[1] for _ in range(2))
  assert first == second and len(first) == 4  # Of nine.


def test_a_window_of_its_own_size_is_read_as_it_was(data_dir, tmp_path):
  folder = tmp_path / 'mine' / 'sub'
  folder.mkdir(parents=True)
  image = np.random.default_rng(0).integers(0, 256, (32, 32), np.uint8)
  Image.fromarray(image).save(folder / 'a.png')
  images, names = jobs.load_backgrounds(
      _run(data_dir, tmp_path, backgrounds=str(tmp_path / 'mine')))
  assert names == ['sub/a.png']
  np.testing.assert_array_equal(images[0, ..., 0], image)


def test_images_smaller_than_a_window_are_told(shrunk_dir, tmp_path, capsys):
  (tmp_path / 'mine').mkdir()
  for name, size in (('a', (64, 64)), ('b', (90, 40))):
    Image.new('L', size, 90).save(tmp_path / 'mine' / f'{name}.png')
  run = _run(shrunk_dir, tmp_path, backgrounds=str(tmp_path / 'mine'))
  assert jobs.load_backgrounds(run)[1] == [
      'a.png', 'mine/b.png[0,0,40,40]', 'mine/b.png[40,0,80,40]']
  assert "1 of 2 images in " in (said := capsys.readouterr().err)
  assert 'smaller than a window of 64x64' in said


@pytest.fixture(params=['grey', 'coloured'])
def frame(request, tmp_path):
  """One frame of a fine texture, and its folder."""
  rng = np.random.default_rng(1)
  image = rng.integers(60, 180, (150, 170), np.uint8)
  if request.param == 'coloured':
    image = np.stack([image, image // 2, image // 3], -1)
  (tmp_path / 'in').mkdir()
  Image.fromarray(image).save(tmp_path / 'in' / 'a.png')
  return image


def test_a_defect_is_put_back_at_the_windows_scale(shrunk_dir, frame, tmp_path):
  """A square of 8 pixels of the network's is 16 of the frame's."""
  run = _run(shrunk_dir, tmp_path, frames=str(tmp_path / 'in'))
  job = frames.plan(run)
  window, = job.sources
  left, top, *_ = window.box
  grey = np.atleast_3d(np.asarray(Image.fromarray(frame).convert('L')))
  np.testing.assert_array_equal(job.backgrounds[0], cutting.Reader(32, True, 255).crop(
      grey, window.box))
  fake = job.backgrounds.copy()
  mask = np.zeros((1, 32, 32), np.uint8)
  fake[:, 12:20, 10:18] += LEVEL
  mask[:, 12:20, 10:18] = 255
  for name in ('images', 'beside'):
    (tmp_path / name).mkdir()
  frames.write(run, 0, job, [(window.label, [0], Painted(fake, mask), [Verdict(None, 1)])],
               tmp_path / 'images', tmp_path / 'beside')
  after = np.asarray(Image.open(tmp_path / 'images' / 'a.png')).astype(int)
  painted = np.asarray(Image.open(tmp_path / 'beside' / 'masks' / 'a.png'))
  change = after - frame
  inside = np.zeros(frame.shape[:2], bool)
  # One more pixel all around, where what is enlarged fades out.
  inside[top + 23:top + 41, left + 19:left + 37] = True
  np.testing.assert_array_equal(painted > 0, inside)
  assert not change[~inside].any()
  middle = change[top + 26:top + 38, left + 22:left + 34]
  assert (middle == LEVEL).all() and (painted[inside] > 0).all()
  row, = manifest_rows(tmp_path / 'images')
  box = list(map(int, row['boxes'].split()))
  assert np.abs(np.array(box) - [left + 20, top + 24, left + 36, top + 40]).max() <= 1


@pytest.mark.parametrize('accepted', [None, True, False])
def test_that_a_defect_has_no_box_is_told_unless_it_is_rejected(
    shrunk_dir, frame, tmp_path, capsys, accepted):
  run = _run(shrunk_dir, tmp_path, frames=str(tmp_path / 'in'))
  job = frames.plan(run)
  window, = job.sources
  nothing = Painted(job.backgrounds.copy(), np.zeros((1, 32, 32), np.uint8))
  (tmp_path / 'images').mkdir()
  frames.write(run, 0, job, [(window.label, [0], nothing, [Verdict(accepted, 1)])],
               tmp_path / 'images', tmp_path / 'beside')
  assert ('no box: 1 of 1 ' in capsys.readouterr().err) == (accepted is not False)


def test_generation_on_frames_keeps_all_else(shrunk_dir, frame, tmp_path):
  config, workdir = untrained('pegan', shrunk_dir, tmp_path / 'run', 1)
  config = config.copy_and_resolve_references()
  config.generate.update({'frames': str(tmp_path / 'in'), 'defects_per_frame': 2,
                          'out': str(tmp_path / 'out')})
  out = generate(config, workdir)
  after = np.asarray(Image.open(out / 'a.png'))
  outside = np.ones(frame.shape[:2], bool)
  rows = manifest_rows(out)
  for row in rows:
    left, top = int(row['left']), int(row['top'])
    outside[top:top + 64, left:left + 64] = False
  assert (~outside).sum() == len(rows) * 64 * 64
  np.testing.assert_array_equal(after[outside], frame[outside])
  mask = np.asarray(Image.open(tmp_path / 'out_annotations' / 'masks' / 'a.png'))
  np.testing.assert_array_equal(after[mask == 0], frame[mask == 0])
  assert (after != frame).any()
