"""What text of any kind says of images."""

import pathlib

import pytest

from data_prep.annotated import records

PATHS = [pathlib.Path(name) for name in ('a/1.png', 'b/1.png', 'b/2x.png')]
ONE, OTHER, SECOND = PATHS


@pytest.mark.parametrize('name, text, said', [
    ('a.json', '{"b/1.png": {"k": 1}, "2x.png": 2}', {OTHER: [{'k': 1}], SECOND: [2]}),
    ('a.json', '[{"f": "a\\\\1.png", "k": 1}, {"f": "2x.png"}]',
     {ONE: [{'f': 'a\\1.png', 'k': 1}], SECOND: [{'f': '2x.png'}]}),
    ('a.jsonl', '{"f": "2x.png"}\n{"f": "a/1.png"}', {ONE: [{'f': 'a/1.png'}],
                                                     SECOND: [{'f': '2x.png'}]}),
    ('a.json', '{"images": [{"id": 7, "f": "a/1.png"}, {"id": 8, "f": "2x.png"}], '
     '"annotations": [{"image_id": 8, "k": 1}]}', {
         ONE: [{'id': 7, 'f': 'a/1.png'}],
         SECOND: [{'id': 8, 'f': '2x.png'}, {'image_id': 8, 'k': 1}]}),
    ('a.xml', '<?xml version="1.0" encoding="gb2312"?><s><i f="2x.png"><k>1</k></i></s>',
     {SECOND: [{'i': {'f': '2x.png', 'k': '1'}}]}),
    ('a.yaml', '- {f: 2x.png, k: 1}', {SECOND: [{'f': '2x.png', 'k': '1'}]}),
    ('a.csv', 'f;k\n"2x.png";"1;2"\n1.png;3\n', {
        SECOND: [{'f': '2x.png', 'k': '1;2'}], ONE: [{'f': '1.png', 'k': '3'}],
        OTHER: [{'f': '1.png', 'k': '3'}]}),  # Of several one, all.
    ('a.csv', 'id,k\n2x,1\nb/1,3\n', {SECOND: [{'image': '2x', 'k': '1'}],
                                      OTHER: [{'image': 'b/1', 'k': '3'}]}),
    ('a.txt', 'a/1.png 1,2 3\n2x.png 4,5 6\n', {
        ONE: [{'': ['a/1.png', '1', '2 3']}], SECOND: [{'': ['2x.png', '4', '5 6']}]}),
    ('a.txt', '2x 1\n', {SECOND: [{'image': '2x', '': ['1']}]}),
    ('a.csv', 'epoch,loss\n1,0.5\n2,0.4\n', {}), ('a.json', '{"1": "crack"}', {}),
    ('a.csv', 'f,k\n2x.png,"' + '9' * 200000 + '"\n', {
        SECOND: [{'f': '2x.png', 'k': '9' * 200000}]}),
    ('a.yaml', '2x.png', {SECOND: [{'': ['2x.png']}]}),
    ('a.xml', '<a>2x.png</a>', {}), ('a.gz', 'no gzip', {}), ('a.json', '[' * 99999, {}),
    ('a.txt', '', {})])
def test_what_is_said_of_an_image(tmp_path, name, text, said):
  (tmp_path / name).write_text(text)
  assert records.of_images(records.tree(tmp_path / name), PATHS)[0] == said
