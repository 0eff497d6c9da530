"""Class folders, formats by name, and which files annotate which images."""

import contextlib
import json
import types

import pytest

from data_prep.annotated import file_kinds, fitting, layouts, unannotated
from pegan_jax import annotations
from pegan_jax.annotations.regions import Annotated, Box, Region
from pegan_jax.annotations.voc import COUNTED_FROM_0
from pegan_jax.common import listing
from pegan_jax.common.errors import UserError
from handmade import (
    BOX, HEIGHT, NOTES, WIDTH, YOLO, coco, counts, labelme, make, marked_in, mask, read,
    turned, voc)


def binary(path):
  mask(path, more=[(255, (0, 0, 40, 2))])


@pytest.mark.parametrize('many', [(), ('box',)])
def test_an_entry_of_the_registry_is_all_that_a_new_format_takes(
    tmp_path, monkeypatch, many):
  """One that has a file for each image, and one that has a file for all of them."""
  make(tmp_path, {'1.jpg': None, '1.box': 'words'})
  monkeypatch.setitem(annotations.READ, 'box', types.SimpleNamespace(
      FILES='.box (Box)', recognises=lambda path: path.suffix == '.box',
      read=lambda path: [Annotated('1.jpg', HEIGHT, WIDTH, [Region('pit', BOX)])]))
  monkeypatch.setattr(annotations, 'MANY', many)
  monkeypatch.setattr(layouts, 'FORMATS', (*layouts.FORMATS, 'box'))
  layout = read(tmp_path, format='box')
  assert layout.format == 'box' and marked_in(layout) == {'1.jpg': {'pit': 1}}


def test_class_folders(tmp_path):
  make(tmp_path, {'crack/1.jpg': None, 'pit/a/2.jpg': None, 'good/3.jpg': None,
                  'data/4.jpg': None, '5.jpg': None, 'notes.txt': 'words',
                  'crack/.hidden.jpg': None})
  layout = read(tmp_path)
  assert layout.format == 'classes' and not layout.annotated
  assert layout.crops == {'crack': [tmp_path / 'crack' / '1.jpg'],
                          'pit': [tmp_path / 'pit' / 'a' / '2.jpg']}
  assert layout.clean == [tmp_path / 'good' / '3.jpg']
  assert counts(layout.left_out) == {NOTES: 1, 'images in no class folder, as in data': 2,
                                     listing.HIDDEN: 1}


def test_class_folders_below_train_and_test(tmp_path):
  make(tmp_path, {'train/crack/1.jpg': None, 'test/crack/1.jpg': None,
                  'valid/pit/2.jpg': None, 'train/good/3.jpg': None})
  layout = read(tmp_path)
  assert {name: len(paths) for name, paths in layout.crops.items()} == {
      'crack': 2, 'pit': 1}
  assert len(layout.clean) == 1


def test_a_format_can_be_named(tmp_path):
  make(tmp_path, {'crack/1.jpg': None, 'crack/1.xml': voc(),
                  'crack/1.txt': f'0 {YOLO}', 'crack/1_mask.png': mask})
  for name, found in (('voc', 'crack'), ('yolo', '0'), ('masks', 'crack')):
    layout = read(tmp_path, format=name)
    assert layout.format == name and marked_in(layout) == {'crack/1.jpg': {found: 1}}
    assert counts(layout.left_out) == {'annotations of another format than --format': 2}
  assert read(tmp_path, format='yolo+masks').format == 'yolo + masks'
  layout = read(tmp_path, format='classes')
  assert layout.crops == {'crack': [tmp_path / 'crack' / '1.jpg']}
  with pytest.raises(UserError, match='--format vok names none of voc, yolo'):
    read(tmp_path, format='vok')


def test_only_what_is_named_annotates(tmp_path):
  make(tmp_path, {'i/crack/1.jpg': None, 'i/crack/1.xml': voc('pit'), 'a/1.xml': voc(),
                  'i/crack/1_mask.png': mask})
  layout = read(tmp_path, 'a', images='i')
  assert marked_in(layout) == {'crack/1.jpg': {'crack': 1}}
  assert counts(layout.left_out) == {
      'files below --images that --annotations does not name': 2}


def test_masks_of_a_folder_of_any_name_below_the_images(tmp_path):
  make(tmp_path, {'i/crack/1.jpg': None, 'i/crack/maps/1.png': mask})
  layout = read(tmp_path, 'i/crack/maps', images='i')
  assert layout.format == 'masks' and marked_in(layout) == {'crack/1.jpg': {'crack': 1}}


