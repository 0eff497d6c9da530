"""What a refusal says is to be done, done: it is one step, and then the set is read."""

import re
import shutil

from PIL import Image
import pytest

from pegan_jax.common.errors import UserError
from handmade import BOX, YOLO, coco, counts, labelme, make, marked_in, mask, read, voc


def _refused(folder, **more):
  with pytest.raises(UserError) as error:
    read(folder, **more)
  return str(error.value)


def _renamed(folder, said):
  """Moves each path of a sentence that is there to where its last folder is 'x<number>'."""
  for k, path in enumerate(dict.fromkeys(re.findall(r'\S+/\w+(?= and |, | or)', said))):
    (folder / path).rename((folder / path).with_name(f'x{k}'))


@pytest.mark.parametrize('files, crops', [
    (['OK/pit/1', 'OK/dent/2', 'NG/pit/3', 'NG/dent/4'], {'pit': 1, 'dent': 1}),
    (['good/pit/1', 'good/dent/2', 'good/3', 'pit/4', 'dent/5'], {'pit': 1, 'dent': 1}),
    (['bonnes/pit/1', 'mauvaises/pit/2'], {'mauvaises': 1})])
def test_all_clean_folders_that_are_called_as_defects_are_to_be_renamed(
    tmp_path, files, crops):
  make(tmp_path, {f'{name}.jpg': None for name in files})
  said = _refused(tmp_path)
  _renamed(tmp_path, said[said.index('rename'):])
  layout = read(tmp_path)
  assert counts(layout.crops) == crops
  assert len(layout.clean) == len(files) - sum(crops.values())


def test_a_camera_in_clean_and_defective_is_said_to_be_none(tmp_path):
  make(tmp_path, {'OK/front/1.jpg': None, 'pit/front/2.jpg': None})
  assert '--format classes' in _refused(tmp_path)
  layout = read(tmp_path, format='classes')
  assert counts(layout.crops) == {'pit': 1} and len(layout.clean) == 1


def test_clean_folders_in_those_of_classes_are_to_be_moved_or_the_outer_one_named(tmp_path):
  make(tmp_path, dict.fromkeys(['screw/good/1.jpg', 'screw/pit/2.jpg', 'nut/3.jpg']))
  said = _refused(tmp_path)
  assert f"move {tmp_path / 'screw/good'} out of" in said
  assert f"pass --images {tmp_path / 'screw'}, which leaves out the 1 images" in said
  assert ', and pass images without by --clean' in said and "as 'pit'" in said
  assert counts(read(tmp_path, images='screw').crops) == {'pit': 1}
  (tmp_path / 'screw' / 'good').rename(tmp_path / 'good')
  layout = read(tmp_path)
  assert counts(layout.crops) == {'nut': 1, 'screw': 1} and len(layout.clean) == 1


def test_an_outer_folder_is_named_only_where_classes_lie_in_it(tmp_path):
  make(tmp_path, dict.fromkeys(['pit/good/1.jpg', 'pit/2.jpg']))
  said = _refused(tmp_path)
  assert '--images' not in said
  (tmp_path / 'pit' / 'good').rename(tmp_path / 'good')
  layout = read(tmp_path)
  assert counts(layout.crops) == {'pit': 1} and len(layout.clean) == 1


def test_all_folders_of_rejects_in_that_of_clean_ones_are_to_be_moved(tmp_path):
  make(tmp_path, dict.fromkeys(['good/1.jpg', 'good/scrap/2.jpg', 'good/rejected/3.jpg',
                                'pit/4.jpg']))
  said = _refused(tmp_path)
  for name in ('scrap', 'rejected'):
    assert str(tmp_path / 'good' / name) in said.partition('move ')[2]
    (tmp_path / 'good' / name).rename(tmp_path / name)
  layout = read(tmp_path)
  assert counts(layout.crops) == {'pit': 1, 'scrap': 1, 'rejected': 1}
  assert len(layout.clean) == 1


def test_masks_beside_images_with_their_class_in_the_name_go_into_a_folder(tmp_path):
  names = [f'00{k}_{kind}.png' for k in range(4) for kind in ('tear', 'wrinkle')]
  make(tmp_path, {f'images/00{k}.jpg': None for k in range(4)}
       | {f'images/{name}': mask for name in names})
  folder = tmp_path / 'images' / 'masks'
  assert f'move such files into a folder of their own, {folder}' in _refused(tmp_path)
  folder.mkdir()
  for name in names:
    (tmp_path / 'images' / name).rename(folder / name)
  assert marked_in(read(tmp_path)) == {
      f'images/00{k}.jpg': {'tear': 1, 'wrinkle': 1} for k in range(4)}


