"""Do the generated samples help? Inspectors trained with and without them.

  python -m pegan_jax.inspection study --data DIR --generated DIR --out DIR
  python -m pegan_jax.inspection predict --workdir DIR IMAGES...
"""

import dataclasses
import pathlib
import sys

from pegan_jax.common import command_line
from pegan_jax.common.errors import UserError
from pegan_jax.inspection.settings import Settings

# Half the filters take a third of the time; --width 1 is the original network.
_DEFAULTS = Settings(width=0.5)


def _parse(arguments):
  parser = command_line.Parser(
      prog='python -m pegan_jax.inspection', description=__doc__)
  commands = parser.add_subparsers(dest='command', required=True,
                                   metavar='study|predict')
  _add_study(commands.add_parser('study', help=(
      'train inspectors with and without generated images and compare them')))
  predict = commands.add_parser('predict', help=(
      'name the class of images with an inspector of --mode inspect'))
  predict.add_argument('images', metavar='IMAGES', nargs='+',
                       help='image files, or folders of them')
  predict.add_argument('--workdir', metavar='DIR', required=True,
                       help='of --mode inspect')
  predict.add_argument('--csv', metavar='FILE', help='write the answers there')
  return parser.parse_args(arguments)


def _add_study(parser):
  parser.add_argument('--data', metavar='DIR', required=True,
                      help='data set of data_prep.build')
  parser.add_argument('--generated', metavar='DIR', action='append', default=[],
                      help='class folders of generated images; may be repeated')
  parser.add_argument('--out', metavar='DIR', default='runs/study',
                      help='the study\'s folder (%(default)s); run again, a '
                           'study goes on where it stopped')
  parser.add_argument('--seeds', type=int, default=5, metavar='N',
                      help='trainings of each arm (%(default)s)')
  parser.add_argument('--per_class', type=int, default=600, metavar='N',
                      help='generated images a class (%(default)s); 0 is all')
  parser.add_argument('--fractions', default='1.0', metavar='F,F,...',
                      help='repeat with these shares of the real images')
  parser.add_argument(
      '--filter', nargs='?', const='only', default='',
      choices=['only', 'compare'],
      help='leave out copies, unchanged, wrong and far-off generated images; '
           'compare: with and without')
  for name, value in dataclasses.asdict(_DEFAULTS).items():
    parser.add_argument(f'--{name}', type=type(value), default=value,
                        help='of the inspectors (%(default)s)')


def _fractions(text):
  try:
    return tuple(sorted({float(x) for x in text.split(',')}))
  except ValueError:
    raise UserError(f'--fractions {text} is no list of numbers such as '
                    '0.15,0.35,1.0') from None


def _study(args):
  # pylint: disable=g-import-not-at-top
  from pegan_jax.inspection import report, study
  options = study.Options(
      data=args.data, generated=tuple(args.generated), out=args.out,
      seeds=args.seeds, per_class=args.per_class,
      fractions=_fractions(args.fractions), filter=args.filter,
      settings=Settings(**{field.name: getattr(args, field.name)
                           for field in dataclasses.fields(Settings)}))
  print(report.to_text(study.study(options)), end='')
  print(f'written to {pathlib.Path(args.out)}')


def _predict(args):
  # pylint: disable=g-import-not-at-top
  from pegan_jax.inspection import predict
  predict.predict(args.workdir, args.images, args.csv)


def _run(arguments):
  args = _parse(arguments)
  # After the flags, so that a wrong one is said at once.
  # pylint: disable=g-import-not-at-top
  from pegan_jax.common.runtime import compilation
  from pegan_jax.inspection import training
  compilation.keep()
  training.set_up()
  {'study': _study, 'predict': _predict}[args.command](args)


def main(arguments=None):
  """Runs the command line; returns the exit status."""
  return command_line.run(
      lambda: _run(arguments),
      'what is trained is kept, and the same command goes on from there',
      '--batch_size, --width or --per_class')


if __name__ == '__main__':
  sys.exit(main())