def test_images_and_annotations_of_one_tree_are_told_apart(tmp_path):
  make(tmp_path, {'ds/images/1.jpg': None, 'ds/labels/1.txt': f'0 {YOLO}',
                  'ds/classes.txt': 'crack'})
  for where in ('ds', 'ds/labels', 'ds/labels/1.txt'):
    assert marked_in(read(tmp_path, where, images='ds/images')) == {'1.jpg': {'crack': 1}}


def test_marks_are_matched_by_path_and_then_by_name(tmp_path):
  make(tmp_path, {'i/x/1.png': None, 'i/y/1.png': None, 'i/2.png': None, 'i/3.png': None,
                  'b/x/1.xml': voc(), 'b/y/1.txt': f'0 {YOLO}', 'b/deep/2.xml': voc(),
                  'b/classes.txt': 'pit'})
  layout = read(tmp_path, 'b', images='i')
  assert marked_in(layout) == {'x/1.png': {'crack': 1}, 'y/1.png': {'pit': 1},
                               '2.png': {'crack': 1}}
  assert layout.unlabelled == [tmp_path / 'i' / '3.png'] and layout.format == 'voc + yolo'
  assert [path for path, _ in layout.annotated] == sorted(
      path for path, _ in layout.annotated)


def test_what_fits_an_image_by_its_path_is_of_no_other_of_its_name(tmp_path):
  make(tmp_path, {'i/x/2.5.png': None, 'i/y/2.5.png': None, 'b/x/2.5.xml': voc(),
                  'c.json': coco('x/2.5.png')})
  for where in ('b', 'c.json'):
    layout = read(tmp_path, where, images='i')
    assert marked_in(layout) == {'x/2.5.png': {'crack': 1}}
    assert layout.unlabelled == [tmp_path / 'i' / 'y' / '2.5.png']


def test_boxes_beyond_the_edge_and_turned_images_are_noted(tmp_path):
  make(tmp_path, {
      'i/1.jpg': None, 'a/1.xml': voc(box=(30, 5, 44, 15)),
      'i/2.jpg': None, 'a/2.xml': voc(box=(0, 0, 10, 31)),  # Rounding: no note.
      'i/3.jpg': turned, 'a/3.txt': f'0 {YOLO}', 'a/classes.txt': 'pit'})
  layout = read(tmp_path, 'a', images='i')
  assert [annotated.regions_in(30, 40)[0].box for _, annotated in layout.annotated[:2]
          ] == [(30, 5, 40, 15), (0, 0, 10, 30)]
  assert {why: [path.name for path in paths] for why, paths in layout.noted.items()} == {
      'regions that reach beyond their image: cut at its edge': ['1.jpg'],
      'images that an EXIF tag turns: their annotations are taken to be of the upright '
      'image': ['3.jpg']}


def test_what_a_format_does_not_read_is_noted(tmp_path):
  make(tmp_path, {'1.jpg': None, '1.xml': voc().replace(
      '</object>', '<polygon><x1>1</x1></polygon></object>')})
  layout = read(tmp_path)
  assert marked_in(layout) == {'1.jpg': {'crack': 1}}
  assert counts(layout.noted) == {
      'outlines in Pascal VOC files: only their boxes are read': 1}


def test_voc_that_counts_from_zero_is_read_so_and_noted(tmp_path):
  make(tmp_path, {'1.jpg': None, '2.jpg': None, 'a/1.xml': voc(box=(9, 4, 19, 14)),
                  'b/2.xml': voc(box=(-1, 4, 39, 14))})
  layout = read(tmp_path)
  assert [image.regions[0].box for _, image in layout.annotated] == [
      BOX, (0, 5, WIDTH, 15)]
  assert counts(layout.noted) == {COUNTED_FROM_0: 2}


def test_captions_beside_objects_are_left_out_by_their_own_reason(tmp_path):
  captions = '{"images": [], "annotations": [{"caption": "1.jpg"}]}'
  make(tmp_path, {'1.jpg': None, 'a/instances.json': coco('1.jpg'),
                  'a/captions.json': captions})
  layout = read(tmp_path)
  assert marked_in(layout) == {'1.jpg': {'crack': 1}}
  assert counts(layout.left_out) == {file_kinds.CAPTIONS: 1}


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


def flagged(*flags, shapes=True):
  said = json.loads(labelme()) | {'flags': dict.fromkeys(flags, True)}
  return json.dumps(said if shapes else said | {'shapes': []})


