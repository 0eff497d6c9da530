"""Class folders, formats by name, and which files annotate which images."""

import types

import pytest

from data_prep.annotated import fitting, layouts
from pegan_jax import annotations
from pegan_jax.annotations import text_files
from pegan_jax.annotations.regions import Annotated, Box, Region
from pegan_jax.annotations.voc import COUNTED_FROM_0
from pegan_jax.common import listing
from pegan_jax.common.errors import UserError
from handmade import (
    BOX, HEIGHT, NOTES, WIDTH, YOLO, coco, counts, labelme, make, marked_in, mask, read,
    turned, voc)


@pytest.mark.parametrize('many', [(), ('box',)])
def test_an_entry_of_the_registry_is_all_that_a_new_format_takes(
    tmp_path, monkeypatch, many):
  """One that has a file for each image, and one that has a file for all of them."""
  make(tmp_path, {'1.jpg': None, '1.box': 'words'})
  monkeypatch.setitem(annotations.READ, 'box', types.SimpleNamespace(
      FILES='.box (Box)', recognises=lambda path: path.suffix == '.box',
      read=lambda path: [Annotated('1.jpg', HEIGHT, WIDTH, [Region('pit', BOX)])]))
  monkeypatch.setattr(annotations, 'MANY', many)
  monkeypatch.setattr(layouts, 'FORMATS', (*layouts.FORMATS, 'box'))
  layout = read(tmp_path, format='box')
  assert layout.format == 'box' and marked_in(layout) == {'1.jpg': {'pit': 1}}


@pytest.fixture
def tagged_json(monkeypatch):
  """A JSON format with tags, which data_prep has never heard of."""
  def of(path):
    said = text_files.read_json(path)
    regions = [Region('pit', Box(*box)) for box in said['marks']]
    return [Annotated('', HEIGHT, WIDTH, regions, tags=tuple(said['tags']))]
  monkeypatch.setitem(annotations.READ, 'own', types.SimpleNamespace(
      FILES='.json (Own)', read=of,
      recognises=lambda path: 'marks' in text_files.keys_of_json(path)))
  monkeypatch.setattr(layouts, 'FORMATS', (*layouts.FORMATS, 'own'))


@pytest.mark.parametrize('folder, files, why', [
    ('', {'1.json': '{"marks": [[0.1, 0.2, 0.5, 0.5]], "tags": []}'},
     'they are fractions of the images, and own has pixels'),
    ('', {'1.json': '{"marks": [[1, 2, 9, 9]], "tags": []}', '2.json': '{"marks": ['},
     '2.json cannot be read as JSON'),
    ('', {'1.json': '{"marks": [], "tags": ["scuff"]}'},
     '1.json has no shapes, but the tag or flag scuff'),
    ('scuff/', {'1.json': '{"marks": [], "tags": ["scuff"]}'}, '')])
def test_a_new_json_format_is_checked_as_others_are(
    tmp_path, tagged_json, folder, files, why):
  del tagged_json
  make(tmp_path, {f'{folder}{k}.jpg': None for k in (1, 2)} | {
      folder + name: text for name, text in files.items()})
  if why:
    with pytest.raises(UserError, match=why):
      read(tmp_path, format='own')
  else:  # It says no more than the folder does.
    assert counts(read(tmp_path).left_out) == {fitting.REPEATED: 1}


def test_class_folders(tmp_path):
  make(tmp_path, {'crack/1.jpg': None, 'pit/a/2.jpg': None, 'good/3.jpg': None,
                  'data/4.jpg': None, '5.jpg': None, 'notes.txt': 'words',
                  'crack/.hidden.jpg': None})
  layout = read(tmp_path)
  assert layout.format == 'classes' and not layout.annotated
  assert layout.crops == {'crack': [tmp_path / 'crack' / '1.jpg'],
                          'pit': [tmp_path / 'pit' / 'a' / '2.jpg']}
  assert layout.clean == [tmp_path / 'good' / '3.jpg']
  assert counts(layout.left_out) == {NOTES: 1, 'images in no class folder, as in data': 2,
                                     listing.HIDDEN: 1}


def test_class_folders_below_train_and_test(tmp_path):
  make(tmp_path, {'train/crack/1.jpg': None, 'test/crack/1.jpg': None,
                  'valid/pit/2.jpg': None, 'train/good/3.jpg': None})
  layout = read(tmp_path)
  assert {name: len(paths) for name, paths in layout.crops.items()} == {
      'crack': 2, 'pit': 1}
  assert len(layout.clean) == 1


def test_a_format_can_be_named(tmp_path):
  make(tmp_path, {'crack/1.jpg': None, 'crack/1.xml': voc(),
                  'crack/1.txt': f'0 {YOLO}', 'crack/1_mask.png': mask})
  for name, found in (('voc', 'crack'), ('yolo', '0'), ('masks', 'crack')):
    layout = read(tmp_path, format=name)
    assert layout.format == name and marked_in(layout) == {'crack/1.jpg': {found: 1}}
    assert counts(layout.left_out) == {'annotations of another format than --format': 2}
  assert read(tmp_path, format='yolo+masks').format == 'yolo + masks'
  layout = read(tmp_path, format='classes')
  assert layout.crops == {'crack': [tmp_path / 'crack' / '1.jpg']}
  with pytest.raises(UserError, match='--format vok names none of voc, yolo'):
    read(tmp_path, format='vok')


