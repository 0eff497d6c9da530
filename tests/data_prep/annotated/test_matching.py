"""Which names of files and folders belong together, and which only look so."""

import pytest

from data_prep.annotated import fitting, unannotated
from pegan_jax.common.errors import UserError
from handmade import YOLO, coco, counts, labelme, make, marked_in, mask, read, voc

OF_ANOTHER = {
    'yolo': ({'images/a_seg_1.png': None, 'labels/a_seg_2.txt': f'0 {YOLO}'},
             'a_seg_2.txt'),
    'coco': ({'a_seg_1.png': None, 'c.json': coco('a_seg_2.png')}, 'a_seg_2.png'),
    'voc': ({'1.png': None, 'Annotations/mask_1.xml': voc()}, 'mask_1.xml'),
    'labelme': ({'scan_gt.png': None, 'scan.json': labelme()}, 'scan.json'),
    'masks': ({'images/a_seg_1.png': None, 'masks/a_seg_2.png': mask}, 'a_seg_2.png'),
}


@pytest.mark.parametrize('case', OF_ANOTHER)
def test_words_for_masks_are_a_part_of_all_other_names(tmp_path, case):
  files, first = OF_ANOTHER[case]
  make(tmp_path, files)
  with pytest.raises(UserError, match=f'fits 1 of the annotations .* first is .*{first}'):
    read(tmp_path)


EXACT = {
    'images named as masks are': (
        {'images/a_label_0.png': None, 'images/a_label_1.png': None,
         'labels/a_label_1.txt': f'0 {YOLO}'}, {'images/a_label_1.png': {'0': 1}}),
    'a mask of such an image': (
        {'images/a_seg_1.png': None, 'images/a_seg_2.png': None,
         'masks/a_seg_1_mask.png': mask}, {'images/a_seg_1.png': {'defect': 1}}),
    'a thing called mask': (
        {'JPEGImages/mask_1.png': None, 'JPEGImages/1.png': None,
         'Annotations/mask_1.xml': voc(), 'Annotations/1.xml': voc('pit')},
        {'JPEGImages/mask_1.png': {'crack': 1}, 'JPEGImages/1.png': {'pit': 1}}),
    'two suffixes': (
        {'images/a.jpg.png': None, 'images/a.png': None, 'labels/a.jpg.txt': f'1 {YOLO}',
         'labels/a.txt': f'0 {YOLO}'},
        {'images/a.jpg.png': {'1': 1}, 'images/a.png': {'0': 1}}),
    'two suffixes in a file of many': (
        {'a.jpg.png': None, 'a.jpg': None, 'x/c.json': coco('a.jpg.png')},
        {'a.jpg.png': {'crack': 1}}),
    'the suffix of the image in the name of the label': (
        {'img/1.jpg': None, 'img/1.png': None, 'ann/1.jpg.json': labelme(),
         'ann/1.png.json': labelme('polygon', 'pit')},
        {'img/1.jpg': {'crack': 1}, 'img/1.png': {'pit': 1}}),
}


@pytest.mark.parametrize('images, labels', [
    ('Validation_Images', 'Validation_Annotations'), ('batch1_images', 'batch1_labels'),
    ('new images', 'new-annotations'), ('validation_img', 'validation_ann'),
    ('images_training', 'labels_training'), ('Japan/images', 'Japan/annotations/xmls')])
def test_folders_that_differ_by_a_word_for_their_kind_go_together(tmp_path, images, labels):
  make(tmp_path, {f'{images}/1.jpg': None, 'IMAGES/1.jpg': None,
                  f'{labels}/1.json': labelme(), 'ANNOTATIONS/1.json': labelme()})
  layout = read(tmp_path)
  assert len(layout.annotated) == 2 and not layout.unlabelled


@pytest.mark.parametrize('case', EXACT)
def test_the_exact_name_comes_first(tmp_path, case):
  files, marked = EXACT[case]
  make(tmp_path, files)
  assert marked_in(read(tmp_path)) == marked


@pytest.mark.parametrize('clean, crop, name', [
    ('raw/clean/crack/1.jpg', 'crack/1.jpg', 'crack'),
    ('crack/normal/1.jpg', 'crack/dark/1.jpg', 'crack'),
    ('crack/normal/1.jpg', 'crack/severe/1.jpg', 'crack'),
    ('bolt/normal/1.jpg', 'bolt/light/1.jpg', 'bolt')])
