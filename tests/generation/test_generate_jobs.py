"""The user's own jobs and places, from the file to pictures, masks, regions and boxes."""

import json

import numpy as np
from PIL import Image
import pytest

from conftest import manifest_rows, untrained
from pegan_jax import annotations
from pegan_jax.common.errors import UserError
from pegan_jax.generation.generate import generate
from pegan_jax.metrics import evaluate
from pegan_jax.nets import masks
from pegan_jax.runs.restore import restore
from pegan_jax.runs.run import Run

pytestmark = pytest.mark.usefixtures('traced_once')


@pytest.fixture
def setting(untrained_region, tmp_path):
  config, workdir = untrained_region
  config = config.copy_and_resolve_references()
  rng = np.random.default_rng(0)
  (tmp_path / 'img' / 'sub').mkdir(parents=True)
  for name, shape in (('wide.png', (70, 150)), ('sub/coloured.png', (64, 90, 3)),
                      ('small.png', (24, 26))):
    image = rng.normal(120, 9, shape).clip(0, 255).astype(np.uint8)
    if len(shape) == 3:
      image[..., 1:] //= 2
    Image.fromarray(image).save(tmp_path / 'img' / name)
  config.generate.update({'out': str(tmp_path / 'out'), 'tries': 0, 'min_area': 1,
                          'jobs': str(tmp_path / 'jobs.csv')})
  return config, workdir, tmp_path


def _run(setting, text, out='out'):
  config, workdir, folder = setting
  (folder / 'jobs.csv').write_text(
      'image,class,region,seed,strength,count,picture\n' + text)
  config.generate.out = str(folder / out)
  generate(config, workdir)
  return manifest_rows(folder / out)


def _read(path):
  return np.asarray(Image.open(path))


def _box(text):
  return tuple(map(int, text.split()))


def _grown(inside, pad):
  padded = np.pad(inside, pad)
  return np.any([padded[i:i + inside.shape[0], j:j + inside.shape[1]]
                 for i in range(2 * pad + 1) for j in range(2 * pad + 1)], axis=0)


def test_rows_of_one_image_are_painted_on_one_picture_where_they_ask(setting):
  rows = _run(setting, 'img/wide.png,pa,10 12 22 20,,,2,\n'
              'img/wide.png,rp,100 40 130 44 120 60,,,1,\n'
              'img/wide.png,pa,50 10 60 16,,,,x\n'
              'img/sub/coloured.png,rp,4 30 12 50,,,,\n')
  folder = setting[2]
  asked = {'wide_000.png': ['10 12 22 20', '101 40 130 59'],
           'wide_001.png': ['10 12 22 20'],
           'wide_x_000.png': ['50 10 60 16'], 'sub/coloured_000.png': ['4 30 12 50']}
  assert sorted((r['file'], r['asked']) for r in rows) == sorted(
      (file, box) for file, boxes in asked.items() for box in boxes)
  assert {r['background'] for r in rows} == {'wide.png', 'sub/coloured.png'}
  for file in asked:
    before = _read(folder / 'img' / (file.split('_')[0] + '.png'))
    after, mask, region = (_read(folder / out / file) for out in (
        'out', 'out_annotations/masks', 'out_annotations/regions'))
    assert before.shape == after.shape and mask.shape == region.shape == before.shape[:2]
    inside = np.zeros(region.shape, bool)
    for left, top, right, bottom in map(_box, asked[file]):
      inside[top:bottom, left:right] = True
    assert set(np.unique(region)) == {0, 255} and not region[~inside].any()
    if '101 40 130 59' not in asked[file]:  # The polygon is smaller than its box.
      np.testing.assert_array_equal(region > 0, inside)
    changed = (after != before).reshape(*mask.shape, -1).any(-1)
    # At a larger scale the margin is larger.
    largest = max(float(r['scale']) for r in rows if r['file'] == file)
    assert not changed[~_grown(region > 0, int(np.ceil(masks.MARGIN * largest)) + 1)].any()
    assert changed[region > 0].mean() > 0.8 and mask[region > 0].mean() > 5
    of_file = [r for r in rows if r['file'] == file]
    assert all(r['boxes'] for r in of_file)
    if len(of_file) == 1:
      # By generate.mask_threshold and the veil.
      visible = mask > np.quantile(mask[mask > 25.5], 0.75) / 2
      assert float(of_file[0]['size']) == pytest.approx(
          visible.sum() / (region > 0).sum(), rel=0.1)


