"""Folders of annotations as generate makes them, read back with what they hold."""

import csv
import shutil

import numpy as np
from PIL import Image
import pytest

from conftest import manifest_rows, untrained
from data_prep.annotated import layouts
from pegan_jax import annotations
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.generation.generate import generate
from pegan_jax.generation.sampler import Sampler

pytestmark = pytest.mark.usefixtures('traced_once')

FORMATS = ','.join(annotations.WRITTEN)
# Of an image: its own, and one in each format's folder.
_LINKS = 1 + len(annotations.WRITTEN.keys() - annotations.MANY)


@pytest.fixture(scope='module', params=['crops', 'frames'])
def made(request, tmp_path_factory, data_dir):
  """(config, workdir, folder of images, frames or None) of a run with all formats."""
  folder = tmp_path_factory.mktemp(request.param)
  config, workdir = untrained('pegan_plus', data_dir, folder / 'run', 1)
  config = config.copy_and_resolve_references()
  config.generate.update({
      'formats': FORMATS, 'mask_threshold': 0.5, 'min_area': 4, 'defects_per_frame': 2,
      'texture_classes': 'cr', 'out': str(folder / 'made')})
  frames = None
  if request.param == 'frames':
    rng, frames = np.random.default_rng(0), folder / 'in'
    for name, shape in (('b.png', (40, 90)), ('good/a b.jpg', (70, 40)),
                        ('c.png', (50, 64, 3))):
      (frames / name).parent.mkdir(parents=True, exist_ok=True)
      Image.fromarray(rng.integers(60, 190, shape, np.uint8)).save(frames / name)
    config.generate.frames = str(frames)
  return config, workdir, generate(config, workdir), frames


def _read(images, *paths):
  """{image under its folder: its regions, in whole pixels} of a layout."""
  layout = layouts.read(images, paths)
  assert not layout.unlabelled
  found = {}
  for path, annotated in layout.annotated:
    with Image.open(path) as image:
      size = image.size[::-1]
    found[path.relative_to(images).as_posix()] = annotated.regions_in(*size), size
  return found


def _boxes(regions):
  return sorted((region.name, tuple(region.box)) for region in regions)


def _pixels(regions, size):
  inside = np.zeros(size, bool)
  for region in regions:
    inside[region.box.slices] |= True if region.mask is None else region.mask
  return inside


def test_every_format_holds_the_manifests_boxes(made):
  """YOLO's fractions give the pixels that Pascal VOC has."""
  _, _, out, _ = made
  beside = out.with_name('made_annotations')
  voc, coco, via = _read(beside / 'voc'), *(
      _read(out, beside / name) for name in ('coco.json', 'via.json'))
  yolo = {file.removeprefix('images/'): x for file, x in _read(beside / 'yolo').items()}
  labelme = _read(beside / 'labelme')
  rows = manifest_rows(out)
  assert voc.keys() == yolo.keys() == coco.keys() == labelme.keys() == via.keys() == {
      row['file'] for row in rows}
  assert sum(len(regions) for regions, _ in voc.values()) > 4
  for file, (regions, size) in voc.items():
    said = sorted((row['class'], tuple(map(int, box.split()))) for row in rows
                  if row['file'] == file for box in row['boxes'].split('; ') if box)
    assert _boxes(regions) == said == _boxes(yolo[file][0]) == _boxes(coco[file][0])
    assert said == _boxes(labelme[file][0]) == _boxes(via[file][0])
    np.testing.assert_array_equal(_pixels(*coco[file]), _pixels(labelme[file][0], size))
    assert not (_pixels(*coco[file]) & ~_pixels(regions, size)).any()
  assert any(_pixels(*coco[file]).sum() < _pixels(*voc[file]).sum() for file in voc)


def test_every_format_that_is_read_has_the_manifests_images_and_classes(made):
  _, _, out, _ = made
  for module in annotations.BOTH.values():
    path = out.with_name('made_annotations') / module.PATH
    read = _read(out, path) if path.is_file() else _read(path)
    assert {file.removeprefix('images/'): sorted(region.name for region in regions)
            for file, (regions, _) in read.items()} == {
                file: sorted(x for row in manifest_rows(out) if row['file'] == file
                             for x in [row['class']] * len(row['boxes'].split(';'))
                             if row['boxes'])
                for file in {row['file'] for row in manifest_rows(out)}}


def test_mvtecs_layout_has_the_pixels_and_what_was_painted_on(made):
  config, _, out, frames = made
  beside = out.with_name('made_annotations')
  coco = _read(out, beside / 'coco.json')
  with (beside / 'mvtec' / 'sources.csv').open(encoding='utf-8') as f:
    sources = {row['file']: row['source'] for row in csv.DictReader(f)}
  read = lambda path: np.asarray(Image.open(path))
  rows = manifest_rows(out)
  clean = {}
  for file, source in sources.items():
    if '/good/' in file:
      clean[source] = read(beside / 'mvtec' / file)
    elif file.startswith('ground_truth'):
      np.testing.assert_array_equal(
          read(beside / 'mvtec' / file), 255 * _pixels(*coco[source]))
    else:
      kinds = {row['class'] for row in rows if row['file'] == source}
      assert file.split('/')[1] == (kinds.pop() if len(kinds) == 1 else 'combined')
      if not frames:
        assert file == f'test/{source}'
  assert {file.split('/')[0] for file in sources if '/good/' in file} == {'train', 'test'}
  if frames:
    assert clean.keys() == {'b.png', 'good/a b.jpg', 'c.png'}
    for source, image in clean.items():
      np.testing.assert_array_equal(image, read(frames / source))
  else:
    records = dataset.Records(dataset.load_info(config.data_dir), 'train')
    own = dict(zip(records.sources(range(len(records.labels))),
                   records.images(range(len(records.labels)))))
    assert clean.keys() == {row['background'] for row in rows}
    for source, image in clean.items():
      np.testing.assert_array_equal(image, own[source][..., 0])
  layout = layouts.read(beside / 'mvtec')
  assert layout.format == 'mvtec' and len(layout.clean) == len(clean)
  assert len(layout.annotated) == len({row['file'] for row in rows})


