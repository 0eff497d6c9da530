"""Folders as people and programs lay them out, made by hand from their documentation."""

import pytest

from handmade import (
    YOLO, POLYGON, NOTES, coco, counts, labelme, make, marked_in, mask, read,
    voc)


EXPORTED = {
    'VOC of CVAT and of VOC itself': (
        {'JPEGImages/1.jpg': None, 'JPEGImages/sub/1.png': None,
         'Annotations/1.xml': voc(), 'Annotations/sub/1.xml': voc('pit'),
         'ImageSets/Main/default.txt': '1\nsub/1\n', 'labelmap.txt': '# label:color\n'},
        'voc', {'JPEGImages/1.jpg': {'crack': 1}, 'JPEGImages/sub/1.png': {'pit': 1}},
        {NOTES: 1}),
    'VOC beside the images, of Roboflow': (
        {'train/1.jpg': None, 'train/1.xml': voc(), 'test/1.jpg': None,
         'test/1.xml': voc('pit'), 'README.roboflow.txt': 'steel - v1\n\nExported'},
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
        {'train/1.jpg': None, 'train/_annotations.coco.json': coco('1.jpg'),
         'valid/1.jpg': None, 'valid/_annotations.coco.json': coco('1.jpg'),
         'README.dataset.txt': 'x'},
        'coco', {'train/1.jpg': {'crack': 1}, 'valid/1.jpg': {'crack': 1}}, {NOTES: 1}),
    'COCO of CVAT': (
        {'images/default/a/1.jpg': None, 'images/default/b/1.jpg': None,
         'annotations/instances_default.json': coco('a/1.jpg', 'b/1.jpg')},
        'coco', {'images/default/a/1.jpg': {'crack': 1},
                 'images/default/b/1.jpg': {'crack': 1}}, {}),
    'COCO with names of other folders and of two suffixes': (
        {'1.jpg': None, '1.png': None, '2.jpg': None,
         'c.json': coco('C:\\steel\\1.png', 'https://x/y/2.jpg', './1.jpg',
                        sizes=False)},
        'coco', {'1.jpg': {'crack': 1}, '1.png': {'crack': 1}, '2.jpg': {'crack': 1}}, {}),
    'CVAT for images': (
        {'images/a/1.jpg': None, 'images/b/1.jpg': None,
         'annotations.xml': '<annotations>' + ''.join(
             f'<image id="{x}" name="{x}/1.jpg" width="40" height="30"><box label="crack" '
             'xtl="10" ytl="5" xbr="20" ybr="15"/></image>' for x in 'ab')
                            + '</annotations>'},
        'cvat', {'images/a/1.jpg': {'crack': 1}, 'images/b/1.jpg': {'crack': 1}}, {}),
    'Severstal': (
        {'train_images/1.jpg': None, 'train_images/2.jpg': None, 'notes.csv': 'x',
         'train.csv': 'ImageId,ClassId,EncodedPixels\n1.jpg,3,' + ' '.join(
             f'{30 * x + 6} 10' for x in range(10, 20)) + '\n2.jpg,1,\n'},
        'severstal', {'train_images/1.jpg': {'3': 1}, 'train_images/2.jpg': {}},
        {NOTES: 1}),
    'LabelMe': (
        {'1.jpg': None, '1.json': labelme(), 'b/2.jpg': None,
         'b/2.json': labelme('polygon', 'pit'), 'b/notes.csv': 'x'},
        'labelme', {'1.jpg': {'crack': 1}, 'b/2.jpg': {'pit': 1}}, {NOTES: 1}),
    'LabelMe in another folder, in which a suffix stayed': (
        {'img/1.jpg': None, 'ann/1.jpg.json': labelme()},
        'labelme', {'img/1.jpg': {'crack': 1}}, {}),
    'masks in parallel folders of classes': (
        {'defects/crack/1.jpg': None, 'defects/pit/1.jpg': None, 'good/1.jpg': None,
         'masks/crack/1.png': mask, 'masks/pit/1.png': mask},
        'masks', {'defects/crack/1.jpg': {'crack': 1}, 'defects/pit/1.jpg': {'pit': 1}},
        {}),
    'a folder of masks for each class': (
        {'images/1.jpg': None, 'images/2.jpg': None, 'masks/crack/1.png': mask,
         'masks/pit/1.png': mask, 'masks/pit/2.png': mask},
        'masks', {'images/1.jpg': {'crack': 1, 'pit': 1}, 'images/2.jpg': {'pit': 1}}, {}),
    'masks beside images in folders of classes': (
        {'crack/1.jpg': None, 'crack/1_mask.png': mask, 'pit/2.jpg': None,
         'pit/2_label.bmp': mask, 'pit/3.jpg': None, 'pit/3_GT.png': mask},
        'masks', {'crack/1.jpg': {'crack': 1}, 'pit/2.jpg': {'pit': 1},
                  'pit/3.jpg': {'pit': 1}}, {}),
    'masks beside images by the same name, as of the magnetic tiles': (
        {'MT_Crack/Imgs/1.jpg': None, 'MT_Crack/Imgs/1.png': mask},
        'masks', {'MT_Crack/Imgs/1.jpg': {'MT_Crack': 1}}, {}),
    'one folder of masks for folders of classes': (
        {'images/crack/1.jpg': None, 'images/pit/2.jpg': None,
         'gt/1.png': mask, 'gt/2.png': mask},
        'masks', {'images/crack/1.jpg': {'crack': 1}, 'images/pit/2.jpg': {'pit': 1}}, {}),
    'MVTec AD': (
        {'train/good/000.png': None, 'test/good/000.png': None, 'test/crack/000.png': None,
         'test/pit/000.png': None, 'ground_truth/crack/000_mask.png': mask,
         'ground_truth/pit/000_mask.png': mask, 'license.txt': 'words', 'readme.txt': ''},
        'mvtec', {'test/crack/000.png': {'crack': 1}, 'test/pit/000.png': {'pit': 1}},
        {NOTES: 2}),
    'a category of MVTec AD below': (
        {'tile/train/good/000.png': None, 'tile/test/crack/000.png': None,
         'tile/ground_truth/crack/000_mask.png': mask},
        'mvtec', {'tile/test/crack/000.png': {'crack': 1}}, {}),
    'MVTec LOCO': (
        {'box/train/good/000.png': None, 'box/validation/good/000.png': None} | {
            f'box/test/{name}/00{k}.png': None for name in ('good', 'logical', 'structural')
            for k in range(2)} | {
                f'box/ground_truth/{name}/00{k}/00{m}.png': lambda path, m=m: mask(
                    path, 255 - m) for name, k, m in (
                        ('logical', 0, 0), ('logical', 0, 1), ('logical', 1, 0),
                        ('structural', 0, 0), ('structural', 1, 0))},
        'mvtec', {'box/test/logical/000.png': {'logical': 2},
                  'box/test/logical/001.png': {'logical': 1},
                  'box/test/structural/000.png': {'structural': 1},
                  'box/test/structural/001.png': {'structural': 1}}, {}),
    'segmentation masks of CVAT': (
        {'JPEGImages/1.jpg': None, 'ImageSets/Segmentation/default.txt': '1\n',
         'SegmentationClass/1.png': lambda path: mask(path, (10, 10, 128)),
         'SegmentationObject/1.png': lambda path: mask(path, (128, 0, 0)),
         'labelmap.txt': '# label:color_rgb:parts:actions\nbackground:0,0,0::\n'
                         'crack:10,10,128::\npit:9,9,9::\n'},
        'masks', {'JPEGImages/1.jpg': {'crack': 1}},
        {NOTES: 1, 'masks of single objects, beside those of classes': 1}),
    'VOC boxes with masks': (
        {'IMAGES/1.jpg': None, 'IMAGES/2.jpg': None, 'ANNOTATIONS/1.xml': voc(),
         'ANNOTATIONS/2.xml': voc('pit'), 'MASKS/1.png': mask},
        'voc + masks', {'IMAGES/1.jpg': {'crack': 1}, 'IMAGES/2.jpg': {'pit': 1}}, {}),
}


@pytest.mark.parametrize('case', EXPORTED)
def test_what_programs_export_is_recognised(tmp_path, case):
  files, name, marked, left_out = EXPORTED[case]
  make(tmp_path, files)
  layout = read(tmp_path)
  assert layout.format == name and layout.root == tmp_path and not layout.crops
  assert marked_in(layout) == marked
  assert counts(layout.left_out) == left_out
  rest = {path.relative_to(tmp_path).as_posix() for path in layout.unlabelled}
  assert rest == ({'images/val/2.jpg'} if 'Ultralytics' in case else set())
  assert {'good' in path.parts for path in layout.clean} <= {True}
  assert len(layout.clean) == sum(
      'good/' in name for name in files if name.endswith(('.png', '.jpg')))
