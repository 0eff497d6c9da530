"""The comparison: figures over seeds, and the command from training to table."""

import json
import shutil

import numpy as np
import pytest
from scipy import stats

from configs import compare as compare_config
from conftest import assert_drawn, PixelExtractor
from data_prep import build
from pegan_jax import compare as compare_lib
from pegan_jax.common import files
from pegan_jax.common.errors import UserError
from pegan_jax.compare import compare
from pegan_jax.data import dataset
from pegan_jax.metrics import chart, comparison, features, match

pytestmark = pytest.mark.usefixtures('traced_once')


def test_differences_against_the_two_sample_t_test():
  values = {'a': [1.0, 1.2, 0.9], 'b': [1.5, 1.4, 1.9]}
  pair, = comparison.differences(values)
  assert pair['methods'] == ['a', 'b']
  assert pair['difference'] == pytest.approx(np.mean(values['a'])
                                             - np.mean(values['b']))
  p = stats.ttest_ind(values['a'], values['b']).pvalue
  assert pair['larger'] == (p < 0.05)
  # Moved to where the test is at 5%, the difference is the noise.
  shift = pair['difference'] + pair['noise']
  p = stats.ttest_ind(values['a'], np.array(values['b']) + shift).pvalue
  assert p == pytest.approx(0.05, rel=1e-6)


def test_one_seed_has_no_noise():
  pair, = comparison.differences({'a': [1.0], 'b': [2.0]})
  assert pair['noise'] is None and pair['larger'] is None


def _report(fid, kid):
  def figure(value):
    return {'value': value, 'low': value - 1, 'high': value + 1, 'floor': 3.0,
            'n_real': 7, 'n_generated': 7}
  figures = {'fid': figure(fid), 'kid': figure(kid)}
  return {'report': {
      'protocol': {'network': 'net', 'weights_sha256': 'x' * 64, 'dim': 4,
                   'resize': 'bicubic', 'input_size': 8},
      'mean': figures, 'classes': {'pa': figures, 'sc': figures}},
          'seconds': 10.0 + fid, 'images_per_second': 5.0, 'reals': 100,
          'updates': 9, 'parameters': {'gen': 1234, 'disc': 5678}}


def test_the_table_averages_over_seeds_and_says_what_it_cannot_tell():
  table = comparison.build(
      {'pegan': {0: _report(10, 0.1), 1: _report(12, 0.3)},
       'dcgan': {0: _report(50, 0.2), 1: _report(52, 0.2)}},
      {'data': 'd', 'budget': '100 real images shown', 'image_size': 32, 'width': 1.0,
       'seeds': [0, 1], 'device': 'cpu'})
  fid = table['methods']['pegan']['mean']['fid']
  assert (fid['value'], fid['low'], fid['high']) == (11, 10, 12)
  assert fid['seeds'] == [10, 12]
  assert table['methods']['pegan']['seconds'] == 21
  text = comparison.to_markdown(table)
  assert '| pegan | 11.0 [10.0, 12.0] ± 1.414 |' in text
  assert 'pegan < dcgan (by 40.0)' in text  # FID
  # KID's means are the same.
  assert 'none do' in text
  assert '1,234 + 5,678' in text and '| floor | 3.000 |' in text


