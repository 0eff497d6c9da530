"""Builds the data set: python -m data_prep.build --defects DIR ... --out DIR."""

import argparse
import collections
import contextlib
import errno
import fcntl
import json
import os
import pathlib
import shutil
import signal
import sys

from data_prep import dataset
from data_prep import frames as frames_lib
from data_prep import sources
from pegan_jax.errors import UserError


@contextlib.contextmanager
def _work_folder(out):
  """Yields a locked folder beside `out`, and removes it whatever happens.

  The lock is the kernel's and ends with the process, so a folder left by a
  killed build is told from one in use, and is cleared away.
  """
  out.parent.mkdir(parents=True, exist_ok=True)
  work = out.parent / f".{out.name}.building"
  work.mkdir(exist_ok=True)
  handle = os.open(work, os.O_RDONLY)
  try:
    try:
      fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
      raise UserError(f"Another build is writing {out}: wait for it, or choose "
                      "another --out.") from None
    try:
      shutil.rmtree(work / "set", ignore_errors=True)
      (work / "set").mkdir()
      yield work / "set"
    finally:
      shutil.rmtree(work, ignore_errors=True)
  finally:
    os.close(handle)


def _draw(items, count, what, flag):
  if len(items) < count:
    raise UserError(f"{what} has {len(items)} images, fewer than the {count} asked "
                    f"for: pass {flag} {len(items)}, or {flag} 0 to keep all.")
  return items[:count] if count else items


def build(defects=None, frames=None, boxes=None, clean=None, out=None, image_size=64,
          per_class=200, backgrounds=1000, train_fraction=0.7, seed=0, shards=4,
          margin=4, windows_per_frame=3):
  out = pathlib.Path(out)
  if os.path.lexists(out):
    raise UserError(f"{out} exists already: choose another --out or remove it.")
  classes = sources.list_classes(defects) if defects else {}
  frame_paths = sources.list_or_fail(frames, "--frames") if frames else []
  clean_paths = sources.list_or_fail(clean, "--clean") if clean else []
  reader = sources.survey(
      sum(classes.values(), []) + frame_paths + clean_paths, image_size)
  crops = list(sources.read_classes(classes, defects, reader))
  pairs, unlabelled = (frames_lib.match_boxes(frames, frame_paths, boxes)
                       if frames else ([], []))
  box_crops, windows = sources.read_frames(
      pairs, frames, boxes, reader, image_size, margin, not classes)
  windows += list(sources.read_clean(clean_paths, clean, reader, image_size))
  kept, duplicates = sources.drop_duplicates(crops + box_crops + windows)
  by_label = collections.defaultdict(list)
  for item in kept:
    by_label[item.label].append(item)
  names = sorted(label for label in by_label if label != sources.BACKGROUND)
  train, test = [], []
  for name in names:
    items = _draw(sources.rank(by_label[name], seed), min(per_class, len(by_label[name])), name, "--per_class")
    cut = round(len(items) * train_fraction)
    train += items[:cut]
    test += items[cut:]
  train += _draw(sources.rank(by_label[sources.BACKGROUND], seed), backgrounds,
                 "The background", "--backgrounds")
  with _work_folder(out) as work:
    def example(item):
      return {"image": item.image, "label": item.label, "source": item.source,
              "group": 0}
    channels = 1 if reader.grey else 3
    written = dataset.write(
        work, {"train": [example(i) for i in train], "test": [example(i) for i in test]},
        names + [sources.BACKGROUND], (image_size, image_size, channels),
        {"max_value": reader.max_value}, shards)
    os.rename(written, out)
  return {}


def main():
  parser = argparse.ArgumentParser()
  for flag in ("defects", "frames", "boxes", "clean", "out"):
    parser.add_argument(f"--{flag}")
  build(**vars(parser.parse_args()))

if __name__ == "__main__":
  main()
