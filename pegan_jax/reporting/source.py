"""Finds what the page is made of: a run's folder, its data set and its study."""

import functools
import pathlib
import shlex

from pegan_jax.common import config_files, files, provenance
from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.runs import own_settings


# Folder in a run's of another run on the same data: the rival to beat, which needs no
# training. It is called as its method.
RIVAL = 'paste'

# What JSON raises that has another content than it should.
DAMAGED = (LookupError, TypeError, AttributeError, ValueError)


class Missing(Exception):
  """Something that was not made yet.

  Attributes:
    what: a sentence about it.
    command: the command that makes it.
  """

  def __init__(self, what, command):
    super().__init__(what)
    self.what, self.command = what, command


class Source:
  """A run's folder, its data set and its study; each is read when it is asked for.

  Args:
    config: the run's configuration, with a section `report`.
    workdir: the run's folder.

  Attributes:
    data_dir: folder of the data set.
    noted: what config.json says of the run's settings; None where it was not trained.
    generated: folder of generated images.
    study_dir: folder of the study.
  """

  def __init__(self, config, workdir):
    self.config = config
    self.workdir = pathlib.Path(workdir)
    self.data_dir = pathlib.Path(config.data_dir or self.workdir / 'dataset')
    self.noted = own_settings.read(workdir)
    self.generated = pathlib.Path(config.generate.out or self.workdir / 'generated')
    self.study_dir = pathlib.Path(config.report.study or self.workdir / 'study')

  @property
  def trains(self):
    """Returns whether the run's method is trained: all are but the rival's."""
    return self.config.method != RIVAL

  @property
  def word(self):
    """Returns what the run's images are called."""
    return 'generated' if self.trains else 'pasted'

  def command(self, mode, *flags, workdir=None):
    """Returns the command line of a mode, for this workdir or another."""
    return ' '.join(['python -m pegan_jax.main --mode', mode, '--workdir',
                     shlex.quote(str(workdir or self.workdir)), *flags])

  @property
  def train_command(self):
    """Returns the command that trains a run here, where none is noted."""
    return self.command('train', f'--config {self.config.method}',
                        f'--config.data_dir={shlex.quote(str(self.data_dir))}')

  @functools.cached_property
  def info(self):
    """Returns the `dataset.DataInfo`; Missing, or UserError where it is damaged."""
    if not self.data_dir.exists():
      raise Missing(f'there is no data set at {self.data_dir}.', (
          'python -m data_prep.build --images IMAGES --clean CLEAN --out '
          + shlex.quote(str(self.data_dir))))
    return dataset.load_info(self.data_dir)

  @functools.cached_property
  def made_of(self):
    """Returns what `--mode generate` noted of the generated images: a dict."""
    if not self.generated.is_dir():
      raise Missing('no images were generated.', self.command('generate'))
    return provenance.read(self.generated) or {}

  @functools.cached_property
  def rival(self):
    """Returns the `Source` of the run in `RIVAL`, or None where there is none."""
    folder = self.workdir / RIVAL
    if not self.trains or not own_settings.read(folder):
      return None
    return Source(config_files.load(RIVAL).get_config(), folder)

  @property
  def pasted_beside(self):
    """Returns the rival's `Source` where its images were generated, else None."""
    return self.rival if self.rival and self.rival.generated.is_dir() else None

  @functools.cached_property
  def pasted(self):
    """Returns a `Source` whose generated images are pasted defects, or None.

    These are the rival's, or those that the study compares the images with.
    """
    if not self.trains:
      return None
    if self.rival:
      return self.pasted_beside
    try:
      paths = [pathlib.Path(x) for x in self.study['protocol']['generated']]
    except (Missing, UserError, *DAMAGED):  # Its own part of the page says why.
      return None
    for path in paths:
      noted = own_settings.read(path.absolute().parent) or {}
      if noted.get('method') == RIVAL and path.is_dir():
        config = config_files.load(RIVAL).get_config()
        config.generate.out = str(path)
        return Source(config, path.parent)
    return None

  @property
  def step_of_images(self):
    """Returns the step that the images are of; None where it is not known."""
    try:
      return self.made_of.get('step')
    except Missing:
      return None

  @functools.cached_property
  def evaluation(self):
    """Reads the report on the checkpoint that generated the images, or else the newest.

    Returns:
      (its folder, the report).

    Raises:
      Missing: there is none.
      UserError: it is damaged.
    """
    steps = {int(path.parent.name): path.parent
             for path in self.workdir.glob('evaluation/*/report.json')
             if path.parent.name.isdecimal()}
    if not steps:
      raise Missing('how close generated images are to real ones was not measured.',
                    self.command('evaluate'))
    folder = steps.get(self.step_of_images, steps[max(steps)])
    return folder, read_report(folder / 'report.json', ('protocol', 'pooled', 'mean',
                                                        'classes', 'warnings'))

  @functools.cached_property
  def study(self):
    """Reads the study's report; Missing, or UserError where it is damaged."""
    path = self.study_dir / 'study.json'
    if not path.is_file():
      made = [self.generated, *(x.generated for x in [self.pasted_beside] if x)]
      raise Missing('whether generated images help an inspector was not studied.', (
          self.command('study', config_files.flag('data_dir', self.data_dir),
                       config_files.flag('generated', made),
                       '--config.network=efficientnet_lite0', workdir=self.study_dir)))
    return read_report(path, ('protocol', 'fractions', 'classes'))


def read_report(path, keys):
  """Returns the dict of a JSON file; UserError where it lacks one of `keys`."""
  try:
    found = files.read_json(path)
    if all(key in found for key in keys) and isinstance(found, dict):
      return found
  except OSError as e:
    raise UserError(f'{path} cannot be read: {e.strerror}') from e
  except (ValueError, TypeError):
    pass
  raise UserError(f'{path} is damaged: move it away and make it again')