def test_the_table_of_methods_and_classes_that_lack_a_figure(tmp_path, blank_charts):
  reports = {seed: _report(10, 0.1 + seed) for seed in (0, 1)}
  for seed, run in reports.items():
    figures = dict(run['report']['mean'], region_kid={
        'value': 0.5 + seed, 'low': 0.0, 'high': 1.0, 'floor': 0.25, 'n_real': 5,
        'n_generated': 5})
    run['report'] |= {'mean': figures, 'held_out': {'mean': figures}}
    run['report']['classes'] |= {'sc': figures} if seed else {'sc': figures, 'pa': figures}
  table = comparison.build(
      {'dcgan': {0: _report(50, 0.2), 1: _report(52, 0.2)}, 'pegan': reports},
      {'data': 'd', 'budget': '100 real images shown', 'image_size': 32, 'width': 1.0,
       'seeds': [0, 1], 'device': 'cpu'})
  assert table['methods']['pegan']['mean']['region_kid']['seeds'] == [0.5, 1.5]
  # Of one seed alone.
  assert 'region_kid' not in table['methods']['pegan']['classes']['pa']
  assert table['differences']['region_kid'] == []
  text = comparison.to_markdown(table)
  part = text[text.index('Region KID by class'):].splitlines()
  assert part[4:7] == [
      '| pa | - | - | - |', '| sc | - | 1.000 [0.000, 1.000] | 0.250 |',
      '| mean, held-out crops (N = 5) | - | 1.000 [0.000, 1.000] | 0.250 |']
  assert '| floor | 3.000 | 3.000 | 0.250 |' in text
  comparison.draw(table, tmp_path / 'table.png')
  lone = comparison.build({'dcgan': {0: _report(50, 0.2)}}, table['protocol'])
  assert 'Region' not in comparison.to_markdown(lone) and len(lone['differences']) == 2


@pytest.fixture(scope='module')
def other_dir(enough_dir, tmp_path_factory):
  """The same images in another split."""
  folder, out = enough_dir.parent, tmp_path_factory.mktemp('other') / 'data'
  build.build(defects=folder / 'defects', clean=folder / 'raw' / 'clean', out=out,
              image_size=32, per_class=0, backgrounds=20, seed=1)
  return out


def _config(enough_dir):
  """The networks of `small_config`, which other tests compile too."""
  config = compare_config.get_config('small')
  config.data_dir = str(enough_dir)
  config.methods = ('dcgan', 'pegan')
  config.reals = 32
  config.width = 1 / 8
  config.per_class = 6
  config.evaluate.repeats = 2
  config.evaluate.count = 0
  config.settings = {'dcgan': {'batch_size': 4},
                     'pegan': {'batch_size': 4, 'n_critic': 1, 'num_blocks': 0}}
  return config


@pytest.fixture
def config(enough_dir):
  return _config(enough_dir)


@pytest.fixture(scope='module')
def compared(enough_dir, tmp_path_factory):
  """The folder of a comparison: read-only, `again` is for copies."""
  folder = tmp_path_factory.mktemp('compared')
  with pytest.MonkeyPatch.context() as m:
    m.setattr(features, 'load', lambda *_: PixelExtractor())
    # A report's own chart is drawn in test_evaluate.py; the table's is here.
    m.setattr(chart, 'draw', lambda _, path: path.touch())
    compare(_config(enough_dir), folder)
  return folder


@pytest.fixture
def again(compared, tmp_path, blank_charts):  # pylint: disable=unused-argument
  """A copy of a comparison that is done."""
  shutil.copytree(compared, tmp_path, dirs_exist_ok=True)
  return tmp_path


@pytest.mark.usefixtures('pixel_features')
def test_from_training_to_the_table_and_again(config, again, capsys):
  tmp_path = again
  table = json.loads((tmp_path / 'table.json').read_text('utf-8'))
  assert list(table['methods']) == ['dcgan', 'pegan']
  for method in table['methods'].values():
    assert method['updates'] == 4  # of 2 x 4 real images each
    assert method['reals'] == 32
    assert len(method['mean']['kid']['seeds']) == 2
    assert method['seconds'] > 0
    assert method['images_per_second'] > 0
  assert table['methods']['dcgan']['mean'].get('change') is None
  assert 'change' in table['methods']['pegan']['mean']
  for name in ('sheet.png', 'table.png'):
    assert_drawn(tmp_path / name)
  # Finished work is kept, and missing files are made again.
  before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob('*.png')
            if 'generated' in p.parts}
  assert len(before) == 2 * 2 * 2 * 6
  (tmp_path / 'table.md').unlink()
  (tmp_path / 'pegan' / 'seed1' / 'evaluation' / '4' / 'report.json').unlink()
  compare(config, tmp_path)
  assert capsys.readouterr().out.startswith('pixels')
  assert json.loads((tmp_path / 'table.json').read_text('utf-8')) == table
  assert (tmp_path / 'table.md').exists()
  assert all(p.stat().st_mtime_ns == t for p, t in before.items())
  # Another budget makes another comparison, refused before anything is done.
  for reals, steps in ((64, 8), (16, 2)):
    config.reals = reals
    with pytest.raises(UserError, match=f'num_steps is {steps}, was 4; put that back'):
      compare(config, tmp_path)


