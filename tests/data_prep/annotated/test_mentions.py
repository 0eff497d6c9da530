"""Tests of prose and office programs' tables that name images."""

import zipfile

import pytest

from data_prep.annotated import reasons
from handmade import make, read, voc


def _xlsx(path, text, encrypted=False):
  with zipfile.ZipFile(path, 'w') as archive:
    archive.writestr('xl/sharedStrings.xml', f'<sst><si><t>{text}</t></si></sst>')
    archive.writestr('xl/media/image1.png', b'good.jpg')
  if encrypted:
    path.write_bytes(path.read_bytes()[:-30])


@pytest.mark.parametrize('name, content, is_told', [
    ('README.md', '- good/2.JPG shows a scratch', True), ('README.md', 'good parts', False),
    ('protocol.html', '<td>2.jpg</td><td>NOK</td>', True),
    ('Befunde.xlsx', lambda path: _xlsx(path, '2.jpg'), True),
    ('Befunde.xlsx', lambda path: _xlsx(path, 'good.jpg'), False),
    ('Befunde.xlsx', lambda path: _xlsx(path, '2.jpg', True), False),
    ('Befunde.docx', lambda path: path.write_bytes(b'2.jpg'), False)])
@pytest.mark.parametrize('marked', [{}, {'c/0.jpg': None, 'c/0.xml': voc()}])
def test_they_are_noted_where_they_name_one(tmp_path, name, content, is_told, marked):
  make(tmp_path, {f'{of}/{k}.jpg': None for of in ('crack', 'good') for k in range(4)}
       | marked | {name: content})
  assert read(tmp_path).noted.get(reasons.SPEAK, []) == [tmp_path / name] * is_told
