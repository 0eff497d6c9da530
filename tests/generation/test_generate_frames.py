"""Defects on whole frames: where, how strongly, and with which boxes."""

import json
import types

import numpy as np
from PIL import Image
import pytest

from configs import default
from conftest import manifest_rows, untrained
from data_prep import build
from pegan_jax import annotations, methods
from pegan_jax.annotations import components
from pegan_jax.common.errors import UserError
from pegan_jax.generation import masks
from pegan_jax.generation.generate import generate

pytestmark = pytest.mark.usefixtures('traced_once')

SHAPES = {'wide.png': (50, 120), 'sub/tall.jpg': (133, 47), 'coloured.png': (64, 90)}


@pytest.fixture(scope='module', params=['pegan', 'pegan_plus'])
def trained(request, tmp_path_factory, two_classes_dir):
  """A run of each kind: with a mask and without."""
  return untrained(request.param, two_classes_dir, tmp_path_factory.mktemp('frames'), 1)


@pytest.fixture
def setting(trained, tmp_path):
  config, workdir = trained
  config = config.copy_and_resolve_references()
  rng = np.random.default_rng(0)
  for name, shape in SHAPES.items():
    path = tmp_path / 'in' / name
    path.parent.mkdir(parents=True, exist_ok=True)
    image = rng.normal(120, 9, shape).clip(0, 255).astype(np.uint8)
    if name == 'coloured.png':
      image = np.stack([image, image // 2, image // 3], -1)
    Image.fromarray(image).save(path)
  config.generate.update({
      'frames': str(tmp_path / 'in'), 'out': str(tmp_path / 'out'),
      'defects_per_frame': 2, 'formats': 'voc,coco', 'mask_threshold': 0.3,
      'change_threshold': 0.01})
  return config, workdir, tmp_path


def _run(setting):
  config, workdir, folder = setting
  out = generate(config, workdir)
  rows = manifest_rows(out)
  read = lambda path: np.asarray(Image.open(path))
  pairs = {name: (read(folder / 'in' / name),
                  read((out / name).with_suffix('.png')),
                  read((folder / 'out_annotations' / 'masks' / name).with_suffix('.png')))
           for name in SHAPES}
  return rows, pairs


def test_defects_lie_in_their_windows_and_the_rest_is_untouched(setting):
  rows, pairs = _run(setting)
  for name, (before, after, mask) in pairs.items():
    assert before.shape == after.shape and mask.shape == before.shape[:2]
    outside = np.ones(mask.shape, bool)
    own = [r for r in rows if r['file'] == name.rsplit('.')[0] + '.png']
    assert len(own) == (2 if min(before.shape[:2]) < 64 or before.shape[1] > 64 else 1)
    for row in own:
      left, top = int(row['left']), int(row['top'])
      outside[top:top + 32, left:left + 32] = False
    # Windows do not overlap.
    assert (~outside).sum() == len(own) * 32 * 32
    np.testing.assert_array_equal(after[outside], before[outside])
    np.testing.assert_array_equal(after[mask == 0], before[mask == 0])
    assert (after != before).any()


def test_boxes_are_those_of_the_masks(setting):
  config, _, folder = setting
  rows, pairs = _run(setting)
  source = 'generator' if config.method == 'pegan_plus' else 'change'
  threshold = 0.3 if source == 'generator' else 0.01
  coco = json.loads((folder / 'out_annotations' / 'coco.json').read_text())
  files = {i['id']: i['file_name'] for i in coco['images']}
  voc = {x.file[:-4]: x for x in annotations.read(folder / 'out_annotations' / 'voc')}
  count = 0
  for name, (_, _, mask) in pairs.items():
    file = name.rsplit('.')[0] + '.png'
    boxes = [r.box for r in voc[file[:-4]].regions_in(*mask.shape)]
    listed = [tuple(map(int, box.split())) for r in rows if r['file'] == file
              for box in r['boxes'].split('; ') if box]
    assert boxes == listed
    mine = [a for a in coco['annotations'] if files[a['image_id']] == file]
    assert len(mine) == len(boxes)
    inside = np.zeros(mask.shape, bool)
    for left, top, right, bottom in listed:
      inside[top:bottom, left:right] = True
      count += 1
    # What is left out is smaller than min_area, piece by piece.
    left_out = components.find_defects(mask * ~inside, '', threshold, 12)
    assert not left_out, name
  assert count and {r['mask'] for r in rows} == {source}


@pytest.mark.parametrize('method, faintest', [('pegan', 0.2), ('pegan_plus', 0.1)])
def test_a_faint_masks_defect_has_a_box(method, faintest):
  """Half of the mask's highest value is enough, but for a veil; a change's is its own."""
  config = default.get_config()
  config.generate.update({'mask_threshold': 0.5, 'change_threshold': 0.2})
  info = types.SimpleNamespace(classes=['pa'])
  find = masks.defect_finder(types.SimpleNamespace(
      config=config, info=info, method=methods.get(method)))
  for peak in (1.0, 0.3, 0.15):
    mask = np.full((32, 32), 255 * peak * 0.4, np.uint8)
    mask[4:8, 10:20] = 255 * peak
    found = [d.box for d in find(mask, 'pa')]
    streak, frame = [(10, 4, 20, 8)], [(0, 0, 32, 32)]
    if method == 'pegan':  # 0.4 of 1 is above 0.2 too.
      assert found == (frame if peak == 1 else streak if peak > faintest else [])
    else:
      assert found == streak, peak
  assert not find(np.full((32, 32), 255 * faintest - 1, np.uint8), 'pa')


@pytest.mark.parametrize('method, box', [
    ('pegan_region', (8, 6, 24, 26)), ('paste', (8, 6, 24, 26)),
    ('pegan_plus', (14, 10, 17, 14))])
def test_a_glint_does_not_hide_the_rest_of_a_mark_in_a_region(method, box):
  info = types.SimpleNamespace(classes=['pa'])
  find = masks.defect_finder(types.SimpleNamespace(
      config=default.get_config(), info=info, method=methods.get(method)))
  mask = np.zeros((32, 32), np.uint8)
  mask[3:29, 5:27] = 20  # A veil.
  mask[6:26, 8:24] = 100
  mask[10:14, 14:17] = 255
  assert [defect.box for defect in find(mask, 'pa')] == [box]


def test_defects_without_a_box_are_told(setting, capsys):
  config, _, _ = setting
  config.generate.update(
      {'mask_threshold': 0.99, 'change_threshold': 0.99, 'min_area': 1024, 'classes': 'pa'})
  rows, _ = _run(setting)
  assert f'no box: {len(rows)} of {len(rows)} pa; ' in capsys.readouterr().err
  config.generate.update({'strength': 0.0, 'out': config.generate.out + '0'})
  generate(*setting[:2])  # Nothing is painted: nothing is to be boxed.
  assert 'no box' not in capsys.readouterr().err


def test_strength_scales_the_mask_and_the_change(setting):
  config, _, folder = setting
  _, full = _run(setting)
  config.generate.update({'strength': 0.5, 'out': str(folder / 'half')})
  generate(config, setting[1])
  config.generate.update({'strength': 0.0, 'out': str(folder / 'none')})
  generate(config, setting[1])
  for name, (before, after, mask) in full.items():
    read = lambda out, name=name: np.asarray(Image.open(
        (folder / out / name).with_suffix('.png'))).astype(int)
    half, whole = read('half') - before.astype(int), after - before.astype(int)
    inside = (after > 0) & (after < 255)  # Elsewhere the whole change has no room.
    assert inside.mean() > 0.9 and np.abs(half - whole / 2)[inside].max() <= 1.5
    # Two programs: where a mask is nearly half a level, one may round it up.
    np.testing.assert_allclose(read('half_annotations/masks'), mask / 2, atol=1)
    np.testing.assert_array_equal(read('none'), before)
  assert json.loads((folder / 'none_annotations' / 'coco.json').read_text()
                    )['annotations'] == []


def test_the_same_seed_gives_the_same_bytes_and_chosen_classes(setting):
  config, workdir, folder = setting
  config.generate.classes = 'sc'  # Not the first: chosen by its name.
  outs = []
  for name, seed in (('a', 0), ('b', 0), ('c', 1)):
    config.generate.update({'out': str(folder / name), 'seed': seed})
    out = generate(config, workdir)
    outs.append({p.relative_to(out): p.read_bytes() for p in out.rglob('*.png')})
    assert {r['class'] for r in manifest_rows(out)} == {'sc'}
  assert outs[0] == outs[1] != outs[2]


def test_the_frames_and_boxes_build_a_data_set(setting):
  """What is written is what the data preparation reads: defects beside clean."""
  config, _, folder = setting
  # Untrained networks paint the same on all: half of it, so that crops differ.
  config.generate.update({'classes': 'pa', 'strength': 0.5})
  _run(setting)
  clean = folder / 'clean'
  clean.mkdir()
  for i in range(4):
    Image.fromarray(np.full((40, 40), 90 + i, np.uint8)).save(clean / f'{i}.png')
  build.build(frames=folder / 'out', boxes=folder / 'out_annotations' / 'voc',
              clean=clean, out=folder / 'data', image_size=32, per_class=0, backgrounds=0)
  found = json.loads((folder / 'data' / 'audit.json').read_text())
  assert set(found['available']) == {'pa', 'background'}


@pytest.mark.parametrize('key,value,words', [
    ('strength', 1.5, r'in \[0, 1\]'),
    ('formats', 'voc,pdf', "has 'pdf': choose from " + ', '.join(annotations.WRITTEN)),
    ('classes', 'pa,xx', "has 'xx': choose from"),
    ('defects_per_frame', 0, 'at least 1'),
    ('mask_threshold', 1.0, 'above 0 and below 1'),
    ('backgrounds', '/tmp', 'not both'),
    ('frames', '/nowhere', 'not a folder'),
])
def test_bad_settings(setting, key, value, words):
  config, workdir, folder = setting
  config.generate[key] = value
  with pytest.raises(UserError, match=words):
    generate(config, workdir)
  assert [p.name for p in folder.iterdir()] == ['in']


def test_frames_that_cannot_take_a_defect(setting):
  config, workdir, folder = setting
  (folder / 'in' / 'wide.bmp').write_bytes(b'not an image')
  with pytest.raises(UserError, match="two frames called 'wide'"):
    generate(config, workdir)
  (folder / 'in' / 'wide.bmp').rename(folder / 'in' / 'broken.png')
  with pytest.raises(UserError, match='broken.png cannot be read'):
    generate(config, workdir)
  Image.new('L', (31, 400)).save(folder / 'in' / 'broken.png')
  with pytest.raises(UserError, match='31x400 pixels'):
    generate(config, workdir)


@pytest.mark.parametrize('name, words', [
    ('provenance.json/a.png', "'provenance.json', which is"),
    ('manifest.csv/a.png', "'manifest.csv', which is")])
def test_frames_of_the_names_of_files_that_are_written(setting, name, words):
  config, workdir, folder = setting
  (folder / 'in' / name).parent.mkdir(exist_ok=True)
  (folder / 'in' / 'wide.png').rename(folder / 'in' / name)
  with pytest.raises(UserError, match=words):
    generate(config, workdir)


def test_frames_are_not_written_among_themselves(setting):
  config, workdir, folder = setting
  (folder / 'other').mkdir()
  (folder / 'link').symlink_to(folder / 'in')
  for out in ('in/made', 'other/../in/made', 'link/made'):
    config.generate.out = str(folder / out)
    with pytest.raises(UserError, match='whose images are painted on'):
      generate(config, workdir)


def test_a_setting_that_is_of_crops_alone_makes_no_other_frames(setting, capsys):
  config, workdir, _ = setting
  out = generate(config, workdir)
  config.generate.per_class += 1
  assert generate(config, workdir) == out
  assert 'is made already' in capsys.readouterr().err
