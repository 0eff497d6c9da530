"""Finds folders that gather the images of those of classes, as all/ beside crack/."""

import filecmp


def without(crops, clean, noted):
  """Returns class folders without such that hold but copies of images in several others.

  Args:
    crops: {class: paths}.
    clean: paths of clean images beside them.
    noted: as of `folder.Layout`; gets what is left out.
  """
  by_size = {}
  for name, paths in sorted([*crops.items(), ('', clean)], key=lambda item: len(item[1])):
    for path in paths:
      by_size.setdefault(path.stat().st_size, []).append((name, path))

  def holder(path, names):
    return next((name for name, other in by_size[path.stat().st_size]
                 if name in names and filecmp.cmp(path, other, shallow=False)), None)

  left = {*crops, ''}  # Of those that hold an image, the smallest is said to.
  for name in sorted(crops, key=lambda name: -len(crops[name])):
    holders = set()
    for path in crops[name]:
      holders.add(holder(path, left - {name}))
      if None in holders:
        break
    if len(holders) > 1 and None not in holders:
      left.remove(name)
      noted[f"images of '{name}', each of which is in one of several folders beside it "
            'too, byte by byte: left out'] += sorted(crops[name])
  return {name: paths for name, paths in crops.items() if name in left}
