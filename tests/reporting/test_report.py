"""The page of a run: what it shows, and what it says is missing."""

import csv
import html.parser
import json
import re
import shlex
import shutil

import numpy as np
import pytest

from conftest import PixelExtractor
from data_prep.images import reading
from pegan_jax import main
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset, manifest
from pegan_jax.metrics import copies, table
from pegan_jax.reporting import commands, curves, inline, nearest, words
from pegan_jax.reporting.report import _STAGES, PARTS, report
from pegan_jax.reporting.source import Source
from pegan_jax.runs import own_settings
from reporting.pages import made, ODD, page, run  # noqa: F401

pytestmark = [
    pytest.mark.usefixtures('pixel_features', 'traced_once'),
    # ml_collections loads configs in a way that Python is about to give up.
    pytest.mark.filterwarnings(r'ignore:the load_module\(\) method')]


def test_every_part_has_its_stage():
  assert sorted(_STAGES) == sorted(PARTS)


class _Page(html.parser.HTMLParser):
  """The elements of a page: tags with attributes, rows of cells, texts by section."""

  def __init__(self, text):
    super().__init__()
    self.tags, self.rows, self.texts, self._in, self._cell = [], [], {}, '', None
    self.feed(text)
    self.close()

  def handle_starttag(self, tag, attrs):
    self.tags.append((tag, dict(attrs)))
    self._in = dict(attrs).get('id', self._in) if tag == 'section' else self._in
    if tag == 'tr':
      self.rows.append([])
    elif tag in ('th', 'td'):
      self.rows[-1].append('')
      self._cell = True

  def handle_endtag(self, tag):
    self._cell = None if tag in ('th', 'td') else self._cell
    self._in = '' if tag == 'section' else self._in

  def handle_data(self, data):
    self.texts[self._in] = self.texts.get(self._in, '') + data
    if self._cell:
      self.rows[-1][-1] += data

  def count(self, tag):
    return sum(name == tag for name, _ in self.tags)


def _parsed(path):
  return _Page(path.read_text('utf-8'))


def _text(path):
  return ' '.join(' '.join(_parsed(path).texts.values()).split())


def test_every_part_is_there_and_nothing_is_fetched(page):
  found, text = _parsed(page), page.read_text('utf-8')
  assert list(found.texts) == ['', *PARTS]
  for name, attributes in found.tags:
    for key in ('src', 'href', 'srcset', 'data', 'action'):
      value = attributes.get(key, '#')
      assert value.startswith(('data:image/png', 'data:image/webp', '#')), (name, value)
  assert not re.search(r'https?://|@import|url\(', text)
  assert 'problem' not in {a.get('class') for n, a in found.tags if n == 'p'} - {
      'problem'} and found.texts['curves'].count('hardly depends') == 1
  assert "default-src 'none'" in text


def test_names_from_outside_stay_text(page):
  found = _parsed(page)
  assert found.count('script') == 1  # Ours.
  assert ODD in found.texts['samples'] and ODD in found.texts['data_set']
  assert f'alt="generated {ODD}' not in page.read_text('utf-8')


def test_figures_are_those_of_the_report(page, made):
  kept = json.loads((made[1] / 'evaluation' / '2' / 'report.json').read_text())
  rows = {row[0].split(' (')[0].split('\n')[0]: row for row in _parsed(page).rows if row}
  for figure in table.FIGURES:
    if figure.name not in kept['pooled']:
      continue
    row = next(row for title, row in rows.items() if title.startswith(figure.title))
    for part, value, floor in ((kept, 1, 2), (kept['held_out'], 3, 4)):
      f = part['mean'][figure.name]
      assert row[value].split()[0] == table.number(f['value']), figure.name
      assert f'[{table.number(f["low"])} to {table.number(f["high"])}]' in row[value]
      assert row[floor] == ('–' if f['floor'] is None else
                            f'{table.number(f["floor_low"])} to '
                            f'{table.number(f["floor_high"])}')
      assert words.standing(figure, f).text in row[value]
  for name in (ODD, 'sc'):
    found = [row for row in _parsed(page).rows if row[0] == name and len(row) == 6
             and '.' in row[1]]
    assert [row[1].split()[0] for row in found] == [
        table.number(part['classes'][name]['kid']['value_at_floor_n'])
        for part in (kept, kept['held_out'])]


