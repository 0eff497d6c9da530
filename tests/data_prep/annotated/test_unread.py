"""Files that may annotate images, and are of no kind that is read."""

import gzip
import re

import pytest

from data_prep.annotated import unannotated
from pegan_jax.common.errors import UserError
from handmade import coco, make, mask, read, voc

MARKS = {
    'x.json': '[{"image": "1.jpg"}, {"image": "2.jpg"}]',
    'default.json': '{"items": [{"id": "cam1/1"}, {"id" : "2"}]}',  # Datumaro.
    'via.csv': 'filename,region\n1.jpg,9\n2.jpg,9\n',
    'metadata.jsonl': '{"file_name": "1.jpg", "bbox": [1, 2, 3, 4]}\n'
                      '{"file_name": "2.jpg"}',
    'export.ndjson': '{"external_id": "1.jpg"}\n{"external_id": "2.jpg"}\n',
    'train.txt': 'cam1/1.jpg 1,2,3,4,0\nC:\\\\cam2\\\\2.jpg 5,6,7,8,0\n',  # Keras's.
    'train.tsv': 'ImageId\tClassId\tRuns\n1.jpg\t1\t3 4\n2.jpg\t1\t3 4\n',
    'manifest.csv': 'image,x,y\n1.jpg,1,2\n2.jpg,3,4\n',
    'classes.csv': 'image,class\n1.jpg,crack\n2.jpg,crack\n'}
OF_EACH = ('cam{}/{}.csv', 'cam{}/{}.yaml', 'masks/cam{}/{}.npy', 'gt/cam{}/{}.mat')
NOTHING = {
    'splits.csv': 'file,split\ncam1/1.jpg,train\ncam2/2.jpg,test\n',
    'md5.csv': 'd41d8cd98f,cam1/1.jpg\nd41d8cd98a,cam2/2.jpg\n',
    'labels.csv': 'filename,label\n1.jpg,crack\n2.jpg,dent\n',
    'train.txt': 'cam1/1.jpg 0\ncam2/2.jpg 1\n', 'names.txt': '1.jpg\n2.jpg\n',
    'README.md': '1.jpg shows 2 by 3 and 2.jpg too', 'run.log': '1.jpg 2 3 4\n2.jpg 5 6 7',
    'manifest.csv': 'file,class,seed,boxes\n1.jpg,cam1,0,1 2 3 4\n2.jpg,cam2,0,1 2 3 4\n',
    'cam1/1.xmp': '1.jpg 2.jpg'}


@pytest.mark.parametrize('name', MARKS)
def test_what_names_the_images_and_is_not_read_is_refused(tmp_path, name):
  make(tmp_path, {'cam1/1.jpg': None, 'cam2/2.jpg': None, name: MARKS[name]})
  with pytest.raises(UserError, match=f'{name} names images of --images, but is of none'):
    read(tmp_path)
  assert set(read(tmp_path, format='classes').crops) == {'cam1', 'cam2'}
  (tmp_path / name).write_text(re.sub('[12]', '9', MARKS[name]))
  assert set(read(tmp_path).crops) == {'cam1', 'cam2'}


@pytest.mark.parametrize('name', OF_EACH)
def test_a_file_for_each_image_that_is_not_read_is_refused(tmp_path, name):
  make(tmp_path, {f'cam{k}/{k}.jpg': None for k in (1, 2)})
  make(tmp_path, {name.format(k, k): 'x: 1, 2' for k in (1, 2)})
  with pytest.raises(UserError, match='names images of --images, but is of none'):
    read(tmp_path)
  assert set(read(tmp_path, format='classes').crops) == {'cam1', 'cam2'}


def test_a_compressed_file_that_names_the_images_is_refused(tmp_path):
  make(tmp_path, {f'cam{k}/{k}.jpg': None for k in (1, 2)})
  (tmp_path / 'a.json.gz').write_bytes(gzip.compress(coco('1.jpg', '2.jpg').encode()))
  with pytest.raises(UserError, match='a.json.gz names images of --images'):
    read(tmp_path)


