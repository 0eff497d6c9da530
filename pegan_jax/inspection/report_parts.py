"""Has what the reports of all studies share."""

from pegan_jax.common import files
from pegan_jax.inspection import verdict

_ENOUGH_SEEDS = 5  # The default; with fewer, intervals say little.


def write(report, folder, to_text, draw):
  """Writes study.json, study.md and study.png, each whole or not at all; prints the text.

  Args:
    report: a dict for JSON.
    folder: path of the study's folder.
    to_text: function of the report and of `markdown`, which returns text.
    draw: function of the report and a path, which writes a PNG.

  Raises:
    OSError: they cannot be written.
  """
  files.write_json(folder / 'study.json', report)
  files.write(folder / 'study.md', to_text(report, markdown=True))
  draw(report, folder / 'study.png')
  print(to_text(report), end='')
  print(f'written to {folder}')


def too_few(protocol, images, seeds_differ=True):
  """Lists what a study has too little of: sentences without a stop.

  Args:
    protocol: the report's.
    images: what is tested, the report's module's `TESTED`.
    seeds_differ: whether more seeds would tell more.
  """
  p, said, enough = protocol, [], verdict.ENOUGH_GROUPS
  few = [f'{n} of {c}' for c, n in p['test_groups_of_classes'].items() if n < enough]
  if p['test_groups'] < enough:
    said.append(f'groups of {images}, {p["test_groups"]}: an interval from fewer than '
                f'{enough} is too narrow, so there is no verdict; build with more test '
                'images')
  elif few:
    said.append(f'groups of {images}, {", ".join(few)}: an interval from fewer than '
                f'{enough} is too narrow, so verdicts do not name these classes; build '
                'with more test images')
  if (seeds := p['seeds']) < _ENOUGH_SEEDS and seeds_differ:
    said.append(
        f'{seeds} seeds: intervals have {verdict.widening(seeds):.1f} times their spread, '
        f'and {verdict.widening(_ENOUGH_SEEDS):.1f} times that of {_ENOUGH_SEEDS}; '
        f'--config.seeds={_ENOUGH_SEEDS} trains only what is missing')
  return said + [x for x in [p.get('too_few_steps')] if x]  # Not of every study.


def checks(report):
  """Returns lines on what was checked of each generated set."""
  return [f'{"NOT KNOWN " if "not known" in x else "checked   "} {name}: {x}'
          for name, said in report['checks'].items() for x in said]
