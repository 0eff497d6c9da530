"""Batches: pairs, in an order that only the seed decides."""

import numpy as np
import pytest

from pegan_jax.common.errors import UserError
from pegan_jax.data import batches, dataset, layouts


def _take(config, info, **kwargs):
  return list(batches.iterate(config, info, **kwargs))


def test_info_of_a_built_data_set(data_dir):
  info = dataset.load_info(data_dir)
  assert info.classes == ['cr', 'gg', 'in', 'pa', 'ps', 'rp', 'rs', 'sc', 'sp']
  assert info.background == 9 and info.num_domains == 10
  assert info.image_size == 32 and info.channels == 1


def test_a_batch_is_backgrounds_and_defects_by_turns(config):
  info = dataset.load_info(config.data_dir)
  batch = next(batches.iterate(config, info))
  assert batch['image'].shape == (2, 8, 32, 32, 1)
  assert batch['image'].dtype == np.uint8
  assert (batch['label'][:, ::2] == info.background).all()
  assert (batch['label'][:, 1::2] < info.background).all()


def test_images_go_with_their_labels(config):
  info = dataset.load_info(config.data_dir)
  records = dataset.Records(info, 'train')
  by_bytes = {records.images([i]).tobytes(): label
              for i, label in enumerate(records.labels)}
  for batch in _take(config, info):
    for image, label in zip(batch['image'].reshape(-1, 32, 32, 1),
                            batch['label'].ravel()):
      assert by_bytes[image.tobytes()] == label


def test_every_image_is_seen_once_a_round(config):
  info = dataset.load_info(config.data_dir)
  config.n_critic, config.batch_size = 1, 4
  defects = int((dataset.Records(info, 'train').labels < info.background).sum())
  rounds = defects // 4
  assert rounds * 4 == defects
  config.num_steps = 2 * rounds
  batches = _take(config, info)
  first, second = batches[:rounds], batches[rounds:]
  seen = [sorted(x.tobytes() for b in half for x in b['image'][0, 1::2])
          for half in (first, second)]
  assert len(set(seen[0])) == defects
  assert seen[0] == seen[1]
  assert any((a['image'] != b['image']).any() for a, b in zip(first, second))


@pytest.mark.parametrize('workers', [0, 3])
def test_a_later_start_goes_on_with_the_same_batches(config, workers):
  info = dataset.load_info(config.data_dir)
  whole = _take(config, info)
  config.num_workers = workers
  rest = _take(config, info, start=1)
  assert len(whole) == config.num_steps and len(rest) == config.num_steps - 1
  for a, b in zip(whole[1:], rest):
    np.testing.assert_array_equal(a['image'], b['image'])
    np.testing.assert_array_equal(a['label'], b['label'])


def test_two_processes_read_the_two_halves(config):
  info = dataset.load_info(config.data_dir)
  whole = _take(config, info)
  parts = [_take(config, info, process_index=i, process_count=2)
           for i in range(2)]
  for batch, *halves in zip(whole, *parts):
    np.testing.assert_array_equal(
        batch['image'], np.concatenate([h['image'] for h in halves], axis=1))


def test_another_seed_is_another_order(config):
  info = dataset.load_info(config.data_dir)
  first = next(batches.iterate(config, info))
  config.seed = 1
  second = next(batches.iterate(config, info))
  assert (first['image'] != second['image']).any()


def test_no_data_set_says_how_to_build_one(tmp_path):
  with pytest.raises(UserError, match='data_prep.build'):
    dataset.load_info(tmp_path)


def test_a_damaged_shard_is_an_error(config, data_dir, tmp_path):
  import shutil
  folder = tmp_path / 'dataset'
  shutil.copytree(data_dir, folder)
  shard = next(p for p in folder.iterdir() if 'train' in p.name)
  content = bytearray(shard.read_bytes())
  middle = len(content) // 2
  content[middle:middle + 512] = bytes(512)
  shard.write_bytes(content)
  info = dataset.load_info(data_dir)._replace(folder=folder)
  with pytest.raises(UserError, match='damaged'):
    _take(config, info)
  shard.write_bytes(content[:middle])
  with pytest.raises(UserError, match='damaged'):
    _take(config, info)


def test_classes_have_a_column_each(config):
  info = dataset.load_info(config.data_dir)
  batch = next(batches.iterate(config, info, layouts.CLASSES))
  assert batch['image'].shape == (2, 4, 9, 32, 32, 1)
  assert (batch['label'] == np.arange(9)).all()
  assert layouts.reals_per_step(config, layouts.CLASSES, 9) == batch['label'].size
  # Each class has its own order: no two columns draw the same places.
  records = dataset.Records(info, 'train')
  place = {records.images([i]).tobytes(): n for label in range(9)
           for n, i in enumerate(records.find(label))}
  drawn = np.array([[place[batch['image'][0, b, c].tobytes()]
                     for b in range(4)] for c in range(9)])
  assert len({tuple(row) for row in drawn}) > 5