@pytest.mark.parametrize('name', NOTHING)
def test_what_says_no_more_than_the_folders_is_left_out(tmp_path, name):
  make(tmp_path, {'cam1/1.jpg': None, 'cam2/2.jpg': None, name: NOTHING[name]})
  assert set(read(tmp_path).crops) == {'cam1', 'cam2'}


@pytest.mark.parametrize('name, text', [
    ('via.json', '{"1.jpg9": {"filename": "1.jpg", "regions": [{"x": 1}]}}'),
    ('1.jpg.json', '{"objects": [{"points": [[1, 2], [3, 4]]}]}'),
    ('metadata.jsonl', '{"file_name": "1.jpg", "x": 1}'), ('boxes.csv', '1.jpg,1,2\n1.jpg,3,4\n'),
    ('1.npy', 'x')])
def test_clean_images_that_a_file_may_mark_are_refused(tmp_path, name, text):
  make(tmp_path, {'1.jpg': None, '2.jpg': None, '3.jpg': None, name: text})
  with pytest.raises(UserError, match=f'{name} may mark .*1.jpg, which is clean'):
    unannotated.list_clean(tmp_path)
  assert len(unannotated.list_clean(tmp_path, 'classes')) == 3


@pytest.mark.parametrize('name, text', [
    ('splits.csv', 'good/1.jpg,train\n'),
    ('split.json', '{"train": ["good/1.jpg", "crack/2.jpg"], "mask": null}'), ('info.json', '{"exposure": 3}'),
    ('of_others.json', '[{"image": "11.jpg"}, {"image": "crack/2.jpg"}]'),
    ('image_anno.csv', 'image,label,mask\ngood/1.jpg,normal,\ngood/2.jpg,normal,\n'
     'crack/2.jpg,"chip,melt",a.png\n')])  # VisA's.
def test_files_that_mark_other_images_leave_clean_ones_clean(tmp_path, name, text):
  make(tmp_path, {'good/1.jpg': None, 'good/2.jpg': None, 'crack/2.jpg': None,
                  'crack/2.xml': voc(), name: text})
  assert [path.name for path in read(tmp_path).clean] == ['1.jpg', '2.jpg']


@pytest.mark.parametrize('marked', [True, False])
def test_good_images_that_a_file_may_mark_are_refused(tmp_path, marked):
  make(tmp_path, {f'good/{k}.jpg': None for k in range(4)})
  make(tmp_path, {f'crack/{k}.jpg': None for k in range(9)} | {'crack/0.xml': voc()} if
       marked else {f'crack/{k}.jpg': None for k in range(9)})
  make(tmp_path, {'good/via.json': '{"2.jpg9": {"filename": "2.jpg", "regions": [1]}}'})
  with pytest.raises(UserError, match='via.json may mark .*good/2.jpg, which is clean'):
    read(tmp_path)


@pytest.mark.parametrize('name, text, words', [
    ('{}.json', '{"exposure": 3}', 'of none of the kinds .*, where it marks nothing, '
     'name by --format what is'),
    ('{}.txt', 'exposure: 3 ms', "'exposure: 3 ms' is neither .*; where it marks nothing, "
     'name by --format what is'), ('{}.json', '{"exposure', 'cannot be read as JSON')])
@pytest.mark.parametrize('given, expected', [
    ('classes', 'classes'), ('voc', 'voc'), ('masks', 'masks')])
def test_what_the_camera_wrote_is_left_out_by_format(
    tmp_path, name, text, words, given, expected):
  make(tmp_path, {f'crack/{k}.jpg': None for k in (1, 2)})
  make(tmp_path, {'crack/' + name.format(k): text for k in (1, 2)})
  if given != 'classes':
    make(tmp_path, {f'gt/crack/{k}.png': mask for k in (1, 2)} if given == 'masks' else
         {f'crack/{k}.xml': voc() for k in (1, 2)})
  with pytest.raises(UserError, match=words):
    read(tmp_path)
  layout = read(tmp_path, format=given)
  assert layout.format == expected
  assert sum(path.suffix in ('.json', '.txt') for paths in layout.left_out.values()
             for path in paths) == 2
