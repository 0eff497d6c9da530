"""Folders as people and programs lay them out, made by hand from their documentation."""

import collections
import json
import re

import numpy as np
from PIL import Image
import pytest

from data_prep.annotated import layouts
from pegan_jax.common import files
from pegan_jax.common.errors import UserError

WIDTH, HEIGHT = 40, 30
BOX = (10, 5, 20, 15)  # Of every defect here, unless a test says otherwise.
YOLO = '0.375 0.33333333 0.25 0.33333333'
POLYGON = '0.25 0.16666667 0.5 0.16666667 0.5 0.5 0.25 0.5'


def _image(path, height=HEIGHT, width=WIDTH):
  path.parent.mkdir(parents=True, exist_ok=True)
  noise = np.random.default_rng(0).integers(60, 200, (height, width), np.uint8)
  Image.fromarray(noise).save(path)


def _mask(path, value=255, box=BOX, mode='L', size=(WIDTH, HEIGHT), more=()):
  """Saves a mask; `value` is a number, or a colour for 'RGB' and 'P'."""
  image = Image.new('RGB' if isinstance(value, tuple) else 'I' if mode == 'I;16' else
                    'L' if mode == 'P' else mode, size)
  for value_, (left, top, right, bottom) in [(value, box), *more]:
    if right:
      image.paste(value_, (left, top, right, bottom))
  if mode == 'P':
    colours = isinstance(value, tuple)
    image = image.quantize(16, dither=Image.Dither.NONE) if colours else image
    if not colours:
      image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0] + [9] * 759)
  elif mode == 'I;16':
    image = image.convert('I;16')
  path.parent.mkdir(parents=True, exist_ok=True)
  image.save(path)


def _voc(name='crack', box=BOX, size=f'<width>{WIDTH}</width><height>{HEIGHT}</height>'):
  left, top, right, bottom = box
  return (f'<annotation><size>{size}</size><object><name>{name}</name><bndbox>'
          f'<xmin>{left + 1}</xmin><ymin>{top + 1}</ymin><xmax>{right}</xmax>'
          f'<ymax>{bottom}</ymax></bndbox></object></annotation>')


def _coco(*names, sizes=True, **more):
  left, top, right, bottom = BOX
  size = {'width': WIDTH, 'height': HEIGHT} if sizes else {}
  return json.dumps({
      'info': {}, 'licenses': [], 'categories': [{'id': 0, 'name': 'defects'},
                                                 {'id': 7, 'name': 'crack'}],
      'images': [{'id': 5 + k, 'file_name': name} | size for k, name in enumerate(names)],
      'annotations': [{'id': k, 'image_id': 5 + k, 'category_id': 7, 'iscrowd': 0,
                       'bbox': [left, top, right - left, bottom - top],
                       'segmentation': []} | more for k in range(len(names))]})


def _labelme(kind='rectangle', label='crack'):
  left, top, right, bottom = BOX
  points = [[left, top], [right, bottom]]
  if kind == 'polygon':
    points = [[left, top], [right, top], [right, bottom], [left, bottom]]
  return json.dumps({'version': '5.5.0', 'shapes': [
      {'label': label, 'points': points, 'shape_type': kind}],
                     'imagePath': 'x.jpg', 'imageHeight': HEIGHT, 'imageWidth': WIDTH})


def _make(folder, files):
  """Makes files from {name: text, or a function that makes it, or None for an image}."""
  for name, content in files.items():
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if content is None:
      _image(path)
    elif isinstance(content, str):
      path.write_text(content, 'utf-8')
    else:
      content(path)


def _read(folder, *annotations, images='', **more):
  return layouts.read(folder / images, [folder / x for x in annotations], **more)


def _marked(layout):
  """{image's name: {class: number of regions}}; every box is checked to be `BOX`."""
  found = {}
  for path, annotated in layout.annotated:
    regions = annotated.regions_in(HEIGHT, WIDTH)
    assert {region.box for region in regions} <= {BOX}, path
    for region in regions:
      assert region.mask is None or region.mask.all()
    found[path.relative_to(layout.root).as_posix()] = dict(collections.Counter(
        region.name for region in regions))
  return found


def _counts(found):
  return {why: len(paths) for why, paths in found.items()}


NOTES = 'files that are neither images nor annotations'

