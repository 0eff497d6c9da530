"""Images that two files hold."""

import contextlib

import pytest

from data_prep.annotated import same_images
from pegan_jax.annotations.regions import Annotated, Box, Region
from pegan_jax.common.errors import UserError
from handmade import BOX, HEIGHT, WIDTH, make, turned


def test_one_image_is_not_both_clean_and_marked(tmp_path):
  make(tmp_path, {'clean/1.jpg': None, 'clean/2.jpg': turned, 'i/3.jpg': None})
  clean, one = sorted((tmp_path / 'clean').iterdir()), tmp_path / 'i' / '3.jpg'
  marks = [(one, Annotated('', HEIGHT, WIDTH, [Region('crack', Box(*BOX))]))]
  for crops, annotated in (([one], []), ([], marks)):
    same_images.check(clean[1:], crops, annotated)
    with pytest.raises(UserError, match='1.jpg is said to be clean, and the same image'):
      same_images.check(clean, crops, annotated)


@pytest.mark.parametrize('box, agrees', [
    (BOX, True), ((11, 6, 20, 14), True), ((0, 0, 40, 30), False),
    ((30, 5, 40, 15), False)])
def test_one_image_is_not_marked_at_two_places(tmp_path, box, agrees):
  make(tmp_path, {'1.jpg': None, 'a/1.jpg': None, '2.jpg': turned})
  marks = [(tmp_path / name, Annotated('', HEIGHT, WIDTH, [Region('crack', Box(*box))]))
           for name, box in (('1.jpg', BOX), ('a/1.jpg', box), ('2.jpg', (0, 0, 9, 9)))]
  with contextlib.nullcontext() if agrees else (
      pytest.raises(UserError, match='are the same image, and are marked at different')):
    same_images.check([], [], marks)
