"""Files that may annotate images, and are of no kind that is read."""

import json

import numpy as np
import pytest

import gzip
from data_prep.annotated import unannotated
from pegan_jax.common.errors import UserError
from handmade import NOTES, coco, make, read, voc


# Of the images 1a.jpg and 2a.jpg, by their names or, without a suffix, their stems.
MARKS = {
    'x.json': '[{"image": "1a.jpg", "bbox": [1, 2, 3, 4]}, '
              '{"image": "2a.jpg", "q": [5, 6, 7, 8]}]',
    'createml.json': '[{"image": "1a.jpg", "annotations": [{"coordinates": {"x": 9, "y": '
                     '9, "width": 4, "height": 4}}]}, {"image": "2a.jpg", "annotations": [{'
                     '"coordinates": {"x": "9", "y": "9", "width": "4", "height": "4"}}]}]',
    # Label Studio's, in percent. Its name is no image's.
    'project-1a.json': json.dumps([
        {'data': {'image': f'/data/upload/1/{k}a.jpg'}, 'annotations': [{'result': [{
            'value': {'x': 43.75, 'y': 43.75, 'width': 12.5, 'height': 10,
                      'rectanglelabels': ['pit']}}]}]} for k in (1, 2)]),
    'datumaro.json': '{"items": [{"id": "kind1/1a", "annotations": [{"points": [1, 2]}]}, '
                     '{"id" : "2a", "annotations": [{"rle": "eWi0"}]}]}',
    'labels.json': '{"labels": {"1a": [{"bounding_box": [0.1, 0.2, 0.3, 0.4]}], '
                   '"2a": [{"bounding_box": [0.1, 0.2, 0.3, 0.4]}]}}',  # FiftyOne's.
    'boxes.labels': '{"boxes": {"1a.jpg": [{"x": 1, "y": 2, "width": 3, "height": 4}], '
                    '"2a.jpg": [{"x": 1, "y": 2, "width": 3, "height": 4}]}}',
    'backup.json': '[{"shapes": [{"frame": 0, "points": [1, 2, 3, 4]}, '
                   '{"frame": 1, "points": [1, 2, 3, 4]}]}]',  # CVAT's.
    'metadata.jsonl': '{"file_name": "1a.jpg", "objects": {"bbox": [[1, 2, 3, 4]]}}\n'
                      '{"file_name": "2a.jpg", "objects": {"bbox": [[1, 2, 3, 4]]}}',
    'dlib.xml': "<images><image file='1a.jpg'><box top='1' left='2' width='3' height='4'/>"
                "</image><image file='2a.jpg'><box top='1' left='2' width='3' height='4'/>"
                '</image></images>',
    'boxes.yaml': '- file: 1a.jpg\n  boxes: [[1, 2, 3, 4]]\n'
                  '- file: 2a.jpg\n  boxes: [[1, 2, 3, 4]]',
    'train.txt': 'kind1/1a.jpg 1,2,3,4,0\nC:\\kind2\\2a.jpg 5,6,7,8,0 1,2,3,4,0\n',
    'classes.txt': '1a.jpg 1 2 3 4\n2a.jpg 1 2 3 4\n',
    'labels.txt': '1a\t12.5\t6.1\t0.4\t9\t9\n2a\t12.5\t6.1\t0.4\t9\t9\n',  # DAGM's.
    'boxes.csv': 'image_id,x,y,w,h,label\n1a,1,2,3,4,a\n2a,1,2,3,4,a\n',
    'tensorflow.csv': 'filename,width,height,class,xmin,ymin,xmax,ymax\n'
                      '1a.jpg,40,30,a,1,2,9,9\n2a.jpg,40,30,a,1,2,9,9\n',
    'openimages.csv': 'ImageID,LabelName,XMin,XMax,YMin,YMax\n'
                      '1a,/m/1,0.1,0.4,0.2,0.5\n2a,/m/1,0.1,0.4,0.2,0.5\n',
    'corners.csv': 'image,defect_start_x,defect_start_y,defect_end_x,defect_end_y\n'
                   '1a.jpg,1,2,9,9\n2a.jpg,1,2,9,9\n',
    'severstal.csv': 'Image_Class,rle\n1a.jpg_1,29102 12\n2a.jpg_4,5 6\n',
    'studio.json': '[{"data": {"image": "/upload/1/0123abcd-1a.jpg"}, "annotations": [{'
                   '"result": [{"value": {"x": 5, "y": 6, "width": 7, "height": 8}}]}]},'
                   '{"data": {"image": "/upload/1/0123abcd-2a.jpg"}, "annotations": [{'
                   '"result": [{"value": {"rle": [0, 1, 44, 3]}}]}]}]',
    'labelbox.ndjson': '{"data_row": {"external_id": "1a.jpg"}, "label": {"bounding_box": '
                       '{"top": 5, "left": 6, "height": 7, "width": 8}}}\n'
                       '{"data_row": {"external_id": "2a.jpg"}, "label": {"polygon": '
                       '[{"x": 1, "y": 2}, {"x": 9, "y": 2}, {"x": 9, "y": 9}]}}\n',
    'circles.csv': 'file;x;y;radius\n1a.jpg;9;9;3\n2a.jpg;9;9;3\n',
    'no_header.csv': '1a.jpg,10,20,30,40\n2a.jpg,10,20,30,40\n',
    'automl.csv': 'TRAIN,gs://b/1a.jpg,pit,0.1,0.2,,,0.3,0.4,,\n'  # Of Google.
                  'TEST,gs://b/2a.jpg,pit,0.1,0.2,,,0.3,0.4,,\n',
    'points.csv': 'image,x,y\n1a.jpg,1,2\n1a.jpg,3,4\n2a.jpg,1,2\n2a.jpg,3,4\n',
    'via_less.csv': 'f,region_shape_attributes\n1a.jpg,"{""x"":1}"\n2a.jpg,"{""x"":1}"\n',
    'ellipse.csv': 'file,cx,cy,rx,ry\n1a.jpg,9,9,5,4\n2a.jpg,9,9,5,4\n',
    'points.xml': '<a><i file="1a.jpg"><defect x="1" y="2"/></i><i file="2a.jpg">'
                  '<defect x="1" y="2"/></i></a>',
    'fiji.csv': ' ,Label,BX,BY,Width,Height\n1,1a.jpg,2,3,9,9\n2,2a.jpg,2,3,9,9\n',
    'halcon.txt': 'file|row1|col1|row2|col2\n1a.jpg|2|3|9|9\n2a.jpg|2|3|9|9\n',
    'rotated.csv': 'file,row,column,phi,length1,length2\n1a.jpg,9,9,0.3,5,4\n'
                   '2a.jpg,9,9,0.3,5,4\n',
    'runs.tsv': 'ImageId\tClassId\tRuns\n1a.jpg\t1\t3 4\n2a.jpg\t1\t3 4\n',
    'via.csv': 'filename,region_count,region_shape_attributes\n'
               '1a.jpg,1,"{""name"":""rect"",""x"":1,""y"":1,""width"":9,""height"":9}"\n'
               '2a.jpg,1,"{""name"":""rect"",""x"":1,""y"":1,""width"":9,""height"":9}"\n'}


