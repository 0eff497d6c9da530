"""Modes of inspectors: each does what its task needs, to classify or to localise."""

from pegan_jax.common.errors import UserError
from pegan_jax.inspection import inspector, kept, predict as classes, study as classify
from pegan_jax.inspection.kept import CLASSIFY, LOCALISE
from pegan_jax.inspection.localise import inspector as segmenters, predict as places
from pegan_jax.inspection.localise import study as localise

_STUDIES = {CLASSIFY: classify.study, LOCALISE: localise.study}
_INSPECTORS = {CLASSIFY: inspector.inspect, LOCALISE: segmenters.inspect}
_ANSWERS = {CLASSIFY: classes.predict, LOCALISE: places.predict}


def study(config, workdir):
  """Runs the study of the task that a config names, and returns its report.

  Args:
    config: from configs/study.py.
    workdir: gets study.json, study.md, study.png and runs/, the finished trainings.

  Raises:
    UserError: there is no such task; or as the studies do.
  """
  return _of_task(_STUDIES, config)(config, workdir)


def inspect(config, workdir):
  """Trains the inspector of the task that a config names, and returns its test's report.

  Args:
    config: from configs/inspect.py.
    workdir: gets inspector/ (checkpoints), inspector.json and inspection.json, .md, .png.

  Raises:
    UserError: there is no such task, or the workdir has an inspector of the other one; or
      as the inspectors do.
  """
  train = _of_task(_INSPECTORS, config)
  if (there := kept.task(workdir)) in _INSPECTORS and there != config.task:
    raise UserError(f'the inspector in {str(workdir)!r} is of --config.task={there}: name '
                    f'another --workdir for one of {config.task}')
  return train(config, workdir)


def predict(config, workdir):
  """Asks the inspector of a workdir about images, and returns its answers.

  Args:
    config: from configs/predict.py.
    workdir: that of `inspect`, whatever the inspector's task.

  Raises:
    UserError: as `predict` of both tasks.
  """
  # A classifier's says what is wrong where there is none.
  return _ANSWERS.get(kept.task(workdir), classes.predict)(config, workdir)


def _of_task(functions, config):
  """Returns the function for the task of a config."""
  if config.task not in functions:
    raise UserError(f'task is {config.task!r}: choose {" or ".join(functions)}')
  return functions[config.task]