@pytest.mark.usefixtures('pixel_features')
@pytest.mark.parametrize('change, words', [
    ({'per_class': 7}, 'seed0 was begun with other settings: per_class is 7, was 6'),
    ({'settings.pegan.gen': {'learning_rate': 1e-3}},
     'pegan/seed0 was begun with other settings: gen.learning_rate is 0.001, was'),
    ({'data_dir': 'other'}, r'dcgan/seed0 was trained on the data set at [^ ]*, and the '
     r'one at [^ ]*other[^ ]* is given: dataset.content is not')])
def test_what_was_made_of_something_else_is_refused_by_name(
    config, again, other_dir, change, words, monkeypatch):
  monkeypatch.setattr(match, 'ensure', pytest.fail)  # It takes minutes.
  table = (again / 'table.json').read_bytes()
  if 'data_dir' in change:
    change = {'data_dir': str(other_dir)}
  with config.unlocked():
    config.update_from_flattened_dict(change)
  with pytest.raises(UserError, match=words):
    compare(config, again)
  assert (again / 'table.json').read_bytes() == table


@pytest.mark.usefixtures('pixel_features')
def test_reports_of_another_protocol_are_made_anew(config, again, monkeypatch):
  def figures():
    table = json.loads((again / 'table.json').read_text('utf-8'))
    return table['protocol'] | table['methods']['pegan']['mean']['kid']
  before = figures()
  config.evaluate.seed, config.evaluate.count = 3, 5
  compare(config, again)
  seeded = figures()
  assert (before['n_real'], seeded['n_real']) == (10, 5)
  assert seeded['value'] != before['value']

  class Other(PixelExtractor):  # Another ruler.
    def __call__(self, images, progress=None):
      return super().__call__(images, progress)[:, ::-1] * 2

    def protocol(self):
      return super().protocol() | {'network': 'others'}
  monkeypatch.setattr(features, 'load', lambda *_: Other())
  compare(config, again)
  assert figures()['network'] == 'others' and figures()['value'] != seeded['value']


