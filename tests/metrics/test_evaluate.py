"""--mode evaluate: a checkpoint's samples against train and test."""

import json
import re
import shutil

import numpy as np
from PIL import Image
import pytest

from configs import pegan
from conftest import assert_drawn, manifest_rows, untrained
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.generation.generate import generate
from pegan_jax.metrics import __main__ as command, intervals, origins, region_crops, sets
from pegan_jax.metrics.evaluate import check_count, evaluate

pytestmark = pytest.mark.usefixtures('pixel_features', 'traced_once')


@pytest.fixture(scope='module')
def trained(enough_dir, tmp_path_factory):
  """Step 2 of an untrained run, on a data set with enough images to halve."""
  from conftest import save_untrained, small_config
  folder = tmp_path_factory.mktemp('evaluate')
  config = small_config()
  config.data_dir = str(enough_dir)
  config.num_steps = 2
  config.generate.per_class = 12
  config.evaluate.repeats = 4
  save_untrained(config, folder / 'run')
  return config, folder / 'run'


def test_report_of_a_checkpoint(trained, capsys):
  config, workdir = trained
  out = evaluate(config, workdir)
  assert out == workdir / 'evaluation' / '2'
  report = json.loads((out / 'report.json').read_text('utf-8'))
  assert len(report['classes']) == 2
  assert report['protocol']['step'] == 2
  assert report['protocol']['network'] == 'pixels'
  assert 'change' in report['mean'] and 'label_fidelity' in report['mean']
  assert not re.search(  # Nothing is annotated.
      'region.kid', json.dumps(report), re.IGNORECASE)
  assert (report['held_out']['mean']['fid']['n_real']
          < report['mean']['fid']['n_real'])
  assert 'Against held-out images' in capsys.readouterr().out
  assert_drawn(out / 'report.png')


@pytest.mark.usefixtures('blank_charts')
def test_some_classes_as_they_are_among_all(trained, tmp_path):
  """From the checkpoint, and from the folder of the classes that were generated."""
  config, workdir = trained
  full = json.loads((evaluate(config, workdir) / 'report.json').read_text('utf-8'))
  config = config.copy_and_resolve_references()
  config.generate.classes = 'sc'
  direct = json.loads((evaluate(config, workdir) / 'report.json').read_text('utf-8'))
  config.generate.out = str(tmp_path / 'generated')
  generate(config, workdir)
  assert command.main([config.data_dir, config.generate.out, '--repeats', '4',
                       '--json', str(tmp_path / 'r.json')]) == 0
  written = json.loads((tmp_path / 'r.json').read_text('utf-8'))
  for report in (direct, direct['held_out'], written, written['held_out']):
    assert list(report['classes']) == ['sc']
    assert 'nothing was generated of' in report['warnings'][0]
  for name, figure in direct['classes']['sc'].items():
    assert figure['value'] == full['classes']['sc'][name]['value'], name
  config.generate.classes = 'sc,odd'
  with pytest.raises(UserError, match="has 'odd'"):
    evaluate(config, workdir)


@pytest.mark.usefixtures('blank_charts')
def test_command_on_what_generate_wrote_gives_the_same_figures(
    trained, tmp_path, capsys):
  """From PNG files and the manifest, as from the checkpoint."""
  config, workdir = trained
  config = config.copy_and_resolve_references()
  config.evaluate.count = 4
  out = evaluate(config, workdir)
  direct = json.loads((out / 'report.json').read_text('utf-8'))
  config.generate.per_class = 4
  config.generate.out = str(tmp_path / 'generated')
  generate(config, workdir)
  assert command.main([config.data_dir, str(tmp_path / 'generated'), '--count',
                       '4', '--repeats', '4', '--json',
                       str(tmp_path / 'r.json')]) == 0
  written = json.loads((tmp_path / 'r.json').read_text('utf-8'))
  for part in ('classes', 'mean', 'pooled'):
    assert written[part] == direct[part]
  assert written['held_out'] == direct['held_out']
  assert 'Change' in capsys.readouterr().out