def test_a_clean_folder_in_a_class_or_above_it_is_refused(tmp_path, clean, crop, name):
  make(tmp_path, {clean: None, crop: None})
  with pytest.raises(UserError, match='is clean by its folder .*, and lies in one called '
                     f"'{name}' as the class of .*{crop}"):
    read(tmp_path)


@pytest.mark.parametrize('name, words', [
    ('rejected later', "lies in one called 'rejected later': move"), ('late', ''),
    ('2024-05-01', ''), ('train', '')])
@pytest.mark.parametrize('marked', [True, False])
def test_a_folder_below_a_clean_one_is_noted_or_refused(tmp_path, name, words, marked):
  make(tmp_path, {'good/1.jpg': None, f'good/{name}/2.jpg': None, 'crack/3.jpg': None}
       | ({'crack/3.txt': f'0 {YOLO}', 'classes.txt': 'crack'} if marked else {}))
  if words:
    with pytest.raises(UserError, match=words):
      read(tmp_path)
    return
  layout = read(tmp_path)
  assert [path.name for path in layout.clean] == ['1.jpg', '2.jpg']
  notes = [note for note in layout.noted if 'taken for clean' in note]
  assert notes == ["images in 'late', a folder in that of clean images, 'good': taken for "
                   'clean'] * (name == 'late')


@pytest.mark.parametrize('bad, classes', [
    (['NG/crack', 'NG/hole'], ['crack', 'hole']),
    (['bolt/Fehler/crack', 'nut/Fehler/hole'], ['crack', 'hole']),
    (['line/defective/a/x', 'line/defective/b'], ['a', 'b']),
    (['NG/crack'], ['NG']), (['NG/crack', 'NG/hole', 'NG'], ['NG']),
    (['NG/cam1', 'NG/cam2'], ['NG']), (['NG/dark', 'NG/bright'], ['NG']),
    (['crack/deep', 'crack/flat'], ['crack'])])
@pytest.mark.parametrize('masked', [True, False])
def test_a_word_for_any_defect_is_no_class_around_several(tmp_path, bad, classes, masked):
  for k, folder in enumerate(bad):
    good = 'OK' if folder.count('/') == 1 or len(bad) == 3 else f"{folder.split('/')[0]}/OK"
    make(tmp_path, {f'{folder}/{k}.png': None, f'{good}/{k + 9}.jpg': None}
         | ({f'{folder}/{k}_mask.png': mask} if masked else {}))
  layout = read(tmp_path)
  assert sorted(layout.crops or {region.name for _, image in layout.annotated
                                 for region in image.regions}) == classes
  assert len(layout.clean) == len(bad)
  if not masked and bad[0] == 'NG/crack':
    assert [*read(tmp_path, format='classes').crops] == ['NG']


def test_normal_beside_lights_alone_may_be_a_light(tmp_path):
  make(tmp_path, {'part1/normal/1.jpg': None, 'part1/light/1.jpg': None})
  with pytest.raises(UserError, match="'normal', which may be a light, as 'light' is"):
    read(tmp_path)
  assert set(read(tmp_path, format='classes').crops) == {'light'}
  make(tmp_path, {'part2/pit/1.jpg': None})
  assert set(read(tmp_path).crops) == {'light', 'pit'}


def test_a_folder_with_marks_is_not_clean_whatever_its_name(tmp_path):
  """As of two lights, normal and dark."""
  make(tmp_path, {'normal/1.jpg': None, 'normal/1.txt': f'0 {YOLO}', 'normal/2.jpg': None,
                  'good/3.jpg': None, 'ok/4.jpg': None, 'ok/4.txt': ''})
  layout = read(tmp_path)
  assert layout.clean == [tmp_path / 'good/3.jpg']
  assert layout.unlabelled == [tmp_path / 'normal/2.jpg']
  assert sum('not taken for clean' in note for note in layout.noted) == 1


