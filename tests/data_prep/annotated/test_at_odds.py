"""Annotations at odds with other files, or of a part of what is there: refused or told."""

import re
import shlex

import pytest

from data_prep import inputs
from data_prep.annotated import layouts, reasons
from data_prep.images.problems import Problems
from data_prep.options import Options
from pegan_jax.common.errors import UserError
from handmade import coco, counts, make, marked_in, mask, read, voc

TABLE = ('filename,class,xmin,ymin,xmax,ymax\n1.jpg,{},11,6,20,15\n2.jpg,dent,11,6,20,15\n')
MARKED = {'1.jpg': None, '1.xml': voc('crack'), '2.jpg': None, '2.xml': voc('dent')}


def test_a_table_that_gives_marked_images_other_classes_is_refused(tmp_path):
  make(tmp_path, MARKED | {'labels.csv': TABLE.format('dent')})
  with pytest.raises(UserError, match="labels.csv says 'dent' of .*1.jpg, in which .*1.xml "
                                      "marks 'crack', and so of 1 images"):
    read(tmp_path)
  assert marked_in(read(tmp_path, format='voc')) == {
      '1.jpg': {'crack': 1}, '2.jpg': {'dent': 1}}


@pytest.mark.parametrize('word', ['crack', 'Crack', 'steel'])
def test_a_table_that_gives_the_same_classes_or_none_is_noted(tmp_path, word):
  make(tmp_path, MARKED | {'labels.csv': TABLE.format(word)})
  assert counts(read(tmp_path).noted) == {reasons.SPEAK: 1}


@pytest.mark.parametrize('is_apart', [False, True])
def test_a_class_without_annotations_beside_one_with_is_told(tmp_path, is_apart):
  where = 'masks' if is_apart else 'i/crack_masks'
  make(tmp_path, {f'i/{name}/{name}{k}.png': None for name in ('crack', 'pit', 'good')
                  for k in (1, 2)} | {f'{where}/crack/crack{k}.png': mask for k in (1, 2)})
  layout = read(tmp_path, *['masks'] * is_apart, images='i')
  assert {*marked_in(layout)} == {'crack/crack1.png', 'crack/crack2.png'}
  (note, paths), = [(note, paths) for note, paths in layout.noted.items()
                    if "the folder 'pit'" in note]
  assert [path.name for path in paths] == ['pit1.png', 'pit2.png']
  assert note.endswith('by --format classes' + ' without --annotations' * is_apart)
  whole = read(tmp_path, images='i', format='classes')
  assert {name: len(paths) for name, paths in whole.crops.items()} == {'crack': 2, 'pit': 2}


@pytest.mark.parametrize('above', ['old/', ''])
def test_crops_beside_frames_that_mark_their_class_are_told_with_flags(tmp_path, above):
  make(tmp_path, {'frames/1.jpg': None, 'frames/1.xml': voc(), f'{above}crack/2.jpg': None})
  (note, paths), = read(tmp_path).noted.items()
  assert paths == [tmp_path / above / 'crack/2.jpg'] and "as 'crack', without an" in note
  if not above:
    assert note.endswith('put their folders into one of their own, for --defects')
    return
  _, defects, _, images = shlex.split(note[note.index('--defects'):])
  found = inputs.find(Options(defects=defects, images=images), Problems())
  assert counts(found.crops) == {'crack': 1} and len(found.layout.annotated) == 1


def test_folders_that_are_no_classes_are_not_told_as_such(tmp_path):
  make(tmp_path, {'cam1/1.jpg': None, 'cam1/1.xml': voc(), 'cam2/2.jpg': None})
  assert not read(tmp_path).noted


@pytest.mark.parametrize('files, named', [
    ({'images/1.jpg': None, 'xml/1.xml': voc(), 'old/z1.xml': voc()}, 'xml'),
    ({'1.jpg': None, 'a.json': coco('1.jpg'), 'b.json': coco('z1.jpg')}, 'a.json')])
def test_annotations_of_other_images_are_refused_with_a_flag_that_reads_the_rest(
    tmp_path, files, named):
  root = tmp_path / 'my set'
  make(root, files)
  with pytest.raises(UserError, match='No image in .* fits 1 of') as error:
    read(root)
  flag, path = shlex.split(re.search(r"--annotations '.*'", str(error.value))[0])
  assert flag == '--annotations' and path == str(root / named)
  assert len(read(root, path).annotated) == 1


def test_annotations_of_other_images_in_the_same_folder_name_none(tmp_path):
  make(tmp_path, {'1.jpg': None, 'z1.xml': voc()} | {f'{k}.jpg': None for k in range(1, 6)}
       | {f'{k}.xml': voc() for k in range(1, 6)})
  with pytest.raises(UserError, match='z1.xml: add the images or remove [^-]*$'):
    read(tmp_path)


def test_annotations_named_as_from_the_images_folder_are_refused_with_their_path(tmp_path):
  make(tmp_path, {'images/1.jpg': None, 'only_here/1.xml': voc()})
  with pytest.raises(UserError, match=f'pass --annotations {tmp_path}/only_here[.]'):
    layouts.read(tmp_path, ['only_here'])
  with pytest.raises(UserError, match='nothing is there, so correct the path'):
    layouts.read(tmp_path, ['nowhere'])
