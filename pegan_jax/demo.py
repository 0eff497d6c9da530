"""The main job on the built-in data set: from drawing it to evaluation."""

import pathlib
import time

from data_prep import build, synthetic
from pegan_jax import monitor
from pegan_jax.evaluate import evaluate
from pegan_jax.generate import generate
from pegan_jax.train import train


def demo(config, workdir):
  """Runs every stage in `workdir` and names what was written.

  A stage whose result is there already is not repeated, so that an interrupted
  demo goes on where it stopped.

  Args:
    config: of configs/demo.py: `synthetic` and `build` hold the arguments of
      those stages.
    workdir: gets everything.

  Raises:
    UserError: as the stages do.
  """
  workdir = pathlib.Path(workdir)
  raw, dataset = workdir / 'synthetic', workdir / 'dataset'
  began = time.perf_counter()
  if not raw.exists():
    monitor.say('drawing synthetic steel')
    synthetic.write(raw, **config.synthetic)
  if not dataset.exists():
    monitor.say('building the data set')
    build.build(defects=raw / 'defects', clean=raw / 'clean', out=dataset,
                **config.build)
  train(config, workdir)
  if not (workdir / 'generated').exists():
    monitor.say('generating')
    generate(config, workdir)
  if not (workdir / 'evaluation').exists():
    monitor.say('evaluating')
    evaluate(config, workdir)
  print(f'done in {time.perf_counter() - began:.0f} s; {workdir} holds')
  for name, what in (
      ('dataset', 'the data set in ArrayRecord shards, with its audit'),
      ('checkpoints', 'the checkpoints'),
      ('tensorboard', f'for tensorboard --logdir {workdir}/tensorboard'),
      ('metrics.jsonl', 'the same figures as JSON lines'),
      ('samples', 'sample grids by step'),
      ('best', 'the checkpoint with the lowest KID'),
      ('generated', 'defects by class, and manifest.csv'),
      ('generated_annotations', 'the mask of each, and the boxes'),
      ('evaluation', 'how near they come to real crops: report.md, report.png'),
  ):
    print(f'  {workdir / name}: {what}')