def test_clean_images_of_class_folders_go_by_many_names(tmp_path):
  make(tmp_path, {'crack/1.jpg': None, 'no_defect/2.jpg': None, 'NODefect_images/3.jpg':
                  None, 'good/cam1/4.jpg': None, 'crack/cam1/5.jpg': None})
  layout = read(tmp_path)
  assert list(layout.crops) == ['crack'] and len(layout.clean) == 3
  (note, paths), = layout.noted.items()
  clean = ' '.join(f'{tmp_path}/{name}' for name in ('NODefect_images', 'good', 'no_defect'))
  assert note == ("images in folders in that of their class, as 'crack' for 'crack/cam1'; "
                  'where the inner folders are the classes, pass --images '
                  f'{tmp_path}/crack --clean {clean}, '
                  "or put them beside 'crack', as 'cam1'")
  assert [path.name for path in paths] == ['5.jpg']


@pytest.mark.parametrize('files, classes', [
    ('line1/OK/1 line1/NG/2 line2/NG/3', {'NG': 2}),  # Only one has both.
    ('line1/good/1 line1/crack/2 line2/pit/3 line2/crack/4', {'crack': 2, 'pit': 1}),
    ('screw/good/1 screw/scratch/2', {'scratch': 1}),
    ('nut/good/1 nut/scratch/2 screw/scratch/3', {'scratch': 2}),
    ('line1/normal/1 line1/crack/2 line2/crack/3', {'crack': 2}),
    ('camA/crack/2 cam_b/pit/3 camA/pit/4 good/1', {'crack': 1, 'pit': 2}),
    ('line1/good/1 line2/pit/2', {'pit': 1}),
    ('line1/normal/1 line1/light_scratch/2', {'light_scratch': 1}),
    ('train/line1/ok/1 train/line1/crack/2 test/line2/crack/3', {'crack': 2}),
    ('crack/cam1/2 good/cam1/1', {'crack': 1})])
def test_folders_of_lines_and_products_are_no_classes(tmp_path, files, classes):
  make(tmp_path, {f'{name}.jpg': None for name in files.split()})
  layout = read(tmp_path)
  assert {name: len(paths) for name, paths in layout.crops.items()} == classes
  assert [path.stem for path in layout.clean] == ['1']
  assert any('the class is the next folder' in note or 'in that of their class' in note
             for note in layout.noted)


def test_masks_of_parts_of_a_set_are_of_no_class_of_their_name(tmp_path):
  make(tmp_path, {f'{part}/{k}.{kind}': of for k, part in enumerate(('traincrop', 'testcrop'))
                  for kind, of in (('jpg', None), ('png', mask))})
  assert {region.name for _, image in read(tmp_path).annotated
          for region in image.regions} == {'defect'}


@pytest.mark.parametrize('date', [
    '2024-05-01', '20240501', '2024_05', '2024/05/01', '2024.05.01', '2024/05-01'])
def test_dates_are_no_classes(tmp_path, date):
  make(tmp_path, {f'{date}/good/1.jpg': None, f'{date}/crack/2.jpg': None,
                  f'crack/{date}/3.jpg': None, '2024-13/4.jpg': None, '07/5.jpg': None})
  layout = read(tmp_path)
  assert {name: [path.stem for path in paths] for name, paths in layout.crops.items()} == {
      'crack': ['2', '3'], '2024-13': ['4'], '07': ['5']}
  assert [path.stem for path in layout.clean] == ['1']


def test_masks_in_folders_of_dates_are_of_no_class_of_that_name(tmp_path):
  make(tmp_path, {f'2024-05-0{k}/{kind}/{k}.png': of for k in (1, 2)
                  for kind, of in (('images', None), ('masks', mask))})
  assert {region.name for _, image in read(tmp_path).annotated
          for region in image.regions} == {'defect'}


def test_a_folder_below_a_clean_one_and_below_a_class_is_not_guessed(tmp_path):
  """Of clean/crack and raw/crack, crack may be a defect, and of left it may be a side."""
  make(tmp_path, {'clean/crack/1.jpg': None, 'raw/a/2.jpg': None, 'raw/crack/3.jpg': None})
  with pytest.raises(UserError, match="1.jpg is clean by its folder 'clean', and 'crack' "
                     "is a folder of the class 'raw' too .*3.jpg.* --format classes"):
    read(tmp_path)
  layout = read(tmp_path, format='classes')
  assert [path.name for path in layout.clean] == ['1.jpg'] and len(layout.crops['raw']) == 2


