"""What is accepted, what is drawn again, and what is kept."""

import csv
import re

import numpy as np
from PIL import Image
import pytest

from conftest import manifest_rows, to_change
from pegan_jax import annotations
from pegan_jax.generation import acceptance, jobs
from pegan_jax.generation.generate import generate
from pegan_jax.generation.sampler import Sampler
from pegan_jax.metrics import evaluate, origins, reports, sets
from pegan_jax.runs.restore import restore
from pegan_jax.runs.run import Run

pytestmark = pytest.mark.usefixtures('traced_once')


@pytest.fixture
def setting(untrained_region, tmp_path):
  """(config, workdir) of an untrained run, its config changeable."""
  return to_change(untrained_region, tmp_path / 'out')


class _Rejects:
  """Stands in for a `Judge`: rejects by class and background, and remembers."""
  sees = True

  def __init__(self, until):
    self._until, self.seen = until, {}

  def __call__(self, label, before, painted):
    reasons = []
    for image, after in zip(before, painted.image):
      drawn = self.seen.setdefault((label, image.tobytes()), [])
      drawn.append(after)
      reasons.append(('odd', 'faint') if len(drawn) < self._until[label] else ())
    return reasons


def _drawn(setting, monkeypatch, until, count=4):
  config, workdir = setting
  run = Run(config, workdir)
  judge = _Rejects(until)
  monkeypatch.setattr(acceptance, 'Judge', lambda *_: judge)
  weights, job = restore(run, 'newest').state.ema, jobs.plan(run, [count, count])
  found = {}
  for label, numbers, painted, verdicts in acceptance.draw(run, weights, job):
    for i, number in enumerate(numbers.tolist()):
      assert (label, number) not in found
      found[label, number] = painted.image[i], painted.region[i], verdicts[i]
  return run, weights, job, found


def test_the_rejected_are_drawn_again_until_they_are_accepted(setting, monkeypatch):
  config, _ = setting
  config.generate.tries = 3
  run, weights, job, found = _drawn(setting, monkeypatch, {0: 2, 1: 9})
  assert sorted(found) == [(label, i) for label in (0, 1) for i in range(4)]
  verdicts = [[found[label, i][2] for i in range(4)] for label in (0, 1)]
  assert verdicts[0] == [acceptance.Verdict(True, 2, (('odd', 'faint'),))] * 4
  assert verdicts[1] == [acceptance.Verdict(False, 3, (('odd', 'faint'),) * 3)] * 4
  assert verdicts[0][0].columns() == {
      'accepted': 'yes', 'tries': 2, 'reasons': 'odd + faint'}
  # Each is a function of (seed, class, number, trial), whatever is drawn with it.
  for label, trial in ((0, 1), (1, 2)):
    [(_, _, alone)] = Sampler(run).stream(
        weights, job, only=[np.array([3][:label == c], int) for c in (0, 1)], trial=trial)
    np.testing.assert_array_equal(alone.image[0], found[label, 3][0])
    np.testing.assert_array_equal(alone.region[0], job.regions(label, [3], trial)[0])
    np.testing.assert_array_equal(alone.region[0], found[label, 3][1])
    first = next(Sampler(run).stream(weights, job))[2]
    assert (first.image[3] != alone.image[0]).any()


def test_without_tries_none_is_judged(setting, monkeypatch):
  setting[0].generate.tries = 0
  *_, found = _drawn(setting, monkeypatch, {})  # A judge would fail.
  assert {verdict for *_, verdict in found.values()} == {acceptance.Verdict(None, 1)}
  assert acceptance.Verdict(None, 1).columns() == {}


def test_the_manifest_and_the_terminal_tell(setting, monkeypatch, capsys):
  config, workdir = setting
  config.generate.update({'tries': 2, 'per_class': 3})
  judge = _Rejects({0: 2, 1: 9})
  monkeypatch.setattr(acceptance, 'Judge', lambda *_: judge)
  out = generate(config, workdir)
  rows = manifest_rows(out)
  assert [(r['class'], r['accepted'], r['tries'], r['reasons']) for r in rows] == [
      ('pa', 'yes', '2', 'odd + faint')] * 3 + [
          ('rp', 'no', '2', 'odd + faint; odd + faint')] * 3
  told = capsys.readouterr().err
  assert ('accepted: 3 of 3 pa (50% of 6 drawn; most often odd), '
          '0 of 3 rp (0% of 6 drawn; most often odd)') in told
  assert ('not accepted after 2 tries: 3 of 3 rp (most often odd); the last draw is kept'
          in told)


