"""Severstal's CSV, as Kaggle's page of the challenge says it."""

import numpy as np
import pytest

from pegan_jax.annotations import severstal
from pegan_jax.annotations.regions import Annotated
from pegan_jax.common.errors import UserError

# Of 4 x 3 pixels: the second column, and a piece of the fourth.
NOW = 'ImageId,ClassId,EncodedPixels\nb.jpg,3,4 3 11 2\na.jpg,1,1 1\nb.jpg,1,12 1\n'
BEFORE = ('ImageId_ClassId,EncodedPixels\nb_x.jpg_1,\nb_x.jpg_3,4 3 11 2\n'
          'a.jpg_1,\na.jpg_2,\n')


def _read(folder, text):
  (folder / 'train.csv').write_text(text)
  return severstal.read(folder)


def test_runs_go_down_the_columns_and_count_from_one(tmp_path):
  second, first = _read(tmp_path, NOW)
  assert (second.file, second.height, first.file) == ('b.jpg', None, 'a.jpg')
  sized = severstal.with_size(second, 3, 4)
  assert (sized.height, sized.width) == (3, 4)
  column, piece, corner = sized.regions
  assert [x.name for x in sized.regions] == ['3', '3', '1']
  assert [x.box for x in sized.regions] == [(1, 0, 2, 3), (3, 1, 4, 3), (3, 2, 4, 3)]
  assert all(x.mask.all() for x in (column, piece, corner))
  assert [x.box for x in severstal.with_size(first, 3, 4).regions] == [(0, 0, 1, 1)]


def test_rows_without_pixels_say_that_an_image_is_clean(tmp_path):
  image, = _read(tmp_path, 'ImageId,ClassId,EncodedPixels\na.jpg,,\n')
  assert image == Annotated('a.jpg', None, None, [])
  marked, clean = _read(tmp_path, BEFORE)
  assert clean == Annotated('a.jpg', None, None, [])
  assert marked.file == 'b_x.jpg' and [x.name for x in marked.regions] == ['3']
  np.testing.assert_array_equal(marked.regions[0].runs, [[4, 3], [11, 2]])


@pytest.mark.parametrize('number', ['2', '2.0'])
def test_columns_may_stand_in_any_order(tmp_path, number):
  image, = _read(tmp_path, f'ClassId, EncodedPixels ,ImageId\r\n{number},1 1,a.jpg\r\n')
  assert image.file == 'a.jpg' and image.regions[0].name == '2'


def test_it_is_known_by_its_columns_however_they_are_written(tmp_path):
  image, = _read(tmp_path, '"ImageId","ClassId","EncodedPixels",Width\n"a,b.jpg",2,1 1,9\n')
  assert image.file == 'a,b.jpg' and image.regions[0].name == '2'
  long = ' '.join(f'{2 * k + 1} 1' for k in range(20_000))  # Beyond csv's own limit.
  image, = _read(tmp_path, f'ImageId,ClassId,EncodedPixels\na.jpg,1,{long}\n')
  assert len(long) > 131_072 and len(image.regions[0].runs) == 20_000
  (tmp_path / 'train.csv').write_bytes(NOW.replace('a.jpg', 'ä.jpg').encode('cp1252'))
  with pytest.raises(UserError, match='train.csv is not UTF-8 text'):
    severstal.read(tmp_path)
  (tmp_path / 'train.csv').write_bytes(NOW.encode('utf-16'))
  assert [image.file for image in severstal.read(tmp_path)] == ['b.jpg', 'a.jpg']


def test_a_submission_marks_nothing(tmp_path):
  (tmp_path / 'sample_submission.csv').write_text(NOW)
  assert severstal.read(tmp_path) == []


@pytest.mark.parametrize('row', ['a.jpg,1,1', 'a.jpg,1,0 2', 'a.jpg,1,1 x', 'a.jpg,,1 1',
                                 ',1,1 1', 'a.jpg,1', 'a.jpg,1,1 2,3', 'a.jpg,1,2 0'])
def test_damaged_rows_are_all_told(tmp_path, row):
  with pytest.raises(UserError) as error:
    _read(tmp_path, f'{NOW}{row}\n{row}\n')
  assert str(error.value) == (
      f"{tmp_path / 'train.csv'} cannot be read as a CSV of Severstal: "
      'row 5 does not have an image, a class and pairs of numbers from 1 '
      '(and 1 more like this: 6); '
      'correct or remove what is wrong.')
  assert [image.file for image in error.value.images] == ['b.jpg', 'a.jpg']


def test_pixels_beyond_the_image_are_refused(tmp_path):
  image, _ = _read(tmp_path, NOW)
  with pytest.raises(UserError, match='b.jpg has pixels of 3 beyond its 2 x 3 image'):
    severstal.with_size(image, 3, 2)
  image, = _read(tmp_path, f'ImageId,ClassId,EncodedPixels\na.jpg,1,{2**62} {2**62}')
  with pytest.raises(UserError, match='a.jpg has pixels of 1 beyond'):
    severstal.with_size(image, 3, 4)


def test_other_csv_is_not_severstals(tmp_path):
  assert _read(tmp_path, 'file,class\na.jpg,1\n') == []
  (tmp_path / 'train.csv').write_bytes(b'\xff\xfe\xff')
  assert severstal.read(tmp_path) == []


def test_minus_one_is_no_pixels(tmp_path):
  image, = _read(tmp_path, 'ImageId,ClassId,EncodedPixels\na.jpg,1,-1\n')
  assert (image.file, image.regions) == ('a.jpg', [])
