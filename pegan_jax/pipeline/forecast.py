"""Forecasts how long each stage takes, from the sizes of the data and the machine's pace.

Times are in units of one image's way through the feature network, of which most stages
consist. The multiples were measured with `--config quick` on two CPU cores (docs/all.md)
and are a guide elsewhere: `clock.Clock` corrects the forecast on the way.
"""

from pegan_jax.inspection import linear_head

DRAW, BUILD, TRAIN = 'draw synthetic steel', 'build the data set', 'train the generator'
GENERATE, EVALUATE = 'generate images', 'compare them with real ones'
STUDY, PAGE = 'study whether they help', 'make the page'

_READ = 0.3       # A file, read and compared with others.
_SEARCH = 1.5     # The same where crops are cut from it, and searched for in it.
_COMPILE = 6_000  # A training step, once.
_STEP = 70        # A training step of 8 images of 64x64 at width 0.25.
_PAINT = 3        # An image, drawn and judged; some are drawn again.
_LOAD = 500       # A stage's networks, once.


def of_stages(config, configs, sizes, workdir):
  """Forecasts all stages.

  Args:
    config: that of all stages, see configs/quick.py.
    configs: {method: config of its run}, the trained one first.
    sizes: `sizes.Sizes`.
    workdir: `pathlib.Path`; what lies there already takes no time.

  Returns:
    {stage: units}, in order.
  """
  trained, *_ = configs.values()
  train, test = (sum(split.values()) for split in (sizes.train, sizes.test))
  made = len(configs) * len(sizes.train) * config.generate.per_class
  crops = 2 if sizes.regions else 1  # Regions are compared too.
  views = 2 * linear_head.VIEWS  # Those of strong augmentation too.
  of_stage = {
      BUILD: (_LOAD + (_SEARCH if sizes.regions else _READ) * (sizes.files + train + test),
              workdir / 'dataset' / 'provenance.json'),
      TRAIN: (_training(trained, train + sizes.backgrounds, workdir), None),
      GENERATE: (_LOAD + _PAINT * made, workdir / 'generated'),
      EVALUATE: (_LOAD + crops * (train + test) + len(configs) * (_PAINT + crops) * train,
                 workdir / 'evaluation' / str(trained.num_steps) / 'report.json'),
      STUDY: (_LOAD + views * (train + made) + test, workdir / 'study' / 'study.json'),
      PAGE: (_LOAD + train, None)}
  return {stage: 0 if done and done.exists() else units
          for stage, (units, done) in of_stage.items()}


def _training(config, images, workdir):
  """Returns the units of matching `images` and of the steps that are left."""
  done = max((int(path.name) for path in workdir.glob('checkpoints/*')
              if path.name.isdecimal()), default=0)
  if done >= config.num_steps:
    return 0
  step = (_STEP * config.batch_size / 8 * (config.image_size / 64)**2
          * (1 + config.width / 0.25) / 2)
  return _COMPILE + (config.num_steps - done) * step + (0 if done else images)
