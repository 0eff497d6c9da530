"""Class names from outside: none leaves its folder, none is another's folder."""

import os
import shlex
import unicodedata

import numpy as np
import pytest

from data_prep import build, options
from pegan_jax.common import class_names, command_line
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from raw_folders import inputs, run_build, save, texture, write_voc

BAD = {
    '../../x': 'has a slash', '/abs': 'has a slash', 'oil/spot': 'has a slash',
    'oil\\spot': 'has a slash', '.': 'begins with a dot', '..': 'begins with a dot',
    '.hidden': 'begins with a dot', '': 'is empty', 'a\tb': 'control characters',
    'a\x85b': 'control characters', os.fsdecode(b'\xff'): 'not UTF-8',
    ' a': 'begins or ends with a space', 'ß' * 101: 'longer than 200 bytes',
    'manifest.csv': 'generation writes', 'provenance.json': 'generation writes',
    'a\uffff': 'control characters', '\ufeffa': 'byte order mark',
    'a ': 'ends with a space', '\xa0a': 'begins or ends with a space',
    'a\nb': 'control characters', 'a\u200bb': 'invisible characters',
    'a\u202eb': 'invisible characters', 'a\xadb': 'invisible characters',
    'a.': 'ends with a dot', 'NUL': 'a device in Windows',
    'con': 'a device in Windows', 'com1.x': 'a device in Windows',
    'Manifest.csv': 'generation writes'}


@pytest.mark.parametrize('name', BAD)
def test_a_bad_name_is_told_with_where_it_is_from(name):
  with pytest.raises(UserError) as error:
    class_names.check_class(name, 'boxes/3.xml')
  assert BAD[name] in str(error.value) and 'boxes/3.xml' in str(error.value)
  str(error.value).encode()  # Can be printed anywhere.


@pytest.mark.parametrize('name', [
    'öl fleck', '酸洗', 'a.b', 'in-1', '$x$', '_a', 'a|b', 'console', 'com', 'nul_1',
    '0', '-a', '🔥', '👩\u200d🔧', 'می\u200cخواهم', '=1', 'null', 'a b', "o'x", 'a"b',
    'rust, light',
    'x' * 200])
def test_other_names_are_taken(name):
  assert class_names.check_class(name, '') is None  # It returns.


@pytest.mark.parametrize('text, names', [
    ('', []), ('a', ['a']), (' a , b,a,', ['a', 'b']), ('"a, b",c', ['a, b', 'c']),
    ('c, "a, b"', ['c', 'a, b']), ('a"b', ['a"b']), ('"""a"', ['"a']),
    ('"a,""b""",c', ['a,"b"', 'c'])])
def test_names_in_a_flag(text, names):
  assert class_names.split(text) == names
  assert class_names.split(class_names.join(names)) == names


@pytest.mark.parametrize('text', ['"a', '"a"b', 'a\nb'])
def test_a_flag_without_names(text):
  with pytest.raises(UserError, match='between double quotes'):
    class_names.split(text)


def test_a_flag_for_the_command_line_has_its_quotes():
  assert class_names.as_flag(['a', 'b']) == 'a,b'
  assert class_names.as_flag(['a, b', 'c']) == '\'"a, b",c\''


def test_names_with_commas_become_classes_and_can_be_chosen(raw, capsys):
  for k in range(6):
    write_voc(raw / 'boxes' / f'{k}.xml', [('rust, light', 130, 60, 170, 110),
                                           ('rust', 10, 10, 40, 40)])
  flags = [*inputs(raw, 'frames', 'boxes'), '--per_class', 0, '--backgrounds', 0]
  assert run_build(raw, *flags, '--classes', '"rust, light"') == 0
  assert dataset.load_info(raw / 'out').classes == ['rust, light']
  assert run_build(raw, *flags, '--skip_classes', 'rust', out='other') == 0
  assert dataset.load_info(raw / 'other').classes == ['rust, light']
  assert run_build(raw, *flags, '--classes', 'rust, light', out='third') == 2
  assert 'the classes are rust, "rust, light": leave' in capsys.readouterr().err
  run_build(raw, *inputs(raw, 'frames', 'boxes'), '--classes', '"rust, light"', '--check',
            out='fourth')
  command = capsys.readouterr().out.split('data_prep.build ')[1].split('\n')[0]
  flags = shlex.split(command)
  assert flags[flags.index('--classes') + 1] == '"rust, light"'


@pytest.mark.parametrize('pair, shown', [
    (('Pit', 'pit'), "'Pit' and 'pit'"), (('STRASSE', 'straße'), 'STRASSE'),
    (('Background', 'background'), "'Background' and 'background'"),
    (('\u00f6l', 'o\u0308l'), r"'\xf6l' and 'o\u0308l'")])