NOTHING = {
    'splits.csv': 'file,set,fold\nkind1/1a.jpg,train,0\nkind2/2a.jpg,test,1\n',
    'md5.csv': 'd41d8cd98f,kind1/1a.jpg,9000\nd41d8cd98a,kind2/2a.jpg,9001\n',
    'index.csv': ',path,label,label_id\n0,1a.jpg,crack,0\n1,2a.jpg,dent,1\n',
    'sizes.csv': 'file,width,height,bytes,label\n1a.jpg,40,30,9,a\n2a.jpg,40,30,9,a\n',
    'no_header.csv': '1a.jpg,200,200\n2a.jpg,200,200\n',
    'one_hot.csv': '1a.jpg,1,0,0,0\n2a.jpg,0,0,0,1\n',
    'scores.csv': 'image,ok,dent,pit,cut\n1a.jpg,0.1,0.2,0.3,0.9\n2a.jpg,0.1,0.2,0.3,0.9\n',
    'capture.csv': 'file;time;exposure;x_stage;y_stage\n1a.jpg;2024-05-01 12:00:00;1;2;3\n'
                   '2a.jpg;2024-05-01 12:00:01;1;2;3\n',
    'tracker.csv': 'file,status,grade\n1a.jpg,open,A\n2a.jpg,done,B\n',
    'urls.csv': 'file,url\n1a.jpg,https://x/1.jpg\n2a.jpg,https://x/2.jpg\n',
    'pairs.csv': 'a,b,distance,x\n1a.jpg,2a.jpg,3,4\n2a.jpg,1a.jpg,3,4\n',
    'embeddings.csv': '1a.jpg,0.3,-0.1,0.4,0.2,0.9\n2a.jpg,0.3,-0.1,0.4,0.2,0.9\n',
    'embeddings.json': '{"1a.jpg": {"embedding": [1, 2, 3, 4]}, '
                       '"2a.jpg": {"scores": [1, 2, 3, 4]}}',
    'histograms.json': json.dumps({f'{k}a.jpg': [9] * 256 for k in (1, 2)}),
    'labels.txt': '1a.jpg 1 0 0 1 1\n2a.jpg 0 0 1 1 1\n',
    'tiles.csv': 'file,of,left,top,right,bottom\n1a.jpg,f,0,9,40,39\n2a.jpg,f,5,1,45,31\n',
    'rle.csv': 'file,rle,validated_size\n1a.jpg,nan,"1 2 3 4"\n2a.jpg,-1,"1 2 3 4"\n',
    'words.json': '[{"id": "1a.jpg", "defects": ["pit_1"], "box": 17}, {"file": "2a.jpg"}]',
    'config.json': '{"mask_size": [9, 9], "lr": 1, "images": ["1a.jpg", "2a.jpg"]}',
    'whole.txt': '1a.jpg 1 0 0 40 30\n2a.jpg 1 0 0 40 30\n',  # OpenCV's positives.
    'labels.csv': 'filename,label\n1a.jpg,crack\n2a.jpg,dent\n',
    'train.txt': 'kind1/1a.jpg 0\nkind2/2a.jpg 1\n', 'names.txt': '1a.jpg\n2a.jpg\n',
    'files.txt': '-rw-r--r-- 1 root root 9000 May 1 12:00 1a.jpg\n'
                 '-rw-r--r-- 1 root root 9000 May 1 12:00 2a.jpg\n',
    'metadata.jsonl': '{"file_name": "1a.jpg", "text": "a crack"}\n'
                      '{"file_name": "2a.jpg", "text": "steel, 2 by 3"}',
    'exif.json': '[{"SourceFile": "1a.jpg", "ImageWidth": 40, "XResolution": 72, '
                 '"YResolution": 72, "ImageHeight": 30}, {"SourceFile": "2a.jpg"}]',
    'manifest.jsonl': '{"name": "kind1/1a", "extension": ".jpg", "width": 40, '
                      '"height": 3}\n'
                      '{"name": "kind2/2a", "extension": ".jpg", "width": 40, "height": 3}',
    'images.json': '{"images": [{"id": 1, "file_name": "1a.jpg", "width": 40, "height": 3},'
                   '{"id": 2, "file_name": "2a.jpg"}], "categories": []}',
    'README.md': '1a.jpg shows 2 by 3 and 2a.jpg too',
    'run.log': '1a.jpg 2 3 4 5\n2a.jpg 2 3 4 5',
    'manifest.csv': 'file,class,seed,boxes\n1a.jpg,kind1,0,1 2 3 4\n'
                    '2a.jpg,kind2,0,1 2 3 4\n',
    'deep.json': '[' * 500 + ']' * 500, 'classes.txt': 'crack\ndent\n'}


