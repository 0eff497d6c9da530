"""Classes that are none by their names, or may be one with another."""

import pytest

from data_prep import inputs
from data_prep.images.problems import Problems
from data_prep.options import Options
from pegan_jax.common import class_names
from handmade import counts, labelme, make, mask, read, voc


def _said(folder, **more):
  problems = Problems()
  found = inputs.find(Options(images=str(folder), **more), problems)
  return problems.text() if problems else '', {*found.cut, *found.crops}


def _boxes(name):
  return {'1.jpg': None, '1.xml': voc(), '2.jpg': None, '2.xml': voc(name)}


def _shapes(name):
  return {'1.jpg': None, '1.json': labelme(), '2.jpg': None, '2.json': labelme(label=name)}


def _masks(name):
  return {f'{kind}/{of}/{k}.png': make for k, of in enumerate(['crack', name])
          for kind, make in (('images', None), ('masks', mask))}


def _crops(name):
  return {'crack/1.jpg': None, f'{name}/2.jpg': None}


@pytest.mark.parametrize('files, name', [
    (_boxes, 'good'), (_boxes, 'OK'), (_shapes, 'no defect'), (_boxes, 'unknown'),
    (_masks, 'unlabeled'), (_crops, 'unlabelled'), (_crops, 'to_sort'), (_crops, 'unsure'),
    (_crops, 'Unsorted 2'), (_crops, 'todo'), (_crops, 'good_unchecked'),
    (_crops, 'OK (to check)')])
def test_names_of_what_is_clean_or_undecided_are_no_classes_but_where_named(
    tmp_path, files, name):
  make(tmp_path, files(name))
  said, _ = _said(tmp_path)
  assert f"of the class '{name}', which" in said
  assert f'--skip_classes {class_names.as_flag([name])} to use' in said
  assert _said(tmp_path, skip_classes=(name,)) == ('', {'crack'})
  assert _said(tmp_path, classes=('crack',)) == ('', {'crack'})
  assert _said(tmp_path, classes=('crack', name)) == ('', {'crack', name})


@pytest.mark.parametrize('name', ['unknown_mark', 'review board', 'temper', 'okra', 'pitted',
                                  'misc', 'other', 'tmplate', 'good_crack'])
def test_other_names_are_classes(tmp_path, name):
  make(tmp_path, _crops(name))
  assert _said(tmp_path) == ('', {'crack', name})
  assert not read(tmp_path).noted


@pytest.mark.parametrize('name', ['good_old', 'good_backup', 'ok (neu)'])
@pytest.mark.parametrize('crack', [{'crack/1.jpg': None}, {'1.jpg': None, '1.xml': voc()}])
def test_versions_of_clean_folders_are_clean_and_noted(tmp_path, name, crack):
  make(tmp_path, crack | {'good/2.jpg': None, f'{name}/3.jpg': None})
  layout = read(tmp_path)
  assert [path.parent.name for path in layout.clean] == ['good', name]
  note, = layout.noted
  assert f"'{name}': taken for clean" in note and counts(layout.noted) == {note: 1}