@pytest.mark.usefixtures('pixel_features')
def test_a_report_that_is_cut_is_made_anew(config, again):
  path = again / 'pegan' / 'seed1' / 'evaluation' / '4' / 'report.json'
  whole = path.read_text('utf-8')
  path.write_text(whole[:len(whole) // 2], 'utf-8')
  compare(config, again)
  before, after = json.loads(whole), json.loads(path.read_text('utf-8'))
  for report in before, after:
    del report['protocol']['generated']  # Its path: this is a copy.
  assert after == before


@pytest.mark.usefixtures('pixel_features')
def test_a_run_that_is_being_evaluated_is_not_written_to(config, again):
  """--mode evaluate holds this lock; the missing report has to wait."""
  run = again / 'pegan' / 'seed1'
  (run / 'evaluation' / '4' / 'report.json').unlink()
  with files.locked(run, 'x', name='.evaluation.lock'):
    with pytest.raises(UserError, match='another process is evaluating .*pegan/seed1'):
      compare(config, again)
  assert not (run / 'evaluation' / '4' / 'report.json').exists()


@pytest.mark.usefixtures('pixel_features')
@pytest.mark.parametrize('content', ['', '{"step": 2, "time/seconds_per_step": 1.0}\n'])
def test_times_that_are_not_known_are_a_sentence(config, again, content):
  (again / 'pegan' / 'seed0' / 'metrics.jsonl').write_text(content)
  with pytest.raises(UserError, match='metrics.jsonl has no times after step [02] of 4'):
    compare(config, again)


@pytest.mark.usefixtures('pixel_features')
@pytest.mark.parametrize('key,value,words', [
    ('methods', ('pegan', 'pegan'), 'config.methods is'),
    ('methods', ('pegan', 'gan', 'dcgan'), "no method is called 'gan'"),
    ('per_class', 0, 'config.per_class is 0'),
    ('seeds', (-1,), 'config.seeds is -1'),
    ('settings', {'pegn': {}}, "no method is called 'pegn'"),
    ('seeds', (), 'config.seeds is'),
    ('reals', 3, 'one step of dcgan takes 8'),
    ('updates', -1, 'config.updates is -1'),
    ('settings', {'dcgan': {'widht': 1}}, 'config.settings.dcgan.*widht'),
    ('data_dir', '/nowhere', 'no data set'),
    ('evaluate.count', 60, 'evaluate.count is 60.*has 10 images of pa'),
])
def test_bad_settings_are_said_before_anything_is_trained(
    config, tmp_path, key, value, words):
  config.update_from_flattened_dict({key: value})
  with pytest.raises(UserError, match=words):
    compare(config, tmp_path)
  assert not list(tmp_path.iterdir())


def test_variants_of_a_method_are_named_and_checked(enough_dir):
  from pegan_jax import compare as lib
  config = compare_config.get_config('small')
  config.data_dir, config.reals = str(enough_dir), 400
  config.methods = ('pegan', 'pegan:wide')
  config.settings = {'pegan:wide': {'width': 0.5, 'gen': {'beta1': 0.25}}}
  info = lib.dataset.load_info(enough_dir)
  assert lib._methods(config) == config.methods
  plain, wide = (lib._run_config(config, info, m, 0) for m in config.methods)
  assert (plain.width, wide.width) == (0.25, 0.5)
  assert (wide.gen.beta1, wide.disc.beta1, wide.method) == (0.25, 0.9, 'pegan')
  assert plain.num_steps == wide.num_steps
  config.updates = 7
  assert lib._run_config(config, info, 'pegan:wide', 0).num_steps == 7
  for name, words in (('pegan:', 'METHOD:NAME'), ('pegan:a/b', 'METHOD:NAME'),
                      ('pegn:a', "'pegn'")):
    config.methods = (name,)
    config.settings = {}
    with pytest.raises(UserError, match=words):
      lib._methods(config)


def test_the_recipes_changes_fit_their_method(enough_dir):
  from configs import recipe
  from pegan_jax import compare as lib
  info = lib.dataset.load_info(enough_dir)
  for what in ('', 'plus', 'region', 'changes'):
    config = recipe.get_config(what)
    runs = [lib._run_config(config, info, m, 0) for m in lib._methods(config)]
    assert len({(r.width, r.batch_size) for r in runs}) == 1
  first, *changed = (r.to_dict() for r in runs)
  for name, run in zip(recipe.CHANGES, changed, strict=True):
    differing = {k for k in first if first[k] != run[k]}
    assert differing == set(recipe.CHANGES[name]), name  # and nothing else


def test_what_has_nothing_to_train_is_given_no_updates(config, boxed_dir):
  config.updates = 5
  info = dataset.load_info(boxed_dir)
  runs = {method: compare_lib._run_config(config, info, method, 3)
          for method in ('pegan', 'paste')}
  assert (runs['pegan'].num_steps, runs['paste'].num_steps) == (5, 0)
  assert runs['paste'].seed == 3 and runs['paste'].generate.per_class == 6
