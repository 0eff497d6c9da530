"""What lies beside a folder of images that are used as whole, and marks some of them."""

import pytest

from data_prep import inputs
from data_prep.images.problems import Problems
from data_prep.options import Options
from pegan_jax.common.errors import UserError
from handmade import YOLO, coco, image, make, mask, voc


def _find(folder, **flags):
  return inputs.find(Options(**{flag: str(folder / name) for flag, name in flags.items()}),
                     Problems())


def _other(path):
  image(path, 31)


_CROPS = {'d/crack/7.png': lambda path: image(path, 33),
          'd/crack/8.png': lambda path: image(path, 35)}


@pytest.mark.parametrize('name, content', [
    ('labels/a1.txt', f'0 {YOLO}'), ('Annotations/a1.xml', voc()), ('masks/a1.png', mask),
    ('annotations.json', coco('a1.png')), ('anno/x.json', coco('images/a1.png')),
    ('boxes of line 3/a1.xml', voc()), ('annotations/train/a1.xml', voc())])
@pytest.mark.parametrize('place', ['images', 'images/train'])
def test_clean_images_that_are_marked_from_beside_are_refused_with_a_remedy(
    tmp_path, name, content, place):
  make(tmp_path, _CROPS | {f's/{place}/a1.png': None, f's/{place}/a2.png': _other,
                           f's/{name}': content})
  with pytest.raises(
      UserError, match=f"pass --images {tmp_path / 's'} in its place") as error:
    _find(tmp_path, defects='d', clean=f's/{place}')
  assert str(tmp_path / 's' / name) in str(error.value)
  found = _find(tmp_path, defects='d', images='s')
  assert [path.stem for path, _ in found.layout.annotated] == ['a1'] and not found.cut


def test_a_list_above_clean_images_counts(tmp_path):
  make(tmp_path, _CROPS | {'s/images/a1.png': None, 's/images/a2.png': _other,
                           's/list.csv': 'image,verdict\na1.png,NOK\na2.png,OK\n'})
  with pytest.raises(UserError, match="list.csv says 'NOK' of .*s/images/a1.png"):
    _find(tmp_path, defects='d', clean='s/images')


@pytest.mark.parametrize('more', [
    {'s/labels/a1.txt': ''}, {'s/masks/a1.png': lambda path: mask(path, 0)},
    {'s/images/a1.png': _other, 's/labels/a1.txt': f'0 {YOLO}'},  # Of that one.
    {'s/bad/a1.png': _other, 's/list.csv': 'image,verdict\na1.png,NOK\n'},
    {'s/ground_truth/pit/a1_mask.png': mask, 's/test/pit/a1.png': _other},
    {'s/notes.txt': 'a1 was taken at night'}, {'s/labels/b1.txt': f'0 {YOLO}'}])
def test_what_is_of_other_images_does_not(tmp_path, more):
  make(tmp_path, _CROPS | {'s/good/a1.png': None, 's/good/a2.png': _other} | more)
  found = _find(tmp_path, defects='d', clean='s/good')
  assert [len(paths) for paths, *_ in found.clean] == [2]


@pytest.mark.parametrize('flag', ['defects', 'images'])
def test_crops_that_are_marked_from_beside_are_refused(tmp_path, flag):
  make(tmp_path, {'s/images/crack/a1.png': None, 's/images/pit/a2.png': _other,
                  's/Annotations/crack/a1.xml': voc(),
                  'c/1.png': lambda path: image(path, 33)})
  with pytest.raises(
      UserError, match=f"crack/a1.png: pass --images {tmp_path / 's'} in its"):
    _find(tmp_path, clean='c', **{flag: 's/images'})
  options = Options(**{flag: str(tmp_path / 's/images')}, clean=str(tmp_path / 'c'),
                    format='classes')
  assert [*inputs.find(options, Problems()).crops] == ['crack', 'pit']
  assert [*_find(tmp_path, clean='c', images='s').regions] == ['crack']