def tagged(tag, shapes='', name='1.jpg'):
  return (f'<annotations><image name="{name}" width="{WIDTH}" height="{HEIGHT}">'
          f'<tag label="{tag}"/>{shapes}</image></annotations>')


def test_a_flag_that_marked_images_have_too_is_no_defect(tmp_path):
  make(tmp_path, {'1.jpg': None, '1.json': flagged('seen'), '2.jpg': None,
                  '2.json': flagged('seen', 'OK', shapes=False)})
  assert marked_in(read(tmp_path)) == {'1.jpg': {'crack': 1}, '2.jpg': {}}
  make(tmp_path, {'2.json': flagged('seen', 'crack', shapes=False)})
  with pytest.raises(UserError, match='2.json has no shapes, but the tag or flag crack, w'):
    read(tmp_path)


def test_a_tag_of_a_clean_image_is_known_from_marked_ones(tmp_path):
  make(tmp_path, {'1.jpg': None, 'a.xml': tagged('cam 1')})
  assert unannotated.list_clean(tmp_path, tags={'cam 1'}) == [tmp_path / '1.jpg']
  with pytest.raises(UserError, match=r'a.xml \(1.jpg\) has no shapes, but the tag or '):
    unannotated.list_clean(tmp_path)
  make(tmp_path, {f'{k}.jpg': None for k in (2, 3)} | {
      f'{k}.xml': tagged('cam 1', name=f'{k}.jpg') for k in (2, 3)})
  with pytest.raises(UserError, match=r'2.jpg\) and 2 more have no shapes, but') as error:
    unannotated.list_clean(tmp_path)
  assert '\n' not in str(error.value)


@pytest.mark.parametrize('make_mark', [
    lambda name, k: (f'{name}/{k}.json', flagged(name, shapes=False)),
    lambda name, k: (f'{name}{k}.xml', tagged(name, name=f'{name}/{k}.jpg'))])
def test_a_flag_says_no_more_than_the_folder_called_so(tmp_path, make_mark):
  for k, name in enumerate(('crack', 'pit', 'good')):
    mark_name, text = make_mark(name, k)
    make(tmp_path, {f'{name}/{k}.jpg': None, mark_name: text})
  layout = read(tmp_path)
  assert {name: len(paths) for name, paths in layout.crops.items()} == {
      'crack': 1, 'pit': 1}
  assert layout.clean == [tmp_path / 'good' / '2.jpg']
  assert counts(layout.left_out) == {fitting.REPEATED: 3}


def test_names_from_above_the_images_are_noted_with_their_file(tmp_path):
  make(tmp_path, {'i/1.jpg': None, 'i/1.txt': f'0 {YOLO}', 'coco128.yaml': 'names: [dog]'})
  layout = read(tmp_path, images='i')
  assert marked_in(layout) == {'1.jpg': {'dog': 1}}
  note, = layout.noted
  assert f"named by {tmp_path / 'coco128.yaml'}, above their folder" in note
  assert not read(tmp_path).noted


def test_labels_without_names_are_noted(tmp_path):
  make(tmp_path, {'1.jpg': None, '1.txt': f'3 {YOLO}'})
  layout = read(tmp_path)
  assert marked_in(layout) == {'1.jpg': {'3': 1}}
  assert counts(layout.noted) == {
      'YOLO labels without a file of names: classes are called by their numbers': 1}


def test_masks_are_no_images_of_a_class(tmp_path):
  make(tmp_path, {'d/crack/1.jpg': None, 'd/crack/2_mask.jpg': None})
  assert unannotated.list_classes(tmp_path / 'd', '--defects') == {'crack': [
      tmp_path / 'd' / 'crack' / '1.jpg', tmp_path / 'd' / 'crack' / '2_mask.jpg']}
  mask(tmp_path / 'd' / 'crack' / '1_mask.png')
  with pytest.raises(UserError, match='1_mask.png: pass the folder as --images'):
    unannotated.list_classes(tmp_path / 'd', '--defects')


@pytest.mark.parametrize('name', [
    'mask_1.png', '1_seg.png', '1_segmentation.png', '1.jpg_mask.png', 'gt/1.png',
    'Mask Images/1.png', 'segmentations/1.png', 'gt_1.png', '1_masks.png', '1.mask.png',
    '1 mask.png', '1_groundtruth.png', '1_mask (1).png', 'Ground Truth/1.png',
    'ground-truth/1.png', 'binary_masks/1.png', 'mask_png/1.png',
    'SegmentationClassPNG/1.png', 'anno_masks/1.png'])