def test_the_data_set_and_the_study_are_as_kept(page, made):
  audit = json.loads((made[1].parent / 'data' / 'audit.json').read_text())
  rows = _parsed(page).rows
  for name in (ODD, 'sc'):
    kind, = audit['annotations'][name]
    assert kind == 'none'
    assert [name, *(str(audit['counts'][x][name]) for x in ('train', 'test')), '–', '–',
            str(audit['annotations'][name]['none'])] in rows
  found = _parsed(page).texts
  assert 'A plain random split would have put into train' in found['data_set']
  study = json.loads((made[1] / 'study' / 'study.json').read_text())
  arm = study['fractions']['1']['arms']['augmented+generated']
  assert arm['against']['augmented']['verdict'] == 'no evidence'
  for name in ('', 'study'):
    assert 'generated: no evidence that it adds to classical augmentation' in found[name]
  assert 'Test on new pieces' in found[''] and "--classes '<script>,sc'" in found['']
  assert 'Too few: groups of test images, 3 of pa: an interval from' in found['study']
  percent = f"{100 * arm['accuracy']['value']:.1f}%"
  row, = [row for row in rows if row[0] == arm['title']]
  assert row[1].startswith(percent) and 'NO EVIDENCE' in found['study']


def test_the_nearest_is_found_as_the_copy_check_does(made):
  config, info = made[0], dataset.load_info(made[0].data_dir)
  records = dataset.Records(info, 'train')
  indices = records.find(1)
  real = records.images(indices)
  shown = np.stack([real[2], 255 - real[0]])
  first, second = nearest.find(config, info, {'sc': shown})['sc']
  extract = PixelExtractor()
  of, distance = copies.nearest(extract(real), extract(shown))
  assert of[0] == 2 and first['distance'] == 0 < second['distance'] == distance[1]
  assert [first['name'], second['name']] == records.sources(indices[of])
  assert first['threshold'] == copies.threshold(extract(real))
  assert first['src'] == inline.image(real[2])


def test_a_copy_is_called_one(run):
  config, workdir = run
  records = dataset.Records(dataset.load_info(config.data_dir), 'train')
  image = records.images(records.find(1)[:1])[0]
  (workdir / 'generated' / 'sc' / '00000.png').write_bytes(reading.encode_png(image))
  text = _text(report(config, workdir))
  assert ('as a network sees them: 0; 0 is the same image. '
          'As like as a copy: a copy differs by ') in text
  assert 'like a copy' in text
  config.report.nearest = False
  assert 'copy:' not in _text(report(config, workdir)).lower()


def test_what_was_not_made_is_said_with_its_command(made, tmp_path, capsys):
  config, workdir = made
  (tmp_path / 'new').mkdir()
  found = _parsed(report(config, tmp_path / 'new'))
  assert list(found.texts) == ['', 'data_set', 'commands', 'missing']
  text = ' '.join(found.texts['missing'].split())
  modes = ['train', 'generate', 'evaluate', 'study']
  for said in (text, capsys.readouterr().out):
    assert re.findall(r'--mode (\w+) --workdir ', said) == modes
  assert 'Nothing was trained here yet.' in found.texts['']
  (tmp_path / 'run').mkdir()
  for name in ('config.json', 'metrics.jsonl', 'generated', 'generated_annotations'):
    copy = shutil.copytree if (workdir / name).is_dir() else shutil.copy
    copy(workdir / name, tmp_path / 'run' / name)
  found = _parsed(report(config, tmp_path / 'run'))
  assert {'samples', 'curves'} < set(found.texts) and 'quality' not in found.texts
  assert 'how close they are to real ones was not measured yet' in found.texts['']


def test_nothing_to_report_on(made, tmp_path):
  config = made[0].copy_and_resolve_references()
  with pytest.raises(UserError, match='there is no folder'):
    report(config, tmp_path / 'none')
  config.data_dir = str(tmp_path / 'data')
  with pytest.raises(UserError, match='no data set at .* and no run in'):
    report(config, tmp_path)
  config.report.study = str(tmp_path)
  with pytest.raises(UserError, match='no study.json in'):
    report(config, made[1])
  config.report.per_class = 0
  with pytest.raises(UserError, match='report.per_class is 0'):
    report(config, made[1])


@pytest.mark.parametrize('name, content, words_said', [
    ('evaluation/2/report.json', '{"protocol": {', 'report.json is damaged'),
    ('evaluation/2/report.json', None, 'its files are damaged or of another version'),
    ('generated/manifest.csv', 'file,class\n../../x.png,sc\n', 'is in another folder'),
    ('generated/manifest.csv', 'a,b\n', 'is no manifest of --mode generate'),
    ('generated/sc/00000.png', 'no image', '00000.png'),
    ('study/study.json', '[]', 'study.json is damaged'),
    ('study/study.png', 'no image', 'study.png cannot be read'),
    ('samples/0000002_production.png', '', '0000002_production.png cannot be read')])
def test_a_damaged_file_costs_its_own_part_alone(name, content, words_said, run, capsys):
  config, workdir = run
  if content is None:  # JSON of ours, and less than there should be.
    kept = json.loads((workdir / name).read_text())
    del kept['mean']['kid']['floor']
    content = json.dumps(kept)
  (workdir / name).write_text(content)
  config.report.nearest = False
  path = report(config, workdir)
  said = ' '.join([_text(path), *capsys.readouterr().err.split()])
  assert words_said in ' '.join(said.split()) and 'Traceback' not in said
  assert len(_parsed(path).texts) == 1 + len(PARTS)


