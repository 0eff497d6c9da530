"""The file of the user's jobs: what it says, and every fault of it."""

import json

import numpy as np
from PIL import Image
import pytest

from pegan_jax.common.errors import UserError
from pegan_jax.generation import job_file

CLASSES = ['pa', 'rolled in']


@pytest.fixture
def folder(tmp_path):
  (tmp_path / 'img').mkdir()
  Image.new('L', (200, 100)).save(tmp_path / 'img' / 'a.png')
  Image.new('RGB', (64, 64)).save(tmp_path / 'img' / 'b.jpg')
  mask = np.zeros((100, 200), np.uint8)
  mask[10:20, 30:33] = 255
  Image.fromarray(mask).save(tmp_path / 'mask.png')
  Image.fromarray(mask * 0).save(tmp_path / 'empty.png')
  Image.fromarray(mask[1:]).save(tmp_path / 'short.png')
  return tmp_path


def _read(folder, text, name='jobs.csv'):
  (folder / name).write_text(text, 'utf-8')
  return job_file.read(folder / name, CLASSES)


def test_every_kind_of_region_and_number(folder):
  rows = _read(folder, '''image,class,region,seed,strength,count,picture
img/a.png,pa,10 20 30 40,7,0.5,3,x
img/a.png,"rolled in",10 10 20 10 20 20 10 20,,,,
img/a.png,pa,mask.png,,,,

img/b.jpg,pa,,,,2,
''')
  assert [(r.line, r.image.name, r.label, r.seed, r.strength, r.count, r.picture, r.shape)
          for r in rows] == [
              (2, 'a.png', 0, 7, 0.5, 3, 'x', (100, 200)),
              (3, 'a.png', 1, None, None, 1, '', (100, 200)),
              (4, 'a.png', 0, None, None, 1, '', (100, 200)),
              (6, 'b.jpg', 0, None, None, 2, '', (64, 64))]
  assert [r.region and tuple(r.region.box) for r in rows] == [
      (10, 20, 30, 40), (10, 10, 20, 20), (30, 10, 33, 20), None]
  assert all(r.region.mask.all() for r in rows[:3]) and rows[2].mask.name == 'mask.png'
  assert job_file.names(rows) == ['a_x', 'a', 'a', 'b']


def test_json_lines_other_separators_and_fewer_columns_say_the_same(folder):
  rows = _read(folder, 'class;region;image\npa;10 20 30 40;img/a.png\n'
               'rolled in;10,10 20,10 20,20;img/a.png\npa;mask.png;img/a.png\n')
  lines = [{'image': 'img/a.png', 'class': 'pa', 'region': [10, 20, 30, 40]},
           {'image': 'img/a.png', 'class': 'rolled in',
            'region': [[10, 10], [20, 10], [20, 20]], 'seed': None},
           {'image': str(folder / 'img' / 'a.png'), 'class': 'pa', 'region': 'mask.png'}]
  others = _read(folder, '\ufeff' + '\n'.join(map(json.dumps, lines)), 'jobs.txt')
  for row, other in zip(rows, others, strict=True):
    assert row._replace(line=0, region=0) == other._replace(line=0, region=0)
    assert row.region.box == other.region.box
    np.testing.assert_array_equal(row.region.mask, other.region.mask)
  triangle = rows[1].region.mask
  assert 0.4 < triangle.mean() < 0.65 and triangle[1, 8] and not triangle[8, 1]