# Of one image each.
OF_ONE = [('_gt.txt', 'crack 1 2 3 4', True),
          ('_meta.json', '{"bbox": [1, 2, 3, 4]}', True),
          ('_gtFine_polygons.json', '{"objects": [{"polygon": [[1, 2], [3, 4]]}]}', True),
          ('_camera.json', '{"exposure": 3, "roi": [0, 0, 40, 30]}', False),
          ('.csv', '1,2,3,4\n', True), ('/{}_boxes.csv', '1,2,3,4\n', True),
          ('.anno.json', '{"bbox": [1, 2, 3, 4]}', True),
          ('.csv', 'x,y\n1,2\n3,4\n', False),
          ('.yaml', 'box: [1, 2, 3, 4]', True), ('.yaml', 'roi: [0, 0, 40, 30]', False),
          ('.json', '{"objects": [{"points": [[1, 2], [3, 4]]}]}', True),
          ('.json', '{"objects": [], "size": {"w": 40, "h": 30}}', False),
          ('.json', '{"crop": {"x": 10, "y": 20, "w": 40, "h": 30}}', False),
          ('.json', '{"exposure": 3, "w": 40, "h": 30, "gain": 1}', False),
          ('.txt', 'crack 1 2 3 4', True), ('.txt', 'exposure 12.5\ngain 1', False),
          ('.txt', 'a photo of a crack, grey', False),
          ('.xml', '<meta><box><x>1</x><y>2</y><w>3</w><h>4</h></box></meta>', True),
          ('.xml', '<meta><exposure>12.5</exposure></meta>', False),
          ('/gt/{}.mat', 'MATLAB', True), ('.mat', 'MATLAB', False),
          ('.npy', np.zeros((30, 40)), True), ('.npy', np.zeros(512), False)]


