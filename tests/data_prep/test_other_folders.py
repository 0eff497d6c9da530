"""A refusal names the folders that do in place of those named; typed, they are read."""

import argparse
import re
import shlex

import numpy as np
import pytest

from annotated import handmade
from data_prep import build, inputs, options as options_lib
from data_prep.images.problems import Problems
from raw_folders import save, texture

_YOLO = f'0 {handmade.YOLO}\n'


def _make(folder, files):
  for k, (name, content) in enumerate(sorted(files.items())):
    if content is None:
      save(texture(np.random.default_rng(k), handmade.HEIGHT, handmade.WIDTH),
           folder / name)
    else:
      handmade.make(folder, {name: content})


def _classes(*places):
  return {f'{place}/{k}.png': None for place in places for k in range(3)}


def _images(place, label, content, more=()):
  return {place.format(k) + '.png': None for k in range(4)} | {
      label.format(k): content for k in range(3)} | dict(more)


CASES = {
    'clean folders in parts': (
        _classes('s/train/crack', 's/train/good', 's/val/crack', 's/val/good'),
        '--defects s', '--images s in place of --defects', 6, 6),
    'one of several clean folders named': (
        _classes('s/train/crack', 's/train/good', 's/val/crack', 's/val/good'),
        '--defects s --clean s/train/good', '--images s in place of --defects and --clean',
        6, 6),
    'a clean folder beside the classes': (
        _classes('s/crack', 's/i.O'), '--defects s', '--clean s/i.O', 3, 3),
    'a clean folder in quotes': (
        _classes('s/crack', 's/OK parts'), '--defects s', "--clean 's/OK parts'", 3, 3),
    'a clean folder in the only part': (
        _classes('s/train/crack', 's/train/good'), '--defects s', '--clean s/train/good',
        3, 3),
    'a folder called background': (
        _classes('s/crack', 's/background'), '--defects s', '--clean s/background', 3, 3),
    'a folder called background of --images': (
        _classes('s/crack', 's/background'), '--images s', '--clean s/background', 3, 3),
    'a clean folder beside that of the classes': (
        _classes('s/NG/crack', 's/NG/pit', 's/OK'), '--defects s/NG', '--clean s/OK', 6, 3),
    "MVTec's test, whose masks lie beside it": (
        _classes('s/test/crack', 's/test/good', 's/train/good') | {
            f's/ground_truth/crack/{k}_mask.png': handmade.mask for k in range(3)},
        '--defects s/test --clean s/train/good', '--images s in place of --defects', 3, 6),
    'clean images elsewhere too': (
        _classes('s/crack', 's/good', 'c/x'), '--defects s --clean c/x',
        '--clean c/x s/good', 3, 6),
    'clean folders in parts, and frames': (
        _classes('s/train/crack', 's/train/good', 's/val/good', 'f')
        | {f'f/{k}.xml': handmade.voc() for k in range(3)},
        '--defects s --images f', '--clean s/train/good s/val/good', 6, 6),
    'YOLO beside the images': (
        _images('s/images/{}', 's/labels/{}.txt', _YOLO, {'s/data.yaml': 'names: [crack]'}),
        '--images s/images', '--annotations s/labels', 3, 0),
    'masks of one class, as of MT': (
        _images('s/defects/crack/{}', 's/masks/crack/{}.png', handmade.mask, _classes(
            's/defects/pit', 's/good')),
        '--images s/defects/crack', '--annotations s/masks/crack', 3, 0),
    'masks of one class, as of MVTec': (
        _images('s/test/crack/{}', 's/ground_truth/crack/{}_mask.png', handmade.mask,
                _classes('s/train/good', 's/test/good')),
        '--images s/test/crack', '--annotations s/ground_truth/crack', 3, 0),
    'YOLO of one class': (
        _images('s/images/crack/{}', 's/labels/crack/{}.txt', _YOLO,
                {'s/labels/crack/classes.txt': 'crack'}),
        '--images s/images/crack', '--annotations s/labels/crack', 3, 0),
    'YOLO of a part': (
        _images('s/images/train/{}', 's/labels/train/{}.txt', _YOLO,
                {'s/classes.txt': 'crack'}),
        '--images s/images/train', '--annotations s/labels/train', 3, 0),
    'YOLO of a part, whose images lie below it': (
        _images('s/train/images/{}', 's/labels/train/{}.txt', _YOLO,
                {'s/classes.txt': 'crack'}),
        '--images s/train/images', '--annotations s/labels/train', 3, 0),
    'VOC': (_images('s/JPEGImages/{}', 's/Annotations/{}.xml', handmade.voc()),
            '--images s/JPEGImages', '--annotations s/Annotations', 3, 0),
    'COCO in a folder': (
        _images('s/images/{}', 's/annotations/instances.json',
                handmade.coco('0.png', '1.png', '2.png')),
        '--images s/images', '--annotations s/annotations', 3, 0),
    'COCO beside, not of this folder alone': (
        _images('s/the images/{}', 's/all of it.json',
                handmade.coco('0.png', '1.png', '2.png')),
        "--images 's/the images'", "--annotations 's/all of it.json'", 3, 0),
    'masks with a word behind the name': (
        _images('s/photos/{}', 's/gt/{}_mask.png', handmade.mask), '--images s/photos',
        '--annotations s/gt', 3, 0),
    'masks beside a folder whose images have one of their own': (
        _images('s/in/images/{}', 's/masks/{}.png', handmade.mask), '--images s/in',
        '--annotations s/masks', 3, 0),
}


@pytest.mark.parametrize('case', CASES)
def test_what_is_named_in_place_is_read(tmp_path, monkeypatch, capsys, case):
  files, flags, typed, defects, clean = CASES[case]
  _make(tmp_path, files)
  monkeypatch.chdir(tmp_path)
  assert build.main([*shlex.split(flags), '--out', 'out']) == 2
  error = capsys.readouterr().err
  assert error.endswith(f': pass {typed}.\n'), error
  assert build.main([*shlex.split(flags), '--check']) == 2
  assert error.removeprefix('error: ') in ''.join(capsys.readouterr())
  new, _, gone = typed.partition(' in place of ')
  for name in {*gone.split(' and '), *re.findall('--[a-z]+', new)} - {''}:
    flags = re.sub(name + r" ('[^']*'|\S+)", '', flags)
  parser = argparse.ArgumentParser()
  options_lib.add_flags(parser)
  problems = Problems()
  found = inputs.find(options_lib.Options.of(vars(parser.parse_args(
      shlex.split(f'{flags} {new}')))), problems)
  assert not problems
  assert {*found.crops, *found.cut} <= {'crack', 'pit', 'defect'}
  assert sum(map(len, [*found.crops.values(), *found.regions.values()])) == defects
  assert sum(len(paths) for paths, *_ in found.clean) == clean
