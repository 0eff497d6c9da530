"""Does the network or the disk limit generation?

  python -m benchmarks.generation --data data/neu64 [--per_class 600] [--width 1]

Samples --per_class images per class with a freshly initialised PE-GAN, and times three
things by turns in one process: sampling alone; sampling and writing, with masks, boxes and
manifest, as `--mode generate` does; writing alone, of images sampled before. Prints
images/s of each, and what writing adds to sampling.
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
from pegan_jax.generation import acceptance, crops, jobs
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
  weights = run.init_state().ema
  job = jobs.plan(run, [args.per_class] * len(run.info.classes))
  stream = lambda: acceptance.draw(run, weights, job)
  sampled = list(stream())  # This also compiles.
  times = collections.defaultdict(list)

  def measure(name, function):
    began = time.perf_counter()
    function()
    times[name].append(time.perf_counter() - began)

  with tempfile.TemporaryDirectory() as folder:
    for i in range(args.rounds):
      measure('sampled', lambda: collections.deque(stream(), maxlen=0))
      for name, images in (('sampled and written', stream),
                           ('written alone', lambda: sampled)):
        out = pathlib.Path(folder) / f'{name} {i}'
        out.mkdir()
        measure(name, lambda out=out, images=images: crops.write(
            run, 0, job, images(), out, out / 'annotated'))
  size = run.info.image_size
  print(f'{jax.devices()[0].device_kind}, jax {jax.__version__}, {sum(job.counts)} images '
        f'of {size}x{size}, width {args.width:g}')
  medians = {name: statistics.median(t) for name, t in times.items()}
  for name, median in medians.items():
    print(f'{name:20s} {median:7.2f} s, {sum(job.counts) / median:7.0f} images/s')
  print(f'writing adds {medians["sampled and written"] / medians["sampled"] - 1:.1%}')


if __name__ == '__main__':
  main()