@pytest.mark.parametrize('parts', [
    ['train'], ['train', 'val'], ['images/test', 'images/train'], ['train_set', 'valdata'],
    ['2024-05-01', '2024-05-02'], ['2024/05/01'], ['train/2024-05-01', 'val/2024-06-01']])
def test_crops_in_parts_of_a_set_have_the_classes_below(tmp_path, parts):
  files = [f'{part}/{name}/1.png' for name in ('crack', 'pit') for part in parts]
  make(tmp_path, {**dict.fromkeys(files), 'note.txt': 'x'})
  assert unannotated.list_classes(tmp_path, '--defects') == {
      name: [tmp_path / part / name / '1.png' for part in parts]
      for name in ('crack', 'pit')}
  assert list(unannotated.list_classes(tmp_path, '--defects', 'classes')) == sorted(
      {part.split('/')[0] for part in parts})
  (tmp_path / parts[0] / 'dent').mkdir()
  with pytest.raises(UserError, match=f'{parts[0]}/dent holds no images of its own'):
    unannotated.list_classes(tmp_path, '--defects')


def test_a_part_of_a_set_is_no_class_beside_classes(tmp_path):
  make(tmp_path, {'train/crack/1.png': None, 'pit/1.png': None})
  with pytest.raises(UserError, match='train is called as a part of a set is'):
    unannotated.list_classes(tmp_path, '--defects')


def test_words_for_kinds_are_classes_of_crops_beside_others(tmp_path):
  make(tmp_path, {'label/front/1.png': None, 'crack/train/1.png': None})
  assert list(unannotated.list_classes(tmp_path, '--defects')) == ['crack', 'label']


@pytest.mark.parametrize('name', [
    'good', 'OK', 'no_defect', 'defect-free', 'screw/good', 'Negative', 'ok_front',
    'Non-cracked', 'intact', 'good_parts', 'without_defects', 'pass'])
def test_a_clean_folder_is_no_class_of_defects(tmp_path, name):
  make(tmp_path, {'crack/1.jpg': None, f'{name}/2.jpg': None})
  with pytest.raises(UserError, match="holds .*2.jpg, and "
                     f"'{name.split('/')[-1]}' .* pass that folder as --clean"):
    unannotated.list_classes(tmp_path, '--defects')


@pytest.mark.parametrize('files', [
    {'cam1/images/1.jpg': None, 'cam1/masks/1.png': mask, 'cam2/images/2.jpg': None,
     'cam2/masks/2.png': lambda path: mask(path, box=(1, 2, 3, 4))},
    {'kind1/1.jpg': None, 'kind2/2.jpg': None}])
def test_classes_that_are_numbers_of_something_are_noted(tmp_path, files):
  make(tmp_path, files)
  (note, paths), = read(tmp_path).noted.items()
  assert 'differ by a number alone' in note and len(paths) == 2


@pytest.mark.parametrize('images, masks', [
    ('Original', 'GroundTruth'), ('Defect_images', 'Mask_images')])
def test_words_for_images_are_no_class(tmp_path, images, masks):
  make(tmp_path, {f'{images}/1.jpg': None, f'{masks}/1.png': mask})
  assert marked_in(read(tmp_path)) == {f'{images}/1.jpg': {'defect': 1}}


def test_words_for_images_are_classes_of_crops_that_have_no_other(tmp_path):
  make(tmp_path, {'Defect_images/1.jpg': None, 'NODefect_images/2.jpg': None})
  layout = read(tmp_path)
  assert list(layout.crops) == ['Defect_images'] and len(layout.clean) == 1


@pytest.mark.parametrize('said', ['', 'classes'])
@pytest.mark.parametrize('more', [{}, {'good/3.jpg': None}])
def test_an_only_folder_of_images_names_no_class(tmp_path, said, more):
  make(tmp_path, {'images/1.jpg': None, 'images/2.jpg': None} | more)
  with pytest.raises(UserError, match="one folder of images, 'images', which is called so"):
    read(tmp_path, format=said)