def test_a_damaged_data_set_costs_its_own_part_alone(run, tmp_path):
  config, workdir = run
  shutil.copytree(config.data_dir, tmp_path / 'data')
  config.data_dir = str(tmp_path / 'data')
  (tmp_path / 'data' / 'audit.json').write_text('{}')
  assert 'audit.json is damaged' in _text(report(config, workdir))
  (tmp_path / 'data' / 'dataset_info.json').write_text('{')
  text = _text(report(config, workdir))
  assert 'dataset_info.json is damaged' in text and 'Real crops are not shown' in text
  shutil.rmtree(tmp_path / 'data')
  text = _text(report(config, workdir))
  assert 'there is no data set at' in text and '--mode data' not in text


@pytest.mark.parametrize('place', ['run/paste', 'elsewhere'])
def test_pasted_images_are_shown_beside(run, tmp_path, place):
  """Those of the run in the run's folder, or those that the study took."""
  config, workdir = run
  for name in ('generated', 'generated_annotations'):
    shutil.copytree(workdir / name, tmp_path / place / name)
  path = tmp_path / place / 'generated'
  with (path / 'manifest.csv').open(newline='') as file:
    rows = list(csv.DictReader(file))
  rows[0] |= {'accepted': 'no', 'tries': 5, 'reasons': 'odd'}
  for row in rows:
    row['size'] = '1.44' if row['class'] == rows[0]['class'] else ''
  manifest.write(path, manifest.CROPS, rows)
  noted = {'method': 'paste', 'data_dir': 'x'}
  (tmp_path / place / 'config.json').write_text(json.dumps(noted))
  if place == 'elsewhere':
    study = json.loads((workdir / 'study' / 'study.json').read_text())
    study['protocol']['generated'] = [str(workdir / 'generated'), str(path)]
    (workdir / 'study' / 'study.json').write_text(json.dumps(study))
  found = _parsed(report(config, workdir))
  alts = [a.get('alt', '') for name, a in found.tags if name == 'img']
  assert sum(x.startswith('pasted ') for x in alts) == 2 * config.report.per_class
  assert ('no training: 0 of 1 accepted; 1.44 times as large as asked for, by the median'
          in found.texts['samples'])
  assert found.texts['samples'].count('as large as') == 1
  assert f'without any training ({path})' in found.texts['samples']
  assert f'--workdir {tmp_path / place} --config paste' in found.texts['commands']
  config.method = 'paste'
  text = _text(report(config, workdir))
  assert 'Pasted, with no training' not in text and 'checkpoint of step' not in text
  assert 'The pasted images' in text and 'Generated' not in text
  config.method = 'pegan'
  (path / 'manifest.csv').write_text('')
  assert 'Pasted defects are not shown: ' in _text(report(config, workdir))
  shutil.rmtree(path)  # As before they are made: nothing lacks.
  assert 'Pasted defects are not shown: ' not in _text(report(config, workdir))


def test_the_commands_give_the_run_its_settings(made):
  noted = own_settings.read(made[1])
  name, flags = commands.train_flags(noted)
  argv = shlex.split(' '.join([f'--config {name} --workdir w', *flags]))
  parsed = main.parse(argv).config.to_dict()
  assert json.loads(json.dumps(parsed)) == {
      key: value for key, value in noted.items() if key != 'dataset'}
  found = commands.collect(Source(*made))
  by_stage = {x['stage']: x['command'] for x in found['commands']}
  assert list(by_stage) == ['data set', 'training', 'generated images', 'evaluation',
                            'study', 'this page']
  assert '--defects DEFECTS --clean CLEAN' in by_stage['data set']
  assert '--per_class 0 ' in by_stage['data set'] + ' '
  assert 'report.per_class=3' in by_stage['this page']
  # As the run's own, all of it.
  assert by_stage['generated images'].endswith(str(made[1]))
  assert dict(found['facts'])['data fingerprint'] == dataset.load_info(
      made[0].data_dir).content
  assert len(found['dates']) == 5


def test_curves_by_hand(run):
  _, workdir = run
  part = curves.collect(Source(*run))
  panel, = part['panels']  # Neither KID nor norms were logged.
  assert [line['name'] for line in panel['lines']] == ['generator', 'discriminator']
  # From 3 at the top to -1 at the bottom.
  ends = [tuple(map(float, p.split(','))) for p in panel['lines'][0]['points'].split()]
  tick = {float(t['text']): t['y'] for t in panel['ticks']}
  assert ends[0] == (panel['left'], tick[3]) and ends[-1][1] == tick[1]
  assert panel['lines'][1]['last'] == '0.5' and list(tick) == [-1, 0, 1, 2, 3]
  assert part['alarms'] == ['the output hardly depends on the class']
  assert [grid['step'] for grid in part['grids']] == [0, 2]
  (workdir / 'metrics.jsonl').write_text('{"step": 1}\nno line\n')
  assert curves.collect(Source(*run))['panels'] == []
