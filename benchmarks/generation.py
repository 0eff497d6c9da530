"""Does the network or the disk limit generation?

  python -m benchmarks.generation --data data/neu64 [--per_class 600] [--width 1]

Draws --per_class images of each class with PE-GAN, freshly initialised, by turns and
in one process: the images drawn and dropped; drawn and written as `--mode generate`
does; and written alone, the same images drawn beforehand. Prints images/s of each
and what writing adds to drawing.
"""

import argparse
import collections
import pathlib
import statistics
import tempfile
import time

import jax

from configs import pegan
from pegan_jax.common.runtime import compilation
from pegan_jax.generation import drawing, generate
from pegan_jax.runs.run import Run


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--data', required=True)
  parser.add_argument('--per_class', type=int, default=600)
  parser.add_argument('--width', type=float, default=1.0)
  parser.add_argument('--rounds', type=int, default=1)
  args = parser.parse_args()
  compilation.keep()
  config = pegan.get_config()
  config.update({'data_dir': args.data, 'width': args.width})
  run = Run(config, 'nowhere')
  sampler, classes = run.init_state().ema, run.info.classes
  backgrounds, _ = drawing.load_backgrounds(run)
  counts = [args.per_class] * len(classes)
  chosen = drawing.choose(run, counts, len(backgrounds))
  draw = lambda: drawing.draw(
      run, sampler, counts, backgrounds=backgrounds, chosen=chosen)
  drawn = list(draw())  # Compiles as well.
  times = collections.defaultdict(list)

  def measure(name, function):
    began = time.perf_counter()
    function()
    times[name].append(time.perf_counter() - began)

  with tempfile.TemporaryDirectory() as folder:
    for i in range(args.rounds):
      measure('drawn', lambda: collections.deque(draw(), maxlen=0))
      for name, images in (('drawn and written', draw), ('written alone', lambda: drawn)):
        out = pathlib.Path(folder) / f'{name} {i}'
        measure(name, lambda out=out, images=images: generate.write_images(
            classes, images(), out))
  size = run.info.image_size
  print(f'{jax.devices()[0].device_kind}, jax {jax.__version__}, {sum(counts)} images '
        f'of {size}x{size}, width {args.width:g}')
  medians = {name: statistics.median(t) for name, t in times.items()}
  for name, median in medians.items():
    print(f'{name:18s} {median:7.2f} s, {sum(counts) / median:7.0f} images/s')
  print(f'writing adds {medians["drawn and written"] / medians["drawn"] - 1:.1%}')


if __name__ == '__main__':
  main()
