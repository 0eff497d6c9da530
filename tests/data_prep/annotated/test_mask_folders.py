"""Tests which folders are classes of the masks in them, and which are none."""

import shlex

import pytest

from handmade import counts, make, marked_in, mask, read

_LAYOUTS = {'inside': ('{}/images/{}.png', '{}/masks/{}.png'),
            'beside': ('{}/{}.png', '{}/{}_mask.png'),
            'mirrored': ('images/{}/{}.png', 'masks/{}/{}.png')}
_NO_CLASSES = 'images with masks in folders that are taken for no classes'


def _make(root, layout, marked, empty):
  """Makes folders of images with masks: {folder: count} of marked ones and empty ones."""
  image, of_mask = _LAYOUTS[layout]
  for folder in marked:
    for k in range(marked[folder] + empty[folder]):
      value = 255 if k < marked[folder] else 0
      make(root, {image.format(folder, k): None, of_mask.format(folder, k): (
          lambda path, value=value: mask(path, value))})


def _classes(layout):
  """Returns {class: count of its regions}, with '' for images that are marked as clean."""
  found = {}
  for some in marked_in(layout).values():
    for name, count in some.items() or [('', 1)]:
      found[name] = found.get(name, 0) + count
  return found


def _said(layout):
  """Returns the one note on folders, or ''."""
  notes = [note for note in layout.noted if 'folders' in note]
  assert len(notes) <= 1
  return ''.join(notes)


@pytest.mark.parametrize('layout', _LAYOUTS)
@pytest.mark.parametrize('names, marked, empty', [
    (('alu', 'steel'), (2, 2), (1, 1)), (('top', 'side'), (5, 2), (1, 2)),
    (('line1', 'line2'), (2, 2), (1, 0)), (('camA', 'camB'), (1, 1), (0, 0)),
    (('Kamera 1',), (3,), (1,)), (('kos01', 'kos02', 'kos10'), (1, 1, 1), (2, 2, 0))])
def test_folders_with_clean_images_among_the_marked_are_no_classes(
    tmp_path, layout, names, marked, empty):
  """As in KolektorSDD, whose kos01 is one part; so are cameras, which say what they are."""
  _make(tmp_path, layout, dict(zip(names, marked)), dict(zip(names, empty)))
  found = read(tmp_path)
  assert _classes(found) == {'defect': sum(marked)} | (
      {'': sum(empty)} if any(empty) else {})
  assert not found.left_out and _said(found).startswith(_NO_CLASSES)


@pytest.mark.parametrize('layout', ['inside', 'mirrored'])
def test_they_are_where_the_flag_that_is_told_names_them(tmp_path, layout):
  _make(tmp_path, layout, {'alu': 2, 'steel': 2}, {'alu': 1, 'steel': 1})
  told = _said(read(tmp_path))
  flags = shlex.split(told.partition('pass --annotations ')[2])
  found = read(tmp_path, *flags)
  assert _classes(found) == {'alu': 2, 'steel': 2} and not _said(found)
  assert counts(found.left_out) == {"images in a class's folder whose mask is empty": 2}


@pytest.mark.parametrize('names', [('alu',), ('alu', 'steel')])
def test_or_where_their_masks_are_put_as_is_told(tmp_path, names):
  _make(tmp_path, 'beside', dict.fromkeys(names, 2), dict.fromkeys(names, 1))
  assert 'put the masks of each into a folder called so' in _said(read(tmp_path))
  for path in sorted(tmp_path.glob('*/*_mask.png')):
    folder = tmp_path / 'masks' / path.parent.name
    folder.mkdir(parents=True, exist_ok=True)
    path.rename(folder / path.name)
  assert _classes(read(tmp_path, *(f'masks/{name}' for name in names))) == dict.fromkeys(
      names, 2)


@pytest.mark.parametrize('names, empty, good, is_noted', [
    (('hole', 'pit'), (1, 1), 0, True),  # Few.
    (('hole', 'pit'), (2, 4), 1, True),  # Clean ones have a folder of their own.
    (('hole', 'pit'), (0, 4), 0, False), (('hole', 'scratch'), (3, 3), 0, False),
    (('hole', 'MT_Free'), (0, 6), 0, False)])
def test_folders_with_few_empty_masks_are_classes(tmp_path, names, empty, good, is_noted):
  _make(tmp_path, 'inside', {name: 4 * (name != 'MT_Free') for name in names},
        dict(zip(names, empty)))
  make(tmp_path, {f'good/{k}.png': None for k in range(good)})
  found = read(tmp_path)
  assert {*_classes(found)} - {''} == {*names} - {'MT_Free'}
  assert bool(_said(found)) == is_noted
  if is_noted:  # What is told there to be done.
    for k, name in enumerate(names):
      (tmp_path / name).rename(tmp_path / f'part_{k + 1}')
    assert _classes(read(tmp_path)) == {'defect': 8, '': sum(empty)}


@pytest.mark.parametrize('places, is_told', [
    (('masks_anna', 'masks_ben'), True), (('masks/anna', 'masks/ben'), True),
    (('masks/scratch', 'masks/ben'), False)])
def test_folders_that_part_the_images_may_be_of_people(tmp_path, places, is_told):
  make(tmp_path, {f'images/{k}.png': None for k in range(4)}
       | {f'{places[k % 2]}/{k}.png': mask for k in range(4)})
  names = [place[6:] for place in places]
  found = read(tmp_path)
  assert _classes(found) == dict.fromkeys(names, 2)
  assert ("as 'anna', 'ben', of which none has two" in _said(found)) == is_told
  named = read(tmp_path, *places, images='images')
  assert _classes(named) == dict.fromkeys(names, 2)
  assert not _said(named) or places[0] == 'masks_anna'
  if is_told:
    (tmp_path / 'masks').mkdir(exist_ok=True)
    for k, place in enumerate(places):
      (tmp_path / place).rename(tmp_path / 'masks' / f'part_{k + 1}')
    assert _classes(read(tmp_path)) == {'defect': 4}


def test_masks_of_each_class_over_the_same_images_are_often_empty(tmp_path):
  for name, marked in (('hole', 0), ('pit', 1)):
    make(tmp_path, {f'images/{k}.png': None for k in range(3)} | {
        f'masks/{name}/{k}.png': lambda path, value=255 * (k == marked): mask(path, value)
        for k in range(3)})
  assert _classes(read(tmp_path)) == {'hole': 1, 'pit': 1, '': 1}


@pytest.mark.parametrize('name, clean', [('alu', 1), ('NG', 0), ('hole', 0)])
def test_folders_are_no_classes_of_masks_whose_values_are(tmp_path, name, clean):
  make(tmp_path, {f'{name}/images/{k}.png': None for k in range(6)} | {
      f'{name}/masks/{k}.png': lambda path, value=value: mask(path, value)
      for k, value in enumerate((1, 1, 1, 2, 2, 0))} | {
          'pit/images/6.png': None, 'pit/masks/6.png': lambda path: mask(path, 2),
          'classes.json': '{"1": "hole", "2": "pit"}'})
  found = read(tmp_path)
  assert _classes(found) == {'hole': 3, 'pit': 3} | ({'': 1} if clean else {})
  assert sum(map(len, found.left_out.values())) == 1 - clean
