"""--mode study: compares inspectors trained with and without generated images."""

import itertools
import pathlib
import time

import numpy as np

from pegan_jax import methods
from pegan_jax.common import files, provenance, terminal
from pegan_jax.data import dataset
from pegan_jax.inspection import arms as arms_lib, filtering, images, leaks
from pegan_jax.inspection import outcome, picture, report, report_parts, results
from pegan_jax.inspection import pretraining, trainers, training
from pegan_jax.inspection.settings import check_study, Settings, STRONGLY, USUAL
from pegan_jax.metrics import features, origins
from pegan_jax.runs import own_settings

_FILTERED = ' filtered'  # Ends the name of a set that was filtered.
_PRETRAINED = 'efficientnet_lite0'  # Its head is fitted in seconds.


def study(config, workdir, make_trainer=trainers.make, extractor=None):
  """Runs the trainings of a study that are not done yet, prints and writes its report.

  Args:
    config: from configs/study.py.
    workdir: gets study.json, study.md, study.png and runs/, the finished trainings.
    make_trainer: `trainers.make`, or a class with the methods of what it makes.
    extractor: computes features, for filtering; None loads the default.

  Returns:
    The report, the content of study.json.

  Raises:
    UserError: bad settings or input, generated images that the test images had a part
      in, or a training that diverged.
  """
  training.set_up()
  Settings.of(config).check()
  check_study(config)
  out = pathlib.Path(workdir)
  info = dataset.load_info(config.data_dir or out / 'dataset')
  other = dataset.load_info(config.test) if config.test else None
  classes = images.class_names(info, config.clean_class)
  results.check_classes(out / 'study.json', classes)
  train, test = images.load_splits(info, other, config.clean_class)
  made, folders, checks, rejected = _load_generated(config, info, train, test, other)
  with files.locked(out, f'studying in {out}', 'wait for it, or name another --workdir'):
    bench = _Bench(Settings.of(config), config, classes, train, test, out, make_trainer)
    funnels = {}
    if config.filter:
      made, funnels = _filter(config, info, made, folders, bench, extractor)
    plan, notes = _plan(info, made, not bench.settings.fitted, config.clean_class)
    notes = images.left_out(rejected) + notes
    for note in notes:
      terminal.say(note)
    answers = bench.run(plan, made)
    if not bench.settings.pretrained:
      plan.append(arms_lib.PRETRAINED)
      answers |= _Bench(Settings(_PRETRAINED), config, classes, train, test, out,
                        make_trainer).run(plan[-1:], {})
    found = outcome.collect(config, images.Sets(
        info, train, test, made, _pasted(folders, made)), plan, answers)
    found |= {'checks': checks, 'funnels': funnels, 'notes': notes, 'rejected': rejected}
    report_parts.write(found, out, report.to_text, picture.draw)
  return found


def _fractions(config):
  return sorted(set(map(float, config.fractions)))


def _plan(info, generated, in_steps, clean):
  """Returns the arms, and a sentence for each that cannot be trained."""
  arms, notes = [], []
  for arm in arms_lib.plan(generated, in_steps, clean):
    absent = []
    if not arm.real:
      absent = np.setdiff1d(np.arange(len(info.classes)),  # Clean images are there.
                            generated[arm.generated].labels)
    if len(absent):
      names = ', '.join(info.classes[c] for c in absent)
      notes.append(f'{arm.title}: not trained, since it has no images of {names}')
    else:
      arms.append(arm)
  return arms, notes


def _load_generated(config, info, train, test, other):
  """Reads the folders of a config, and looks for what test images had a part in.

  Args:
    config: from configs/study.py.
    info: `data.DataInfo`.
    train, test: `Images` of both splits.
    other: `data.DataInfo` of the test images where they are of another data set.

  Returns:
    Four dicts by the names of the sets: their `Images`, their `sets.ImageFolder`,
    sentences on what was looked at, and what was rejected.
  """
  generated, folders, rejected = {}, {}, {}
  checks = {'test images': leaks.check_other(train, test)} if other else {}
  paths = images.folders(config)
  names = images.methods(paths) or arms_lib.names(paths)
  for name, path in zip(names, paths):
    generated[name], folders[name], rejected[name] = images.load_generated(
        info, path, config.per_class)
    checks[name] = origins.check_scale(info, folders[name]) + leaks.check(
        info, train, test, folders[name], generated[name], other)
  return generated, folders, checks, rejected