EXPORTED = {
    'VOC of CVAT and of VOC itself': (
        {'JPEGImages/1.jpg': None, 'JPEGImages/sub/1.png': None,
         'Annotations/1.xml': _voc(), 'Annotations/sub/1.xml': _voc('pit'),
         'ImageSets/Main/default.txt': '1\nsub/1\n', 'labelmap.txt': '# label:color\n'},
        'voc', {'JPEGImages/1.jpg': {'crack': 1}, 'JPEGImages/sub/1.png': {'pit': 1}},
        {NOTES: 1}),
    'VOC beside the images, of Roboflow': (
        {'train/1.jpg': None, 'train/1.xml': _voc(), 'test/1.jpg': None,
         'test/1.xml': _voc('pit'), 'README.roboflow.txt': 'steel - v1\n\nExported'},
        'voc', {'train/1.jpg': {'crack': 1}, 'test/1.jpg': {'pit': 1}}, {NOTES: 1}),
    'YOLO of Roboflow, with polygons': (
        {'data.yaml': 'train: ../train/images\nnc: 2\nnames: [crack, pit]\n',
         'train/images/1_jpg.rf.0a.jpg': None, 'valid/images/1_jpg.rf.0a.jpg': None,
         'train/labels/1_jpg.rf.0a.txt': f'1 {YOLO}\n0 {POLYGON}\n',
         'valid/labels/1_jpg.rf.0a.txt': '',
         'README.dataset.txt': '# steel\nhttps://universe', 'README.roboflow.txt': 'x'},
        'yolo', {'train/images/1_jpg.rf.0a.jpg': {'pit': 1, 'crack': 1},
                 'valid/images/1_jpg.rf.0a.jpg': {}}, {NOTES: 2}),
    'YOLO Darknet of Roboflow': (
        {'train/1.jpg': None, 'train/1.txt': f'1 {YOLO}', 'train/_darknet.labels': 'a\nb',
         'valid/1.jpg': None, 'valid/1.txt': f'0 {YOLO}', 'valid/_darknet.labels': 'a\nb'},
        'yolo', {'train/1.jpg': {'b': 1}, 'valid/1.jpg': {'a': 1}}, {}),
    'YOLO 1.1 of CVAT': (
        {'obj_train_data/a/1.png': None, 'obj_train_data/a/1.txt': f'1 {YOLO}',
         'obj.names': 'crack\npit\n', 'obj.data': 'classes = 2\ntrain = data/train.txt\n',
         'train.txt': 'data/obj_train_data/a/1.png\n'},
        'yolo', {'obj_train_data/a/1.png': {'pit': 1}}, {NOTES: 2}),
    'YOLO of Ultralytics, and of CVAT since': (
        {'images/train/1.jpg': None, 'images/val/1.jpg': None, 'images/val/2.jpg': None,
         'labels/train/1.txt': f'1 {YOLO} 0.9', 'labels/val/1.txt': f'0 {YOLO}',
         'data.yaml': 'path: .\nnames:\n  0: crack\n  1: pit\n', 'labels/train.cache': 'x',
         'train.txt': './images/train/1.jpg\n'},
        'yolo', {'images/train/1.jpg': {'pit': 1}, 'images/val/1.jpg': {'crack': 1}},
        {NOTES: 2}),
    'YOLO of Label Studio': (
        {'images/1.jpg': None, 'labels/1.txt': f'0 {YOLO}', 'classes.txt': 'crack\n',
         'notes.json': '{"categories": [{"id": 0, "name": "crack"}], "info": {}}'},
        'yolo', {'images/1.jpg': {'crack': 1}}, {NOTES: 1}),
    'COCO of Roboflow': (
        {'train/1.jpg': None, 'train/_annotations.coco.json': _coco('1.jpg'),
         'valid/1.jpg': None, 'valid/_annotations.coco.json': _coco('1.jpg'),
         'README.dataset.txt': 'x'},
        'coco', {'train/1.jpg': {'crack': 1}, 'valid/1.jpg': {'crack': 1}}, {NOTES: 1}),
    'COCO of CVAT': (
        {'images/default/a/1.jpg': None, 'images/default/b/1.jpg': None,
         'annotations/instances_default.json': _coco('a/1.jpg', 'b/1.jpg')},
        'coco', {'images/default/a/1.jpg': {'crack': 1},
                 'images/default/b/1.jpg': {'crack': 1}}, {}),
    'COCO with names of other folders and of two suffixes': (
        {'1.jpg': None, '1.png': None, '2.jpg': None,
         'c.json': _coco('C:\\steel\\1.png', 'https://x/y/2.jpg', './1.jpg',
                         sizes=False)},
        'coco', {'1.jpg': {'crack': 1}, '1.png': {'crack': 1}, '2.jpg': {'crack': 1}}, {}),
    'CVAT for images': (
        {'images/a/1.jpg': None, 'images/b/1.jpg': None,
         'annotations.xml': '<annotations>' + ''.join(
             f'<image id="{x}" name="{x}/1.jpg" width="40" height="30"><box label="crack" '
             'xtl="10" ytl="5" xbr="20" ybr="15"/></image>' for x in 'ab')
                            + '</annotations>'},
        'cvat', {'images/a/1.jpg': {'crack': 1}, 'images/b/1.jpg': {'crack': 1}}, {}),
    'LabelMe': (
        {'1.jpg': None, '1.json': _labelme(), 'b/2.jpg': None,
         'b/2.json': _labelme('polygon', 'pit'), 'b/notes.csv': 'x'},
        'labelme', {'1.jpg': {'crack': 1}, 'b/2.jpg': {'pit': 1}}, {NOTES: 1}),
    'LabelMe in another folder, in which a suffix stayed': (
        {'img/1.jpg': None, 'ann/1.jpg.json': _labelme()},
        'labelme', {'img/1.jpg': {'crack': 1}}, {}),
    'masks in parallel folders of classes': (
        {'defects/crack/1.jpg': None, 'defects/pit/1.jpg': None, 'good/1.jpg': None,
         'masks/crack/1.png': _mask, 'masks/pit/1.png': _mask},
        'masks', {'defects/crack/1.jpg': {'crack': 1}, 'defects/pit/1.jpg': {'pit': 1}},
        {}),
    'a folder of masks for each class': (
        {'images/1.jpg': None, 'images/2.jpg': None, 'masks/crack/1.png': _mask,
         'masks/pit/1.png': _mask, 'masks/pit/2.png': _mask},
        'masks', {'images/1.jpg': {'crack': 1, 'pit': 1}, 'images/2.jpg': {'pit': 1}}, {}),
    'masks beside images in folders of classes': (
        {'crack/1.jpg': None, 'crack/1_mask.png': _mask, 'pit/2.jpg': None,
         'pit/2_label.bmp': _mask, 'pit/3.jpg': None, 'pit/3_GT.png': _mask},
        'masks', {'crack/1.jpg': {'crack': 1}, 'pit/2.jpg': {'pit': 1},
                  'pit/3.jpg': {'pit': 1}}, {}),
    'masks beside images by the same name, as of the magnetic tiles': (
        {'MT_Crack/Imgs/1.jpg': None, 'MT_Crack/Imgs/1.png': _mask},
        'masks', {'MT_Crack/Imgs/1.jpg': {'MT_Crack': 1}}, {}),
    'one folder of masks for folders of classes': (
        {'images/crack/1.jpg': None, 'images/pit/2.jpg': None,
         'gt/1.png': _mask, 'gt/2.png': _mask},
        'masks', {'images/crack/1.jpg': {'crack': 1}, 'images/pit/2.jpg': {'pit': 1}}, {}),
    'MVTec AD': (
        {'train/good/000.png': None, 'test/good/000.png': None, 'test/crack/000.png': None,
         'test/pit/000.png': None, 'ground_truth/crack/000_mask.png': _mask,
         'ground_truth/pit/000_mask.png': _mask, 'license.txt': 'words', 'readme.txt': ''},
        'mvtec', {'test/crack/000.png': {'crack': 1}, 'test/pit/000.png': {'pit': 1}},
        {NOTES: 2}),
    'a category of MVTec AD below': (
        {'tile/train/good/000.png': None, 'tile/test/crack/000.png': None,
         'tile/ground_truth/crack/000_mask.png': _mask},
        'mvtec', {'tile/test/crack/000.png': {'crack': 1}}, {}),
    'segmentation masks of CVAT': (
        {'JPEGImages/1.jpg': None, 'ImageSets/Segmentation/default.txt': '1\n',
         'SegmentationClass/1.png': lambda path: _mask(path, (10, 10, 128)),
         'SegmentationObject/1.png': lambda path: _mask(path, (128, 0, 0)),
         'labelmap.txt': '# label:color_rgb:parts:actions\nbackground:0,0,0::\n'
                         'crack:10,10,128::\npit:9,9,9::\n'},
        'masks', {'JPEGImages/1.jpg': {'crack': 1}},
        {NOTES: 1, 'masks of single objects, beside those of classes': 1}),
    'VOC boxes with masks': (
        {'IMAGES/1.jpg': None, 'IMAGES/2.jpg': None, 'ANNOTATIONS/1.xml': _voc(),
         'ANNOTATIONS/2.xml': _voc('pit'), 'MASKS/1.png': _mask},
        'voc + masks', {'IMAGES/1.jpg': {'crack': 1}, 'IMAGES/2.jpg': {'pit': 1}}, {}),
}