@pytest.mark.parametrize('method', ['pegan_region', 'pegan'])
@pytest.mark.usefixtures('blank_charts')
def test_region_kid_on_annotated_data(boxed_dir, tmp_path, method):
  """At the regions asked for, or at what is visible; from the folder as well."""
  config, workdir = untrained(method, boxed_dir, tmp_path / 'run', 1)
  with config.unlocked():
    config.evaluate.repeats, config.generate.tries = 2, 0
    config.evaluate.count = config.generate.per_class = 6
    config.generate.min_area = 1
  out = evaluate(config, workdir)
  report = json.loads((out / 'report.json').read_text('utf-8'))
  made = generate(config, workdir)
  found = region_crops.of_folder(sets.open_folder(made, 'generated'))
  assert region_crops.count(found) == sum(
      v['region_kid']['n_generated'] for v in report['classes'].values()) > 6
  # Crops of 32 are whole images at this size.
  assert report['mean']['region_kid']['n_real'] == 6
  assert command.main([config.data_dir, str(made), '--count', '6', '--repeats', '2',
                       '--json', str(tmp_path / 'r.json')]) == 0
  written = json.loads((tmp_path / 'r.json').read_text('utf-8'))
  for part in ('classes', 'mean', 'pooled', 'held_out', 'warnings'):
    assert written[part] == report[part], part
  if method == 'pegan':  # Its boxes are of images of their own size alone.
    for path in made.rglob('*.png'):
      Image.open(path).resize((64, 64)).save(path)
    for size in ('16', '32'):
      assert command.main([config.data_dir, str(made), '--image_size', size, '--repeats',
                           '2', '--json', str(tmp_path / 'r.json')]) == 0
      assert 'region' not in (tmp_path / 'r.json').read_text('utf-8').replace(
          str(tmp_path), '')
  # A report of a version without this figure is made again.
  del report['mean']['region_kid'], report['provenance']['evaluate']['region_crops']
  (out / 'report.json').write_text(json.dumps(report))
  evaluate(config, workdir)
  assert 'region_kid' in json.loads((out / 'report.json').read_text('utf-8'))['mean']


def test_change_is_measured_against_the_own_background(trained, tmp_path):
  """A folder of the backgrounds themselves, and of the same 50 levels darker."""
  config, workdir = trained
  config = config.copy_and_resolve_references()
  config.generate.out = str(tmp_path / 'generated')
  generate(config, workdir)
  info = dataset.load_info(config.data_dir)
  records = dataset.Records(info, 'train')
  found = records.find(info.background)
  clean = dict(zip(records.sources(found), records.images(found)))
  rows = manifest_rows(tmp_path / 'generated')
  for row in rows:
    file, label, background = row['file'], row['class'], row['background']
    pixels = clean[background][..., 0].astype(int)
    if label != info.classes[0]:
      pixels = np.where(pixels >= 50, pixels - 50, pixels + 50)
    Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / 'generated' / file)
  changes = origins.changes(
      info, sets.open_folder(tmp_path / 'generated', 'generated'))
  np.testing.assert_array_equal(changes[info.classes[0]],
                                np.tile([0.0, 1.0], (12, 1)))
  for label in info.classes[1:]:
    np.testing.assert_array_equal(changes[label],
                                  np.tile([50.0, 0.0], (12, 1)))


def test_change_is_not_known_on_backgrounds_of_the_same_names(trained, tmp_path, capsys):
  """Where provenance.json says that they were files, or another data set's."""
  config, workdir = trained
  config = config.copy_and_resolve_references()
  config.generate.per_class = 4
  info = dataset.load_info(config.data_dir)
  config.generate.out = str(tmp_path / 'on_files')
  config.generate.backgrounds = str(info.folder.parent / 'raw' / 'clean')
  on_files = generate(config, workdir)
  assert origins.painted_on(on_files) == origins.FILES
  config.generate.out = str(tmp_path / 'generated')
  config.generate.backgrounds = ''
  made = generate(config, workdir)
  assert origins.painted_on(made) == info.content
  assert list(origins.changes(info, sets.open_folder(made, 'generated'))) == info.classes
  made_of = json.loads((made / 'provenance.json').read_text())
  for other in {'dataset': {'content': 'other'}}, {'painted_on': {'files': 'f'}}:
    (made / 'provenance.json').write_text(json.dumps(made_of | other))
    assert origins.changes(info, sets.open_folder(made, 'generated')) is None
  assert command.main([config.data_dir, str(made), '--repeats', '2', '--json',
                       str(tmp_path / 'r.json')]) == 0
  report = json.loads((tmp_path / 'r.json').read_text('utf-8'))
  assert 'change' not in report['mean'] and 'label_fidelity' in report['mean']
  assert 'Note: Change is not known' in capsys.readouterr().out


