"""Tests what is said of images that were resized after they were annotated."""

import json

import pytest

from handmade import HEIGHT, WIDTH, coco, image, labelme, make, mask, read, voc
from pegan_jax.common.errors import UserError

_FILES = {
    'xml': lambda k: {f'{k}.xml': voc()}, 'labelme': lambda k: {f'{k}.json': labelme()},
    'coco': lambda k: {'a.json': coco(*(f'{j}.png' for j in range(k + 1)))},
    'masks': lambda k: {f'{k}_mask.png': mask}}


def _make(root, kind, sizes):
  for k, (height, width) in enumerate(sizes):
    make(root, {f'{k}.png': lambda path, size=(height, width): image(path, *size),
                **_FILES[kind](k)})


@pytest.mark.parametrize('kind', _FILES)
@pytest.mark.parametrize('sizes', [
    [(2 * HEIGHT, 2 * WIDTH)] * 3, [(HEIGHT, 2 * WIDTH)] * 2 + [(HEIGHT, WIDTH)]])
def test_images_that_differ_by_one_ratio_are_one_problem(tmp_path, kind, sizes):
  _make(tmp_path, kind, sizes)
  count = sum(size != (HEIGHT, WIDTH) for size in sizes)
  with pytest.raises(UserError, match=(
      f'40 x 30 pixels, .* {sizes[0][1]} x {sizes[0][0]}, and all {count} images .* by '
      'this ratio, .* use them as they were annotated')) as error:
    read(tmp_path)
  assert 'problems' not in str(error.value)


@pytest.mark.parametrize('kind', _FILES)
def test_others_are_a_problem_each(tmp_path, kind):
  _make(tmp_path, kind, [(2 * HEIGHT, 2 * WIDTH), (3 * HEIGHT, 2 * WIDTH)])
  with pytest.raises(UserError, match='(?s)2 problems:.* 80 x 60: correct .*and 1 more'):
    read(tmp_path)


@pytest.mark.parametrize('of_file, is_noted', [
    (lambda true: true + 1, True), (lambda true: true, False), (lambda true: -1, False),
    (lambda true: None, False)])
@pytest.mark.parametrize('suffix', ['json', 'csv'])
def test_via_tells_by_the_sizes_of_files(tmp_path, of_file, is_noted, suffix):
  make(tmp_path, {'0.png': None, '1.png': None})
  said = {name: of_file((tmp_path / name).stat().st_size) for name in ('0.png', '1.png')}
  box = {'name': 'rect', 'x': 1, 'y': 2, 'width': 9, 'height': 9}
  if suffix == 'json':
    text = json.dumps({name: {'filename': name, 'size': size, 'regions': [
        {'shape_attributes': box, 'region_attributes': {'class': 'pit'}}],
                              'file_attributes': {}} for name, size in said.items()})
  else:
    quoted = [json.dumps(x).replace('"', '""') for x in (box, {'class': 'pit'})]
    text = ('filename,file_size,file_attributes,region_shape_attributes,region_attributes\n'
            + ''.join(f'{name},{size},"{{}}","{quoted[0]}","{quoted[1]}"\n'
                      for name, size in said.items()))
  make(tmp_path, {f'via.{suffix}': text})
  notes = [note for note in read(tmp_path).noted if 'in bytes than VIA saw' in note]
  assert bool(notes) == is_noted


@pytest.mark.parametrize('sizes, is_noted', [
    ([(2 * HEIGHT, 2 * WIDTH)] * 10, True), ([(2 * HEIGHT, 2 * WIDTH)] * 9, False),
    ([(2 * HEIGHT, 2 * WIDTH)] * 10 + [(18, 22)], False)])
@pytest.mark.parametrize('of', ['voc', 'coco'])
def test_marks_in_one_corner_of_all_images_without_a_size_are_told(
    tmp_path, sizes, is_noted, of):
  names = [f'{k}.png' for k in range(len(sizes))]
  for name, (height, width) in zip(names, sizes):
    make(tmp_path, {name: lambda path, size=(height, width): image(path, *size)})
    if of == 'voc':
      make(tmp_path, {name.replace('png', 'xml'): voc(size='')})
  if of == 'coco':
    make(tmp_path, {'a.json': coco(*names, sizes=False)})
  notes = [note for note in read(tmp_path).noted if 'do not say their size' in note]
  assert len(notes) == is_noted
  # The box ends at 20 of 80 and 15 of 60.
  assert not is_noted or 'within 25% of the width and 25% of the height' in notes[0]