def test_two_names_of_one_folder(pair, shown):
  with pytest.raises(UserError) as error:
    class_names.check_classes(pair, 'here')
  assert 'are one folder' in str(error.value) and shown in str(error.value)


@pytest.mark.parametrize('name', ['../../x', '/abs', 'oil/spot', '..', '.hid', 'PIT'])
def test_boxes_that_name_no_folder_are_refused(raw, capsys, name):
  write_voc(raw / 'boxes' / '4.xml', [(name, 130, 60, 170, 110)])
  before = sorted(raw.rglob('*'))
  assert run_build(raw, *inputs(raw, 'frames', 'boxes')) == 2
  error = capsys.readouterr().err
  assert repr(name) in error and 'boxes' in error and error.count('\n') == 1
  assert ('4.xml' in error) == (name != 'PIT')  # Of two names, not of one file.
  assert sorted(raw.rglob('*')) == before


def test_boxes_that_name_no_classes_may_have_any_name(raw):
  """With --defects they only say where steel is not clean."""
  write_voc(raw / 'boxes' / '4.xml', [('n/a', 130, 60, 170, 110)])
  assert run_build(raw, *inputs(raw, 'frames', 'boxes', 'defects')) == 0


@pytest.mark.parametrize('text, words', [
    (b'pit\n../x\n', "'../x'"), (b'pit\n\nrust\n', 'has an empty line'),
    (b'pit\n\xff\n', 'is not UTF-8 text')])
def test_yolo_names(raw, capsys, text, words):
  for k in range(6):
    (raw / 'boxes' / f'{k}.xml').unlink()
    (raw / 'boxes' / f'{k}.txt').write_text(f'{k % 2} 0.75 0.57 0.2 0.33\n')
  (raw / 'boxes' / 'classes.txt').write_bytes(text)
  assert run_build(raw, *inputs(raw, 'frames', 'boxes')) == 2
  error = capsys.readouterr().err
  assert words in error and 'boxes' in error and error.count('\n') == 1


@pytest.mark.parametrize('name', ['a\\b', 'a\tb', os.fsdecode(b'\xff'), 'CRACK'])
def test_class_folders(raw, capsys, name):
  try:
    (raw / 'defects' / name).mkdir()
  except OSError:
    pytest.skip('this file system does not take such names')
  assert run_build(raw, *inputs(raw, 'defects', 'clean')) == 2
  error = capsys.readouterr().err
  assert repr(name) in error and '--defects' in error and error.count('\n') == 1


@pytest.mark.parametrize('name', ['../../x', '/abs', '.hidden', 'a\\b', 'PS'])
def test_a_data_sets_labels(data_dir, tmp_path, name):
  """What generation would make folders of."""
  import shutil
  folder = tmp_path / 'set'
  shutil.copytree(data_dir, folder)
  labels = folder / 'label.labels.txt'
  labels.write_text(labels.read_text().replace('pa\n', f'{name}\n'))
  with pytest.raises(UserError) as error:
    dataset.load_info(folder)
  assert repr(name) in str(error.value) and str(folder) in str(error.value)


@pytest.mark.parametrize('source', ['--defects', '--images', 'boxes'])
def test_names_that_macos_takes_apart_are_chosen_as_they_are_typed(tmp_path, source):
  name, apart = (unicodedata.normalize(form, 'Schnörkel') for form in ('NFC', 'NFD'))
  folder, random = tmp_path / 'set', np.random.default_rng(0)
  for k in range(4):
    for kind in ('Loch', apart):
      image = texture(random, 96, 96)
      place = folder / 'x' if source == 'boxes' else folder / kind
      save(image, place / f'{kind}{k}.png')
      if source == 'boxes':
        write_voc(place / f'{kind}{k}.xml', [(kind, 10, 10, 40, 40)])
    save(texture(random, 96, 96), tmp_path / 'clean' / f'{k}.png')
  flags = ['--images' if source == 'boxes' else source, folder,
           '--clean', tmp_path / 'clean', '--per_class', 0, '--backgrounds', 0,
           '--image_size', 32, '--classes', name, '--out', tmp_path / 'out']
  assert build.main([*map(str, flags)]) == 0
  assert dataset.load_info(tmp_path / 'out').classes == [name]


@pytest.mark.parametrize('typed', [['a,b'], ['a', 'b'], ['a,', 'b'], ['a, b']])
def test_names_may_have_spaces_or_commas_between_them(typed):
  parser = command_line.Parser(prog='x')
  options.add_flags(parser)
  given = vars(parser.parse_args(['--defects', 'd', '--classes', *typed, '--seed', '1']))
  assert options.Options.of(given).classes == ('a', 'b')