def test_masks_by_many_names(tmp_path, name):
  make(tmp_path, {'crack/1.jpg': None, f'crack/{name}': mask})
  layout = read(tmp_path)
  assert marked_in(layout) == {'crack/1.jpg': {'crack': 1}} and not layout.crops


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


@pytest.mark.parametrize('name, text', [
    ('1.json', labelme().replace('x.jpg', 'C:\\\\a\\\\2.jpg')),
    ('1.xml', voc().replace('<size>', '<filename> 2.jpg </filename><size>'))])
def test_a_file_that_names_another_image_which_is_there_is_noted(tmp_path, name, text):
  make(tmp_path, {'1.jpg': None, name: text})
  assert not read(tmp_path).noted
  make(tmp_path, {'2.jpg': None})
  layout = read(tmp_path)
  assert marked_in(layout) == {'1.jpg': {'crack': 1}}
  (note, paths), = layout.noted.items()
  assert 'names another image, which is there too' in note
  assert [path.name for path in paths] == ['1.jpg']


def test_clean_images_are_clean(tmp_path):
  make(tmp_path, {'1.jpg': None, '1.txt': '', '2.jpg': None, '3.jpg': None,
                  'README.txt': 'clean', '3_mask.png': lambda path: mask(path, 0)})
  assert [path.name for path in unannotated.list_clean(tmp_path)] == [
      '1.jpg', '2.jpg', '3.jpg']


@pytest.mark.parametrize('name, content', [
    ('1_mask.png', mask), ('masks/1.png', mask), ('1.json', labelme()), ('1.xml', voc()),
    ('a.json', coco('1.jpg')), ('1.txt', f'0 {YOLO}')])
def test_clean_images_that_are_marked_are_refused(tmp_path, name, content):
  make(tmp_path, {'1.jpg': None, '2.jpg': None, name: content})
  with pytest.raises(UserError, match=f'{name} marks one: pass the folder as --images'):
    unannotated.list_clean(tmp_path)


@pytest.mark.parametrize('name, content', [
    ('crack/1.json', labelme()), ('crack/1.xml', voc()), ('crack/1.txt', f'0 {YOLO}'),
    ('a.json', coco('crack/1.jpg'))])
def test_crops_in_which_regions_are_marked_are_not_taken_as_whole(tmp_path, name, content):
  crops = {'crack': [tmp_path / 'crack' / '1.jpg']}
  make(tmp_path, {'crack/1.jpg': None, 'crack/1.yaml': 'gain: 3', name: content})
  with pytest.raises(UserError, match=f'are marked, the first by .*{name}: pass the folde'):
    unannotated.list_classes(tmp_path, '--defects')
  assert unannotated.list_classes(tmp_path, '--defects', 'classes') == crops
  assert marked_in(read(tmp_path)) == {'crack/1.jpg': {
      '0' if name.endswith('txt') else 'crack': 1}}
  (tmp_path / name).write_text(flagged('seen', shapes=False) if name.endswith('json')
                               else 'a caption' if name.endswith('txt') else '<camera/>')
  assert unannotated.list_classes(tmp_path, '--defects') == crops


def test_what_labelme_ignores_is_of_no_class(tmp_path):
  make(tmp_path, {'1.jpg': None, '1.json': labelme(label='__ignore__'),
                  '2.jpg': None, '2.json': labelme()})
  layout = read(tmp_path)
  assert [[region.name for region in image.regions] for _, image in layout.annotated] == [
      [''], ['crack']]
  assert any('__ignore__' in note for note in layout.noted)


def test_two_files_that_say_the_same_are_read_once(tmp_path):
  make(tmp_path, {'1.jpg': None, 'train.json': coco('1.jpg'), 'all.json': coco('1.jpg')})
  layout = read(tmp_path)
  assert marked_in(layout) == {'1.jpg': {'crack': 1}}
  assert counts(layout.left_out) == {
      'annotations that say of an image no more than another file': 1}


@pytest.mark.parametrize('finer', ['a.json', 'z.json'])
def test_of_two_files_the_one_with_outlines_is_read(tmp_path, finer):
  left, top, right, bottom = BOX
  triangle = [[left, top, right, top, right, bottom]]
  make(tmp_path, {'1.jpg': None, 'b.json': coco('1.jpg'),
                  finer: coco('1.jpg', segmentation=triangle)})
  (_, image), = read(tmp_path).annotated
  region, = image.regions_in(HEIGHT, WIDTH)
  assert region.mask.sum() < 0.6 * region.mask.size
  make(tmp_path, {'b.json': coco('1.jpg', segmentation=[
      [left, top, left, bottom, right, bottom, right, top + 1, left + 1, top]])})
  with pytest.raises(UserError, match='annotates one image twice'):
    read(tmp_path)