def test_an_annotation_in_another_part_than_its_image_is_to_be_moved(tmp_path):
  make(tmp_path, dict.fromkeys(f'{part}/images/pit/pit_{k}.jpg'
                               for part, k in (('train', 24), ('train', 240), ('val', 3)))
       | {f'{part}/annotations/pit_{k}.xml': voc('pit')
          for part, k in (('train', 24), ('val', 3), ('val', 240))})
  said = _refused(tmp_path)
  assert 'where train/images/pit/pit_240.jpg is its image, move one of the two' in said
  assert 'give both one name' not in said  # As pit_24.jpg would be by its name.
  moved = tmp_path / 'val/annotations/pit_240.xml'
  moved.rename(tmp_path / 'train/annotations/pit_240.xml')
  assert len(marked_in(read(tmp_path))) == 3


@pytest.mark.parametrize('name, content', [
    ('project-1.json', '{"task": 7, "by": "Hans"}'), ('all.xml', '<root><x/></root>'),
    ('table.csv', 'a;b\n1;2\n')])
def test_a_flat_folder_names_the_file_that_is_not_read(tmp_path, name, content):
  make(tmp_path, {f'{k}.jpg': None for k in range(3)} | {name: content})
  said = _refused(tmp_path)
  assert f'class folders, and {tmp_path / name}, which may annotate them' in said
  assert 'as COCO' in said and '--format' not in said


@pytest.mark.parametrize('row, header', [('{}.jpg;pit;9;9;8;8', 'Bild;Art;X;Y;B;H'),
                                         ('{}.jpg,{}', 'image,label')])
def test_a_flat_folder_has_no_classes_to_fall_back_on(tmp_path, row, header):
  make(tmp_path, {f'{k}.jpg': None for k in range(8)} | {'t.csv': '\n'.join(
      [header] + [row.format(k, ('pit', 'dent')[k % 2]) for k in range(8)])})
  said = _refused(tmp_path)
  assert str(tmp_path / 't.csv') in said and '--format' not in said


@pytest.mark.parametrize('folders', [('kuvat', 'maskit'), ('crack', 'drawn')])
def test_masks_that_are_full_are_masks(tmp_path, folders):
  full = lambda path: mask(path, box=(0, 0, 40, 30))
  make(tmp_path, {f'{folders[0]}/{k}.jpg': None for k in range(3)}
       | {f'{folders[1]}/{k}.png': full for k in range(3)})
  assert 'looks like a mask of' in _refused(tmp_path)
  layout = read(tmp_path, folders[1])
  assert {region.name for _, image in layout.annotated for region in image.regions} == {
      folders[0]}


def test_masks_of_classes_in_a_folder_per_image_go_into_folders(tmp_path):
  make(tmp_path, {f'data/a00{k}/{name}.png': of for k in range(3) for name, of in (
      ('image', None), ('crack', mask), ('pit', mask))})
  assert f"{tmp_path / 'data/a000/masks/crack/image.png'}" in _refused(tmp_path)
  for k in range(3):
    for name in ('crack', 'pit'):
      folder = tmp_path / f'data/a00{k}/masks' / name
      folder.mkdir(parents=True)
      (tmp_path / f'data/a00{k}/{name}.png').rename(folder / 'image.png')
  assert marked_in(read(tmp_path)) == {
      f'data/a00{k}/image.png': {'crack': 1, 'pit': 1} for k in range(3)}


def test_a_list_of_good_and_bad_without_folders_asks_for_such(tmp_path):
  rows = [f'{k}.jpg;{("iO", "niO")[k % 2]}' for k in range(4)]
  make(tmp_path, {f'{k}.jpg': None for k in range(4)} | {
      't.csv': '\n'.join(['Datei;Ergebnis', *rows])})
  said = _refused(tmp_path)
  assert 'put such images into one called good' in said and '--format' not in said
  for k in range(4):
    folder = tmp_path / ('good', 'pit')[k % 2]
    folder.mkdir(exist_ok=True)
    (tmp_path / f'{k}.jpg').rename(folder / f'{k}.jpg')
  layout = read(tmp_path)
  assert counts(layout.crops) == {'pit': 2} and len(layout.clean) == 2


def test_a_folder_of_images_whose_word_is_not_known_is_noted(tmp_path):
  make(tmp_path, {'kuvat/1.jpg': None, 'masks/1.png': mask})
  layout = read(tmp_path)
  assert marked_in(layout) == {'kuvat/1.jpg': {'kuvat': 1}}
  note, = [note for note in layout.noted if 'kuvat' in note]
  assert 'name it by --images, and that of the masks by --annotations' in note
  layout = read(tmp_path, 'masks', images='kuvat')
  assert marked_in(layout) == {'1.jpg': {'defect': 1}}


@pytest.mark.parametrize('line', [
    'pit 0.00 0 0.0 12.0 16.0 39.0 44.0 0 0 0', '59,29,26,29,1,1'])