@pytest.mark.parametrize('case', EXPORTED)
def test_what_programs_export_is_recognised(tmp_path, case):
  files, name, marked, left_out = EXPORTED[case]
  _make(tmp_path, files)
  layout = _read(tmp_path)
  assert layout.format == name and layout.root == tmp_path and not layout.crops
  assert _marked(layout) == marked
  assert _counts(layout.left_out) == left_out
  rest = {path.relative_to(tmp_path).as_posix() for path in layout.unlabelled}
  assert rest == ({'images/val/2.jpg'} if 'Ultralytics' in case else set())
  assert {'good' in path.parts for path in layout.clean} <= {True}
  assert len(layout.clean) == sum(
      'good/' in name for name in files if name.endswith(('.png', '.jpg')))


@pytest.mark.parametrize('encode', [
    {'value': 1}, {'value': 255}, {'value': 7, 'mode': 'P'}, {'value': 1, 'mode': 'P'},
    {'value': 1, 'mode': '1'}, {'value': 40000, 'mode': 'I;16'}, {'value': (255, 0, 0)},
    {'value': (255, 255, 255)}, {'value': (0, 0, 255), 'mode': 'P'}])
def test_whatever_is_not_zero_is_marked(tmp_path, encode):
  _make(tmp_path, {'i/1.jpg': None, 'm/1.png': lambda path: _mask(path, **encode),
                   'i/2.jpg': None, 'm/2.png': lambda path: _mask(path, 0)})
  layout = _read(tmp_path, 'm', images='i')
  assert _marked(layout) == {'1.jpg': {'defect': 1}, '2.jpg': {}}
  assert _counts(layout.noted) == {"masks that name no class: called 'defect'": 1}


