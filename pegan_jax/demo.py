"""Runs every stage on the synthetic data set."""

import pathlib
import time

from data_prep import build, synthetic
from pegan_jax.common import files, provenance, terminal
from pegan_jax.generation import generate
from pegan_jax.metrics import evaluate
from pegan_jax.training.train import train

_ADVICE = 'put that back, move it away, or name another --workdir'


def demo(config, workdir):
  """Runs every stage in `workdir` and names what was written.

  A stage whose result exists is not repeated, so that an interrupted demo resumes
  where it stopped; a result that was made of something else is refused.

  Args:
    config: the config of configs/demo.py; `synthetic` and `build` hold the arguments
      of those stages.
    workdir: folder for all results.

  Raises:
    UserError: as the stages do.
  """
  workdir = pathlib.Path(workdir)
  raw, dataset = workdir / 'synthetic', workdir / 'dataset'
  began = time.perf_counter()
  files.finish(raw)
  if raw.exists():
    provenance.check(raw, synthetic.made_of(**config.synthetic), _ADVICE)
  else:
    terminal.say('drawing synthetic steel')
    synthetic.write(raw, **config.synthetic)
  sources = {'defects': raw / 'defects', 'clean': raw / 'clean', 'out': dataset}
  files.finish(dataset)
  if dataset.exists():
    provenance.check(dataset, build.made_of(**sources, **config.build), _ADVICE)
  else:
    terminal.say('building the data set')
    build.build(**sources, **config.build)
  train(config, workdir)
  terminal.say('generating')
  generate.generate(config, workdir)
  terminal.say('evaluating')
  evaluate.evaluate(config, workdir)
  print(f'done in {time.perf_counter() - began:.0f} s; {workdir} holds')
  for name, what in (
      ('dataset', 'the data set in ArrayRecord shards, with its audit'),
      ('checkpoints', 'the checkpoints'),
      ('tensorboard', f'for tensorboard --logdir {workdir}/tensorboard'),
      ('metrics.jsonl', 'the same metrics as JSON lines'),
      ('samples', 'sample grids by step'),
      ('best', 'the checkpoint with the lowest KID'),
      ('generated', 'defects by class, and manifest.csv'),
      ('generated_annotations', 'their masks and boxes'),
      ('evaluation', 'how close they are to real crops: report.md, report.png'),
  ):
    print(f'  {workdir / name}: {what}')