def _files_of(format_name, beside, images):
  """The files that one format's images or entries are of, the clean ones left out."""
  path = beside / annotations.WRITTEN[format_name].PATH
  if format_name == 'mvtec':
    rows = csv.DictReader((path / 'sources.csv').read_text('utf-8').splitlines())
    return {row['source'] for row in rows if '/good/' not in row['file']}
  if path.is_dir():
    assert len(annotations.read(path)) == len([*path.rglob('*.png')])
    root = path / 'images' if format_name == 'yolo' else path
    return {p.relative_to(root).as_posix() for p in root.rglob('*.png')}
  return images & {*re.split('["\n,]', path.read_text())}


@pytest.mark.parametrize('frames', [False, True])
@pytest.mark.parametrize('until', [{0: 2, 1: 9}, {0: 9, 1: 9}])
def test_formats_have_what_is_accepted_alone(
    setting, raw_dir, monkeypatch, capsys, until, frames):
  config, workdir = setting
  config.generate.update({'tries': 2, 'per_class': 2, 'formats': 'voc,coco', 'seed': 2,
                          'frames': str(raw_dir / 'clean') * frames})
  monkeypatch.setattr(acceptance, 'Judge', lambda *_: _Rejects(until))
  out = generate(config, workdir)
  beside = out.with_name('out_annotations')
  bad = {row['file'] for row in manifest_rows(out) if row['accepted'] == 'no'}
  images = {p.relative_to(out).as_posix() for p in out.rglob('*.png')}
  assert bad and images == {row['file'] for row in manifest_rows(out)}
  assert images == {p.relative_to(beside / 'masks').as_posix()
                    for p in (beside / 'masks').rglob('*.png')}
  assert bad == images if until[0] == 9 else bad < images
  told = capsys.readouterr().err
  assert f'left out of voc, coco: {len(bad)} of {len(images)} images, ' in told
  assert ('no image is left' in told) == (bad == images)
  config.generate.formats = ','.join(annotations.WRITTEN)
  generate(config, workdir)
  added = ', '.join(sorted({*annotations.WRITTEN} - {'voc', 'coco'}))
  assert f'left out of {added}: {len(bad)} of ' in capsys.readouterr().err
  generate(config, workdir)
  assert 'out is made already\n' in capsys.readouterr().err
  for name in annotations.WRITTEN:
    assert _files_of(name, beside, images) == images - bad, name


def test_what_is_evaluated_is_what_is_written(setting, monkeypatch):
  config, workdir = setting
  config.generate.update({'tries': 2, 'per_class': 3})
  judge = _Rejects({0: 2, 1: 9})
  monkeypatch.setattr(acceptance, 'Judge', lambda *_: judge)
  out = generate(config, workdir)
  judge.seen.clear()
  run, seen = Run(config, workdir), []
  _, rejected = evaluate._generate(
      run, restore(run, 'newest'), lambda x, _: seen.append(x) or x,
      {c: 3 for c in run.info.classes}, at_regions=False)
  assert rejected == origins.rejected(sets.open_folder(out, 'generated')) == {
      'pa': 0, 'rp': 3}
  assert reports.not_accepted(rejected, {'pa': 3, 'rp': 3}) == [
      'not accepted when they were generated, but compared here: 3 of 3 rp.']
  assert reports.not_accepted({'pa': 0}, {'pa': 3}) == []
  for name, images in zip(run.info.classes, seen):
    for i, image in enumerate(images):
      np.testing.assert_array_equal(
          np.asarray(Image.open(out / name / f'{i:05d}.png')), image[..., 0])


def test_more_images_leave_the_first_ones_as_they_are(setting, tmp_path):
  config, workdir = setting
  found = []
  for count, batch_size in ((3, 64), (18, 7)):  # The latter is more than a chunk.
    config.generate.update({'tries': 2, 'per_class': count, 'batch_size': batch_size,
                            'out': str(tmp_path / str(count))})
    out = generate(config, workdir)
    rows = [r for r in manifest_rows(out) if int(r['file'][-9:-4]) < 3]
    found.append([(r, (out / r['file']).read_bytes()) for r in rows])
  assert found[0] == found[1] and len(found[0]) == 6
