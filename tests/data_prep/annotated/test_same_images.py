"""Images that two files hold."""

import numpy as np
from PIL import Image
import pytest

from data_prep import build
from data_prep.annotated import same_images
from pegan_jax.annotations.regions import Annotated, Box, Region
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from handmade import BOX, HEIGHT, WIDTH, make, turned
from raw_folders import write_voc


def test_one_image_is_not_both_clean_and_marked(tmp_path):
  make(tmp_path, {'clean/1.jpg': None, 'clean/2.jpg': turned, 'i/1.jpg': None})
  clean, one = sorted((tmp_path / 'clean').iterdir()), tmp_path / 'i' / '1.jpg'
  marks = [(one, Annotated('', HEIGHT, WIDTH, [Region('crack', Box(*BOX))]))]
  for crops, annotated in (([one], []), ([], marks)):
    same_images.check(clean[1:], crops, annotated)
    with pytest.raises(UserError, match='1.jpg is said to be clean, and the same image'):
      same_images.check(clean, crops, annotated)


@pytest.mark.parametrize('box, name, differs', [
    (BOX, 'crack', ''), ((11, 6, 20, 14), 'crack', ''), (BOX, '', ''),
    ((0, 0, 40, 30), 'crack', 'at different places'),
    ((30, 5, 40, 15), 'crack', 'at different places'),
    (BOX, 'pit', "as 'crack' and as 'pit'")])
def test_one_image_is_marked_in_one_way_and_counts_once(tmp_path, box, name, differs):
  make(tmp_path, {'1.jpg': None, 'a/1.jpg': None, '2.jpg': turned})
  marks = [(tmp_path / file, Annotated('', HEIGHT, WIDTH, [Region(of, Box(*place))]))
           for file, of, place in (('1.jpg', 'crack', BOX), ('a/1.jpg', name, box),
                                   ('2.jpg', 'pit', (0, 0, 9, 9)))]
  if not differs:
    assert same_images.check([], [], marks) == {tmp_path / 'a' / '1.jpg'}
    return
  with pytest.raises(UserError, match=f'are the same image, and are marked {differs}: rem'):
    same_images.check([], [], marks)


def test_two_exports_of_one_image_give_its_defects_once(tmp_path, capsys):
  random = np.random.default_rng(0)
  for k in range(6):
    image = random.integers(0, 255, (64, 96), np.uint8)
    for export, suffix in (('a', 'png'), ('b', 'png' if k < 3 else 'bmp')):
      folder = tmp_path / 'set' / export
      folder.mkdir(parents=True, exist_ok=True)
      Image.fromarray(image).save(folder / f'{k}.{suffix}')
      write_voc(folder / f'{k}.xml', [('pit', 20, 20, 40, 40)])
  assert build.main(['--images', str(tmp_path / 'set'), '--out', str(tmp_path / 'out'),
                     '--image_size', '32', '--per_class', '0', '--backgrounds', '0',
                     '--no-near_duplicates', '--margin', '0']) == 0
  assert 'images that are another one, and are marked alike: 6 (b/0.png, ' in (
      capsys.readouterr().out)
  info = dataset.load_info(tmp_path / 'out')
  assert sorted(source.partition('[')[0] for split in ('train', 'test')
                for records in [dataset.Records(info, split)]
                for source in records.sources(records.find(0))) == [
                    f'set/a/{k}.png' for k in range(6)]
