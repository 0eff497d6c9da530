"""Opens what `--mode generate` wrote with the programs that it is for.

By hand, in an environment that has some of them (pip install pycocotools torchvision
ultralytics anomalib labelme ethology), which need not have pegan_jax:

  python tests/annotations/check_readers.py runs/mine/generated

Each check compares counts, sizes, names, boxes and pixels with manifest.csv, and with
each other; it is left out where its reader is not installed, or its format not written.
"""

import collections
import contextlib
import csv
import importlib.metadata
import io
import json
import os
import pathlib
import sys
import tempfile
from xml.etree import ElementTree

import numpy as np
from PIL import Image


class Generated:
  """What generate says itself of the images that go into formats, the accepted ones.

  Args:
    images: the folder of images and the manifest; the annotations lie beside.

  Attributes:
    boxes: {image: sorted list of (class, left, top, right, bottom)}.
    painted: {image: set of classes}.
  """

  def __init__(self, images):
    self.images = pathlib.Path(images)
    self.beside = self.images.with_name(f'{self.images.name}_annotations')
    self.boxes, self.painted = {}, {}
    with (self.images / 'manifest.csv').open(encoding='utf-8') as f:
      rows = list(csv.DictReader(f))
    rejected = {row['file'] for row in rows if row['accepted'] == 'no'}
    for row in rows:
      if row['file'] not in rejected:
        self.painted.setdefault(row['file'], set()).add(row['class'])
        self.boxes.setdefault(row['file'], []).extend(
            (row['class'], *map(int, box.split()))
            for box in row['boxes'].split('; ') if box)
    self.boxes = {file: sorted(boxes) for file, boxes in self.boxes.items()}
    self.count = sum(map(len, self.boxes.values()))

  def size(self, file):
    with Image.open(self.images / file) as image:
      return image.size

  def pixels(self, file):
    """The image as a reader of colours sees it: uint8 [h, w, 3]."""
    return _read(self.images / file)


def _read(path):
  with Image.open(path) as image:
    return np.asarray(image.convert('RGB'))


def _decoded(polygons, height, width):
  """The pixels in polygons, by COCO's own library."""
  from pycocotools import mask
  return mask.decode(mask.merge(mask.frPyObjects(polygons, height, width))).astype(bool)


def check_pycocotools(made):
  """COCO, loadRes and COCOeval: a perfect result scores 1."""
  from pycocotools import coco as library
  from pycocotools.cocoeval import COCOeval
  with contextlib.redirect_stdout(io.StringIO()):
    coco = library.COCO(made.beside / 'coco.json')
    coco.info()
    found, painted = {file: [] for file in made.boxes}, {}
    names = {c['id']: c['name'] for c in coco.loadCats(coco.getCatIds())}
    assert {c['supercategory'] for c in coco.dataset['categories']} == {'defect'}
    for i, image in coco.imgs.items():
      file = image['file_name']
      assert (image['width'], image['height']) == made.size(file)
      assert image['license'] in {x['id'] for x in coco.dataset['licenses']}
      painted[file] = np.zeros((image['height'], image['width']), bool)
      for item in coco.loadAnns(coco.getAnnIds(imgIds=i)):
        left, top, width, height = item['bbox']
        found[file].append((names[item['category_id']], left, top, left + width,
                            top + height))
        inside = coco.annToMask(item).astype(bool)
        assert not item['segmentation'] or inside.sum() == item['area'], item
        assert not inside[:, :left].any() and not inside[:, left + width:].any()
        assert not inside[:top].any() and not inside[top + height:].any()
        painted[file] |= inside
    assert {file: sorted(boxes) for file, boxes in found.items()} == made.boxes
    alike = [{'image_id': item['image_id'], 'category_id': item['category_id'],
              'score': 0.9} for item in coco.anns.values()]
    scores = []
    for kind, key, values in (
        ('bbox', 'bbox', [item['bbox'] for item in coco.anns.values()]),
        ('segm', 'segmentation', map(coco.annToRLE, coco.anns.values()))):
      run = COCOeval(coco, coco.loadRes(
          [item | {key: value} for item, value in zip(alike, values)]), kind)
      run.params.maxDets = [1000]
      run.evaluate()
      run.accumulate()
      precision = run.eval['precision']
      scores.append(precision[precision > -1].mean())
  assert min(scores) > 0.999, scores
  if (made.beside / 'mvtec').exists():
    for file, truth in _mvtec_masks(made).items():
      np.testing.assert_array_equal(painted[file], truth, file)
  return (f'{len(coco.imgs)} images, {len(coco.anns)} regions, AP of the same: '
          f'{scores[0]:.3f} boxes, {scores[1]:.3f} masks')


def _mvtec_masks(made):
  """{image: bool [h, w]} of ground_truth/, by sources.csv."""
  folder = made.beside / 'mvtec'
  with (folder / 'sources.csv').open(encoding='utf-8') as f:
    return {row['source']: np.asarray(Image.open(folder / row['file'])) > 0
            for row in csv.DictReader(f) if row['file'].startswith('ground_truth/')}