def put(tmp_path, name, text):
  if isinstance(text, str):
    make(tmp_path, {name: text})
  else:
    np.save(tmp_path / name, text)


@pytest.mark.parametrize('name', MARKS)
def test_what_may_mark_images_of_class_folders_is_refused(tmp_path, name):
  make(tmp_path, {f'kind{k}/{k}a.jpg': None for k in range(1, 9)} | {name: MARKS[name]})
  with pytest.raises(UserError, match=f'{name} seems to mark .*/kind1/1a.jpg, but is of'):
    read(tmp_path)
  assert len(read(tmp_path, format='classes').crops) == 8
  (tmp_path / name).write_text(MARKS[name].replace('1a', '9a').replace('2a', '9b')
                               .replace('frame', 'at'))
  assert len(read(tmp_path).crops) == 8


@pytest.mark.parametrize('name', MARKS)
def test_what_may_mark_clean_images_is_refused(tmp_path, name):
  make(tmp_path, {f'{k}a.jpg': None for k in range(1, 4)} | {name: MARKS[name]})
  with pytest.raises(UserError, match=f'{name} may mark .*/1a.jpg, which is clean by'):
    unannotated.list_clean(tmp_path)
  assert len(unannotated.list_clean(tmp_path, 'classes')) == 3


@pytest.mark.parametrize('name', NOTHING)
def test_what_marks_no_place_is_left_out_and_counted(tmp_path, name):
  make(tmp_path, {'kind1/1a.jpg': None, 'kind2/2a.jpg': None, name: NOTHING[name]})
  layout = read(tmp_path)
  assert set(layout.crops) == {'kind1', 'kind2'}
  assert [path.name for paths in layout.left_out.values() for path in paths] == [name]


def test_a_compressed_file_is_read_and_numbers_of_images_lead_to_their_marks(tmp_path):
  make(tmp_path, {'good/1.jpg': None, 'good/2.jpg': None, 'pit/3.jpg': None,
                  'pit/3.xml': voc()})
  (tmp_path / 'a.json.gz').write_bytes(gzip.compress(coco('1.jpg', '3.jpg').encode()))
  with pytest.raises(UserError, match='a.json.gz may mark .*good/1.jpg'):
    read(tmp_path)
  said = json.loads(coco('1.jpg', '3.jpg'))
  said['annotations'] = said['annotations'][1:]
  (tmp_path / 'a.json.gz').write_bytes(gzip.compress(json.dumps(said).encode()))
  assert len(read(tmp_path).clean) == 2