def test_a_region_larger_than_the_window_is_painted_at_a_larger_scale(setting, capsys):
  rows = _run(setting, 'img/wide.png,pa,10 20 110 40,,,,\nimg/wide.png,rp,4 50 14 60,,,,y\n'
              'img/small.png,pa,5 5 15 12,,,,\n')
  scales = {r['file']: float(r['scale']) for r in rows}
  large = [scale for scale in scales.values() if scale > 1]
  assert (f'{len(large)} of 3 regions do not fit into a window of' in (
      said := capsys.readouterr().err)) and f'up to {max(large):.3g} times' in said
  # 100 pixels are 22 of the network's 32, which keeps 5 on either side.
  assert scales == {'wide_000.png': pytest.approx(146 / 32, abs=1e-3), 'wide_y_000.png': 1,
                    'small_000.png': 1}
  folder = setting[2]
  changed = _read(folder / 'out' / 'wide_000.png') != _read(folder / 'img' / 'wide.png')
  assert changed[20:40, 10:110].mean() > 0.8 and not changed[:, 140:].any()
  small = _read(folder / 'out' / 'small_000.png')
  assert small.shape == (24, 26)  # Where it ends, its window goes on mirrored.
  assert (small != _read(folder / 'img' / 'small.png'))[5:12, 5:15].mean() > 0.8


def test_a_row_with_a_seed_is_the_same_whatever_stands_beside_it(setting):
  row = 'img/wide.png,pa,10 12 22 20,{},,2,\n'
  _run(setting, row.format(7), 'a')
  _run(setting, 'img/small.png,pa,,,,3,\n' + row.format(7), 'b')
  _run(setting, row.format(8), 'c')
  read = lambda out, k: _read(setting[2] / out / f'wide_{k:03d}.png')
  for k in (0, 1):
    np.testing.assert_array_equal(read('a', k), read('b', k))
    assert (read('a', k) != read('c', k)).any()
  assert (read('a', 0) != read('a', 1)).any()
  assert {r['seed'] for r in manifest_rows(setting[2] / 'a')} == {'7'}


def test_strength_is_a_rows_own(setting):
  text = ''.join(f'img/wide.png,pa,10 12 22 20,3,{s},,s{i}\n'
                 for i, s in enumerate(('', '0.5', '0')))
  rows = _run(setting, text)
  assert [r['strength'] for r in rows] == ['1.0', '0.5', '0.0']
  folder = setting[2]
  before = _read(folder / 'img' / 'wide.png').astype(int)
  full, half, none = (_read(folder / 'out' / f'wide_s{i}_000.png') - before
                      for i in range(3))
  assert np.abs(half - full / 2).max() <= 1.5 and np.abs(full).max() > 4 and not none.any()
  mask = lambda i: _read(folder / 'out_annotations' / 'masks' / f'wide_s{i}_000.png')
  np.testing.assert_allclose(mask(1), mask(0) / 2, atol=0.51)
  assert not mask(2).any() and rows[0]['boxes'] == rows[1]['boxes'] and not rows[2]['boxes']


def test_what_is_so_faint_that_no_pixel_changes_is_not_annotated(setting):
  text = ''.join(f'img/wide.png,pa,10 12 22 20,3,{s},,s{i}\n'
                 for i, s in enumerate(('0.001', '0.2', '0.05')))
  rows = _run(setting, text)
  folder = setting[2]
  before = _read(folder / 'img' / 'wide.png')
  changed, mask = ([_read(folder / out / f'wide_s{i}_000.png') for i in range(3)]
                   for out in ('out', 'out_annotations/masks'))
  changed = [after != before for after in changed]
  assert not changed[0].any() and not mask[0].any() and rows[0]['boxes'] == ''
  for i in (1, 2):
    assert changed[i].any() and rows[i]['boxes'] and mask[i][changed[i]].min() >= 1


@pytest.mark.parametrize('shape, region', [
    ((1, 90), '30 0 40 1'), ((80, 1), '0 30 1 40'), ((1, 1), '0 0 1 1')])
def test_images_of_one_row_or_column(setting, shape, region):
  folder = setting[2]
  Image.fromarray(np.full(shape, 120, np.uint8)).save(folder / 'img' / 'line.png')
  [row] = _run(setting, f'img/line.png,pa,{region},,,,\n')
  for out in ('out', 'out_annotations/masks', 'out_annotations/regions'):
    assert _read(folder / out / 'line_000.png').shape == shape
  assert row['asked'] == region


