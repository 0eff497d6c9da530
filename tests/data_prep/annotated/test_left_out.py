"""What is left out, and the reason that is told."""

import json

import pytest

from data_prep.annotated import file_kinds, fitting, labels
from pegan_jax.common import listing
from pegan_jax.common.errors import UserError
from handmade import (
    NOTES, YOLO, coco, counts, labelme, make, marked_in, mask, read, voc)


def binary(path):
  mask(path, more=[(255, (0, 0, 40, 2))])


def test_captions_beside_objects_are_left_out_by_their_own_reason(tmp_path):
  captions = '{"images": [], "annotations": [{"caption": "1.jpg"}]}'
  make(tmp_path, {'1.jpg': None, 'a/instances.json': coco('1.jpg'),
                  'a/captions.json': captions})
  layout = read(tmp_path)
  assert marked_in(layout) == {'1.jpg': {'crack': 1}}
  assert counts(layout.left_out) == {file_kinds.CAPTIONS: 1}


def test_what_labelme_made_of_its_files_is_left_out(tmp_path):
  made = {f'1_json/{name}.png': mask for name in ('img', 'label', 'label_viz')}
  make(tmp_path, {'1.jpg': None, '1.json': labelme(), '2.jpg': None} | made)
  layout = read(tmp_path)
  assert marked_in(layout) == {'1.jpg': {'crack': 1}}
  assert layout.unlabelled == [tmp_path / '2.jpg']
  assert counts(layout.left_out)[file_kinds.CONVERTED] == 3


PANOPTIC = json.dumps({
    'images': [{'id': 1, 'file_name': '1.jpg'}], 'categories': [{'id': 7, 'name': 'crack'}],
    'annotations': [{'image_id': 1, 'file_name': '1.png', 'segments_info': [
        {'id': 3, 'category_id': 7, 'bbox': [1, 2, 3, 4]}]}]})


def test_panoptic_segments_beside_objects_are_left_out_by_their_own_reason(tmp_path):
  make(tmp_path, {'1.jpg': None, 'good/2.jpg': None, 'a/instances.json': coco('1.jpg'),
                  'a/panoptic.json': PANOPTIC})
  layout = read(tmp_path)
  assert marked_in(layout) == {'1.jpg': {'crack': 1}}
  assert layout.clean == [tmp_path / 'good' / '2.jpg']
  assert counts(layout.left_out) == {file_kinds.PANOPTIC: 1}


def test_panoptic_segments_of_what_is_clean_by_its_place_are_refused(tmp_path):
  make(tmp_path, {'0.jpg': None, '0.txt': f'0 {YOLO}', 'good/1.jpg': None,
                  'a/panoptic.json': PANOPTIC})
  with pytest.raises(UserError, match='panoptic.json may mark .*1.jpg, which is clean by'):
    read(tmp_path)
  said = json.loads(PANOPTIC)
  said['annotations'][0]['segments_info'] = []
  make(tmp_path, {'a/panoptic.json': json.dumps(said)})
  assert read(tmp_path).clean == [tmp_path / 'good' / '1.jpg']


def test_images_that_are_listed_without_a_mark_may_be_absent(tmp_path):
  said = json.loads(coco('1.jpg', 'gone.jpg'))
  make(tmp_path, {'1.jpg': None, 'a.json': json.dumps(
      said | {'annotations': said['annotations'][:1]})})
  layout = read(tmp_path)
  assert marked_in(layout) == {'1.jpg': {'crack': 1}}
  assert counts(layout.left_out) == {fitting.ABSENT: 1}
  (tmp_path / 'a.json').write_text(json.dumps(said))
  with pytest.raises(UserError, match='fits 1 of the annotations in .* is gone.jpg of a.j'):
    read(tmp_path)


def test_submissions_are_left_out_by_their_own_reason(tmp_path):
  guess = 'ImageId,ClassId,EncodedPixels\n1.jpg,1,1 9\n'
  make(tmp_path, {'1.jpg': None, '2.jpg': None,
                  'train.csv': guess.replace('1.jpg', '2.jpg'),
                  'sample_submission.csv': guess})
  layout = read(tmp_path)
  assert counts(layout.left_out) == {file_kinds.SUBMISSIONS: 1}
  assert [path.name for path in layout.unlabelled] == ['1.jpg']
  with pytest.raises(UserError, match='sample_submission.csv is a submission to a chal'):
    read(tmp_path, 'sample_submission.csv')