def test_images_are_there_once_and_folders_may_be_moved(made, tmp_path):
  _, _, out, _ = made
  beside = out.with_name('made_annotations')
  for row in manifest_rows(out):
    own = out / row['file']
    assert own.stat().st_nlink == _LINKS
    for place in ('voc', 'labelme', 'yolo/images'):
      assert (beside / place / row['file']).samefile(own)
  shutil.copytree(beside / 'yolo', tmp_path / 'images' / 'yolo')
  assert _read(tmp_path / 'images' / 'yolo').keys() == _read(beside / 'yolo').keys()


def test_the_same_seed_gives_the_same_bytes_and_what_is_gone_is_told(made, tmp_path):
  config, workdir, out, _ = made
  config = config.copy_and_resolve_references()
  config.generate.out = str(tmp_path / 'made')
  generate(config, workdir)
  beside = tmp_path / 'made_annotations'
  files = [{p.relative_to(folder): p.read_bytes() for p in folder.rglob('*')
            if p.is_file()} for folder in (
                out, tmp_path / 'made', out.with_name('made_annotations'), beside)]
  assert files[0] == files[1] and files[2] == files[3] and len(files[2]) > 20
  for path in (beside / 'yolo' / 'data.yaml', beside / 'mvtec' / 'train/good/00000.png',
               next((beside / 'labelme').rglob('*.json'))):
    path.unlink()
  with pytest.raises(UserError, match='json and 2 more is missing;'):
    generate(config, workdir)


def _tree(*folders):
  return [{p.relative_to(folder): p.read_bytes() for p in folder.rglob('*') if p.is_file()}
          for folder in folders]


def test_formats_are_added_to_what_is_made_without_drawing(
    made, tmp_path, capsys, monkeypatch):
  """The bytes are those of a run that was asked for them at once."""
  config, workdir, whole, _ = made
  config = config.copy_and_resolve_references()
  out, beside = tmp_path / 'made', tmp_path / 'made_annotations'
  config.generate.update({'out': str(out), 'formats': ''})
  generate(config, workdir)
  assert [p.name for p in beside.iterdir()] == ['masks']
  monkeypatch.setattr(Sampler, 'stream', None)
  images = {path: path.stat().st_mtime_ns for path in out.rglob('*.png')}
  for formats, there in (('mvtec', 2), ('mvtec', 2), ('coco,voc', 4), ('', 4), ('coco', 4),
                         (FORMATS, 1 + len(annotations.WRITTEN))):
    config.generate.formats = formats
    generate(config, workdir)
    assert len(list(beside.iterdir())) == there
  assert _tree(out, beside) == _tree(whole, whole.with_name('made_annotations'))
  assert images == {path: path.stat().st_mtime_ns for path in out.rglob('*.png')}
  assert all(path.stat().st_nlink == _LINKS for path in images)
  said = capsys.readouterr().err
  assert f'made is made already; coco, voc written to {beside}' in said


def test_formats_that_cannot_be_added(made, tmp_path):
  config, workdir, _, _ = made
  config = config.copy_and_resolve_references()
  out, beside = tmp_path / 'made', tmp_path / 'made_annotations'
  config.generate.update({'out': str(out), 'formats': 'voc'})
  generate(config, workdir)
  before = _tree(out, beside)
  config.generate.formats = 'yolo'
  (beside / 'yolo').mkdir()
  (beside / 'yolo' / 'mine').write_text('')
  with pytest.raises(UserError, match='yolo exists already: move it away'):
    generate(config, workdir)
  (beside / 'yolo' / 'mine').unlink()
  (beside / 'yolo').rmdir()
  config.generate.min_area = 5  # Other boxes than are in the manifest.
  with pytest.raises(UserError, match='made of something else: generate.min_area is 5'):
    generate(config, workdir)
  config.generate.min_area = 4
  row = next(row for row in manifest_rows(out) if row['boxes'] and row['class'] != 'cr')
  mask = beside / 'masks' / row['file']
  pixels = np.asarray(Image.open(mask))
  Image.fromarray(0 * pixels).save(mask)
  with pytest.raises(UserError, match='masks does not give the boxes of .*manifest.csv'):
    generate(config, workdir)
  Image.fromarray(pixels).save(mask)
  assert _tree(out, beside) == before
  config.generate.update({'out': str(tmp_path / 'faint'), 'strength': 0.5})
  generate(config, workdir)
  config.generate.formats = 'yolo,coco'
  with pytest.raises(UserError, match='no annotations in coco, and to a strength of 0.5 '
                     'none can be added: move it away, or name another'):
    generate(config, workdir)


def test_names_that_cannot_be_written_are_told_before_the_work(made, tmp_path):
  config, workdir, _, _ = made
  config = config.copy_and_resolve_references()
  (tmp_path / 'in' / 'images').mkdir(parents=True)
  Image.new('L', (40, 40)).save(tmp_path / 'in' / 'images' / 'a.png')
  config.generate.update({'frames': str(tmp_path / 'in'), 'out': str(tmp_path / 'out')})
  with pytest.raises(UserError, match="images/a.png lies in a folder called 'images'"):
    generate(config, workdir)
  assert [p.name for p in tmp_path.iterdir()] == ['in']
