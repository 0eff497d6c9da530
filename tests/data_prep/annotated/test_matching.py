"""Which names of files and folders belong together, and which only look so."""

import pathlib

import pytest

from data_prep.annotated import fitting, reasons
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


@pytest.mark.parametrize('name', ['cam1', 'new', 'v1', 'blech', 'Mai'])
@pytest.mark.parametrize('images, labels, format, text', [
    ('images_{}', 'labels_{}', 'txt', f'0 {YOLO}'),
    ('Bilder_{}', 'Labels_{}', 'txt', f'0 {YOLO}'),
    ('JPEGImages_{}', 'Annotations_{}', 'xml', voc()),
    ('img_{}', 'json_{}', 'json', labelme())])
def test_folders_that_share_what_is_behind_a_word_for_their_kind_go_together(
    tmp_path, name, images, labels, format, text):  # pylint: disable=redefined-builtin
  for other in (name, 'b'):  # Of images of one name, the folder tells.
    make(tmp_path, {f'{images.format(other)}/1.jpg': None,
                    f'{labels.format(other)}/1.{format}': text})
  layout = read(tmp_path)
  assert len(layout.annotated) == 2 and not layout.unlabelled
  assert all(pathlib.Path(image.file).parent.name.endswith(path.parent.name.split('_')[1])
             for path, image in layout.annotated)