@pytest.mark.parametrize('tag, is_clean', [
    ('reviewed', True), ('crack', False), ('NG', False), ('defective', False)])
def test_a_tag_that_marked_images_have_may_be_of_a_defect(tmp_path, tag, is_clean):
  def of(label, flag):
    said = json.loads(labelme(label=label)) | {'flags': {flag: True}}
    return json.dumps(said if label else said | {'shapes': []})
  make(tmp_path, {'1.jpg': None, '1.json': of('crack', tag),
                  '2.jpg': None, '2.json': of('', tag)})
  if is_clean:
    assert marked_in(read(tmp_path)) == {'1.jpg': {'crack': 1}, '2.jpg': {}}
  else:
    with pytest.raises(UserError, match=f'2.json has no shapes, but the tag or flag {tag}'):
      read(tmp_path)


def test_files_of_another_format_are_such_by_what_they_hold(tmp_path):
  make(tmp_path, {'1.jpg': None, 'c.json': coco('1.jpg'), 'README.cards.txt': 'by me',
                  '2.jpg': None, '2.txt': f'0 {YOLO}'})
  assert counts(read(tmp_path, format='coco').left_out) == {
      'annotations of another format than --format': 1,
      'files that are neither images nor annotations': 1}


@pytest.mark.parametrize('files', [
    {'1.txt': '', '1.xml': voc()},
    {'a.json': coco('2.jpg'), 'b.json': coco('1.jpg'), 'c.json': coco('1.jpg')},
    {'x/3.jpg': None, 'y/3.jpg': None, 'labels/3.txt': f'0 {YOLO}'}])
def test_a_mark_counts_that_is_not_the_only_one_or_of_two_images(tmp_path, files):
  make(tmp_path, {'1.jpg': None, '2.jpg': None} | files)
  with pytest.raises(UserError, match='marks one: pass the folder as --images'):
    unannotated.list_clean(tmp_path)


def test_one_image_is_not_both_clean_and_marked(tmp_path):
  make(tmp_path, {'clean/1.jpg': None, 'clean/2.jpg': turned, 'i/3.jpg': None})
  clean, one = sorted((tmp_path / 'clean').iterdir()), tmp_path / 'i' / '3.jpg'
  marks = [(one, Annotated('', HEIGHT, WIDTH, [Region('crack', Box(*BOX))]))]
  for crops, annotated in (([one], []), ([], marks)):
    unannotated.check_same(clean[1:], crops, annotated)
    with pytest.raises(UserError, match='1.jpg is said to be clean, and the same image'):
      unannotated.check_same(clean, crops, annotated)


@pytest.mark.parametrize('box, agrees', [
    (BOX, True), ((11, 6, 20, 14), True), ((0, 0, 40, 30), False),
    ((30, 5, 40, 15), False)])
def test_one_image_is_not_marked_at_two_places(tmp_path, box, agrees):
  make(tmp_path, {'1.jpg': None, 'a/1.jpg': None, '2.jpg': turned})
  marks = [(tmp_path / name, Annotated('', HEIGHT, WIDTH, [Region('crack', Box(*box))]))
           for name, box in (('1.jpg', BOX), ('a/1.jpg', box), ('2.jpg', (0, 0, 9, 9)))]
  with contextlib.nullcontext() if agrees else (
      pytest.raises(UserError, match='are the same image, and are marked at different')):
    unannotated.check_same([], [], marks)


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
          'a/train/c.json': coco(*names[:3]), 'i/3.jpg': binary, 'a/train/3.jpg': binary})
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
  layout = read(tmp_path)
  assert marked_in(layout) == {'crack/1.jpg': {'crack': 1}, 'line 1/3.jpg': {}}
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


def test_parts_of_a_set_are_told_to_be_split_anew(tmp_path):
  make(tmp_path, {f'{part}/images/{k}.jpg': None for k, part in enumerate(('train', 'val'))}
       | {f'{part}/labels/{k}.txt': f'0 {YOLO}' for k, part in enumerate(('train', 'val'))}
       | {'data.yaml': 'names: [crack]'})
  assert counts(read(tmp_path).noted) == {
      'images of train, val: all are split anew, whatever their folder; to keep one out, '
      'name another by --images': 2}
  note, = read(tmp_path, images='train').noted
  assert note.startswith('YOLO labels whose classes are named by')