def test_only_what_is_named_annotates(tmp_path):
  make(tmp_path, {'i/crack/1.jpg': None, 'i/crack/1.xml': voc('pit'), 'a/1.xml': voc(),
                  'i/crack/1_mask.png': mask})
  layout = read(tmp_path, 'a', images='i')
  assert marked_in(layout) == {'crack/1.jpg': {'crack': 1}}
  assert counts(layout.left_out) == {
      'files below --images that --annotations does not name': 2}


def test_masks_of_a_folder_of_any_name_below_the_images(tmp_path):
  make(tmp_path, {'i/crack/1.jpg': None, 'i/crack/maps/1.png': mask})
  layout = read(tmp_path, 'i/crack/maps', images='i')
  assert layout.format == 'masks' and marked_in(layout) == {'crack/1.jpg': {'crack': 1}}


def test_images_and_annotations_of_one_tree_are_told_apart(tmp_path):
  make(tmp_path, {'ds/images/1.jpg': None, 'ds/labels/1.txt': f'0 {YOLO}',
                  'ds/classes.txt': 'crack'})
  for where in ('ds', 'ds/labels', 'ds/labels/1.txt'):
    assert marked_in(read(tmp_path, where, images='ds/images')) == {'1.jpg': {'crack': 1}}


def test_marks_are_matched_by_path_and_then_by_name(tmp_path):
  make(tmp_path, {'i/x/1.png': None, 'i/y/1.png': None, 'i/2.png': None, 'i/3.png': None,
                  'b/x/1.xml': voc(), 'b/y/1.txt': f'0 {YOLO}', 'b/deep/2.xml': voc(),
                  'b/classes.txt': 'pit'})
  layout = read(tmp_path, 'b', images='i')
  assert marked_in(layout) == {'x/1.png': {'crack': 1}, 'y/1.png': {'pit': 1},
                               '2.png': {'crack': 1}}
  assert layout.unlabelled == [tmp_path / 'i' / '3.png'] and layout.format == 'voc + yolo'
  assert [path for path, _ in layout.annotated] == sorted(
      path for path, _ in layout.annotated)


def test_what_fits_an_image_by_its_path_is_of_no_other_of_its_name(tmp_path):
  make(tmp_path, {'i/x/2.5.png': None, 'i/y/2.5.png': None, 'b/x/2.5.xml': voc(),
                  'c.json': coco('x/2.5.png')})
  for where in ('b', 'c.json'):
    layout = read(tmp_path, where, images='i')
    assert marked_in(layout) == {'x/2.5.png': {'crack': 1}}
    assert layout.unlabelled == [tmp_path / 'i' / 'y' / '2.5.png']


def test_boxes_beyond_the_edge_and_turned_images_are_noted(tmp_path):
  make(tmp_path, {
      'i/1.jpg': None, 'a/1.xml': voc(box=(30, 5, 44, 15)),
      'i/2.jpg': None, 'a/2.xml': voc(box=(0, 0, 10, 31)),  # Rounding: no note.
      'i/3.jpg': turned, 'a/3.txt': f'0 {YOLO}', 'a/classes.txt': 'pit'})
  layout = read(tmp_path, 'a', images='i')
  assert [annotated.regions_in(30, 40)[0].box for _, annotated in layout.annotated[:2]
          ] == [(30, 5, 40, 15), (0, 0, 10, 30)]
  assert {why: [path.name for path in paths] for why, paths in layout.noted.items()} == {
      'regions that reach beyond their image: cut at its edge': ['1.jpg'],
      'images that an EXIF tag turns: their annotations are taken to be of the upright '
      'image': ['3.jpg']}


def test_what_a_format_does_not_read_is_noted(tmp_path):
  make(tmp_path, {'1.jpg': None, '1.xml': voc().replace(
      '</object>', '<polygon><x1>1</x1></polygon></object>')})
  layout = read(tmp_path)
  assert marked_in(layout) == {'1.jpg': {'crack': 1}}
  assert counts(layout.noted) == {
      'outlines in Pascal VOC files: only their boxes are read': 1}


def test_voc_that_counts_from_zero_is_read_so_and_noted(tmp_path):
  make(tmp_path, {'1.jpg': None, '2.jpg': None, 'a/1.xml': voc(box=(9, 4, 19, 14)),
                  'b/2.xml': voc(box=(-1, 4, 39, 14))})
  layout = read(tmp_path)
  assert [image.regions[0].box for _, image in layout.annotated] == [
      BOX, (0, 5, WIDTH, 15)]
  assert counts(layout.noted) == {COUNTED_FROM_0: 2}


