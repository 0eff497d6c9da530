"""Text of any encoding that a file names itself; others are refused, none is guessed."""

from xml.etree import ElementTree

import pytest

from pegan_jax.annotations import text_files
from pegan_jax.common.errors import UserError

TEXT = 'öl fleck\n酸洗\n'
XML = '<?xml version="1.0" encoding="{}"?>\n<name>{}</name>\n'


def _read(tmp_path, data):
  (tmp_path / 'a.txt').write_bytes(data)
  return text_files.read(tmp_path / 'a.txt')


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16', 'utf-32'])
def test_what_a_byte_order_mark_names(tmp_path, encoding):
  assert _read(tmp_path, TEXT.encode(encoding)) == TEXT


def test_what_a_mark_of_the_other_order_names(tmp_path):
  assert _read(tmp_path, ('\ufeff' + TEXT).encode('utf-16-be')) == TEXT


@pytest.mark.parametrize('encoding, name', [
    ('utf-8', '酸洗'), ('UTF-8', 'öl'), ('GBK', '酸洗'), ('gb2312', '酸洗'), ('gb2312', '镕'),
    ('gb18030', '酸洗'), ('big5', '酸洗'), ('shift_jis', '酸洗'), ('euc-kr', '산세'),
    ('windows-1252', 'öl €'), ('cp1252', 'öl'), ('iso-8859-1', 'öl'),
    ('koi8-r', 'ржавчина')])
def test_what_the_first_line_of_xml_names(tmp_path, encoding, name):
  data = XML.format(encoding, name).encode('gbk' if name == '镕' else encoding)
  assert ElementTree.fromstring(_read(tmp_path, data)).text == name


def test_xml_of_bytes_that_says_utf_16(tmp_path):
  """As .NET writes it, from text in memory to a UTF-8 file."""
  data = XML.format('utf-16', '酸洗').encode()
  assert ElementTree.fromstring(_read(tmp_path, data)).text == '酸洗'


@pytest.mark.parametrize('data, words', [
    (TEXT.encode('gbk', 'replace'), 'is not UTF-8 text: save it'),
    ('öl'.encode('cp1252'), 'is not UTF-8 text: save it'),
    (XML.format('UTF-8', '酸洗').encode('gbk'), 'is not UTF-8 text, as it says'),
    (XML.format('klingon', 'a').encode(), 'is not KLINGON text, as it says'),
    ('0 0.5 0.5 0.1 0.1'.encode('utf-16-le'), 'zero bytes'),
    (b'\xff\xfea', 'is not UTF-16 text, as it says')])
def test_what_no_one_names_is_refused(tmp_path, data, words):
  with pytest.raises(UserError, match=f'a.txt .*{words}'):
    _read(tmp_path, data)


def test_lines_of_every_system_end_alike(tmp_path):
  assert _read(tmp_path, b'a\r\nb\rc\n') == 'a\nb\nc\n'


def test_a_missing_file_is_named(tmp_path):
  with pytest.raises(UserError, match='b.txt cannot be read: No such file'):
    text_files.read(tmp_path / 'b.txt')


@pytest.mark.parametrize('text, is_of_images', [
    ('crack\npit 2\n', False), ('0\n1\n2\n3\n4\n', False), ('crack:255,0,0::\n', False),
    ('{"crack": [255, 0, 0], "pit": [0, 255, 0]}', False), ('1.png crack\n', True),
    ('1 12.5 6.1 0.4 30\n', True), ('{"1": [[0.1,\n0.2,\n0.3,\n0.4]]}', True)])
def test_names_of_classes_are_told_from_lists_of_images(tmp_path, text, is_of_images):
  (tmp_path / 'labels.txt').write_text(text)
  assert text_files.is_of_images(tmp_path / 'labels.txt') == is_of_images
