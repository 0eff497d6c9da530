"""From a checkpoint to class folders: what is written, from what, and how surely."""

import os
import types

import jax
import numpy as np
from PIL import Image
import pytest

from conftest import manifest_rows
from generation.untrained_crops import setting, trained  # noqa: F401
from pegan_jax import annotations
from pegan_jax.annotations import regions
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.generation import generate as generate_lib, jobs, sampler
from pegan_jax.generation.generate import generate
from pegan_jax.generation.sampler import Painted, Sampler
from pegan_jax.methods import conditional
from pegan_jax.runs.checkpoints.store import Checkpoints
from pegan_jax.runs.run import Run

pytestmark = pytest.mark.usefixtures('traced_once')


def test_class_folders_and_manifest(setting):
  config, workdir = setting
  out = generate(config, workdir)
  info = dataset.load_info(config.data_dir)
  rows = manifest_rows(out)
  assert len(rows) == 2 * 3
  records = dataset.Records(info, 'train')
  known = set(records.sources(records.find(info.background)))
  for row in rows:
    with Image.open(out / row['file']) as image:
      assert image.size == (32, 32) and image.mode == 'L'
    assert row['file'].startswith(row['class'] + '/')
    assert row['background'] in known
    assert (row['seed'], row['step']) == ('0', '2')
  assert sorted(p.name for p in out.iterdir() if p.is_dir()) == info.classes
  assert len({r['background'] for r in rows}) > 3


def _bytes(folder):
  return {p.relative_to(folder): p.read_bytes()
          for p in sorted(folder.rglob('*')) if p.is_file()}


def test_no_two_images_have_the_same_noise(setting, monkeypatch):
  """Of any two classes, places, chunks or seeds."""
  config, workdir = setting
  seen = []
  monkeypatch.setattr(Sampler, 'produce', lambda self, weights, backgrounds, keys, *_:
                      Painted(jax.random.key_data(keys), None))
  for seed in (0, 1):
    for _, _, painted in Sampler(Run(config, workdir)).stream(
        {}, jobs.Job([40, 40], None, None), seed=seed):
      seen += [tuple(row) for row in painted.image.tolist()]
  assert len(seen) == len(set(seen)) == 2 * 2 * 40


def test_same_bytes_whatever_the_batch_size(setting, tmp_path):
  config, workdir = setting
  config.generate.per_class = 18  # more than one chunk of 16
  first = _bytes(generate(config, workdir))
  config.generate.out = str(tmp_path / 'again')
  config.generate.batch_size = 7
  assert _bytes(generate(config, workdir)) == first
  config.generate.out = str(tmp_path / 'fewer')
  config.generate.per_class = 5
  fewer = _bytes(generate(config, workdir))
  assert all(first[p] == b for p, b in fewer.items() if p.suffix == '.png')
  config.generate.out = str(tmp_path / 'seed')
  config.generate.seed = 1
  other = _bytes(generate(config, workdir))
  assert any(first[p] != b for p, b in other.items() if p.suffix == '.png')


def test_chosen_classes_are_the_same_images_with_masks_and_boxes(setting, tmp_path):
  config, workdir = setting
  config.generate.change_threshold = 0.02
  whole = _bytes(generate(config, workdir))
  config.generate.update({'out': str(tmp_path / 'some'), 'classes': 'sc,pa',
                          'formats': 'voc, yolo', 'texture_classes': 'sc'})
  out = generate(config, workdir)
  some = _bytes(out)
  images = {p for p in some if p.suffix == '.png'}
  assert {p.parts[0] for p in images} == {'pa', 'sc'} and len(images) == 6
  assert all(some[p] == whole[p] for p in images)
  beside = tmp_path / 'some_annotations'
  voc = {x.file[:-4]: x.regions_in(32, 32) for x in annotations.read(beside / 'voc')}
  for row in manifest_rows(out):
    assert row['mask'] == 'change'
    read = lambda path: np.asarray(Image.open(path)).astype(int)
    mask = read(beside / 'masks' / row['file'])
    records = dataset.Records(dataset.load_info(config.data_dir), 'train')
    source = list(records.sources(range(len(records.labels)))).index(row['background'])
    background = records.images([source])[0][..., 0].astype(int)
    change = np.abs(read(out / row['file']) - background)  # in grey levels
    assert np.abs(mask - change).max() <= 1, row
    assert regions.boxes_to_text(voc[row['file'][:-4]]) == row['boxes']
    if row['class'] == 'sc':
      assert row['boxes'] == ' '.join(map(str, regions.box_of(mask > 255 * 0.02)))
  assert (beside / 'yolo' / 'classes.txt').exists()
  assert not (beside / 'coco.json').exists()
  # One that is not the first: chosen alone, it keeps its own label.
  config.generate.update({'out': str(tmp_path / 'one'), 'classes': 'sc'})
  one = {p: b for p, b in _bytes(generate(config, workdir)).items() if p.suffix == '.png'}
  assert one == {p: b for p, b in whole.items()
                 if p.parts[0] == 'sc' and p.suffix == '.png'}