def test_names_from_above_the_images_are_noted_with_their_file(tmp_path):
  make(tmp_path, {'i/1.jpg': None, 'i/1.txt': f'0 {YOLO}', 'coco128.yaml': 'names: [dog]'})
  layout = read(tmp_path, images='i')
  assert marked_in(layout) == {'1.jpg': {'dog': 1}}
  note, = layout.noted
  assert f"named by {tmp_path / 'coco128.yaml'}, above their folder" in note
  assert not read(tmp_path).noted


@pytest.mark.parametrize('beside', ['', 'clases.txt'])
def test_labels_without_names_are_noted(tmp_path, beside):
  make(tmp_path, {'1.jpg': None, '1.txt': f'1 {YOLO}'} | (
      {beside: 'pit\ncrack\n'} if beside else {}))
  layout = read(tmp_path)
  assert marked_in(layout) == {'1.jpg': {'1': 1}}
  may = f'; where {tmp_path / beside} names them, call it classes.txt' if beside else ''
  assert counts(layout.noted) == {
      f'YOLO labels without a file of names: classes are called by their numbers{may}': 1}


@pytest.mark.parametrize('name', [
    'mask_1.png', '1_seg.png', '1_segmentation.png', '1.jpg_mask.png', 'gt/1.png',
    'Mask Images/1.png', 'segmentations/1.png', 'gt_1.png', '1_masks.png', '1.mask.png',
    '1 mask.png', '1_groundtruth.png', '1_mask (1).png', 'Ground Truth/1.png',
    'ground-truth/1.png', 'binary_masks/1.png', 'mask_png/1.png',
    'SegmentationClassPNG/1.png', 'anno_masks/1.png'])
def test_masks_by_many_names(tmp_path, name):
  make(tmp_path, {'crack/1.jpg': None, f'crack/{name}': mask})
  layout = read(tmp_path)
  assert marked_in(layout) == {'crack/1.jpg': {'crack': 1}} and not layout.crops


@pytest.mark.parametrize('name, text', [
    ('1.json', labelme().replace('x.jpg', 'C:\\\\a\\\\2.jpg')),
    ('1.xml', voc().replace('<size>', '<filename> 2.jpg </filename><size>'))])
def test_a_file_that_names_another_image_which_is_there_is_noted(tmp_path, name, text):
  make(tmp_path, {'1.jpg': None, name: text})
  assert not read(tmp_path).noted
  make(tmp_path, {'2.jpg': None})
  layout = read(tmp_path)
  assert marked_in(layout) == {'1.jpg': {'crack': 1}}
  (note, paths), = layout.noted.items()
  assert 'names another image, which is there too' in note
  assert [path.name for path in paths] == ['1.jpg']


def test_what_labelme_ignores_is_of_no_class(tmp_path):
  make(tmp_path, {'1.jpg': None, '1.json': labelme(label='__ignore__'),
                  '2.jpg': None, '2.json': labelme()})
  layout = read(tmp_path)
  assert [[region.name for region in image.regions] for _, image in layout.annotated] == [
      [''], ['crack']]
  assert any('__ignore__' in note for note in layout.noted)


def test_two_files_that_say_the_same_are_read_once(tmp_path):
  make(tmp_path, {'1.jpg': None, 'train.json': coco('1.jpg'), 'all.json': coco('1.jpg')})
  layout = read(tmp_path)
  assert marked_in(layout) == {'1.jpg': {'crack': 1}}
  assert counts(layout.left_out) == {
      'annotations that say of an image no more than another file': 1}


@pytest.mark.parametrize('finer', ['a.json', 'z.json'])
def test_of_two_files_the_one_with_outlines_is_read(tmp_path, finer):
  left, top, right, bottom = BOX
  triangle = [[left, top, right, top, right, bottom]]
  make(tmp_path, {'1.jpg': None, 'b.json': coco('1.jpg'),
                  finer: coco('1.jpg', segmentation=triangle)})
  (_, image), = read(tmp_path).annotated
  region, = image.regions_in(HEIGHT, WIDTH)
  assert region.mask.sum() < 0.6 * region.mask.size
  make(tmp_path, {'b.json': coco('1.jpg', segmentation=[
      [left, top, left, bottom, right, bottom, right, top + 1, left + 1, top]])})
  with pytest.raises(UserError, match='annotates one image twice'):
    read(tmp_path)


def test_parts_of_a_set_are_told_to_be_split_anew(tmp_path):
  make(tmp_path, {f'{part}/images/{k}.jpg': None for k, part in enumerate(('train', 'val'))}
       | {f'{part}/labels/{k}.txt': f'0 {YOLO}' for k, part in enumerate(('train', 'val'))}
       | {'data.yaml': 'names: [crack]'})
  assert counts(read(tmp_path).noted) == {
      'images of train, val: all are split anew, whatever their folder; to keep one out, '
      'name another by --images': 2}
  note, = read(tmp_path, images='train').noted
  assert note.startswith('YOLO labels whose classes are named by')