def test_class_pairs_are_backgrounds_and_the_columns_defects(config):
  info = dataset.load_info(config.data_dir)
  batch = next(batches.iterate(config, info, layouts.CLASS_PAIRS))
  assert batch['image'].shape == (2, 8, 9, 32, 32, 1)
  assert (batch['label'][:, ::2] == info.background).all()
  assert (batch['label'][:, 1::2] == np.arange(9)).all()
  assert layouts.reals_per_step(config, layouts.CLASS_PAIRS, 9) == batch['label'].size
  backgrounds = batch['image'][0, ::2]
  assert any((backgrounds[:, 0] != backgrounds[:, c]).any() for c in range(1, 9))


@pytest.mark.parametrize('layout', [layouts.PAIRS, layouts.CLASSES, layouts.CLASS_PAIRS])
def test_processes_share_a_batch_in_every_layout(config, layout):
  info = dataset.load_info(config.data_dir)
  config.num_steps = 2
  whole = _take(config, info, layout=layout)
  assert whole[0]['label'].size == layouts.reals_per_step(config, layout, 9)
  parts = [_take(config, info, layout=layout, process_index=i, process_count=2)
           for i in (0, 1)]
  for step, batch in enumerate(whole):
    for name in batch:
      np.testing.assert_array_equal(
          np.concatenate([p[step][name] for p in parts], axis=1), batch[name])


def test_a_placed_batch_has_targets_and_regions(boxed_dir, config):
  info = dataset.load_info(boxed_dir)
  config.n_critic, config.batch_size = 2, 8
  batch = next(batches.iterate(config, info, layouts.PLACED_PAIRS))
  assert set(batch) == {'image', 'label', 'target', 'region'}
  assert batch['region'].shape == (2, 16, 32, 32, 1)
  assert batch['region'].dtype == np.uint8 and set(np.unique(batch['region'])) == {0, 255}
  assert (batch['target'][:, 1::2] == info.background).all()
  assert (batch['target'][:, ::2] < info.background).all()
  assert len(np.unique(batch['target'][:, ::2])) > 1
  # A defect has its own mask, a background one that its class might have.
  records = dataset.Records(info, 'train')
  masks = records.masks(range(len(records.labels)))
  of_image = {image.tobytes(): mask.tobytes() for image, mask in zip(
      records.images(range(len(masks))), masks)}
  for image, region in zip(batch['image'][:, 1::2].reshape(-1, 32, 32, 1),
                           batch['region'][:, 1::2].reshape(-1, 32, 32, 1)):
    assert of_image[image.tobytes()] == region.tobytes()
  drawn = batch['region'][:, ::2].reshape(16, -1)
  assert drawn.any(1).all() and len({row.tobytes() for row in drawn}) > 8


def test_targets_and_regions_depend_on_the_seed_and_the_place_alone(boxed_dir, config):
  info = dataset.load_info(boxed_dir)
  config.num_steps = 3
  whole = _take(config, info, layout=layouts.PLACED_PAIRS)
  late = _take(config, info, layout=layouts.PLACED_PAIRS, start=2)[0]
  parts = [_take(config, info, layout=layouts.PLACED_PAIRS, process_index=i,
                 process_count=2) for i in (0, 1)]
  for name in ('target', 'region'):
    np.testing.assert_array_equal(late[name], whole[2][name])
    for step, batch in enumerate(whole):
      np.testing.assert_array_equal(
          np.concatenate([p[step][name] for p in parts], axis=1), batch[name])
    assert (whole[0][name] != whole[1][name]).any()
  config.seed = 1
  other = _take(config, info, layout=layouts.PLACED_PAIRS)[0]
  assert (other['target'] != whole[0]['target']).any()


def test_without_annotations_the_region_is_the_whole_crop(config):
  info = dataset.load_info(config.data_dir)
  batch = next(batches.iterate(config, info, layouts.PLACED_PAIRS))
  assert (batch['region'] == 255).all()


def test_masks_are_kept_as_images_are(boxed_dir):
  info = dataset.load_info(boxed_dir)
  streamed, kept = (dataset.Records(info, 'train', mb) for mb in (0, 1024))
  indices = np.array([3, 0, 3, 5])
  for _ in range(2):
    np.testing.assert_array_equal(kept.masks(indices), streamed.masks(indices))
    np.testing.assert_array_equal(kept.images(indices), streamed.images(indices))