def test_defects_without_a_box_are_told(setting, capsys):
  config, workdir = setting
  config.generate.update(
      {'change_threshold': 0.99, 'classes': 'sc,pa', 'texture_classes': 'sc'})
  rows = manifest_rows(generate(config, workdir))
  assert {(r['class'], r['boxes']) for r in rows} == {('pa', ''), ('sc', '')}
  said = capsys.readouterr().err
  assert 'no box: 3 of 3 pa, 3 of 3 sc; ' in said and 'whole crop' not in said


def test_boxes_of_the_whole_crop_are_told_but_for_textures(setting, capsys):
  config, workdir = setting
  config.generate.update(
      {'change_threshold': 1e-3, 'classes': 'sc,pa', 'texture_classes': 'sc'})
  rows = manifest_rows(generate(config, workdir))
  assert {r['boxes'] for r in rows} == {'0 0 32 32'}
  assert 'boxes of the whole crop: 3 of 3 of pa; a' in capsys.readouterr().err


def test_masks_are_of_what_is_painted(setting, tmp_path):
  config, workdir = setting
  masks = {}
  for strength in (1.0, 0.5, 0.0):
    config.generate.update({'strength': strength, 'out': str(tmp_path / str(strength))})
    generate(config, workdir)
    folder = tmp_path / f'{strength}_annotations' / 'masks'
    masks[strength] = np.stack([
        np.asarray(Image.open(path), int) for path in sorted(folder.glob('*/*.png'))])
  assert masks[1.0].max() > 0
  np.testing.assert_allclose(masks[0.5], masks[1.0] / 2, atol=1)
  assert not masks[0.0].any()


def test_backgrounds_are_used_equally_often():
  *_, chosen = jobs.choose_backgrounds(0, [3, 4, 25], 10)
  counts = np.bincount(chosen, minlength=10)
  assert len(chosen) == 25 and counts.min() == 2 and counts.max() == 3
  fewer = jobs.choose_backgrounds(0, [25, 0, 12], 10)
  np.testing.assert_array_equal(fewer[2], chosen[:12])
  assert (fewer[0] != chosen).any()
  assert len(fewer[1]) == 0


def test_the_users_own_clean_images(setting, tmp_path):
  config, workdir = setting
  folder = tmp_path / 'mine' / 'Prüfstand'
  folder.mkdir(parents=True)
  rng = np.random.default_rng(0)
  image = rng.integers(0, 256, (50, 70, 1), np.uint8).repeat(3, -1)
  Image.fromarray(image).save(folder / 'größe.jpg')
  config.generate.backgrounds = str(folder.parent)
  out = generate(config, workdir)
  assert {r['background'] for r in manifest_rows(out)} == {
      f'mine/Prüfstand/größe.jpg[{x},0,{x + 32},32]' for x in (0, 32)}


