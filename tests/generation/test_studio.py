"""What the studio shows is what its job file gives; what its page takes and refuses."""

import asyncio
import csv
import pathlib
import shlex
import socket

import numpy as np
from PIL import Image
import pytest

from conftest import manifest_rows
from pegan_jax import main
from pegan_jax.common.errors import UserError
from pegan_jax.generation.generate import generate
from pegan_jax.generation.studio import guard, orders, serve, session, strokes
from pegan_jax.generation.studio.artist import Artist
from pegan_jax.generation.studio.gallery import Gallery
from pegan_jax.runs.restore import restore
from pegan_jax.runs.run import Run

pytestmark = [
    pytest.mark.usefixtures('traced_once'),
    # ml_collections loads configs in a way that Python is about to give up.
    pytest.mark.filterwarnings(r'ignore:the load_module\(\) method')]


@pytest.fixture(scope='module')
def opened(untrained_region, tmp_path_factory):
  """(config, `Session`) on two images of a folder: a coloured one, a 16-bit one below."""
  folder = tmp_path_factory.mktemp('studio')
  rng = np.random.default_rng(0)
  (folder / 'clean' / 'sub').mkdir(parents=True)
  wide = rng.normal(120, 9, (70, 150, 3)).clip(0, 255).astype(np.uint8)
  wide[..., 1:] //= 2
  Image.fromarray(wide).save(folder / 'clean' / 'wide.png')
  Image.fromarray(rng.integers(90, 150, (48, 52)).astype(np.uint8)).save(
      folder / 'clean' / 'sub' / 'grey.bmp')
  config, workdir = untrained_region
  config = config.copy_and_resolve_references()
  config.generate.update({'frames': str(folder / 'clean'), 'tries': 2, 'min_area': 1})
  run = Run(config, workdir)
  run.workdir = folder  # What is exported goes here.
  gallery = Gallery(run, folder / 'scratch')
  config.generate.frames = ''
  restored = restore(Run(config, workdir), 'newest')
  return config, workdir, session.Session(run, 4, gallery, Artist(run, restored))


def test_the_exported_file_gives_what_was_seen(opened):
  config, workdir, studio = opened
  gallery = studio.gallery
  assert [gallery.name(i) for i in range(len(gallery))] == ['sub/grey.bmp', 'wide.png']
  brushed = strokes.mask([{'points': [[60, 30], [100, 40]], 'radius': 6}], (70, 150))
  wanted = [(1, 'pa', (20, 10, 60, 50), None, 7, 1.0), (1, 'rp', None, brushed, 7, 0.45),
            (0, 'rp', None, None, 2**31 - 1, 1.0)]
  for index, *rest in wanted:
    order = orders.Order(gallery.path(index), gallery.name(index), *rest)
    studio.collect(order, studio.draw(order))
  drawn = [drawn for _, drawn in studio.collected]
  assert len({x.image for x in drawn}) == 3 and drawn[0].figures
  extra = studio.collected[0][0]._replace(seed=1)
  studio.collect(extra, drawn[0])
  studio.remove(extra)
  folder, command = studio.export()
  assert studio.exported

  # As the command that the page shows says it, in another process's place.
  words = shlex.split(command)
  assert main.parse([*words[3:], f'--config.data_dir={config.data_dir}',
                     '--config=pegan_region']).config.generate.tries == 2
  config = config.copy_and_resolve_references()
  config.generate.jobs = str(folder / 'jobs.csv')
  config.generate.out = str(folder / 'generated')
  out = generate(config, workdir)
  rows = sorted(manifest_rows(out), key=lambda row: int(row['file'][-11:-8]))
  assert [row['file'] for row in rows] == [
      'wide_001_000.png', 'wide_002_000.png', 'sub/grey_003_000.png']
  for row, seen in zip(rows, drawn):
    file, beside = row['file'], folder / 'generated_annotations'
    assert (out / file).read_bytes() == seen.image
    assert (beside / 'masks' / file).read_bytes() == seen.mask
    assert (beside / 'regions' / file).read_bytes() == seen.region
    of_one = {'file': '', 'background': ''}  # Below the folder that holds all images.
    assert row | of_one == seen.row | of_one
  asked = np.asarray(Image.open(folder / 'generated_annotations/regions/wide_002_000.png'))
  np.testing.assert_array_equal(asked > 0, brushed)
  assert studio.export()[0] != folder


def test_a_folder_of_jobs_can_be_moved(opened, tmp_path):
  _, _, studio = opened
  order = orders.Order(studio.gallery.path(0), 'sub/grey.bmp', 'a, "b"', (0, 1, 2, 3), None,
                       0, 0.1)
  orders.write(tmp_path, [order, order])
  with (tmp_path / 'jobs.csv').open(newline='') as f:
    rows = list(csv.DictReader(f))
  assert rows[0] == {'image': 'images/sub/grey.bmp', 'class': 'a, "b"', 'seed': '0',
                     'region': '0 1 2 3', 'strength': '0.1', 'picture': '001'}
  assert rows[1] == rows[0] | {'picture': '002'}
  assert (tmp_path / 'images/sub/grey.bmp').read_bytes() == order.image.read_bytes()


def test_nothing_is_exported_of_nothing(opened):
  _, _, studio = opened
  empty = session.Session(studio.run, 4, studio.gallery, None)
  with pytest.raises(UserError, match='no jobs yet'):
    empty.export()