@pytest.mark.usefixtures('blank_charts')
def test_images_of_another_scale_are_told_and_whole_frames_refused(
    trained, tmp_path, capsys):
  config, workdir = trained
  config = config.copy_and_resolve_references()
  config.generate.out = str(tmp_path / 'made')
  made = generate(config, workdir)
  def compared():
    status = command.main([config.data_dir, str(made), '--repeats', '2'])
    return status, ' '.join(capsys.readouterr())
  status, said = compared()
  assert status == 0 and 'another scale' not in said
  noted = json.loads((made / 'provenance.json').read_text())
  noted['dataset']['metadata']['window'] = 77
  (made / 'provenance.json').write_text(json.dumps(noted))
  status, said = compared()
  assert status == 0 and 'windows of 77 pixels, and this one has 32' in said
  (made / 'provenance.json').write_text(json.dumps(noted | {'frames': True}))
  status, said = compared()
  assert status == 2 and 'holds whole frames' in said
  (made / 'provenance.json').write_text('{"dataset": 3}')
  assert origins.check_scale(dataset.load_info(config.data_dir),
                          sets.open_folder(made, 'generated')) == []


def test_too_few_training_images_are_named_before_anything_is_sampled():
  config = pegan.get_config()
  with pytest.raises(UserError, match='train split has 2 images of b, 3 images of c, and '
                     '.* 4 or more: name the other classes by --config.generate.classes'):
    check_count(config, {'a': 9, 'b': 2, 'c': 3})
  check_count(config, {'a': 4})


def test_too_few_are_told_before_any_image_is_seen(trained, monkeypatch):
  config, workdir = trained
  monkeypatch.setattr(intervals, 'LEAST', 10**6)
  monkeypatch.setattr('pegan_jax.metrics.evaluate.real_features', lambda *_: pytest.fail())
  monkeypatch.setattr('pegan_jax.metrics.match.ensure_to_sample', lambda *_: pytest.fail())
  changed = config.copy_and_resolve_references()
  changed.evaluate.seed = 77  # No report is there.
  with pytest.raises(UserError, match='a comparison takes 1000000 or more'):
    evaluate(changed, workdir)


def test_bad_settings(trained):
  config, workdir = trained
  for name, value, message in (
      ('checkpoint', '9', 'no checkpoint 9'),
      ('count', 10_000, 'count is 10000, and the train split has 10 images of pa, '),
      ('repeats', 1, 'repeats is 1')):
    changed = config.copy_and_resolve_references()
    changed.evaluate[name] = value
    with pytest.raises(UserError, match=message):
      evaluate(changed, workdir)


def test_the_default_evaluates_within_the_run():
  config = pegan.get_config()
  assert config.eval_every > 0 and config.evaluate.network == 'auto'


@pytest.mark.usefixtures('blank_charts')
def test_what_is_done_is_not_done_again_and_what_is_beside_it_stays(
    trained, tmp_path, capsys):
  config, workdir = trained
  config = config.copy_and_resolve_references()
  workdir = shutil.copytree(workdir, tmp_path / 'run')
  config.evaluate.repeats = 2
  out = evaluate(config, workdir)
  first = capsys.readouterr().out
  (out / 'notes.txt').write_text('mine')
  written = (out / 'report.json').stat().st_mtime_ns
  assert evaluate(config, workdir) == out and capsys.readouterr().out == first
  assert (out / 'report.json').stat().st_mtime_ns == written
  # A report cut down to its provenance is made again.
  report = json.loads((out / 'report.json').read_text())
  (out / 'report.json').write_text(json.dumps({'provenance': report['provenance']}))
  assert evaluate(config, workdir) == out and capsys.readouterr().out == first
  # And one of a version that had a metric less.
  for part in (report['pooled'], report['mean'], *report['classes'].values()):
    del part['density']
  (out / 'report.json').write_text(json.dumps(report))
  assert evaluate(config, workdir) == out and capsys.readouterr().out == first
  (out / 'report.png').unlink()
  config.evaluate.repeats = 3
  evaluate(config, workdir)
  assert json.loads((out / 'report.json').read_text())['protocol']['repeats'] == 3
  assert (out / 'report.png').exists() and (out / 'notes.txt').read_text() == 'mine'