def test_files_of_another_format_are_such_by_what_they_hold(tmp_path):
  make(tmp_path, {'1.jpg': None, 'c.json': coco('1.jpg'), 'README.cards.txt': 'by me',
                  '2.jpg': None, '2.txt': f'0 {YOLO}'})
  assert counts(read(tmp_path, format='coco').left_out) == {
      'annotations of another format than --format': 1,
      'files that are neither images nor annotations': 1}


def test_copies_of_images_among_the_annotations_are_no_masks(tmp_path):
  make(tmp_path, {
      'i/1.png': None, 'i/2.png': None, 'i/3.png': None, 'a/1.png': None, 'a/1.xml': voc(),
      'a/images/2.png': None, 'a/labels/2.txt': f'0 {YOLO}', 'a/classes.txt': 'crack',
      'a/3.png': mask, 'a/3.xml': voc()})
  layout = read(tmp_path, 'a', images='i')
  assert layout.format == 'voc + yolo + masks'
  assert marked_in(layout) == {f'{k}.png': {'crack': 1} for k in (1, 2, 3)}
  assert counts(layout.left_out) == {'copies of images, beside their annotations': 2}


def test_copies_beside_a_file_for_many_images_are_no_masks(tmp_path):
  """As an export has them, with images that the file or --images does not name."""
  names = [f'{k}.jpg' for k in range(4)]
  make(tmp_path, {f'i/{name}': None for name in names} | {
      f'a/train/images/{name}': None for name in [*names, '9.jpg']} | {
          'a/train/c.json': coco(*names[:3]), 'i/3.jpg': binary, 'a/train/3.jpg': binary,
          'a/train/images/3.jpg': binary})
  layout = read(tmp_path, 'a', images='i')
  assert layout.format == 'coco' and layout.unlabelled == [tmp_path / 'i' / '3.jpg']
  assert marked_in(layout) == {name: {'crack': 1} for name in names[:3]}
  assert counts(layout.left_out) == {'copies of images, beside their annotations': 6}
  (tmp_path / 'i' / '0.jpg').unlink()
  with pytest.raises(UserError, match='fits 1 of the annotations in .*, the first is 0.jp'):
    read(tmp_path, 'a', images='i')


def test_an_empty_annotation_in_a_classs_folder_does_not_say_clean(tmp_path):
  """As of a generated image whose mask is too faint for a box."""
  make(tmp_path, {'crack/1.jpg': None, 'crack/1.xml': voc(), 'crack/2.jpg': None,
                  'crack/2.xml': '<annotation/>', 'line 1/3.jpg': None,
                  'line 1/3.xml': '<annotation/>'})
  make(tmp_path, {'v.jpg': None, 'v.xml': voc('__ignore__'),  # Of no folder.
                  '4.jpg': None, '4.xml': '<annotation/>'})
  layout = read(tmp_path)
  assert marked_in(layout) == {'crack/1.jpg': {'crack': 1}, 'line 1/3.jpg': {}, '4.jpg': {},
                               'v.jpg': {'': 1}}
  assert counts(layout.left_out) == {
      "images in a class's folder whose annotation is empty": 1}
  assert not layout.unlabelled


def test_hidden_files_and_other_formats_are_left_out_by_reason(tmp_path):
  make(tmp_path, {'crack/1.jpg': None, 'crack/.2.jpg': None, 'crack/Thumbs.db': 'x',
                  'crack/3.heic': 'x', 'crack/notes.csv': 'x'})
  layout = read(tmp_path)
  assert layout.crops == {'crack': [tmp_path / 'crack' / '1.jpg']}
  assert {path.name: why for why, paths in layout.left_out.items() for path in paths
          } == {'.2.jpg': listing.HIDDEN, 'Thumbs.db': listing.SYSTEM, 'notes.csv': NOTES,
                '3.heic': 'an image format that is not read: .heic'}
  assert sum(map(len, layout.left_out.values())) == 4


@pytest.mark.parametrize('box, found', [
    ((10.3, 5.2, 0.16, 0.42), ('', (10, 5, 11, 6))),
    ((10, 5, 29, 0.02), ('', (10, 5, 11, 6))),
    ((39.9, 29.95, 0.1, 0.05), ('', (39, 29, 40, 30))),
    ((10, 5, 29, 0.04), ('crack', (10, 5, 39, 6))),
    ((10, 5, 1, 1), ('crack', (10, 5, 11, 6)))])
def test_regions_of_less_than_a_pixel_are_of_no_class(tmp_path, box, found):
  make(tmp_path, {'1.jpg': None, 'a/instances.json': coco('1.jpg', bbox=box)})
  layout = read(tmp_path)
  (_, annotated), = layout.annotated
  region, = annotated.regions_in(30, 40)
  assert region[:2] == found
  assert counts(layout.noted) == ({} if found[0] else {labels.STRAY: 1})
