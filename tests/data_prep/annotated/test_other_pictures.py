"""Tests of marks that are of another picture than the image of their name."""

import base64
import json

import numpy as np
from PIL import Image, ImageOps
import pytest

from handmade import labelme, make, read, voc
from pegan_jax.common.errors import UserError


def _picture(path, change=lambda image: image):
  """Draws blobs, which depend on the name; as a camera sees what no noise is."""
  noise = np.random.default_rng(int(path.stem)).random((9, 12))
  image = Image.fromarray(np.uint8(255 * noise))
  change(image.resize((160, 120), Image.Resampling.BICUBIC)).save(path)


def _labelled(folder, count=4, **saved):
  """Makes images and LabelMe's files, which hold them."""
  folder.mkdir()
  for k in range(count):
    path = folder / f'{k}.png'
    _picture(path)
    Image.open(path).save(folder / 'held.jpg', **saved)
    said = json.loads(labelme()) | {
        'imageHeight': 120, 'imageWidth': 160,
        'imageData': base64.b64encode((folder / 'held.jpg').read_bytes()).decode()}
    (folder / f'{k}.json').write_text(json.dumps(said))
  (folder / 'held.jpg').unlink()


def test_labelmes_own_picture_is_the_image_saved_with_loss_or_brighter(tmp_path):
  _labelled(tmp_path / 'a', quality=30)
  assert len(read(tmp_path / 'a').annotated) == 4
  for k in range(4):
    _picture(tmp_path / 'a' / f'{k}.png', lambda image: image.point(lambda x: x / 2 + 20))
  assert len(read(tmp_path / 'a').annotated) == 4


@pytest.mark.parametrize('change', [
    ImageOps.mirror, ImageOps.flip, lambda image: image.rotate(180)])
def test_images_that_were_turned_since_are_told(tmp_path, change):
  _labelled(tmp_path / 'a')
  for k in range(4):
    _picture(tmp_path / 'a' / f'{k}.png', change)
  with pytest.raises(UserError, match='0.json was made on another picture than .*0.png'):
    read(tmp_path / 'a')


def test_images_that_were_numbered_anew_are_told(tmp_path):
  _labelled(tmp_path / 'a')
  (tmp_path / 'a' / '0.png').unlink()
  for k in range(1, 4):
    (tmp_path / 'a' / f'{k}.png').rename(tmp_path / 'a' / f'{k - 1}.png')
  (tmp_path / 'a' / '3.json').unlink()
  with pytest.raises(UserError, match='was made on another picture'):
    read(tmp_path / 'a')


@pytest.mark.parametrize('held', ['', 'bm8gaW1hZ2U=', None])
def test_what_holds_no_picture_tells_nothing(tmp_path, held):
  make(tmp_path, {'1.jpg': None, '1.json': json.dumps(
      json.loads(labelme()) | {'imageData': held})})
  assert len(read(tmp_path).annotated) == 1


def test_annotations_of_other_images_of_the_same_names(tmp_path):
  for folder in ('a', 'b'):
    (tmp_path / folder).mkdir()
    for k in range(3):
      _picture(tmp_path / folder / f'{k}.png', ImageOps.mirror if folder == 'b' else (
          lambda image: image))
  make(tmp_path, {f'b/{k}.xml': voc(size='<width>160</width><height>120</height>')
                  for k in range(3)})
  with pytest.raises(UserError, match='and the two show different pictures: name the fold'):
    read(tmp_path, 'b', images='a')
  for k in range(3):
    _picture(tmp_path / 'b' / f'{k}.png')
  assert len(read(tmp_path, 'b', images='a').annotated) == 3