def test_labels_of_another_kind_are_to_be_exported(tmp_path, line):
  make(tmp_path, {f'images/{k}.jpg': None for k in range(3)}
       | {f'labels/{k}.txt': line for k in range(3)})
  assert 'where it is of another kind, export it as one of .xml' in _refused(tmp_path)


def _gif(path):
  mask(path.with_suffix('.png'))
  with Image.open(path.with_suffix('.png')) as image:
    image.save(path)
  path.with_suffix('.png').unlink()


@pytest.mark.parametrize('name, named', [
    ('train_masks/{}_mask.gif', []), ('train_masks/{}_mask.gif', ['train_masks']),
    ('train/{}_mask.gif', []), ('mine/{}.gif', ['mine']), ('train/masks/{}.pgm', []),
    ('masks/crack/{}.gif', [])])
def test_masks_of_a_format_that_is_not_read_are_to_be_saved_as_png(tmp_path, name, named):
  files = [tmp_path / name.format(k) for k in range(2)]
  make(tmp_path, {f'train/{k}.jpg': None for k in range(2)} | {
      name.format(k): _gif for k in range(2)})
  with pytest.raises(UserError) as error:
    read(tmp_path, *named)
  assert re.search(rf'{files[0]} is a mask of .*/0.jpg .*{files[0].suffix} is not read: '
                   'save such masks as PNG', str(error.value))
  for path in files:
    mask(path.with_suffix('.png'))
  assert len(marked_in(read(tmp_path, *named))) == 2


def test_pictures_that_are_not_read_and_no_masks_are_left_out(tmp_path):
  make(tmp_path, {'crack/0.jpg': None, 'crack/0.gif': _gif, 'good/1.jpg': None,
                  'film/1.gif': _gif})
  layout = read(tmp_path)
  assert counts(layout.crops) == {'crack': 1} and len(layout.clean) == 1


@pytest.mark.parametrize('name, content', [
    ('labels/{}.txt', f'0 {YOLO}'), ('labels/{}.xml', voc()), ('labels/{}.json', labelme()),
    ('c.json', coco('0.jpg', '1.jpg'))])
def test_annotations_that_git_has_not_fetched_are_to_be_pulled(tmp_path, name, content):
  make(tmp_path, {f'images/{k}.jpg': None for k in range(2)} | {
      name.format(k): 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n'
      for k in range(2)})
  folder = (tmp_path / name).parent
  assert f'run git -C {folder} lfs pull' in _refused(tmp_path)
  make(tmp_path, {name.format(k): content for k in range(2)})
  assert len(marked_in(read(tmp_path))) == 2


def _row(order, kind):
  left, top, right, bottom = BOX
  return {'behind': '{1} {2} {3} {4} {0}', 'commas': '{1},{2},{3},{4},{0}',
          'before': '{0} {1} {2} {3} {4}', 'sizes': '{0} {1} {2} {5} {6}'}[order].format(
              kind, left, top, right, bottom, right - left, bottom - top) + '\n'


@pytest.mark.parametrize('order, said', [
    ('behind', "'left top right bottom class'"),
    ('commas', "'left top right bottom class'"),
    ('before', "'class left top right bottom'"), ('sizes', 'a class and four more')])
@pytest.mark.parametrize('deep_pcb', [True, False])
def test_boxes_in_pixels_are_to_be_written_as_coco(tmp_path, order, said, deep_pcb):
  """As the public DeepPCB has them, with a template beside each image."""
  names = [f'0004100{k}' for k in range(2)]
  image, label = (('00041/{}_test.jpg', '00041_not/{}.txt') if deep_pcb else
                  ('images/{}.jpg', 'labels/{}.txt'))
  make(tmp_path, {image.format(name): None for name in names} | {
      label.format(name): _row(order, k + 1) for k, name in enumerate(names)})
  if deep_pcb:
    make(tmp_path, {f'00041/{name}_temp.jpg': None for name in names}
         | {'trainval.txt': '00041/00041000.jpg 00041_not/00041000.txt\n'})
  refused = _refused(tmp_path)
  assert f'in pixels for each box, as it seems {said}, where' in refused
  assert ('_temp.jpg, show no defect: put the latter into a folder called good' in refused
          ) == deep_pcb
  for path in tmp_path.rglob('*_temp.jpg'):
    (tmp_path / 'good').mkdir(exist_ok=True)
    path.rename(tmp_path / 'good' / path.name)
  for path in [*tmp_path.rglob('0*.txt')]:
    path.unlink()
  make(tmp_path, {'c.json': coco(*(image.format(name) for name in names))})
  layout = read(tmp_path)
  assert marked_in(layout) == {image.format(name): {'crack': 1} for name in names}
  assert len(layout.clean) == 2 * deep_pcb


