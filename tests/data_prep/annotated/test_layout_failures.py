"""What does not fit is one sentence."""

import json
import re

import numpy as np
from PIL import Image
import pytest

from data_prep.annotated import layouts
from data_prep.images import reading
from data_prep.images.problems import Problems
from pegan_jax.common.errors import UserError
from handmade import YOLO, coco, labelme, make, mask, read, turned, voc


def graded(path):
  Image.fromarray(np.tile(np.arange(0, 160, 4, np.uint8), (30, 1))).save(path)


WORDS = '<n>1</n><label>pit</label>'
REFUSED = {
    'an outline far longer than its image, which to fill would take gigabytes': (
        {'i/1.jpg': None, 'i/1.json': json.dumps({'shapes': [{
            'label': 'crack', 'shape_type': 'polygon', 'points': [
                [k % 40, (-1) ** k * 9e5] for k in range(2000)]}]})}, (),
        '1.json has a box of crack, .* of which more than half lies outside'),
    'fractions in place of pixels': (
        {'i/1.jpg': None, 'i/2.jpg': None, **{f'i/{k}.json': json.dumps({'shapes': [{
            'label': 'crack', 'shape_type': 'rectangle',
            'points': [[0.1, 0.2], [0.5, 0.25 * k]]}]}) for k in (1, 2)}}, (),
        '1.json and all others like it have boxes within one pixel: they are fractions'),
    'an empty file of another size': (
        {'i/1.jpg': None, 'i/2.jpg': None, 'i/1.xml': voc(), 'i/2.xml':
         '<annotation><size><width>41</width><height>30</height></size></annotation>'}, (),
        '2.xml says that its image has 41 x 30 pixels, and it has 40 x 30'),
    'an annotation without an image': (
        {'i/1.jpg': None, 'a/1.xml': voc(), 'a/lost.xml': voc()}, ('a',),
        'No image in .*i fits 1 of the annotations in .*a, the first is lost.xml'),
    'a mask without an image': (
        {'i/1.jpg': None, 'a/1.png': mask, 'a/2.png': mask}, ('a',),
        'fits 1 of the annotations .* first is 2.png'),
    'an image of a COCO file that is not there': (
        {'i/1.jpg': None, 'c.json': coco('1.jpg', '2.jpg')}, ('c.json',),
        'fits 1 of the annotations .* first is 2.jpg'),
    'an annotation of another folder': (
        {'i/x/1.jpg': None, 'a/y/1.xml': voc()}, ('a',), 'the first is y/1.xml'),
    'an annotation of another part of the set': (
        {'i/train/1.jpg': None, 'a/validation/1.xml': voc()}, ('a',),
        'the first is validation/1.xml'),
    'two files for one image': (
        {'i/1.jpg': None, 'a/1.xml': voc(), 'a/1.txt': ''}, ('a',),
        'annotates one image twice, 1.jpg in .*1.txt and .*1.xml'),
    'two files of one format for one image': (
        {'i/1.jpg': None, 'a/1.xml': voc(), 'a/old/1.xml': voc('pit')}, ('a',),
        'annotates one image twice, 1.jpg in .*a/1.xml and .*a/old/1.xml: remove one of '
        'them, or name the other by --annotations'),
    'two files for many images': (
        {'i/1.jpg': None, 'a/c.json': coco('1.jpg'), 'a/d.json': coco(
            'x/1.jpg', bbox=[1, 1, 5, 5])}, ('a',),
        'twice, 1.jpg in .*c.json and .*d.json: remove one of them'),
    'damaged JSON': ({'i/1.jpg': None, 'a/1.json': '{"shapes": ['}, ('a',),
                     'a/1.json cannot be read as JSON'),
    'a JPEG of 0 and 1': (
        {'i/1.jpg': None, 'a/1.jpg': lambda path: mask(path, 1)}, ('a',),
        '1.jpg is no mask: .* JPEG makes of one'),
    'an image twice in a COCO file': (
        {'i/1.jpg': None, 'c.json': re.sub(r'"bbox": \[\d', '"bbox": [2',
                                           coco('1.jpg', '1.jpg'), count=1)}, ('c.json',),
        'twice, 1.jpg by two entries of .*c.json, 1.jpg and 1.jpg: remove one of these'),
    'JSON of nothing beside that of LabelMe': (
        {'i/1.jpg': None, 'i/1.json': labelme(), 'i/2.jpg': None, 'i/2.json': 'null'}, (),
        '2.json is JSON for 2.jpg, but of none of the kinds'),
    'the name of a class in a file without a box': (
        {'i/1.jpg': None, 'i/1.xml': voc('pit').replace('<object>', f'{WORDS}<object>'),
         'i/2.jpg': None, 'i/2.xml': f'<annotation>{WORDS}</annotation>'},
        (), '2.xml has no shapes, but the tag or flag pit, which may say'),
    'labels whose names are the beginnings of the images': (
        {'i/1_test.jpg': None, 'a/1.xml': voc()}, ('a',),
        'No image .* the first is 1.xml: .*; where 1_test.jpg is its image, give both one'),
    'labels of another kind, in folders that have numbers, as KITTI\'s': (
        {'i/image_2/1.jpg': None, 'i/label_2/1.txt': 'Car 0.0 0 1.57 1.0 1.0 9.0 9.0'}, (),
        'label_2/1.txt cannot be read as YOLO: '),
    'one file for two images': (
        {'i/1.jpg': None, 'i/1.png': None, 'a/1.xml': voc()}, ('a',),
        'has one annotation, 1.xml, for two images, 1.jpg and 1.png'),
    'one file for images of two folders': (
        {'i/x/1.jpg': None, 'i/y/1.jpg': None, 'a/1.xml': voc()}, ('a',),
        'one annotation, 1.xml, for two images, x/1.jpg and y/1.jpg'),
    'a mask that is of the image of its name, or of that of its folder': (
        {'i/1.jpg': None, 'i/2.jpg': None, 'a/2/1.png': mask}, ('a',),
        'has one annotation, 2/1.png, for two images, 1.jpg and 2.jpg'),
    'a size that is not the image\'s': (
        {'i/1.jpg': None, 'a/1.xml': voc(size='<width>99</width><height>30</height>')},
        ('a',), 'a/1.xml says that its image has 99 x 30 pixels, and it has 40 x 30'),
    'an image that EXIF turns': (
        {'i/1.jpg': turned, 'a/1.xml': voc()}, ('a',),
        '1.xml is for an image of 40 x 30 pixels, and .*1.jpg has 30 x 40, turned by its'),
    'a box outside of its image': (
        {'i/1.jpg': None, 'a/1.xml': voc(box=(50, 5, 60, 15))}, ('a',),
        r'1.xml has a box of crack, from \(50, 5\) to \(60, 15\), that covers no pixel'),
    'a box that is mostly outside': (
        {'i/1.jpg': None, 'a/1.txt': '0 1.05 0.5 0.5 0.5'}, ('a',),
        r'1.txt has a box of 0, from \(32, 7.5\) to \(52, 22.5\), of which more than'),
    'a mask of another size': (
        {'i/1.jpg': None, 'a/1.png': lambda path: mask(path, size=(41, 30))}, ('a',),
        'a/1.png is a mask of 41 x 30 pixels, and its image .*1.jpg has 40 x 30'),
    'values without names': (
        {'i/1.jpg': None, 'i/2.jpg': None, 'a/1.png': lambda path: mask(path, 1),
         'a/2.png': lambda path: mask(path, 2)}, ('a',),
        r'1.png is one of masks with the values \[1, 2\], and no file names'),
    'a value beyond the names': (
        {'i/1.jpg': None, 'a/1.png': lambda path: mask(
            path, 1, more=[(3, (1, 1, 2, 2))]), 'a/classes.txt': 'background\ncrack\npit'},
        ('a',), '1.png has the value 3, which .*classes.txt gives no class'),
    'a photograph in place of a mask': (
        {'i/1.jpg': None, 'a/1.png': lambda path: Image.fromarray(
            np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)).save(path)},
        ('a',), '1.png is no mask: .* hold 1200 values, as a photograph'),
    'a mask of a generated image': (
        {'i/crack/1.jpg': None, 'i/manifest.csv': 'file',
         'i_annotations/masks/crack/1.png': graded},
        ('i_annotations/masks',), '1.png is of a generated image, .*formats=labelme'),
    'a graded mask of someone else': (
        {'i/crack/1.jpg': None, 'i_annotations/masks/crack/1.png': graded},
        ('i_annotations/masks',), '1.png is no mask'),
    'a JPEG of numbers': (
        {'i/1.jpg': None, 'a/1.jpg': lambda path: Image.fromarray(
            np.random.default_rng(0).integers(0, 9, (30, 40), np.uint8)).save(path)},
        ('a',), '1.jpg is no mask: .* JPEG makes of one; save masks as PNG'),
    'a mask with clear pixels': (
        {'i/1.jpg': None, 'a/1.png': lambda path: Image.new('RGBA', (40, 30)).save(path)},
        ('a',), '1.png cannot be read as a mask: it has transparent pixels'),
    'a broken mask': ({'i/1.jpg': None, 'a/1.png': 'no PNG'}, ('a',),
                      '1.png cannot be read as a mask'),
    'a mask of several pictures': (
        {'i/1.jpg': None, 'a/1.tif': lambda path: Image.new('L', (40, 30)).save(
            path, save_all=True, append_images=[Image.new('L', (40, 30), 255)])}, ('a',),
        '1.tif cannot be read as a mask: it holds 2 pictures'),
    'a mask with values below 0': (
        {'i/1.jpg': None, 'a/1.tif': lambda path: Image.fromarray(
            np.full((30, 40), -1, np.int32)).save(path)}, ('a',),
        '1.tif cannot be read as a mask: it has values below 0'),
    'a value with an empty name': (
        {'i/1.jpg': None, 'a/1.png': mask, 'a/classes.txt': 'background\n\ncrack'},
        ('a',), 'classes.txt cannot .*: the value 1 has an empty name'),
    'an angle in place of a confidence': (
        {'i/1.jpg': None, 'a/1.txt': '0 0.5 0.5 0.9 0.04 90'}, ('a',),
        "'0 0.5 0.5 0.9 0.04 90' is neither"),
    'a region without a name': (
        {'i/1.jpg': None, 'a/1.json': json.dumps({'shapes': [
            {'label': ' ', 'shape_type': 'rectangle', 'points': [[1, 1], [9, 9]]}]})},
        ('a',), '1.json has a region without the name of a class'),
    'a damaged file of all annotations': (
        {'i/1.jpg': None, 'a/1.xml': voc(), 'a/val.json': '{"images": ['}, ('a',),
        'val.json cannot be read as JSON'),
    'a LabelMe file with two lists of shapes': (
        {'i/1.jpg': None, 'i/2.jpg': None, 'a/2.json': labelme(),
         'a/1.json': labelme()[:-1] + ', "shapes": []}'}, ('a',),
        "1.json cannot be read as JSON: one object has the key 'shapes' twice"),
    'a COCO file with two lists of annotations': (
        {'i/1.jpg': None, 'i/2.jpg': None, 'a/2.json': labelme(),
         'a/c.json': coco('1.jpg')[:-1] + ', "annotations": []}'}, ('a',),
        "c.json cannot be read as JSON: one object has the key 'annotations' twice"),
    'names of masks with two for a value': (
        {'i/1.jpg': None, 'a/1.png': lambda path: mask(path, 1),
         'a/classes.json': '{"crack": 1, "pit": 1}'}, ('a',),
        'classes.json cannot .*: the value 1 has two names, crack and pit'),
    'names of YOLO with two for a number': (
        {'i/1.jpg': None, 'a/1.txt': f'0 {YOLO}', 'a/data.yaml': 'names: {0: a, 0: b}'},
        ('a',), "data.yaml cannot .*: '0' is there twice"),
    'a defect marked in a clean image': (
        {'i/good/1.jpg': None, 'a/good/1.png': mask}, ('a',),
        '1.jpg is clean by its folder, and .*a/good/1.png marks a defect'),
    'JSON of another program': (
        {'i/1.jpg': None, 'a/1.jpg.json': '{"objects": []}'}, ('a',),
        r'1.jpg.json is JSON for 1.jpg, but of none of the kinds .json \(COCO\), '),
    'JSON of Supervisely': (
        {'i/ds/img/1.jpg': None, 'i/ds/img/2.jpg': None, 'i/meta.json': '{"classes": []}',
         'i/ds/ann/1.jpg.json': '{"tags": [], "size": {}, "objects": ['
                                '{"points": {"exterior": [[1, 2], [9, 9]]}}]}'}, (),
        r'1.jpg.json is JSON for 1.jpg, .*, .json \(LabelMe\).*: export it as one of'),
    'XML of another program': (
        {'i/1.jpg': None, 'a/1.xml': '<objects/>'}, ('a',),
        "1.xml cannot be read as Pascal VOC: it holds 'objects'"),
    'a text beside an image that is no label': (
        {'i/1.jpg': None, 'a/1.txt': 'a photograph of steel'}, ('a',),
        '1.txt cannot be read as YOLO'),
    'nothing': ({'i/1.jpg': None, 'a/notes.pdf': 'x'}, ('a',),
                'a holds no .xml .* files and no mask images: name what marks the images'),
    'a file that is none': ({'i/1.jpg': None, 'a.pdf': 'x'}, ('a.pdf',),
                           'a.pdf holds no .xml'),
    'an archive': ({'i/1.jpg': None, 'a.zip': 'x'}, ('a.zip',),
                   'a.zip holds no .xml .* images: unpack .*a.zip, and name what it gives'),
    'no such path': ({'i/1.jpg': None}, ('a',), 'a is not a folder or a file: .* correct '),
    'no images': ({'i/1.pdf': 'x'}, (), 'holds no images .*: put some there, save others'),
    'no such folder': ({}, (), 'i is not a folder: nothing is there, so correct the path'),
    'a file as the folder': ({'i': 'x'}, (), 'i is not a folder: name the folder that'),
    'fractions of no image': (
        {'i/1.jpg': None, 'i/1.txt': '0 9.5 9 5 5'}, (),
        'not in fractions of the image: divide pixels by its width and height'),
    'COCO without categories': (
        {'i/1.jpg': None, 'i/c.json': '{"images": [{"id": 1, "file_name": "1.jpg"}], '
                                      '"annotations": []}'}, (),
        "it lacks 'categories': export it again, with all that COCO has"),
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
  make(tmp_path, files)
  with pytest.raises(UserError) as error:
    read(tmp_path, *annotations, images='i')
  assert re.search(words, str(error.value)), error.value
  assert '\n' not in str(error.value)


def test_what_is_known_already_is_told_once_and_left_out(tmp_path):
  """As --check knows damaged images before annotations are read."""
  make(tmp_path, {'i/1.jpg': None, 'i/2.jpg': None, 'a/1.xml': voc('a/x'),
                  'a/2.xml': voc()})
  (tmp_path / 'i' / '2.jpg').write_bytes(b'')
  problems = Problems()
  with problems.collected():
    reading.size(tmp_path / 'i' / '2.jpg')
  layout = layouts.read(tmp_path / 'i', [tmp_path / 'a'], problems=problems)
  assert [path.name for path, _ in layout.annotated] == ['1.jpg']
  assert len(problems) == 2 and "'a/x'" in problems[1], problems


@pytest.mark.parametrize('name', ['a.zip', 'A.TAR.GZ'])
def test_an_archive_is_to_be_unpacked(tmp_path, name):
  make(tmp_path, {name: 'x'})
  with pytest.raises(UserError, match=f'--images .*{name} is not a folder: unpack it, and'):
    read(tmp_path, images=name)