@pytest.mark.parametrize('key', ['backgrounds', 'frames'])
def test_images_that_break_the_sets_rules(setting, tmp_path, key):
  config, workdir = setting
  config.generate[key] = str(tmp_path / 'mine')
  (tmp_path / 'mine').mkdir()
  path = tmp_path / 'mine' / 'a.png'
  Image.fromarray(np.full((40, 40), 300, np.uint16)).save(path)
  with pytest.raises(UserError, match='a.png .* up to 300, .* up to 255'):
    generate(config, workdir)
  Image.new('RGB', (40, 40), 'red').save(path)
  if key == 'backgrounds':
    with pytest.raises(UserError, match='a.png is coloured'):
      generate(config, workdir)
  else:  # A frame keeps its own colour.
    generate(config, workdir)
    with Image.open(tmp_path / 'generated' / 'a.png') as image:
      assert image.mode == 'RGB'
  name = tmp_path / 'mine' / os.fsdecode(b'\xff.png')
  try:
    path.rename(name)
  except OSError:
    return
  config.generate.out = str(tmp_path / 'other')
  with pytest.raises(UserError, match='not UTF-8'):
    generate(config, workdir)


def test_generation_uses_the_average_and_the_named_step(setting):
  config, workdir = setting
  for name, message in (('7', 'no checkpoint 7'), ('last', 'choose newest'),
                        ('best', 'no checkpoint in .*best')):
    config.generate.checkpoint = name
    with pytest.raises(UserError, match=message):
      generate(config, workdir)


def test_images_are_the_generators_own(setting):
  """One file against the network called directly."""
  config, workdir = setting
  out = generate(config, workdir)
  run = generate_lib.Run(config, workdir)
  restored = Checkpoints(workdir).restore(run.state_template())
  backgrounds, sources = jobs.load_backgrounds(run)
  row = manifest_rows(out)[4]
  label = run.info.classes.index(row['class'])
  x = backgrounds[sources.index(row['background'])][None] / 127.5 - 1
  y = conditional.translate(
      run.nets, restored.state.ema, np.repeat(x, 3, -1).astype(np.float32),
      np.array([label]))
  expected = (np.asarray(y).mean(-1)[0] + 1) * 127.5
  with Image.open(out / row['file']) as image:
    assert np.abs(np.asarray(image) - expected).max() <= 0.51


def test_what_a_job_depends_on_is_that_of_its_kind(setting, tmp_path):
  """Evaluation samples crops, whatever folder of frames the config has."""
  config, workdir = setting
  (tmp_path / 'fr').mkdir()
  Image.new('L', (40, 40)).save(tmp_path / 'fr' / 'a.png')
  crops_of = jobs.inputs(generate_lib.Run(config, workdir))
  config.generate.frames = str(tmp_path / 'fr')
  run = generate_lib.Run(config, workdir)
  assert jobs.inputs(run) == crops_of == {'split': 'train'}
  assert jobs.inputs(run, frames=True).keys() == {'files'}


def test_the_home_folder_is_known_by_its_sign(setting, tmp_path, monkeypatch):
  config, workdir = setting
  monkeypatch.setenv('HOME', str(tmp_path))
  (tmp_path / 'clean').mkdir()
  Image.new('L', (32, 32), 90).save(tmp_path / 'clean' / 'a.png')
  config.generate.update({'out': '~/made', 'backgrounds': '~/clean', 'classes': 'pa'})
  assert generate(config, workdir) == tmp_path / 'made'
  assert {row['background'] for row in manifest_rows(tmp_path / 'made')} == {'a.png'}
  config.generate.update({'out': '~/frames', 'backgrounds': '', 'frames': '~/clean'})
  generate(config, workdir)
  assert (tmp_path / 'frames' / 'a.png').exists()


def test_fewer_of_larger_images_are_computed_together():
  """From 128 on a chunk keeps its pixels; the number is that of all devices."""
  def together(size, devices=1, classes=2, batch_size=1):
    run = types.SimpleNamespace(
        config=types.SimpleNamespace(
            image_size=size, generate=types.SimpleNamespace(batch_size=batch_size)),
        mesh=types.SimpleNamespace(size=devices),
        info=types.SimpleNamespace(classes=['c'] * classes))
    return sampler._chunk(run), sampler.chunks_in_flight(run)  # pylint: disable=protected-access
  assert [together(size)[0] for size in (32, 64, 128, 160, 256, 1024)] == [
      16, 16, 16, 10, 4, 1]
  assert together(256, devices=8, batch_size=64) == (32, 1)
  assert together(256, batch_size=64) == (4, 8)
