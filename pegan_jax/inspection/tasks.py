"""--mode study: says whether generated images help an inspector at a task."""

from pegan_jax.common.errors import UserError
from pegan_jax.inspection import study as classify
from pegan_jax.inspection.localise import study as localise

_TASKS = {'classify': classify.study, 'localise': localise.study}


def study(config, workdir):
  """Runs the study of the task that a config names, and returns its report.

  Args:
    config: from configs/study.py.
    workdir: gets study.json, study.md, study.png and runs/, the finished trainings.

  Raises:
    UserError: there is no such task; or as the studies do.
  """
  if config.task not in _TASKS:
    raise UserError(f'task is {config.task!r}: choose {" or ".join(_TASKS)}')
  return _TASKS[config.task](config, workdir)