def _pasted(folders, generated):
  """Returns the names of the sets, filtered or not, of runs that train nothing."""
  def is_pasted(folder):
    noted = own_settings.read(folder.path.absolute().parent)
    return noted is not None and not methods.get(noted['method']).trained
  return [name for name in generated
          if is_pasted(folders[name.removesuffix(_FILTERED)])]


def _filter(config, info, generated, folders, bench, extractor):
  """Returns the sets with those that are filtered, and {name: funnel}.

  Args:
    config, info: as of `_load_generated`.
    generated, folders: from it.
    bench: a `_Bench`.
    extractor: computes features; None loads the default.
  """
  judge, kept, funnels, train = None, {}, {}, bench.train
  extractor = extractor or features.load()
  for name, made in generated.items():
    manifest = [p for p in [folders[name].path / 'manifest.csv'] if p.is_file()
                and not origins.are_painted_elsewhere(info, folders[name])]
    digest = provenance.digest({
        'filter': 3, 'steps': bench.steps, 'features': extractor.protocol(),
        'images': [train.checksum(), made.checksum()], 'data': info.content,
        'manifest': provenance.of_files(folders[name].path, manifest),
        'settings': bench.settings.in_effect(USUAL)} | bench.weights)
    found = bench.results.load_filter(digest, len(made), info.classes)
    if found is None:
      judge = judge or bench.judge()  # One training, and only if it is needed.
      found = filtering.apply(info, train, made, folders[name], judge, extractor)
      bench.results.save_filter(digest, *found)
    keep, funnels[name] = found
    if not keep.any():
      terminal.say(f'the filter leaves nothing of {name}')
    else:
      kept[name + _FILTERED] = made.take(np.flatnonzero(keep))
  return (kept if config.filter == 'only' else generated | kept), funnels