@pytest.mark.parametrize('name, text', [
    ('classes.txt', 'background\ncrack\npit\n'),
    ('class_names.txt', '_background_\ncrack\npit'),
    ('labels.txt', '__ignore__\n_background_\ncrack\npit'),
    ('labelmap.txt', 'background:0,0,0::\ncrack:128,0,0::\npit:0,128,0::\n'),
    ('classes.json', '{"crack": 1, "pit": 2}'), ('labels.json', '{"1": "crack", "2": "pit"}'),
    ('labels.json', '{"crack": [128, 0, 0], "pit": [0, 128, 0]}')])
def test_values_are_classes_by_a_file_of_names(tmp_path, name, text):
  """Here of a palette, so that numbers and colours both say it."""
  _make(tmp_path, {'i/1.jpg': None, 'all/m/1.png': lambda path: _mask(
      path, 1, mode='P', more=[(2, (30, 5, 35, 15))]), f'all/{name}': text})
  (_, annotated), = _read(tmp_path, 'all/m', images='i').annotated
  assert sorted((r.name, r.box) for r in annotated.regions) == [
      ('crack', BOX), ('pit', (30, 5, 35, 15))]


def test_a_grey_mask_of_colours_has_the_numbers_of_their_lines(tmp_path):
  _make(tmp_path, {'i/1.jpg': None, 'm/1.png': lambda path: _mask(path, 2),
                   'm/labelmap.txt': 'background:0,0,0::\na:1,2,3::\nb:4,5,6::\n'})
  assert _marked(_read(tmp_path, 'm', images='i')) == {'1.jpg': {'b': 1}}


def test_soft_masks_are_cut_at_half(tmp_path):
  _make(tmp_path, {'crack/1.jpg': None, 'pit/2.jpg': None})
  shades = np.zeros((HEIGHT, WIDTH), np.uint8)
  shades[5:15, 10:20] = 255
  shades[5:15, 5:10] = [20, 40, 60, 80, 100]
  shades[5:15, 20:25] = [120, 90, 30, 20, 10]
  Image.fromarray(shades).save(tmp_path / 'crack' / '1_mask.png')
  flat = np.where(shades == 255, 255, 0).astype(np.uint8)
  Image.fromarray(flat).save(tmp_path / 'pit' / '2_mask.jpg', quality=95)
  layout = _read(tmp_path)
  assert _marked(layout) == {'crack/1.jpg': {'crack': 1}, 'pit/2.jpg': {'pit': 1}}
  assert _counts(layout.noted) == {'masks with soft edges: cut at half': 2}


def test_pieces_of_a_mask_are_regions_of_their_own(tmp_path):
  _make(tmp_path, {'crack/1.jpg': None, 'crack/1_mask.png': lambda path: _mask(
      path, more=[(255, (30, 20, 33, 22)), (255, (33, 22, 34, 23))])})
  (_, annotated), = _read(tmp_path).annotated
  first, second = annotated.regions
  assert first.box == BOX and second.box == (30, 20, 34, 23)
  np.testing.assert_array_equal(second.mask, [[1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 1]])