FAULTS = [
    ('img/a.png,xx,,,,,', "no class 'xx': choose from pa, rolled in"),
    ('img/c.png,pa,,,,,', 'img/c.png: correct the path'),
    ('img/a.png,pa,0.1 0.1 0.2 0.2,,,,', 'within one pixel, as fractions'),
    ('img/a.png,pa,0.1 0.1 0.9 0.1 1 1,,,,', 'within one pixel, as fractions'),
    (',pa,,,,,', 'no image'),
    ('img/a.png,,,,,,', 'no class'),
    ('jobs.csv,pa,,,,,', 'jobs.csv cannot be read'),
    ('img/a.png,pa,10 20 201 40,,,,', 'leaves the image, which has 200x100 pixels'),
    ('img/a.png,pa,-1 20 30 40,,,,', 'leaves the image'),
    ('img/a.png,pa,10 20 nan 40,,,,', 'leaves the image'),
    ('img/a.png,pa,30 20 10 40,,,,', 'no pixel: a box is left top right bottom'),
    ('img/a.png,pa,0 0 9 0 9 101,,,,', 'leaves the image'),
    ('img/a.png,pa,10 20 30,,,,', 'region has 3 numbers'),
    ('img/a.png,pa,no.png,,,,', "region is 'no.png': neither numbers nor a mask"),
    ('img/a.png,pa,empty.png,,,,', 'empty.png is empty'),
    ('img/a.png,pa,short.png,,,,', 'short.png has 200x99 pixels, and its image 200x100'),
    ('img/a.png,pa,jobs.csv,,,,', 'cannot be read as a mask'),
    ('img/a.png,pa,,-1,,,', "seed is '-1': it must be a whole number from 0 to 2147483647"),
    ('img/a.png,pa,,1.5,,,', "seed is '1.5'"),
    ('img/a.png,pa,,,2,,', "strength is '2': it must be a number from 0 to 1"),
    ('img/a.png,pa,,,nan,,', "strength is 'nan'"),
    ('img/a.png,pa,,,,0,', "count is '0': it must be a whole number from 1 to 10000"),
    ('img/a.png,pa,,,,many,', "count is 'many'"),
    ('img/a.png,pa,,,,,../x', "picture is '../x'"),
    ('img/a.png,pa,,,,,,9', 'more cells than the first line')]


def test_all_faults_are_told_at_once_by_their_lines(folder, monkeypatch):
  monkeypatch.setattr(job_file, '_SHOWN', len(FAULTS))
  text = 'image,class,region,seed,strength,count,picture\nimg/a.png,pa,,,,,\n'
  with pytest.raises(UserError) as error:
    _read(folder, text + '\n'.join(row for row, _ in FAULTS))
  told = str(error.value)
  assert '\n' not in told and 'line 2:' not in told
  for i, (_, words) in enumerate(FAULTS, 3):
    part = told.split(f'line {i}: ')[1].split('; line ')[0]
    assert words in part, (i, words, part)


def test_of_many_faults_the_first_are_told(folder):
  with pytest.raises(UserError, match='line 21: no class .*; and 5 more faults$') as error:
    _read(folder, 'image,class\n' + 'img/a.png,xx\n' * 25)
  assert 'line 22' not in str(error.value)


@pytest.mark.parametrize('text, words', [
    ('', 'no column image'),
    ('image,class\n', 'has no rows'),
    ('image,region\nimg/a.png,\n', 'no column class'),
    ('image,class,size\nimg/a.png,pa,3\n', "line 2: no column 'size': choose from image"),
    ('[{"image": "img/a.png"}]', 'one object per line'),
    ('{"image": "img/a.png", "class": "pa"}\n{"image": \n', 'line 2: it is no JSON object'),
    ('{"image": "img/a.png", "class": "pa", "class": "pa"}', 'has a key twice'),
    ('image,class,class\nimg/a.png,pa,pa\n', 'has two columns class'),
    ('{"image": "img/a.png", "class": "pa", "count": true}', 'count is True'),
    ('image,class\n"img/a.png,pa\n', 'line 2 is no CSV')])
def test_files_that_are_none(folder, text, words):
  with pytest.raises(UserError, match='jobs.csv') as error:
    _read(folder, text)
  assert words in str(error.value)


def test_files_that_cannot_be_read(folder):
  with pytest.raises(UserError, match='cannot be read: No such file'):
    job_file.read(folder / 'none.csv', CLASSES)
  (folder / 'jobs.csv').write_bytes('image,class\nimg/ä.png,pa'.encode('latin-1'))
  with pytest.raises(UserError, match='cannot be read: it is not UTF-8'):
    job_file.read(folder / 'jobs.csv', CLASSES)


def test_two_images_of_one_name_are_told(folder):
  Image.new('L', (200, 100)).save(folder / 'img' / 'a.bmp')
  with pytest.raises(UserError, match='line 3: its pictures would be called as those of '
                     'line 2'):
    _read(folder, 'image,class\nimg/a.png,pa\nimg/a.bmp,pa\n')


def test_what_pictures_depend_on(folder):
  text = 'image,class,region\nimg/a.png,pa,mask.png\n'
  digest = lambda: job_file.digest(folder / 'jobs.csv', _read(folder, text))
  first = digest()
  assert digest() == first
  Image.fromarray(np.ones((100, 200), np.uint8)).save(folder / 'mask.png')
  second = digest()
  Image.new('L', (200, 100), 9).save(folder / 'img' / 'a.png')
  assert len({first, second, digest()}) == 3


def test_a_path_of_windows_is_read(folder):
  row, = _read(folder, 'image,class\nimg\\a.png,pa\n')
  assert row.image == folder / 'img' / 'a.png'