SAME_NAMES = {
    'COCO, in folders of their own': (
        {f'{x}/images/1.jpg': None for x in 'ab'} | {
            f'{x}/annotations/instances_default.json': coco('1.jpg') for x in 'ab'},
        {'a/images/1.jpg': {'crack': 1}, 'b/images/1.jpg': {'crack': 1}}),
    'COCO of one folder, whose names say the part': (
        {'images/train/1.jpg': None, 'images/val/1.jpg': None,
         'annotations/instances_train2017.json': coco('1.jpg'),
         'annotations/instances_val2017.json': coco('1.jpg', '2.jpg'),
         'images/val/2.jpg': None},
        {'images/train/1.jpg': {'crack': 1}, 'images/val/1.jpg': {'crack': 1},
         'images/val/2.jpg': {'crack': 1}}),
    'CVAT': (
        {f'{x}/images/1.jpg': None for x in 'ab'} | {
            f'{x}/annotations.xml': '<annotations><image id="0" name="1.jpg" width="40" '
            f'height="30"><box label="{x}" xtl="10" ytl="5" xbr="20" ybr="15"/></image>'
            '</annotations>' for x in 'ab'},
        {'a/images/1.jpg': {'a': 1}, 'b/images/1.jpg': {'b': 1}}),
    'parts in words for both': (
        {f'{x}_images/1.jpg': None for x in ('train', 'val')} | {
            'train_labels/1.txt': f'0 {YOLO}', 'val_labels/1.txt': f'1 {YOLO}'},
        {'train_images/1.jpg': {'0': 1}, 'val_images/1.jpg': {'1': 1}}),
    'parts behind words for both': (
        {f'images_{x}/1.jpg': None for x in ('train', 'val')} | {
            'labels_train/1.txt': f'0 {YOLO}', 'labels_val/1.txt': f'1 {YOLO}'},
        {'images_train/1.jpg': {'0': 1}, 'images_val/1.jpg': {'1': 1}}),
    'parts in words for both, with masks': (
        {f'{x}_images/1.jpg': None for x in ('train', 'val')} | {
            'train_masks/1.png': mask, 'val_masks/1.png': lambda path: mask(path, 0)},
        {'train_images/1.jpg': {'defect': 1}, 'val_images/1.jpg': {}}),
    'cameras with folders of labels': (
        {f'{x}/1.jpg': None for x in 'ab'} | {f'{x}/xml/1.xml': voc(x) for x in 'ab'} | {
            'c/rgb/1.jpg': None, 'c/json/1.json': labelme()},
        {'a/1.jpg': {'a': 1}, 'b/1.jpg': {'b': 1}, 'c/rgb/1.jpg': {'crack': 1}}),
    'MVTec 3D': (
        {f'x/test/{x}/rgb/1.png': None for x in ('crack', 'pit', 'good')} | {
            f'x/test/{x}/gt/1.png': mask for x in ('crack', 'pit')},
        {'x/test/crack/rgb/1.png': {'crack': 1}, 'x/test/pit/rgb/1.png': {'pit': 1}}),
}


@pytest.mark.parametrize('case', SAME_NAMES)
def test_folders_tell_images_of_one_name_apart(tmp_path, case):
  files, marked = SAME_NAMES[case]
  make(tmp_path, files)
  assert marked_in(read(tmp_path)) == marked


@pytest.mark.parametrize('image, name', [
    ('e\u0301.jpg', '\u00e9.jpg'), ('\u00e9.jpg', 'e\u0301.jpg'),
    ('IMG_0.JPG', 'img_0.jpg'), ('img 0.jpg', 'img%200.jpg'),
    ('sub/1.jpg', 'SUB\\1.jpg'), ('sub\\1.jpg', 'sub/1.jpg')])
def test_names_in_another_spelling_are_read_and_noted(tmp_path, image, name):
  make(tmp_path, {image: None, 'c.json': coco(name)})
  layout = read(tmp_path)
  assert marked_in(layout) == {image: {'crack': 1}}
  assert counts(layout.noted) == {fitting.RESPELLED: 1}