def test_masks_give_boxes_their_pixels(tmp_path):
  """What lies outside is kept, unnamed, so that nothing is cut there as clean."""
  _make(tmp_path, {'i/1.jpg': None, 'i/2.jpg': None, 'a/1.xml': _voc(),
                   'a/2.xml': _voc('pit'),
                   'm/1.png': lambda path: _mask(path, box=(12, 6, 25, 12)),
                   'm/2.png': lambda path: _mask(path, 0)})
  layout = _read(tmp_path, 'a', 'm', images='i')
  (_, first), (_, second) = layout.annotated
  crack, rest = first.regions_in(HEIGHT, WIDTH)
  assert crack[:2] == ('crack', BOX) and rest[:2] == ('', (20, 6, 25, 12))
  expected = np.zeros((10, 10), bool)
  expected[1:7, 2:] = True
  np.testing.assert_array_equal(crack.mask, expected)
  assert second.regions_in(HEIGHT, WIDTH) == [('pit', BOX, None, None)]
  assert _counts(layout.noted) == {
      'masks with pixels outside of every box: kept clear of backgrounds, of no class': 1,
      'images with a box without any pixel of their mask': 1}


def test_named_masks_give_pixels_to_boxes_of_their_name(tmp_path):
  _make(tmp_path, {'i/1.jpg': None, 'a/1.xml': _voc(), 'm/pit/1.png': _mask})
  (_, annotated), = _read(tmp_path, 'a', 'm', images='i').annotated
  assert annotated.regions[0].mask is None and len(annotated.regions) == 1
  (tmp_path / 'm' / 'pit').rename(tmp_path / 'm' / 'crack')
  (_, annotated), = _read(tmp_path, 'a', 'm', images='i').annotated
  assert annotated.regions[0].mask.all()


def test_values_in_boxes_need_no_names(tmp_path):
  """They may be numbers of objects: the boxes say the class."""
  _make(tmp_path, {'i/1.jpg': None, 'a/1.xml': _voc(), 'm/1.png': lambda path: _mask(
      path, 1, box=(10, 5, 15, 15), more=[(2, (15, 5, 20, 15))])})
  layout = _read(tmp_path, 'a', 'm', images='i')
  assert _marked(layout) == {'1.jpg': {'crack': 1}} and not layout.noted


def test_a_mask_that_marks_nearly_all_is_noted(tmp_path):
  """As those are where the defect is black."""
  _make(tmp_path, {'crack/1.jpg': None, 'crack/1_mask.png': lambda path: _mask(
      path, 255, box=(0, 0, 40, 30), more=[(0, BOX)])})
  assert _counts(_read(tmp_path).noted) == {
      'masks that mark more than half of their image': 1}


def test_an_empty_mask_is_clean_but_not_in_the_folder_of_a_class(tmp_path):
  empty = lambda path: _mask(path, 0)
  _make(tmp_path, {'images/1.jpg': None, 'masks/1.png': empty, 'images/crack/2.jpg': None,
                   'masks/crack/2.png': empty, 'images/good/3.jpg': None,
                   'masks/good/3.png': empty, 'images/4.jpg': None})
  layout = _read(tmp_path)
  assert _marked(layout) == {'images/1.jpg': {}, 'images/good/3.jpg': {}}
  assert layout.unlabelled == [tmp_path / 'images' / '4.jpg']
  assert layout.left_out == {"images in a class's folder whose mask is empty": [
      tmp_path / 'images' / 'crack' / '2.jpg']}


def test_class_folders(tmp_path):
  _make(tmp_path, {'crack/1.jpg': None, 'pit/a/2.jpg': None, 'good/3.jpg': None,
                   '4.jpg': None, 'notes.txt': 'words', 'crack/.hidden.jpg': None})
  layout = _read(tmp_path)
  assert layout.format == 'classes' and not layout.annotated
  assert layout.crops == {'crack': [tmp_path / 'crack' / '1.jpg'],
                          'pit': [tmp_path / 'pit' / 'a' / '2.jpg']}
  assert layout.clean == [tmp_path / 'good' / '3.jpg']
  assert _counts(layout.left_out) == {NOTES: 1, 'images in no class folder': 1,
                                      files.HIDDEN: 1}


def test_class_folders_below_train_and_test(tmp_path):
  _make(tmp_path, {'train/crack/1.jpg': None, 'test/crack/1.jpg': None,
                   'valid/pit/2.jpg': None, 'train/good/3.jpg': None})
  layout = _read(tmp_path)
  assert {name: len(paths) for name, paths in layout.crops.items()} == {
      'crack': 2, 'pit': 1}
  assert len(layout.clean) == 1