def check_torchvision(made):
  """CocoDetection, and the parser of VOCDetection, which opens nothing but .jpg."""
  from torchvision import datasets
  with contextlib.redirect_stdout(io.StringIO()):
    coco = datasets.CocoDetection(made.images, made.beside / 'coco.json')
  assert len(coco) == len(made.boxes)
  assert sum(len(target) for _, target in coco) == made.count
  files = sorted((made.beside / 'voc').rglob('*.xml'))
  assert len(files) == len(made.boxes)
  for path in files:
    said = datasets.VOCDetection.parse_voc_xml(
        ElementTree.parse(path).getroot())['annotation']
    image = path.with_name(said['filename'])
    file = image.relative_to(made.beside / 'voc').as_posix()
    np.testing.assert_array_equal(_read(image), made.pixels(file))
    with Image.open(image) as opened:
      assert said['size'] == {
          'width': str(opened.width), 'height': str(opened.height),
          'depth': str(len(opened.getbands()))}
    assert said['folder'] == path.parent.relative_to(made.beside / 'voc').as_posix()
    boxes = []
    for item in said.get('object', ()):
      assert set(item) == {'name', 'pose', 'truncated', 'difficult', 'bndbox'}
      xmin, ymin, xmax, ymax = (int(item['bndbox'][key])
                                for key in ('xmin', 'ymin', 'xmax', 'ymax'))
      boxes.append((item['name'], xmin - 1, ymin - 1, xmax, ymax))
    assert sorted(boxes) == made.boxes[file]
  return f'{len(coco)} images by CocoDetection, {len(files)} by the parser of VOC'


def check_ultralytics(made):
  """Its check of data.yaml, and the data set that its trainer makes."""
  os.environ.setdefault('YOLO_CONFIG_DIR', tempfile.mkdtemp())
  from ultralytics.data.dataset import YOLODataset
  from ultralytics.data.utils import check_det_dataset
  data = check_det_dataset(str(made.beside / 'yolo' / 'data.yaml'), autodownload=False)
  found = YOLODataset(img_path=data['train'], data=data, task='detect', imgsz=64,
                      augment=False, cache=False)
  for cache in (made.beside / 'yolo').rglob('*.cache'):
    cache.unlink()
  assert len(found.labels) == len(made.boxes)
  for label in found.labels:
    file = pathlib.Path(label['im_file']).relative_to(
        (made.beside / 'yolo' / 'images').resolve()).as_posix()
    np.testing.assert_array_equal(_read(label['im_file']), made.pixels(file))
    width, height = made.size(file)
    assert label['shape'] == (height, width)
    centre, side = np.split(label['bboxes'] * (2 * [width, height]), 2, axis=1)
    edges = np.concatenate([centre - side / 2, centre + side / 2], axis=1)
    assert np.abs(edges - edges.round()).max(initial=0) < 1e-3  # It keeps 32 bits.
    boxes = {(data['names'][int(c)], *map(int, box.round()))
             for c, box in zip(label['cls'].ravel(), edges)}
    assert boxes == set(made.boxes[file]), file  # It leaves out what is there twice.
  return f'{len(found)} images, {sum(len(x["cls"]) for x in found.labels)} boxes'


def check_anomalib(made):
  """`MVTecAD` and `Folder`, with the folder as it is."""
  from anomalib.data import Folder, MVTecAD
  folder = made.beside / 'mvtec'
  kinds = collections.Counter(next(iter(x)) if len(x) == 1 else 'combined'
                              for x in made.painted.values())
  with (folder / 'sources.csv').open(encoding='utf-8') as f:
    sources = {row['file']: row['source'] for row in csv.DictReader(f)}
  classes = sorted(kinds)
  modules = [MVTecAD(root=folder.parent, category=folder.name, num_workers=0,
                     val_split_mode='none')]
  if all(x.isascii() for x in classes):  # Which `Folder` asks for.
    modules.append(Folder(
        name='generated', root=folder, normal_dir='train/good',
        normal_test_dir='test/good', abnormal_dir=[f'test/{x}' for x in classes],
        mask_dir=[f'ground_truth/{x}' for x in classes], num_workers=0,
        val_split_mode='none'))
  for module in modules:
    module.prepare_data()
    module.setup()
    seen = collections.Counter()
    for item in module.test_data:
      file = pathlib.Path(item.image_path).relative_to(folder.resolve()).as_posix()
      kind = file.split('/')[1]
      seen[kind] += 1
      assert bool(item.gt_label) == (kind != 'good')
      if kind == 'good':
        continue
      source = sources[file]
      assert item.image.shape[1:] == made.size(source)[::-1] == item.gt_mask.shape
      np.testing.assert_array_equal(_read(folder / file), made.pixels(source))
      boxes = np.zeros(item.gt_mask.shape, bool)
      for _, left, top, right, bottom in made.boxes[source]:
        boxes[top:bottom, left:right] = True
      inside = item.gt_mask.numpy().astype(bool)
      assert not (inside & ~boxes).any()
      for name, left, top, right, bottom in made.boxes[source]:
        assert name in made.painted[source]
        assert inside[top:bottom, left:right].any()
    good = seen.pop('good')
    assert seen == kinds and good > 0
    train = list(module.train_data)
    assert train and all(not item.gt_label for item in train)
  return (f'{len(train)} clean images to train on, {good} to test, '
          f'{sum(seen.values())} with defects in {len(seen)} folders, by '
          + ' and '.join(type(module).__name__ for module in modules))