@pytest.mark.parametrize('drawn, moved', [
    (['runs/detect/predict', 'runs/segment/exp2'], ['runs']),
    (['my/predict2'], ['my/predict2']), (['predict', 'track3'], ['predict', 'track3'])])
def test_what_a_yolo_model_has_drawn_is_to_be_moved_away(tmp_path, drawn, moved):
  make(tmp_path, {'images/1.jpg': None, 'labels/1.txt': f'0 {YOLO}'} | {
      f'{place}/{name}': content for place in drawn for name, content in (
          ('1.jpg', None), ('labels/1.txt', f'0 {YOLO} 0.8'))})
  names = ' '.join(str(tmp_path / name) for name in moved)
  assert f'guesses: move {names} out of {tmp_path} or, where' in _refused(tmp_path)
  for name in moved:
    shutil.move(tmp_path / name, tmp_path.with_name('away') / name)
  assert marked_in(read(tmp_path)) == {'images/1.jpg': {'0': 1}}


def test_masks_that_are_called_after_tasks_are_called_after_images(tmp_path):
  kinds = ('crack', 'pit')
  files = {f'masks/task-{k + 1}-annotation-{k + 5}-by-1-tag-{name}-{n}.png': (k, name, n)
           for k in range(2) for name in kinds for n in range(2)}
  make(tmp_path, {f'images/a{k}.jpg': None for k in range(2)} | dict.fromkeys(files, mask))
  new = tmp_path / 'masks/crack/a0_mask_0.png'
  assert f'in a folder for each class, as {new}.' in _refused(tmp_path)
  for file, (k, name, n) in files.items():
    path = tmp_path / f'masks/{name}/a{k}_mask_{n}.png'
    path.parent.mkdir(exist_ok=True)
    (tmp_path / file).rename(path)
  assert marked_in(read(tmp_path)) == {
      f'images/a{k}.jpg': {'crack': 2, 'pit': 2} for k in range(2)}


@pytest.mark.parametrize('folders', [['crack/ok'], ['crack/ok', 'pit/ok']])
def test_clean_folders_in_those_of_classes_are_moved_to_where_it_is_said(tmp_path, folders):
  make(tmp_path, dict.fromkeys([f'{name}/{k}.jpg' for k in range(2) for name in (
      'crack/defect', 'pit/defect', *folders)]))
  said = _refused(tmp_path)
  to = re.findall(rf'{tmp_path}\S+?(?=[ ;])', said.partition(', as to ')[2])[:len(folders)]
  for old, new in zip(folders, to, strict=True):
    (tmp_path / new).parent.mkdir(exist_ok=True)
    (tmp_path / old).rename(new)
  layout = read(tmp_path)
  assert counts(layout.crops) == {'crack': 2, 'pit': 2}
  assert len(layout.clean) == 2 * len(folders)


@pytest.mark.parametrize('files', [
    ['original/crack', 'original/good', 'augmented/crack', 'augmented/good'],
    ['train/crack', 'train/good', 'flips/crack', 'flips/good'],
    ['train/crack', 'train/good', 'more/crack']])
def test_a_folder_with_the_same_folders_as_one_called_by_a_word_is_no_class(
    tmp_path, files):
  make(tmp_path, {f'{name}/1.jpg': None for name in files})
  layout = read(tmp_path)
  assert counts(layout.crops) == {'crack': 2}
  assert len(layout.clean) == sum('good' in name for name in files)
  assert any('folders that are no classes' in note for note in layout.noted)


def test_a_folder_with_others_than_one_called_by_a_word_is_a_class(tmp_path):
  make(tmp_path, {f'{name}/1.jpg': None for name in (
      'train/crack', 'train/good', 'pit/cam1')})
  assert 'pit' in read(tmp_path).crops


@pytest.mark.parametrize('name, of_mask', [
    ('{}', '{}'), ('img{}', 'img{}'), ('img{}', 'img{}_mask'), ('part_{}', 'gt_{}')])
@pytest.mark.parametrize('masks, told', [
    (range(0, 6), True), (range(2, 8), True), (range(0, 5), True), (range(1, 8), False),
    ((0, 2, 3, 4, 5, 7), False)])
def test_masks_that_count_from_another_number_are_not_shifted(
    tmp_path, name, of_mask, masks, told):
  make(tmp_path, {f'part/{name.format(k)}.png': None for k in range(1, 7)}
       | {f'masks/{of_mask.format(k)}.png': mask for k in masks}
       | {'good/9.png': None, 'good/a.png': None})
  said = _refused(tmp_path)
  neighbours = ("where each annotation is of its image's neighbour in number, give both one "
                'name; where those of one number belong together, add the image that lacks.')
  assert (neighbours in said) == told
  assert ('remove what annotates them' in said) != told