def test_a_format_can_be_named(tmp_path):
  _make(tmp_path, {'crack/1.jpg': None, 'crack/1.xml': _voc(),
                   'crack/1.txt': f'0 {YOLO}', 'crack/1_mask.png': _mask})
  with pytest.raises(UserError, match='1.jpg in crack/1.txt and crack/1.xml: remove'):
    _read(tmp_path)
  for name, found in (('voc', 'crack'), ('yolo', '0'), ('masks', 'crack')):
    layout = _read(tmp_path, format=name)
    assert layout.format == name and _marked(layout) == {'crack/1.jpg': {found: 1}}
    assert _counts(layout.left_out) == {'annotations of another format than --format': 2}
  assert _read(tmp_path, format='yolo+masks').format == 'yolo + masks'
  layout = _read(tmp_path, format='classes')
  assert layout.crops == {'crack': [tmp_path / 'crack' / '1.jpg']}
  with pytest.raises(UserError, match='--format vok names none of voc, yolo'):
    _read(tmp_path, format='vok')


def test_only_what_is_named_annotates(tmp_path):
  _make(tmp_path, {'i/crack/1.jpg': None, 'i/crack/1.xml': _voc('pit'), 'a/1.xml': _voc(),
                   'i/crack/1_mask.png': _mask})
  layout = _read(tmp_path, 'a', images='i')
  assert _marked(layout) == {'crack/1.jpg': {'crack': 1}}
  assert _counts(layout.left_out) == {
      'files below --images that --annotations does not name': 2}


def test_masks_of_a_folder_of_any_name_below_the_images(tmp_path):
  _make(tmp_path, {'i/crack/1.jpg': None, 'i/crack/maps/1.png': _mask})
  layout = _read(tmp_path, 'i/crack/maps', images='i')
  assert layout.format == 'masks' and _marked(layout) == {'crack/1.jpg': {'crack': 1}}


def test_images_and_annotations_of_one_tree_are_told_apart(tmp_path):
  _make(tmp_path, {'ds/images/1.jpg': None, 'ds/labels/1.txt': f'0 {YOLO}',
                   'ds/classes.txt': 'crack'})
  for where in ('ds', 'ds/labels', 'ds/labels/1.txt'):
    assert _marked(_read(tmp_path, where, images='ds/images')) == {'1.jpg': {'crack': 1}}


def test_marks_are_matched_by_path_and_then_by_name(tmp_path):
  _make(tmp_path, {'i/x/1.png': None, 'i/y/1.png': None, 'i/2.png': None, 'i/3.png': None,
                   'b/x/1.xml': _voc(), 'b/y/1.txt': f'0 {YOLO}', 'b/deep/2.xml': _voc(),
                   'b/classes.txt': 'pit'})
  layout = _read(tmp_path, 'b', images='i')
  assert _marked(layout) == {'x/1.png': {'crack': 1}, 'y/1.png': {'pit': 1},
                             '2.png': {'crack': 1}}
  assert layout.unlabelled == [tmp_path / 'i' / '3.png'] and layout.format == 'voc + yolo'
  assert [path for path, _ in layout.annotated] == sorted(
      path for path, _ in layout.annotated)


def _turned(path):
  path.parent.mkdir(parents=True, exist_ok=True)
  exif = Image.Exif()
  exif[274] = 6
  Image.new('L', (WIDTH, HEIGHT), 99).save(path, exif=exif)


