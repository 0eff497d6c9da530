"""A checkpoint's samples against the real images it was and was not trained on."""

from pegan_jax import drawing, generate
from pegan_jax.errors import UserError
from pegan_jax.metrics import against, change, features, table
from pegan_jax.metrics.evaluation import FeatureSet
from pegan_jax.run import Run


def evaluate(config, workdir):
  """Evaluates `config.evaluate.checkpoint` and prints the table.

  The samples are the first of those that `--mode generate` writes with the same
  `config.generate`.

  Args:
    config: the run's configuration; `evaluate` holds what concerns this.
    workdir: has the checkpoints; gets evaluation/<step>/report.json, .md, .png.

  Returns:
    The folder written.

  Raises:
    UserError: no such checkpoint, too few images, or no weights for the network.
  """
  run = Run(config, workdir)
  settings = config.evaluate
  options = against.Options(settings.count, False, settings.repeats,
                            settings.seed)
  options.check()
  extractor = load_extractor(config)
  restored = generate.restore(run, settings.checkpoint)
  train = against.split_features(extractor, run.info, 'train')
  test = against.split_features(extractor, run.info, 'test')
  missing = [c for c in run.info.classes if c not in train.features]
  if missing:
    raise UserError(f'the train split has no images of {", ".join(missing)}')
  least = min(map(len, train.features.values()))
  if options.count > least:
    raise UserError(f'{options.count} images a class were asked for, and the '
                    f'train split has a class of {least}')
  generated = _generate(run, restored, extractor, [
      options.count or len(train.features[c]) for c in run.info.classes])
  report = against.report_on_dataset(train, test, generated, {
      **extractor.protocol(), 'real': str(run.info.folder),
      'generated': f'{workdir}, step {restored.step}', 'step': restored.step,
      'generate_seed': config.generate.seed}, options)
  print(table.to_text(report), end='')
  out = run.workdir / 'evaluation' / str(restored.step)
  against.write(report, out)
  print(f'written to {out}')
  return out


def load_extractor(config):
  """The feature network that `config.evaluate` names."""
  settings = config.evaluate
  return features.load(settings.network, settings.weights or None,
                       settings.resize)


def _generate(run, restored, extractor, counts):
  """The first `counts[label]` images of each class, as a `FeatureSet`."""
  seed, classes = run.config.generate.seed, run.info.classes
  backgrounds, _ = drawing.load_backgrounds(run)
  chosen = None
  if backgrounds is not None:
    chosen = drawing.choose_backgrounds(seed, counts, len(backgrounds))
  images = dict(zip(classes, drawing.collect(drawing.draw(
      run, restored.state.ema, counts, seed=seed, backgrounds=backgrounds,
      chosen=chosen), len(classes))))
  return FeatureSet(
      {c: extractor(x) for c, x in images.items()},
      {c: [f'{c}/{generate.file_name(i)}' for i in range(len(x))]
       for c, x in images.items()},
      changes=chosen and {
          c: change.scores(x, backgrounds[chosen[label]])
          for label, (c, x) in enumerate(images.items())})
