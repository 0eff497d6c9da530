"""The page of a run: what it shows, what it says is missing, and how a browser shows it."""

import html.parser
import json
import pathlib
import re
import shlex
import shutil
import subprocess

import numpy as np
from PIL import Image
import pytest

from conftest import blank_report, PixelExtractor, save_untrained, small_config
from data_prep import build
from data_prep.images import reading
from pegan_jax import main
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.generation.generate import generate
from pegan_jax.metrics import chart, copies, evaluate, features, kid, table
from pegan_jax.reporting import commands, curves, inline, nearest, words
from pegan_jax.reporting.report import report
from pegan_jax.reporting.source import Source
from pegan_jax.runs import own_settings

pytestmark = [
    pytest.mark.usefixtures('pixel_features', 'traced_once'),
    # ml_collections loads configs in a way that Python is about to give up.
    pytest.mark.filterwarnings(r'ignore:the load_module\(\) method')]

ODD = '<script>'  # A class's name: class names come from outside.
BROWSER = shutil.which('chromium') or shutil.which('google-chrome')


@pytest.fixture(scope='module')
def made(enough_dir, tmp_path_factory):
  """A run with every stage's result: (config, workdir); not to be changed."""
  folder = tmp_path_factory.mktemp('page')
  (folder / 'defects').mkdir()
  for name, source in ((ODD, 'pa'), ('sc', 'sc')):
    (folder / 'defects' / name).symlink_to(enough_dir.parent / 'defects' / source)
  build.build(defects=folder / 'defects', clean=enough_dir.parent / 'raw' / 'clean',
              out=folder / 'data', image_size=32, per_class=0, backgrounds=20)
  config, workdir = small_config(), folder / 'run'
  config.data_dir, config.num_steps = str(folder / 'data'), 2
  config.generate.per_class, config.evaluate.repeats = 5, 4
  config.report.per_class = 3
  save_untrained(config, workdir)
  with pytest.MonkeyPatch.context() as monkeypatch:
    monkeypatch.setattr(features, 'load', lambda *_: PixelExtractor())
    monkeypatch.setattr(chart, 'draw', blank_report)
    generate(config, workdir)
    evaluate.evaluate(config, workdir)
  saved = config.to_dict() | {'dataset': {'classes': [ODD, 'sc'], 'content': 'abc'}}
  (workdir / 'config.json').write_text(json.dumps(saved))
  (workdir / 'metrics.jsonl').write_text(''.join(json.dumps(x) + '\n' for x in (
      {'step': 1, 'gen/loss': 3.0, 'disc/loss': -1.0, 'alarm/class': 1.0},
      {'step': 2, 'gen/loss': 1.0, 'disc/loss': 0.5, 'alarm/class': 1.0,
       'alarm/noise': 0.0})))
  (workdir / 'samples').mkdir()
  for step in (0, 1, 2):
    Image.new('L', (40, 30), step).save(workdir / 'samples' / f'{step:07d}_production.png')
  (workdir / 'study').mkdir()
  study = json.loads(pathlib.Path('results/inspectors/generated/study.json').read_text())
  study['protocol']['test_images_of_classes'] = dict.fromkeys(study['classes'], 60)
  study['protocol']['test_groups_of_classes'] = {
      name: 3 if name == 'pa' else 30 for name in study['classes']}
  (workdir / 'study' / 'study.json').write_text(json.dumps(study))
  shutil.copy('results/inspectors/generated/study.png', workdir / 'study')
  return config.lock(), workdir


@pytest.fixture
def run(made, tmp_path):
  """The same, to be changed."""
  shutil.copytree(made[1], tmp_path / 'run')
  return made[0].copy_and_resolve_references(), tmp_path / 'run'


@pytest.fixture(scope='module')
def page(made):
  with pytest.MonkeyPatch.context() as monkeypatch:
    monkeypatch.setattr(features, 'load', lambda *_: PixelExtractor())
    return report(*made)


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
  assert list(found.texts) == ['', 'samples', 'quality', 'study', 'data_set', 'curves',
                               'commands']
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
    found = [row for row in _parsed(page).rows if row[0] == name and len(row) == 4]
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
  assert 'Too few groups of test images, 3 of pa: an interval from' in found['study']
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
  assert 'Distance of their features 0. As near as a copy' in text
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
  assert len(_parsed(path).texts) == 7


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


KID, = kid.METRIC.figures


def _figure(value, low, high, floor, least, most, there=None):
  return {'value': value, 'low': low, 'high': high, 'floor': floor, 'floor_low': least,
          'floor_high': most, 'value_at_floor_n': value if there is None else there}


@pytest.mark.parametrize('figure, values, kind, text', [
    (KID, (.02, .01, .03, .01, .005, .02), words.SAME, 'cannot be told from real crops'),
    (KID, (.03, .015, .05, .01, .005, .02), words.UNSURE, 'not for certain'),
    (KID, (.05, .03, .07, .01, .005, .02), words.WORSE, '2.5 times the most'),
    (KID, (9, 8, 10, .01, .005, .02), words.WORSE, 'over 100 times the most'),
    (KID, (.05, .03, .07, -.01, -.02, 0.), words.WORSE, 'above what real crops score'),
    (KID, (.001, 0, .01, .01, .005, .02), words.BETTER, 'below what real crops score'),
    # At the floor's N, where the interval goes with it.
    (KID, (.05, .04, .06, .01, .005, .02, .02), words.SAME, 'cannot be told'),
    (KID, (.01, -.02, .03, .01, .005, .02, .04), words.UNSURE, 'not for certain'),
    ('precision', (.4, .3, .5, .9, .8, 1.), words.WORSE, '50% of the least'),
    ('precision', (.7, .6, .85, .9, .8, 1.), words.UNSURE, 'below what real crops'),
    ('recall', (.99, .9, 1., .9, .8, .95), words.BETTER, 'above what real crops'),
    ('diversity', (8, 7.9, 8.1, 10, 9.9, 10.1), words.WORSE, '80% of what real crops'),
    ('diversity', (9.8, 9, 10.6, 10, 9.9, 10.1), words.UNSURE, '98% of what real'),
    ('diversity', (10, 9, 11, 10, 9.9, 10.1), words.SAME, 'cannot be told')])
