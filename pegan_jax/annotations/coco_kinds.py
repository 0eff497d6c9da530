"""Tells COCO's files of captions and of panoptic segments from those of objects."""

from pegan_jax.annotations import text_files


def is_of_captions(path):
  """Returns whether a file has COCO's captions, texts about images that mark nothing."""
  keys = text_files.keys_of_json(path)
  if not {'images', 'annotations'} <= keys or 'categories' in keys:
    return False
  items = text_files.read_json(path)['annotations']
  return isinstance(items, list) and bool(items) and all(
      isinstance(item, dict) and 'caption' in item
      and not {'bbox', 'segmentation'} & item.keys() for item in items)


def is_of_images_alone(path):
  """Returns whether a file lists images to be tested, as COCO's image_info_test.json does.

  Its annotations are empty for all images, which are not clean for that.
  """
  return path.name.startswith('image_info') and (
      'images' in text_files.keys_of_json(path)
      and not text_files.read_json(path).get('annotations'))


def is_panoptic(path):
  """Returns whether a file has COCO's panoptic segments, whose pixels lie in images."""
  if not {'images', 'annotations'} <= text_files.keys_of_json(path) or (
      '"segments_info"' not in text_files.read(path)):
    return False
  items = text_files.read_json(path)['annotations']
  return isinstance(items, list) and all(
      isinstance(item, dict) and 'segments_info' in item for item in items)


def has_segments(path):
  """Returns whether a file that `is_panoptic` has a segment of any image."""
  return any(item['segments_info'] for item in text_files.read_json(path)['annotations'])
