"""--mode export: writes the networks of a trained run for other programs."""

import importlib.util
import os
import pathlib

from pegan_jax import __version__
from pegan_jax.common import files, provenance, terminal
from pegan_jax.common.errors import check_at_least, UserError
from pegan_jax.reporting.export import sources

_ADVICE = 'move it away'
_NEEDED = ('onnx', 'onnxruntime')


def export(config, workdir):
  """Writes WORKDIR/export/: ONNX, StableHLO and a model card, README.md.

  A GAN's run gives its generators, that of --mode inspect its classifier or
  segmenter. Each file is tried on real images before the folder appears. An export of the
  same weights that is there is left as it is.

  Args:
    config: from configs/export.py.
    workdir: folder of the run.

  Returns:
    The path of the folder.

  Raises:
    UserError: nothing to export, the extra `export` is not installed, no data set, other
      answers than ours, or an export of other weights is there.
  """
  if missing := [x for x in _NEEDED if importlib.util.find_spec(x) is None]:
    raise UserError(f'{missing[0]} is not installed: --mode export needs the extra of this '
                    "name, pip install 'pegan_jax[export]'")
  # pylint: disable=g-import-not-at-top
  from pegan_jax.reporting.export import card, writing
  check_at_least('tried', config.tried, 2)
  workdir = pathlib.Path(workdir)
  out = workdir / 'export'
  found = sources.find(config, workdir)
  made_of = {'version': __version__} | {x.kind: x.made_of for x in found}
  if workdir.is_dir():
    files.finish(out)
  if os.path.lexists(out):
    provenance.check(out, made_of, _ADVICE)
    terminal.say(f'{out} is made already', always=True)
    return out
  with files.whole(out, advice=_ADVICE) as (part, keep):
    folder = part / 'export'
    folder.mkdir()
    written = {x.kind: [writing.write(folder, model, x) for model in x.models()]
               for x in found}
    files.write(folder / 'README.md', card.text(found, written, workdir))
    provenance.write(folder, made_of)
    keep(folder)
  for entry in (entry for entries in written.values() for entry in entries):
    print(f'{entry.model.name}: {entry.trial.count} real images, ONNX Runtime differs by '
          f'up to {entry.trial.difference:.1g} in [0, 1]')
  print(f'written to {out}')
  return out