def test_names_in_another_spelling_of_two_images_are_refused(tmp_path):
  make(tmp_path, {'ab.jpg': None, 'AB.jpg': None, 'c.json': coco('Ab.jpg')})
  with pytest.raises(UserError, match='one annotation, Ab.jpg, for two images, AB.jpg and'):
    read(tmp_path)


@pytest.mark.parametrize('outer', ['', 'NEU-DET/', 'a/NEU-DET/'])
@pytest.mark.parametrize('beside', [{}, {'good/g.jpg': None}])
@pytest.mark.parametrize('image, label, content, found', [
    ('{part}/images/{name}/1.jpg', '{part}/annotations/1.xml', voc(), {'crack': 1}),
    ('{part}/images/{name}/1.jpg', '{part}/labels/1.txt', f'0 {YOLO}', {'0': 1}),
    ('images/{part}/{name}/1.jpg', 'labels/{part}/1.txt', f'0 {YOLO}', {'0': 1}),
    ('{part}/images/1.jpg', '{part}/masks/crack/1.png', mask, {'crack': 1})])
def test_folders_around_all_do_not_count(tmp_path, outer, beside, image, label, content,
                                         found):
  parts = [('train', 'crazing'), ('validation', 'rolled')]
  images = [outer + image.format(part=part, name=name) for part, name in parts]
  labels = [outer + label.format(part=part) for part, _ in parts]
  make(tmp_path, beside | dict.fromkeys(images) | dict.fromkeys(labels, content))
  assert marked_in(read(tmp_path)) == dict.fromkeys(images, found)


def test_folders_around_all_do_not_join_what_differs_below(tmp_path):
  make(tmp_path, {'x/a/images/crack/1.jpg': None, 'x/b/labels/1.txt': f'0 {YOLO}'})
  with pytest.raises(UserError, match='fits 1 of the annotations .* is x/b/labels/1.txt'):
    read(tmp_path)


@pytest.mark.parametrize('names', ['{}_{}_mask', '{}-{}_mask', '{}_mask-{}', '{}_mask.{}',
                                   '{}_mask_{}', '{}_mask{}'])
def test_several_masks_of_an_image_are_numbered(tmp_path, names):
  make(tmp_path, {f'images/a00{k}.png': None for k in range(2)} | {
      f'masks/{names.format(f"a00{k}", n)}.png': mask for k in range(2) for n in (1, 2)})
  assert marked_in(read(tmp_path)) == {f'images/a00{k}.png': {'defect': 2}
                                       for k in range(2)}


@pytest.mark.parametrize('images', [['a', 'a_1'], ['a_1', 'a_2']])
def test_a_number_that_images_have_is_none_of_masks(tmp_path, images):
  make(tmp_path, {f'images/{name}.png': None for name in images}
       | {'masks/a_3_mask.png': mask})
  with pytest.raises(UserError, match='fits 1 of the annotations .* is masks/a_3_mask.png'):
    read(tmp_path)


@pytest.mark.parametrize('image, label', [
    ('{}.jpg', 'a1b2c3d{0}-{0}.txt'), ('a1b2c3d{0}-{0}.jpg', '{}.txt')])
def test_the_prefix_of_label_studio_on_one_side(tmp_path, image, label):
  images = [f'images/{image.format(k)}' for k in range(2)]
  make(tmp_path, {'good/g.jpg': None} | dict.fromkeys(images) | {
      f'labels/{label.format(k)}': f'{k} {YOLO}' for k in range(2)})
  layout = read(tmp_path)
  assert marked_in(layout) == {path: {str(k): 1} for k, path in enumerate(images)}
  assert counts(layout.noted)[fitting.RESPELLED] == 2


@pytest.mark.parametrize('images, labels, why', [
    (['a1b2c3d4-1', 'a1b2c3d5-1'], ['1'], 'one annotation, labels/1.txt, for two images'),
    (['a1b2c3d4-1', '2'], ['1', '2'], 'fits 1 of the annotations'),
    (['20240501-1'], ['1'], 'fits 1 of the annotations')])
def test_other_prefixes_are_not_taken_for_it(tmp_path, images, labels, why):
  make(tmp_path, {f'images/{name}.jpg': None for name in images} | {
      f'labels/{name}.txt': f'0 {YOLO}' for name in labels})
  with pytest.raises(UserError, match=why):
    read(tmp_path)