@pytest.mark.parametrize('case', EXACT)
def test_the_exact_name_comes_first(tmp_path, case):
  files, marked = EXACT[case]
  make(tmp_path, files)
  assert marked_in(read(tmp_path)) == marked


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
    'masks in folders called as SegNet has them': (
        {f'{x}/1.jpg': None for x in ('train', 'test')} | {
            'trainannot/1.png': mask, 'testannot/1.png': lambda path: mask(path, 0)},
        {'train/1.jpg': {'defect': 1}, 'test/1.jpg': {}}),
    'numbered folders of masks': (
        {'oil/o1.jpg': None, 'stain/s1.jpg': None, 'gt_1/o1.png': mask,
         'gt_2/s1.png': mask},
        {'oil/o1.jpg': {'oil': 1}, 'stain/s1.jpg': {'stain': 1}}),
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
  make(tmp_path, {'good/g.jpg': None,
                  'notes.json': '{"categories": []}'} | dict.fromkeys(images) | {
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


@pytest.mark.parametrize('name, of_mark, content', [
    ('Bilder/Bild_{}.png', 'Masken/Maske_{}.png', mask),
    ('image/image_{}.jpg', 'label/label_{}.png', mask),
    ('image/{}_image.jpg', 'label/{}_label.png', mask),
    ('images/im{}.jpg', 'ground_truth/gt{}.png', mask),
    ('img_{}.png', 'mask_{}.png', mask),
    ('cracks/crack ({}).png', 'masks/mask ({}).png', mask),
    ('Riss/Riss_{}.jpg', 'Riss_Maske/Riss_Maske_{}.png', mask),
    ('crack/crack_{}.jpg', 'groundtruth/groundtruth_{}.png', mask),
    ('images/image_{}.png', 'Annotations/annotation_{}.xml', voc()),
    ('images/image_{}.png', 'labels/label_{}.txt', f'0 {YOLO}')])
def test_names_of_a_word_and_the_number_of_their_image(tmp_path, name, of_mark, content):
  files = {form.format(k): content_ for k in range(3) for form, content_ in (
      (name, None), (of_mark, content), ('good/good_{}.png', None))}
  make(tmp_path, files)
  layout = read(tmp_path)
  found = {path.relative_to(tmp_path).as_posix(): len(annotated.regions)
           for path, annotated in layout.annotated}
  assert found == {name.format(k): 1 for k in range(3)}
  assert len(layout.clean) == 3


def test_a_number_of_images_of_two_classes_is_of_none(tmp_path):
  make(tmp_path, {'crack/crack_1.png': None, 'pit/pit_1.png': None, 'gt/gt1.png': mask})
  with pytest.raises(UserError, match='fits 1 of the annotations .* first is gt/gt1.png'):
    read(tmp_path)


@pytest.mark.parametrize('own, other', [
    ('train/1.png', 'test/1.png'), ('data/train/1.png', 'data/val/image1.png')])
@pytest.mark.parametrize('name', ['annotations.json', 'train_all.json'])
def test_a_copy_further_out_is_of_the_same_images(tmp_path, own, other, name):
  inner = own.replace('1.png', name)
  make(tmp_path, {own: None, other: None, name: coco('1.png'), inner: coco('1.png')})
  layout = read(tmp_path)
  assert marked_in(layout) == {own: {'crack': 1}}
  assert counts(layout.left_out)[reasons.SAME] == 1 and len(layout.unlabelled) == 1


@pytest.mark.parametrize('name, copy, content', [
    ('train/{}.xml', 'Annotations/{}.xml', voc()), ('train/{}.txt', '{}.txt', f'0 {YOLO}'),
    ('train/masks/{}.png', 'masks/{}.png', mask)])
@pytest.mark.parametrize('differ, marked', [((), 3), ((2,), 3), ((0, 1, 2), 6)])
def test_a_copied_folder_is_of_the_same_images(tmp_path, name, copy, content, differ,
                                               marked):
  """Where one of its files is equal; else they may be of the images without any."""
  other = {mask: lambda path: mask(path, box=(1, 1, 9, 9))}.get(content, f'{content}\n')
  for k in range(3):
    make(tmp_path, {f'train/{k}.jpg': None, f'val/{k}.jpg': None, name.format(k): content,
                    copy.format(k): other if k in differ else content})
  layout = read(tmp_path)
  assert [path.parent.name for path, _ in layout.annotated] == (
      ['train'] * 3 + ['val'] * (marked - 3))
  assert len(layout.unlabelled) == 6 - marked


def test_a_number_is_not_for_another_image_where_one_has_the_name(tmp_path):
  make(tmp_path, {'a/train/1.png': None, 'a/val/image1.png': None,
                  'a/train/1.txt': f'0 {YOLO}', 'all.json': coco('1.png')})
  assert marked_in(read(tmp_path)) == {'a/train/1.png': {'crack': 1}}


def test_a_file_called_as_a_folder_is_of_its_images(tmp_path):
  """Each camera counts its images from 1."""
  make(tmp_path, {f'cam{c}/{k}.png': None for c in (1, 2) for k in (1, 2)} | {
      'cam1.json': coco('1.png', '2.png'),
      'cam2.json': coco('1.png').replace('"crack"', '"pit"')})
  assert marked_in(read(tmp_path)) == {
      'cam1/1.png': {'crack': 1}, 'cam1/2.png': {'crack': 1}, 'cam2/1.png': {'pit': 1}}


@pytest.mark.parametrize('images, labels', [
    ('照片', '标注'), ('原图', '标签'), ('Bilder', 'Annotationen'), ('immagini', 'etichette'),
    ('zdjęcia', 'adnotacje'), ('fotos', 'anotaciones'), ('resimler', 'etiketler')])
@pytest.mark.parametrize('kind', ['labelme', 'masks'])
def test_folders_are_called_in_other_languages(tmp_path, images, labels, kind):
  names = {'labelme': '{}.json', 'masks': '{}.png'}[kind]
  make(tmp_path, {f'{images}/{k}.png': None for k in range(3)} | {
      f'{labels}/{names.format(k)}': mask if kind == 'masks' else labelme()
      for k in range(3)})
  assert marked_in(read(tmp_path)) == {
      f'{images}/{k}.png': {'defect' if kind == 'masks' else 'crack': 1} for k in range(3)}


def test_files_and_folders_of_one_task_belong_together(tmp_path):
  make(tmp_path, {f'images_{task}/1.png': None for task in 'ab'} | {
      'task_a.json': coco('1.png'), 'task_b.json': coco('1.png').replace('"crack"', '"pit"')})
  assert marked_in(read(tmp_path)) == {
      'images_a/1.png': {'crack': 1}, 'images_b/1.png': {'pit': 1}}


@pytest.mark.parametrize('name', ['masks/{}.png', '{}.xml', 'labels/{}.json'])
def test_an_annotation_whose_name_a_clean_image_shares_is_of_the_other(tmp_path, name):
  """Where each folder's images are numbered anew, and those of the bad ones are marked."""
  content = {'.png': mask, '.xml': voc('crack'), '.json': labelme(label='crack')}
  make(tmp_path, {f'good/{k}.png': None for k in range(3)} | {
      f'bad/{k}.png': None for k in range(4)} | {
          name.format(k): content[pathlib.PurePath(name).suffix] for k in range(4)})
  layout = read(tmp_path)
  assert [path.relative_to(tmp_path).as_posix() for path, _ in layout.annotated] == [
      f'bad/{k}.png' for k in range(4)]
  assert len(layout.clean) == 3
  assert counts(layout.noted)[fitting.BESIDE_CLEAN] == 3