REFUSED = {
    'an annotation without an image': (
        {'i/1.jpg': None, 'a/1.xml': _voc(), 'a/lost.xml': _voc()}, ('a',),
        'No image in .*i fits 1 of the annotations in .*a, the first is lost.xml'),
    'a mask without an image': (
        {'i/1.jpg': None, 'a/1.png': _mask, 'a/2.png': _mask}, ('a',),
        'fits 1 of the annotations .* first is 2.png'),
    'an image of a COCO file that is not there': (
        {'i/1.jpg': None, 'c.json': _coco('1.jpg', '2.jpg')}, ('c.json',),
        'fits 1 of the annotations .* first is 2.jpg'),
    'an annotation of another folder': (
        {'i/x/1.jpg': None, 'a/y/1.xml': _voc()}, ('a',), 'the first is y/1.xml'),
    'two files for one image': (
        {'i/1.jpg': None, 'a/1.xml': _voc(), 'a/1.txt': ''}, ('a',),
        'annotates one image twice, 1.jpg in 1.txt and 1.xml'),
    'two files of one format for one image': (
        {'i/1.jpg': None, 'a/1.xml': _voc(), 'a/old/1.xml': _voc()}, ('a',),
        'annotates one image twice, 1.jpg in 1.xml and old/1.xml'),
    'two files for many images': (
        {'i/1.jpg': None, 'a/c.json': _coco('1.jpg'), 'a/d.json': _coco('x/1.jpg')}, ('a',),
        r'twice, 1.jpg in 1.jpg and x/1.jpg \(of c.json and d.json\)'),
    'damaged JSON': ({'i/1.jpg': None, 'a/1.json': '{"shapes": ['}, ('a',),
                     'a/1.json is not JSON'),
    'a JPEG of 0 and 1': (
        {'i/1.jpg': None, 'a/1.jpg': lambda path: _mask(path, 1)}, ('a',),
        '1.jpg is no mask: .* JPEG makes of one'),
    'an image twice in a COCO file': (
        {'i/1.jpg': None, 'c.json': _coco('1.jpg', '1.jpg')}, ('c.json',),
        r'twice, 1.jpg in 1.jpg and 1.jpg \(of c.json and c.json\)'),
    'one file for two images': (
        {'i/1.jpg': None, 'i/1.png': None, 'a/1.xml': _voc()}, ('a',),
        'has one annotation, 1.xml, for two images, 1.jpg and 1.png'),
    'one file for images of two folders': (
        {'i/x/1.jpg': None, 'i/y/1.jpg': None, 'a/1.xml': _voc()}, ('a',),
        'one annotation, 1.xml, for two images, x/1.jpg and y/1.jpg'),
    'a size that is not the image\'s': (
        {'i/1.jpg': None, 'a/1.xml': _voc(size='<width>99</width><height>30</height>')},
        ('a',), 'a/1.xml says that its image has 99 x 30 pixels, and it has 40 x 30'),
    'an image that EXIF turns': (
        {'i/1.jpg': _turned, 'a/1.xml': _voc()}, ('a',),
        '1.xml is for an image of 40 x 30 pixels, and .*1.jpg has 30 x 40, turned by its'),
    'a box outside of its image': (
        {'i/1.jpg': None, 'a/1.xml': _voc(box=(50, 5, 60, 15))}, ('a',),
        r'1.xml has a box of crack, from \(50, 5\) to \(60, 15\), that covers no pixel'),
    'a box that is mostly outside': (
        {'i/1.jpg': None, 'a/1.txt': '0 1.05 0.5 0.5 0.5'}, ('a',),
        r'1.txt has a box of 0, from \(32, 7.5\) to \(52, 22.5\), of which more than'),
    'a mask of another size': (
        {'i/1.jpg': None, 'a/1.png': lambda path: _mask(path, size=(41, 30))}, ('a',),
        'a/1.png is a mask of 41 x 30 pixels, and its image .*1.jpg has 40 x 30'),
    'values without names': (
        {'i/1.jpg': None, 'i/2.jpg': None, 'a/1.png': lambda path: _mask(path, 1),
         'a/2.png': lambda path: _mask(path, 2)}, ('a',),
        r'1.png is one of masks with the values \[1, 2\], and no file names'),
    'a value beyond the names': (
        {'i/1.jpg': None, 'a/1.png': lambda path: _mask(
            path, 1, more=[(3, (1, 1, 2, 2))]), 'a/classes.txt': 'background\ncrack\npit'},
        ('a',), '1.png has the value 3, which .*classes.txt gives no class'),
    'a photograph in place of a mask': (
        {'i/1.jpg': None, 'a/1.png': lambda path: Image.fromarray(
            np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)).save(path)},
        ('a',), '1.png is no mask: .* hold 1200 values, as a photograph'),
    'a JPEG of numbers': (
        {'i/1.jpg': None, 'a/1.jpg': lambda path: Image.fromarray(
            np.random.default_rng(0).integers(0, 9, (30, 40), np.uint8)).save(path)},
        ('a',), '1.jpg is no mask: .* JPEG makes of one; save masks as PNG'),
    'a mask with clear pixels': (
        {'i/1.jpg': None, 'a/1.png': lambda path: Image.new('RGBA', (40, 30)).save(path)},
        ('a',), '1.png cannot be read as a mask: it has transparent pixels'),
    'a broken mask': ({'i/1.jpg': None, 'a/1.png': 'no PNG'}, ('a',),
                      '1.png cannot be read as a mask'),
    'a defect marked in a clean image': (
        {'i/good/1.jpg': None, 'a/good/1.png': _mask}, ('a',),
        '1.jpg is clean by its folder, and .*a/good/1.png marks a defect'),
    'JSON of another program': (
        {'i/1.jpg': None, 'a/1.jpg.json': '{"objects": []}'}, ('a',),
        '1.jpg.json is JSON for 1.jpg, but neither COCO nor LabelMe'),
    'XML of another program': (
        {'i/1.jpg': None, 'a/1.xml': '<objects/>'}, ('a',),
        "1.xml is not a Pascal VOC file: it holds 'objects'"),
    'a text beside an image that is no label': (
        {'i/1.jpg': None, 'a/1.txt': 'a photograph of steel'}, ('a',),
        '1.txt is not a YOLO file'),
    'nothing': ({'i/1.jpg': None, 'a/notes.pdf': 'x'}, ('a',),
                'a holds no .xml .* files and no mask images'),
    'no such path': ({'i/1.jpg': None}, ('a',), 'a is not a folder or a file'),
    'no images': ({'i/1.pdf': 'x'}, (), 'holds no images'),
    'images alone': ({'i/1.jpg': None}, (),
                     'i holds neither annotations nor class folders'),
    'a class that is called as clean steel is': (
        {'i/background/1.jpg': None}, (), "has a class named 'background'"),
    'classes that differ by case': ({'i/Pit/1.jpg': None, 'i/pit/2.jpg': None}, (),
                                    'are one folder on'),
}