def test_words_by_hand(figure, values, kind, text):
  figure = next((f for f in table.FIGURES if f.name == figure), figure)
  found = words.standing(figure, _figure(*values))
  assert found.kind == kind and text in found.text


def test_every_figure_is_explained():
  assert {f.name for f in table.FIGURES} == words.MEANING.keys()
  assert words.standing(KID, {'floor': None}) == words.Standing('', '')


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


def test_images_are_exact_or_small(tmp_path):
  rng = np.random.default_rng(0)
  noise = rng.integers(0, 256, (64, 64, 1), np.uint8)
  # The worst that 9 classes x 12 can be: samples, real crops, nearest ones and masks.
  each = 3 * len(inline.image(noise)) + 2 * len(inline.mask(noise[..., 0]))
  # A sample's own image and mask are there once more, for the click.
  each += len(inline.image(noise)) + len(inline.mask(noise[..., 0]))
  assert 9 * 12 * each < 5 * 2**20
  Image.fromarray(rng.integers(0, 256, (900, 900), np.uint8)).save(tmp_path / 'x.png')
  src, width, height = inline.file(tmp_path / 'x.png')
  assert src.startswith('data:image/webp') and (width, height) == (900, 900)
  assert len(src) < (tmp_path / 'x.png').stat().st_size
  assert inline.image(np.zeros((200, 200, 3), np.uint8)).startswith('data:image/webp')


# What a reader does, and what he then sees; its answer is read out of the page.
_READER = '''
<script>
addEventListener('load', () => {
  const seen = selector => [...document.querySelectorAll(selector)].filter(
      x => getComputedStyle(x).display !== 'none').length;
  const found = {width: innerWidth,
                 dark: matchMedia('(prefers-color-scheme: dark)').matches,
                 back: getComputedStyle(document.body).backgroundColor};
  const root = document.documentElement;
  found.overflow = root.scrollWidth - root.clientWidth;
  found.masks = [seen('.classes .mask')];
  document.getElementById('show-masks').click();
  found.masks.push(seen('.classes .mask'));
  found.boxes = [seen('.classes rect:not(.asked)')];
  document.getElementById('show-boxes').click();
  found.boxes.push(seen('.classes rect:not(.asked)'));
  const dialog = document.querySelector('dialog');
  found.open = [dialog.open];
  document.querySelector('.sample button').click();
  found.open.push(dialog.open);
  found.pair = [...dialog.querySelectorAll('.pair .image')].map(
      x => x.getBoundingClientRect().width);
  const box = dialog.getBoundingClientRect();
  found.inside = box.left >= 0 && box.right <= innerWidth;
  found.broken = [...document.images].filter(x => x.complete && !x.naturalWidth).length;
  dialog.querySelector('.close').click();
  found.open.push(dialog.open);
  parent.postMessage(JSON.stringify(found), '*');
});
</script>'''


@pytest.mark.skipif(not BROWSER, reason='no Chromium here')
@pytest.mark.parametrize('width, dark', [(390, False), (390, True), (1280, False),
                                         (1280, True)])
def test_a_browser_shows_it(page, width, dark, tmp_path):
  text = page.read_text('utf-8')
  (tmp_path / 'page.html').write_text(
      text.replace('</body>', f'{_READER}</body>'), 'utf-8')
  frame = tmp_path / 'frame.html'  # Chromium's own windows are 500 pixels wide or more.
  frame.write_text(f'<iframe src=page.html width={width} height=900 frameborder=0></iframe>'
                   '<script>onmessage = e => { document.title = e.data; }</script>')
  done = subprocess.run(
      [BROWSER, '--headless', '--no-sandbox', '--disable-gpu', '--enable-logging=stderr',
       f'--user-data-dir={tmp_path / "profile"}', '--window-size=1400,1000',
       f'--blink-settings=preferredColorScheme={0 if dark else 1}',
       '--virtual-time-budget=5000', '--dump-dom', f'file://{frame}'],
      capture_output=True, text=True, timeout=120, check=True)
  assert 'CONSOLE' not in done.stderr, done.stderr
  title = re.search(r'<title>(.*?)</title>', done.stdout)[1]
  found = json.loads(html.unescape(title))
  assert (found['width'], found['dark']) == (width, dark)
  assert (found['back'] == 'rgb(255, 255, 255)') != dark
  assert found['overflow'] <= 0 and found['inside'] and not found['broken']
  assert found['masks'][0] == 0 < found['masks'][1]
  assert found['boxes'][1] == 0 < found['boxes'][0]
  assert found['open'] == [False, True, False]
  # Four times as large, where there is room.
  assert found['pair'] == [128, 128]