def test_a_row_that_others_cover_is_refused(setting):
  rows = ('img/wide.png,pa,10 10 40 40,,,,\nimg/wide.png,pa,{},,,,{}\n'
          'img/wide.png,rp,60 10 80 40,,,,\n')
  for region, picture in (('20 20 30 30', ''), ('10 10 40 40', '')):
    with pytest.raises(UserError, match='line 3: other rows of its picture cover all'):
      _run(setting, rows.format(region, picture))
  assert len(_run(setting, rows.format('20 20 41 30', ''), 'a')) == 3
  assert len(_run(setting, rows.format('20 20 30 30', 'b'), 'b')) == 3


def test_images_that_cannot_be_painted_on_are_told_by_their_lines(setting):
  folder = setting[2]
  Image.fromarray(np.zeros((30, 40), np.float32)).save(folder / 'img' / 'float.tif')
  Image.fromarray(np.full((30, 40), 60000, np.uint16)).save(folder / 'img' / 'deep.png')
  with pytest.raises(UserError) as error:
    _run(setting, 'img/float.tif,pa,,,,,\nimg/wide.png,xx,,,,,\nimg/deep.png,pa,,,,,\n')
  told = str(error.value)
  assert 'line 2: ' in told and 'float.tif holds floating-point' in told
  assert 'line 3: no class' in told
  assert 'line 4: ' in told and 'deep.png holds values up to 60000' in told
  assert not (folder / 'out').exists()


def test_where_regions_meet_each_pixel_has_one_owner(setting):
  """So that masks add up, and formats can be added later."""
  config, _, folder = setting
  text = 'img/wide.png,pa,40 20 56 36,1,,,\nimg/wide.png,rp,54 30 70 44,2,,,\n'
  rows = _run(setting, text)
  alone = [_run(setting, line + '\n', out) and _read(
      folder / f'{out}_annotations' / 'masks' / 'wide_000.png')
           for line, out in zip(text.splitlines(), ('a', 'b'))]
  both = _read(folder / 'out_annotations' / 'masks' / 'wide_000.png')
  assert ((both == alone[0]) | (both == alone[1])).all()
  assert both[20:30, 40:54].any() and both[37:44, 57:70].any()
  config.generate.update({'out': str(folder / 'out'), 'formats': 'voc,coco'})
  (folder / 'jobs.csv').write_text(
      'image,class,region,seed,strength,count,picture\n' + text)
  generate(config, setting[1])
  [found] = annotations.read(folder / 'out_annotations' / 'voc')
  assert sorted(tuple(r.box) for r in found.regions_in(70, 150)) == sorted(
      _box(box) for r in rows for box in r['boxes'].split('; '))
  coco = json.loads((folder / 'out_annotations' / 'coco.json').read_text())
  assert len(coco['images']) == 1


def test_the_users_own_images_need_no_matches(setting):
  config, workdir, folder = setting
  (folder / 'jobs.csv').write_text('image,class\nimg/wide.png,pa\n')
  asked = []
  generate(config, workdir, lambda run, frames: asked.append(frames))
  assert asked == [True]


def _write_roi(folder, name, shape, box):
  left, top, right, bottom = box
  roi = np.zeros(shape, np.uint8)
  roi[top:bottom, left:right] = 255
  (folder / 'roi' / name).parent.mkdir(parents=True, exist_ok=True)
  Image.fromarray(roi).save(folder / 'roi' / name)


def test_regions_that_are_drawn_lie_where_defects_may_and_apart(setting):
  config, _, folder = setting
  _write_roi(folder, 'wide.png', (70, 150), (0, 0, 150, 40))
  config.generate.roi = str(folder / 'roi')
  rows = _run(setting, 'img/wide.png,pa,,1,,4,\nimg/wide.png,rp,100 0 140 30,1,,4,\n'
              'img/small.png,pa,4 4 8 8,,,,\n')
  assert len(rows) == 9
  drawn = [_box(r['asked']) for r in rows if r['class'] == 'pa' and r['file'][0] == 'w']
  assert len(set(drawn)) == 4
  for left, top, right, bottom in drawn:
    assert bottom <= 40 and (right <= 95 or left >= 145 or top >= 35)