def test_backgrounds_of_the_data_set_are_offered(untrained_region, tmp_path):
  run = Run(*untrained_region)
  gallery = Gallery(run, tmp_path)
  assert len(gallery) > 1 and gallery.read(1).shape == (32, 32, 1)
  assert gallery.path(1).is_relative_to(tmp_path) and gallery.path(1) != gallery.path(0)
  assert max(gallery.thumbnail(0).shape) <= 96


@pytest.mark.parametrize('name, content, problem', [
    ('../../etc/pass wd.png', None, ''), ('..\\x.JPG', b'no image', r'\.\.\\x\.JPG'),
    ('jobs.csv', b'', 'its name must end in')])
def test_what_is_uploaded_stays_in_its_folder(opened, tmp_path, name, content, problem):
  _, _, studio = opened
  gallery = Gallery(Run(studio.run.config, opened[1]), tmp_path)
  if problem:
    with pytest.raises(UserError, match=problem):
      gallery.add(name, content)
    assert not [path for path in tmp_path.rglob('*') if path.is_file()]
    return
  index = gallery.add(name, studio.gallery.path(1).read_bytes())
  assert gallery.path(index).parent == tmp_path / 'uploaded'
  np.testing.assert_array_equal(gallery.read(index), studio.gallery.read(1))


@pytest.mark.parametrize('drawn, found', [
    ([1.2, 2, 4, 5.5], (1, 2, 4, 6)), ([4, 5.5, 1.2, 2], (1, 2, 4, 6)),
    ([-9, -9, 99, 99], (0, 0, 9, 7)), ([3, 3, 3, 3], 'larger'),
    ([20, 20, 30, 30], 'larger'), ([1, 2, 3], 'cannot be read'),
    ([0, 0, float('nan'), 1], 'cannot be read'), ('box', 'cannot be read')])
def test_a_box_is_what_was_drawn(drawn, found):
  if isinstance(found, tuple):
    assert strokes.box(drawn, (7, 9)) == found
  else:
    with pytest.raises(UserError, match=found):
      strokes.box(drawn, (7, 9))


def test_a_brush_covers_what_is_near_its_way():
  way = {'points': [[10, 20], [40, 20]], 'radius': 5}
  inside = strokes.mask([way], (50, 60))
  y, x = np.indices(inside.shape) + 0.5
  away = np.hypot(y - 20, x - x.clip(10, 40))
  assert inside[away <= 5].all() and not inside[away > 5].any()
  rubbed = strokes.mask([way, {'points': [[40, 20]], 'radius': 8, 'erase': True}], (50, 60))
  assert rubbed[20, 12] and not rubbed[20, 40] and not (rubbed & ~inside).any()


@pytest.mark.parametrize('drawn, problem', [
    ([{'points': [[99, 99]], 'radius': 2}], 'no pixel'), ([], 'no pixel'),
    ('x', 'cannot be read'), ([{'points': [[1, 'x']], 'radius': 2}], 'cannot be read'),
    ([{'points': [[1, 1]], 'radius': 1e9}], 'too much'), ([{'radius': 2}], 'cannot be'),
    ([{'points': [[1, 1]] * 20_001, 'radius': 2}], 'too much')])
def test_what_is_no_brushing_is_refused(drawn, problem):
  with pytest.raises(UserError, match=problem):
    strokes.mask(drawn, (50, 60))


@pytest.mark.parametrize('host, origin, passes', [
    ('127.0.0.1:80', None, True), ('localhost:9', 'http://localhost:9', True),
    ('localhost:9', 'http://localhost:8', False), ('evil.org:9', None, False),
    ('127.0.0.1:9', 'http://evil.org', False), ('127.0.0.1.evil.org', None, False),
    ('127.0.0.1:9', 'null', False), ('[', None, False), (None, None, False)])
@pytest.mark.parametrize('kind', ['http', 'websocket'])
def test_other_sites_are_refused(kind, host, origin, passes):
  said = []

  async def app(scope, receive, send):
    said.append('passed')

  async def send(message):
    said.append(message.get('status', message.get('code')))

  headers = [(name, value.encode()) for name, value in (
      (b'host', host), (b'origin', origin)) if value is not None]
  asyncio.run(guard.Guard(app)({'type': kind, 'headers': headers}, None, send))
  assert said[0] == ('passed' if passes else {'http': 403, 'websocket': 1008}[kind])


@pytest.mark.parametrize('changes, problem', [
    ({'method': 'pegan'}, 'goes with runs of pegan_region and paste'),
    ({'generate.jobs': 'x.csv'}, 'leave out --config.generate.jobs'),
    ({'studio.port': 65536}, 'studio.port is 65536'),
    ({'studio.port': 'taken'}, 'choose another with --config.studio.port'), ({}, 'extra')])
def test_what_does_not_go_is_said_first(untrained_region, changes, problem, monkeypatch):
  config, workdir = untrained_region
  config = config.copy_and_resolve_references()
  there = problem != 'extra'
  monkeypatch.setattr(serve.importlib.util, 'find_spec', lambda name: there or None)
  monkeypatch.setattr(serve, 'Run', None)  # Before any work.
  with socket.create_server(('127.0.0.1', 0)) as other:
    if changes.get('studio.port') == 'taken':
      changes = {'studio.port': other.getsockname()[1]}
    with config.unlocked():
      config.update_from_flattened_dict(changes)
    with pytest.raises(UserError, match=problem if there else r'pegan_jax\[studio\]'):
      serve.studio(config, pathlib.Path(workdir))