@pytest.mark.parametrize('case', REFUSED)
def test_what_does_not_fit_is_one_sentence(tmp_path, case):
  files, annotations, words = REFUSED[case]
  _make(tmp_path, files)
  with pytest.raises(UserError) as error:
    _read(tmp_path, *annotations, images='i')
  assert re.search(words, str(error.value)), error.value
  assert '\n' not in str(error.value)


def test_boxes_beyond_the_edge_and_turned_images_are_noted(tmp_path):
  _make(tmp_path, {
      'i/1.jpg': None, 'a/1.xml': _voc(box=(30, 5, 44, 15)),
      'i/2.jpg': None, 'a/2.xml': _voc(box=(-1, -1, 10, 31)),  # Counted from 0: no note.
      'i/3.jpg': _turned, 'a/3.txt': f'0 {YOLO}', 'a/classes.txt': 'pit'})
  layout = _read(tmp_path, 'a', images='i')
  assert [annotated.regions_in(30, 40)[0].box for _, annotated in layout.annotated[:2]
          ] == [(30, 5, 40, 15), (0, 0, 10, 30)]
  assert {why: [path.name for path in paths] for why, paths in layout.noted.items()} == {
      'boxes that reach beyond their image: cut at its edge': ['1.jpg'],
      'images that an EXIF tag turns: their annotations are taken to be of the upright '
      'image': ['3.jpg']}


def test_labels_without_names_are_noted(tmp_path):
  _make(tmp_path, {'1.jpg': None, '1.txt': f'3 {YOLO}'})
  layout = _read(tmp_path)
  assert _marked(layout) == {'1.jpg': {'3': 1}}
  assert _counts(layout.noted) == {
      'YOLO labels without a file of names: classes are called by their numbers': 1}


def test_masks_are_no_images_of_a_class(tmp_path):
  _make(tmp_path, {'d/crack/1.jpg': None, 'd/crack/1_mask.png': _mask,
                   'd/crack/2_mask.jpg': None})
  assert layouts.list_classes(tmp_path / 'd', '--defects') == {'crack': [
      tmp_path / 'd' / 'crack' / '1.jpg', tmp_path / 'd' / 'crack' / '2_mask.jpg']}


def test_copies_of_images_among_the_annotations_are_no_masks(tmp_path):
  _make(tmp_path, {
      'i/1.png': None, 'i/2.png': None, 'i/3.png': None, 'a/1.png': None, 'a/1.xml': _voc(),
      'a/images/2.png': None, 'a/labels/2.txt': f'0 {YOLO}', 'a/classes.txt': 'crack',
      'a/3.png': _mask, 'a/3.xml': _voc()})
  layout = _read(tmp_path, 'a', images='i')
  assert layout.format == 'voc + yolo + masks'
  assert _marked(layout) == {f'{k}.png': {'crack': 1} for k in (1, 2, 3)}
  assert _counts(layout.left_out) == {'copies of images, beside their annotations': 2}


def test_hidden_files_and_other_formats_are_left_out_by_reason(tmp_path):
  _make(tmp_path, {'crack/1.jpg': None, 'crack/.2.jpg': None, 'crack/Thumbs.db': 'x',
                   'crack/3.heic': 'x', 'crack/notes.csv': 'x'})
  layout = _read(tmp_path)
  assert layout.crops == {'crack': [tmp_path / 'crack' / '1.jpg']}
  assert {path.name: why for why, paths in layout.left_out.items() for path in paths
          } == {'.2.jpg': files.HIDDEN, 'Thumbs.db': files.SYSTEM, 'notes.csv': NOTES,
                '3.heic': 'an image format that is not read: .heic'}
  assert sum(map(len, layout.left_out.values())) == 4
