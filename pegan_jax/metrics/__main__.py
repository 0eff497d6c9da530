"""Compares generated images with real ones, and says how sure the figures are.

REAL and GENERATED are image folders, one folder per class or all in one, with any
subfolders and formats; REAL may be a data set of data_prep.build, whose training
and held-out images are then compared with separately. Runs on a CPU.
"""

import json
import pathlib
import sys

from PIL import Image

from pegan_jax.common import command_line
from pegan_jax.common.errors import check_at_least, UserError


def _parse(arguments):
  parser = command_line.Parser(
      prog='python -m pegan_jax.metrics', description=__doc__)
  parser.add_argument('real', metavar='REAL')
  parser.add_argument('generated', metavar='GENERATED')
  parser.add_argument('--json', metavar='FILE', help='write the report there')
  parser.add_argument('--png', metavar='FILE', help='draw the chart there')
  parser.add_argument(
      '--network', default='auto', choices=['auto', 'inception', 'efficientnet'],
      help='auto is inception where its weights are at hand, else efficientnet')
  parser.add_argument(
      '--weights', metavar='FILE', help="the network's .pth file")
  parser.add_argument(
      '--resize', default='bicubic', choices=['bicubic', 'legacy'],
      help="bicubic is clean-fid's, legacy pytorch-fid's")
  parser.add_argument(
      '--image_size', type=int, metavar='S',
      help='cut images square and bring them to S pixels first')
  parser.add_argument(
      '--count', type=int, default=0, metavar='N',
      help='images per class on each side; as many as both have by default')
  parser.add_argument('--all', action='store_true', dest='all_images',
                      help='compare all images, whatever the numbers')
  parser.add_argument('--repeats', type=int, default=20, metavar='R',
                      help='random halves for intervals and floors (20)')
  parser.add_argument('--seed', type=int, default=0, metavar='N')
  return parser.parse_args(arguments)


def _run(args):
  # Imports after the flags: a wrong one is reported at once.
  # pylint: disable=g-import-not-at-top
  with command_line.loading():
    from pegan_jax.common import files
    from pegan_jax.common.runtime import compilation
    from pegan_jax.data import dataset
    from pegan_jax.metrics import chart, evaluation, features, outputs, reports, sets
    from pegan_jax.metrics import splits
    from pegan_jax.metrics import table
  compilation.keep()
  options = evaluation.Options(args.count, args.all_images, args.repeats, args.seed)
  options.check()
  if args.image_size is not None:
    check_at_least('image_size', args.image_size, 1)
  inputs = args.real, args.generated
  for folder in inputs:
    if not pathlib.Path(folder).is_dir():
      raise UserError(f'{folder!r} is not a folder')
  outputs.check(args.json, '.json', _is_report, inputs)
  outputs.check(args.png, '.png', _is_chart, inputs)
  extractor = features.load(args.network, args.weights, args.resize)
  protocol = extractor.protocol() | {'real': args.real,
                                     'generated': args.generated}
  generated = sets.open_folder(args.generated, 'generated')
  if splits.is_dataset(args.real):
    report = reports.compare_to_dataset(
        extractor, dataset.load_info(args.real), generated, protocol, options,
        args.image_size)
  else:
    report = reports.compare_folders(
        extractor, sets.open_folder(args.real, 'real'), generated, protocol,
        options, args.image_size)
  # Files first: the reader of the table may have gone.
  if args.json:
    files.write_json(args.json, report)
  if args.png:
    chart.draw(report, args.png)
  print(table.to_text(report), end='')


def _is_report(path):
  report = json.loads(path.read_bytes())
  # A report of --mode evaluate notes its provenance.
  return {'protocol', 'pooled'} <= report.keys() and 'provenance' not in report


def _is_chart(path):
  with Image.open(path) as image:
    return image.info['Software'].startswith('Matplotlib')


def main(arguments=None):
  """Runs the command line; returns the exit status."""
  return command_line.run(lambda: _run(_parse(arguments)),
                          'nothing was written', '--count or --image_size')


if __name__ == '__main__':
  sys.exit(main())