def test_masks_of_where_defects_may_lie_are_of_no_use_to_rows_with_regions(setting):
  config, _, folder = setting
  _write_roi(folder, 'wide.png', (70, 150), (0, 0, 150, 40))
  config.generate.roi = str(folder / 'roi')
  with pytest.raises(UserError, match='all rows of .*jobs.csv have one: leave it out'):
    _run(setting, 'img/wide.png,pa,10 12 22 20,,,,\n')


def test_frames_of_any_size_get_defects_where_they_may_lie(setting, capsys):
  config, workdir, folder = setting
  for name, shape, box in (('wide.png', (70, 150), (100, 0, 150, 70)),
                           ('sub/coloured.png', (64, 90), (0, 0, 90, 64)),
                           ('small.png', (24, 26), (0, 0, 0, 0))):
    _write_roi(folder, name, shape, box)
  config.generate.update({'jobs': '', 'frames': str(folder / 'img'), 'defects_per_frame': 2,
                          'roi': str(folder / 'roi')})
  out = generate(config, workdir)
  rows = manifest_rows(out)
  assert '2 of 6 defects: in 200 tries no place' in capsys.readouterr().err
  assert {r['file'] for r in rows} == {'wide.png', 'sub/coloured.png'} and len(rows) == 4
  for r in rows:
    left, top, right, bottom = _box(r['asked'])
    assert r['file'] != 'wide.png' or left >= 100
    region = _read(folder / 'out_annotations' / 'regions' / r['file'])
    assert region[top:bottom, left:right].any()
  # Other masks are other images.
  _write_roi(folder, 'small.png', (24, 26), (0, 0, 26, 24))
  with pytest.raises(UserError, match='painted_on.roi'):
    generate(config, workdir)
  (folder / 'roi' / 'small.png').unlink()
  config.generate.out = str(folder / 'other')
  with pytest.raises(UserError, match='small.png has no mask'):
    generate(config, workdir)
  config.generate.roi = ''
  assert {r['file'] for r in manifest_rows(generate(config, workdir))} == {
      'wide.png', 'sub/coloured.png', 'small.png'}


def test_crops_of_the_users_backgrounds_too(setting, capsys):
  config, workdir, folder = setting
  (folder / 'clean').mkdir()
  rng = np.random.default_rng(2)
  for i in range(3):
    Image.fromarray(rng.integers(90, 120, (32, 64), np.uint8)).save(
        folder / 'clean' / f'{i}.png')
    _write_roi(folder, f'{i}.png', (32, 64), (0, 6, 32, 32) if i else (0, 0, 0, 0))
  config.generate.update({'jobs': '', 'backgrounds': str(folder / 'clean'), 'per_class': 6,
                          'roi': str(folder / 'roi')})
  rows = manifest_rows(generate(config, workdir))
  # Two of six windows have room, which each class gets as often as the others.
  assert '8 of 12 defects' in capsys.readouterr().err
  assert [r['file'] for r in rows] == ['pa/00000.png', 'pa/00001.png', 'rp/00000.png',
                                       'rp/00001.png']
  for r in rows:
    assert '[0,0,32,32]' in r['background'] and not r['background'].startswith('clean/0')
    assert _box(r['asked'])[1] >= 6
  run = Run(config, workdir)
  with pytest.raises(UserError, match='generate.roi has room for 2 images of pa'):
    evaluate._generate(
        run, restore(run, 'newest'), None, {'pa': 6, 'rp': 6}, at_regions=False)


@pytest.mark.parametrize('method, settings, words', [
    ('pegan_plus', {}, 'pegan_plus is told no regions: leave out --config.generate.jobs'),
    ('pegan_plus', {'jobs': '', 'roi': 'x'}, 'leave out --config.generate.roi'),
    ('pegan_region', {'frames': 'x'}, 'leave out --config.generate.frames'),
    ('pegan_region', {'classes': 'pa'}, 'leave out --config.generate.classes'),
    ('pegan_region', {'jobs': '', 'roi': 'x'}, 'name these with --config.generate.frames'),
    ('pegan_region', {'jobs': 'none.csv'}, 'none.csv cannot be read')])
def test_settings_that_do_not_go_together(setting, boxed_dir, tmp_path, method, settings,
                                          words):
  config, workdir, _ = setting
  if method != config.method:
    config, workdir = untrained(method, boxed_dir, tmp_path / 'plus', 1)
    config = config.copy_and_resolve_references()
    config.generate.jobs = 'x.csv'
  config.generate.update(settings)
  with pytest.raises(UserError, match=words):
    generate(config, workdir)