class _Bench:
  """Trains the inspectors that are missing, with all images on the device at once."""

  def __init__(self, settings, config, classes, train, test, out, make_trainer):
    self._classes, self._generated = classes, {}
    self._clean = len(classes) - 1 if config.clean_class else None
    self.train, self._test, self._make = train, test, make_trainer
    self._fractions, self._seeds = _fractions(config), range(config.seeds)
    self.settings = settings
    self.weights = pretraining.weights(self.settings)
    self.steps = self.settings.steps(len(train))
    self.results = results.Results(out / 'runs')
    # Seeds whose inspectors are trained together, if any.
    self._together = (
        list(self._seeds)
        if training.together(train.pixels.shape[1]) and not self.settings.fitted else [])

  def judge(self):
    """Trains an inspector on augmented real images; returns its `probabilities`."""
    trainer = self._make(
        self.settings, self.train.pixels, self.train.labels,
        len(self._classes), self.steps)
    bar = terminal.Progress(self.steps, unit='step')
    terminal.say('training the inspector that filters')
    state, = trainer.train_all([np.arange(len(self.train))], [0], USUAL, bar.update)
    bar.close()
    return lambda pixels: trainer.probabilities(state, pixels)

  def run(self, plan, generated):
    """Trains every arm at every fraction and seed.

    Args:
      plan: the `arms.Arm`s.
      generated: {name of a set: its `Images`}.

    Returns:
      {(fraction, arm): [S, 2, n] of what `Results.load` returns}.
    """
    self._generated, pools = generated, self._lay_out(generated)
    todo = {job: self._digest(*job, pools) for job in itertools.product(
        self._fractions, plan, self._seeds)}
    answers = {digest: self.results.load(
        digest, len(self._test), len(self._classes), self._clean is not None)
               for digest, _ in todo.values()}
    # All seeds of an arm or none: trained together, they round differently than alone.
    lost = {job[:2] for job, (digest, _) in todo.items() if answers[digest] is None}
    # Keys are digests: arms without real images are the same at every fraction.
    missing = {digest: (job, pool) for job, (digest, pool) in todo.items()
               if answers[digest] is None or (self._together and job[:2] in lost)}
    if len(missing) < len(answers):
      terminal.say(f'{len(answers) - len(missing)} of {len(answers)} trainings '
                  'are done already')
    if missing:
      answers |= self._train_all(missing)
    return {(fraction, arm.name): np.array(
        [answers[todo[fraction, arm, seed][0]] for seed in self._seeds])
            for fraction in self._fractions for arm in plan}

  def _lay_out(self, generated):
    """Returns each generated set's indices among all images, laid end to end."""
    self._labels = np.concatenate([
        x.labels for x in [self.train, *generated.values()]])
    start, pools = len(self.train), {}
    for name, made in generated.items():
      pools[name] = start + np.arange(len(made))
      start += len(made)
    return pools

  def _digest(self, fraction, arm, seed, pools):
    """Returns the name of a training's result, and its images, as `train` takes them."""
    chosen = images.subset(self.train.labels, fraction, seed, self._clean)
    clean = chosen[self.train.labels[chosen] == self._clean]
    parts, pool = [], []
    if arm.real or len(clean):
      pool.append(chosen if arm.real else clean)
      parts.append(self.train.take(pool[-1]).checksum())
    if arm.generated:
      parts.append(self._generated[arm.generated].checksum())
      pool.append(pools[arm.generated])
    settings = self.settings.in_effect(arm.augmented)
    share = settings.pop('real_share')
    if len(parts) == 2 and not arm.by_turns:
      settings |= _share_in_effect(share, *(self._labels[part] for part in pool))
    about = {
        'settings': settings, 'steps': self.steps, 'seed': seed,
        'together': self._together, 'images': parts,
        'augmented': (arm.augmented if arm.augmented == STRONGLY else
                      bool(arm.augmented)),  # As earlier versions named it.
        'test': self._test.checksum(), 'classes': len(self._classes)} | self.weights
    if arm.by_turns:
      first = np.concatenate([clean, pools[arm.generated]])
      return provenance.digest(about | {'by_turns': True}), (first, chosen)
    return provenance.digest(about), np.concatenate(pool)

  def _train_all(self, missing):
    """Trains the {digest: (job, pool)}: {digest: answers to the test images}."""
    sets = [self.train, *self._generated.values()]
    trainer = self._make(
        self.settings, np.concatenate([s.pixels for s in sets]),
        np.concatenate([s.labels for s in sets]), len(self._classes), self.steps,
        len(self.train))
    if self.settings.fitted:
      terminal.say('the head of this network is fitted exactly, without chance: seeds with '
                   'the same images have one accuracy, which is printed once')
    bar = terminal.Progress(len(missing) * self.steps, unit='step')
    began, answers = time.perf_counter(), {}
    for (fraction, arm), group in itertools.groupby(
        missing.items(), key=lambda item: item[1][0][:2]):
      digests, jobs = zip(*group)
      seeds = [seed for (*_, seed), _ in jobs]
      alike = self.settings.fitted and len(jobs) > 1 and len(
          {pool.tobytes() for _, pool in jobs}) == 1
      states = trainer.train_all([pool for _, pool in jobs], seeds,
                                 arm.augmented, bar.update)
      for digest, seed, state in zip(digests, seeds, states, strict=True):
        answers[digest] = self._ask(trainer, state)
        self.results.save(digest, answers[digest], self._clean is not None,
                          arm=arm.name, seed=seed, fraction=fraction)
        if alike and seed != seeds[-1]:
          continue
        right = (answers[digest][0] == self._test.labels).mean()
        share = '' if fraction == 1 else f' of {fraction:g}'
        who = f'each of {len(seeds)} seeds' if alike else f'seed {seed}'
        done = len(answers) * self.steps
        bar.report(done, (time.perf_counter() - began) / done,
                   f'{arm.title}{share}, {who}: {right:.1%}')
    bar.close()
    return answers

  def _ask(self, trainer, state):
    """Returns an inspector's answers to the test images, as `Results.load` does."""
    found = trainer.probabilities(state, self._test.pixels)
    scores = (np.zeros(len(found)) if self._clean is None else
              np.delete(found, self._clean, 1).sum(1, dtype=float).clip(0, 1))
    return np.array([found.argmax(1), scores])


def _share_in_effect(share, real, made):
  """Returns what `real_share` does to a training, given both kinds' labels, for a digest.

  It has a class's real images come more often, where they are fewer. Earlier versions
  had them come less often as well, where they are more.
  """
  real, made = (np.bincount(x, minlength=max(real.max(), made.max()) + 1)
                for x in (real, made))
  more_often = real < share * (real + made)
  if not more_often.any():
    return {}
  return {'real_share': share if more_often[made > 0].all() else f'{share:g} or more'}