@pytest.mark.parametrize('suffix, text, is_mark', OF_ONE)
def test_a_file_for_each_image_is_refused_where_it_may_mark_it(
    tmp_path, suffix, text, is_mark):
  make(tmp_path, {f'{place}/{k}.jpg': None for place in ('im/crack', 'im/pit', 'clean')
                  for k in (1, 2)})
  for place in ('im/crack', 'im/pit', 'clean'):
    for k in (1, 2):
      put(tmp_path, f'{place}/{k}{suffix}' if suffix[0] in '._' else
          place + suffix.format(k), text)
  for read_it in (lambda **given: read(tmp_path / 'im', **given).crops,
                  lambda **given: unannotated.list_clean(tmp_path / 'clean', **given)):
    if is_mark:
      with pytest.raises(UserError, match='mark|cannot be read as|is JSON for') as error:
        read_it()
      assert '--format' in str(error.value)
    else:
      assert len(read_it()) == 2
    assert len(read_it(format='classes')) == 2


@pytest.mark.parametrize('name, text', [
    ('of_others.json', '[{"image": "11.jpg", "bbox": [1, 2, 3, 4]}, '
     '{"image": "crack/2.jpg", "bbox": [1, 2, 3, 4]}]'),
    ('image_anno.csv', 'image,label,mask\ngood/1.jpg,normal,\ngood/2.jpg,normal,\n'
     'crack/2.jpg,"chip,melt",a.png\n')])  # VisA's.
def test_files_that_mark_other_images_leave_clean_ones_clean(tmp_path, name, text):
  make(tmp_path, {'good/1.jpg': None, 'good/2.jpg': None, 'crack/2.jpg': None,
                  'crack/2.xml': voc(), name: text})
  layout = read(tmp_path)
  assert [path.name for path in layout.clean] == ['1.jpg', '2.jpg']
  assert [path.name for path in layout.left_out[NOTES]] == [name]


@pytest.mark.parametrize('name, text', [('2.txt', '0 0.5'), ('2.xml', '<annotatio/>')])
def test_a_damaged_label_among_others_is_told(tmp_path, name, text):
  make(tmp_path, {'1.jpg': None, '2.jpg': None, '1.xml': voc(), '1.txt': '', name: text})
  (tmp_path / ('1.txt' if name == '2.xml' else '1.xml')).unlink()
  if name == '2.txt':
    make(tmp_path, {'1.txt': '0 0.5 0.5 0.1 0.1'})
  with pytest.raises(UserError, match=f'{name} cannot be read as .*, name by --format'):
    read(tmp_path)


def test_a_class_of_the_annotations_is_no_clean_image(tmp_path):
  make(tmp_path, {'good/1.jpg': None, '9.jpg': None, '9.xml': voc('sc'),
                  'good/1_label.txt': 'SC'})
  with pytest.raises(UserError, match="1_label.txt says 'SC' of .*good/1.jpg"):
    read(tmp_path)


@pytest.mark.parametrize('name', ['gt_1.txt', 'boxes_1.csv', 'label-1.yaml'])
def test_a_file_with_a_word_in_front_is_of_its_image(tmp_path, name):
  text = 'box: [3, 4, 10, 12]' if name.endswith('yaml') else '3,4,10,12,scratch\n'
  make(tmp_path, {'good/1.jpg': None, 'pit/9.jpg': None, f'good/{name}': text})
  with pytest.raises(UserError, match=f'{name} may mark .*good/1.jpg'):
    read(tmp_path)


@pytest.mark.parametrize('rows, is_own', [
    ('image,class,region,seed,strength,count,picture\n'
     'good/1.jpg,crack,1 1 9 9,5,,1,\ngood/2.jpg,crack,,,,2,\n', True),
    ('image,class,region\ngood/1.jpg,crack,1 1 9 9\ngood/2.jpg,crack,2 2 8 8\n', False)])
def test_jobs_of_generate_say_nothing_of_clean_images(tmp_path, rows, is_own):
  make(tmp_path, {f'{of}/{k}.jpg': None for of in ('good', 'crack') for k in range(3)}
       | {'mine.csv': rows})
  if is_own:
    layout = read(tmp_path)
    assert len(layout.clean) == 3 and not any('not read' in note for note in layout.noted)
  else:
    with pytest.raises(UserError, match='mine.csv'):
      read(tmp_path)