def check_labelme(made):
  """The program's own reader of its files, and its pixels where they are polygons."""
  try:
    from labelme._label_file import read_label_file
  except ImportError:  # Before version 6.
    from labelme.label_file import LabelFile as read_label_file
  with contextlib.suppress(ImportError):
    from loguru import logger
    logger.disable('labelme')
  folder, regions = made.beside / 'labelme', 0
  files = sorted(folder.rglob('*.json'))
  assert len(files) == len(made.boxes)
  truth = _mvtec_masks(made) if (made.beside / 'mvtec').exists() else {}
  for path in files:
    said = read_label_file(str(path))
    name = getattr(said, 'image_path', None) or said.imagePath
    file = (path.parent / name).relative_to(folder).as_posix()
    np.testing.assert_array_equal(_read(folder / file), made.pixels(file))
    width, height = made.size(file)
    groups, inside = {}, np.zeros((height, width), bool)
    for i, shape in enumerate(said.shapes):
      group = shape['group_id']
      corners = np.array(shape['points'])
      groups.setdefault((shape['label'], i if group is None else f'g{group}'), []).append(
          np.concatenate([corners.min(0), corners.max(0)]))
      if shape['shape_type'] == 'polygon':
        inside |= _decoded([corners.ravel().tolist()], height, width)
    regions += len(groups)
    assert sorted(name for name, _ in groups) == [x[0] for x in made.boxes[file]]
    assert sorted((name, *np.min(corners, 0)[:2].tolist(), *np.max(corners, 0)[2:].tolist())
                  for (name, _), corners in groups.items()) == sorted(
                      map(tuple, made.boxes[file])), file
    if file in truth and all(x['shape_type'] == 'polygon' for x in said.shapes):
      np.testing.assert_array_equal(inside, truth[file], file)
  return f'{len(files)} images, {regions} regions'


def check_ethology(made):
  """Its schema of VIA's files, whose regions it reads where they are boxes alone."""
  from ethology.validators.json_schemas import utils
  path = made.beside / 'via.json'
  utils._check_file_matches_schema(path, utils._get_default_schema('VIA'))
  said, regions = json.loads(path.read_text('utf-8')), 0
  assert list(said['_via_img_metadata']) == said['_via_image_id_list']
  truth = _mvtec_masks(made) if (made.beside / 'mvtec').exists() else {}
  for key, image in said['_via_img_metadata'].items():
    file = image['filename']
    assert key == f"{file}{image['size']}"
    assert image['size'] == os.path.getsize(made.images / file)
    width, height = made.size(file)
    groups, inside = {}, np.zeros((height, width), bool)
    for i, region in enumerate(image['regions']):
      shape, attributes = region['shape_attributes'], region['region_attributes']
      assert attributes['class'] in said['_via_attributes']['region']['class']['options']
      corners = np.array(
          [shape['all_points_x'], shape['all_points_y']] if shape['name'] == 'polygon' else
          [[shape['x'], shape['x'] + shape['width']],
           [shape['y'], shape['y'] + shape['height']]]).T
      groups.setdefault((attributes['class'], attributes.get('group', f'single {i}')),
                        []).append(np.concatenate([corners.min(0), corners.max(0)]))
      if shape['name'] == 'polygon':
        inside |= _decoded([corners.ravel().tolist()], height, width)
    regions += len(groups)
    assert sorted(name for name, _ in groups) == [x[0] for x in made.boxes[file]]
    if file in truth and all(x['shape_attributes']['name'] == 'polygon'
                             for x in image['regions']):
      np.testing.assert_array_equal(inside, truth[file], file)
  return f"{len(said['_via_img_metadata'])} images, {regions} regions"


CHECKS = {'pycocotools': (check_pycocotools, ['coco.json']),
          'torchvision': (check_torchvision, ['coco.json', 'voc']),
          'ultralytics': (check_ultralytics, ['yolo']),
          'anomalib': (check_anomalib, ['mvtec']),
          'labelme': (check_labelme, ['labelme']),
          'ethology': (check_ethology, ['via.json'])}


def main(folder):
  made = Generated(folder)
  print(f'{folder}: {len(made.boxes)} images, {made.count} boxes')
  for name, (check, needed) in CHECKS.items():
    try:
      version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
      print(f'{name}: not installed')
      continue
    if missing := [x for x in needed if not (made.beside / x).exists()]:
      print(f'{name}: no {missing[0]}')
      continue
    print(f'{name} {version}: {check(made)}')


if __name__ == '__main__':
  main(sys.argv[1])
