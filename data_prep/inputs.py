"""Finds all sources of a data set: what may become a defect or a background."""

import collections
import contextlib
import itertools
import os
import pathlib
import re
from typing import NamedTuple

from data_prep.annotated import checks, class_notes, drawn_over, layouts, marked_beside
from data_prep.annotated import other_folders, same_images, unannotated, unfinished
from data_prep.annotated.folder import Layout
from data_prep.crops import cutting
from data_prep.images import reading, survey
from data_prep.images.problems import Misnamed
from pegan_jax.common import class_names
from pegan_jax.common.errors import UserError

_NO_DEFECTS = ('images of --images with regions, which give no defects, as --defects names '
               'the crops; for these, build without --defects')
_OTHER_KIND = ('images without an annotation, in colour or of more bits, where all others '
               'are not')
_REPEATED = 'images that are another one, and are marked alike'


class Found(NamedTuple):
  """Holds what the folders have, before an image is decoded.

  Attributes:
    layout: `Layout` of --images; empty without it.
    crops: {class: paths} of whole files of defects, of the chosen classes.
    crops_dir: folder that holds them.
    cut: names of the chosen classes whose regions are cut out of the frames.
    skipped: {class: how many of its crops or regions are not used}.
    clean: list of (paths, folder, root), as `cutting.read_clean` has them.
    regions: {class: list of (a region's longer side, 'mask' or 'box')}.
  """
  layout: Layout
  crops: dict
  crops_dir: str
  cut: set
  skipped: dict
  clean: list
  regions: dict

  @property
  def frames(self):
    """Returns the paths of all images that may show what a crop shows."""
    return sorted([path for path, _ in self.layout.annotated] + self.layout.unlabelled)

  @property
  def files(self):
    """Returns all images as (path, the folder that names them)."""
    return ([(path, self.crops_dir) for paths in self.crops.values() for path in paths]
            + [(path, self.layout.root) for path in self.frames]
            + [(path, folder) for paths, folder, _ in self.clean for path in paths])

  def in_one_kind(self, kinds):
    """Returns it without unannotated images that alone would make the set of another kind.

    Such as previews in colour beside grey frames, or files of more bits.

    Args:
      kinds: {path: `survey.Kind`} of those that can be read.
    """
    layout = self.layout
    rest = {path: kinds[path] for path in layout.unlabelled if path in kinds}
    used = survey.settle({path: kinds[path] for path, _ in self.files
                          if path in kinds and path not in rest})
    odd = [path for path, kind in rest.items() if used.sizes and (
        kind.coloured > (not used.grey) or kind.largest > used.max_value)]
    if not odd:
      return self
    return self._replace(layout=layout._replace(
        unlabelled=sorted({*layout.unlabelled} - {*odd}),
        left_out=layout.left_out | {_OTHER_KIND: odd}))

  def once(self, same):
    """Returns it without annotated images that are another one, see `same_images.check`.

    Raises:
      UserError: one says what another denies.
    """
    return self._replace(layout=_once(self.clean, self.crops, self.layout, same))

  def notes(self, kinds):
    """Returns sentences without a full stop on files that are not as the others are.

    Args:
      kinds: `survey.Survey` of the images that can be read.
    """
    survey_notes = list(kinds.notes)
    long = survey.without_square(itertools.chain(*self.crops.values()), kinds.sizes)
    if long:
      survey_notes.append(
          'crops that are wide or tall, of which more than a quarter is lost, as they are '
          f'cut square around the centre: {len(long)}, the first is {long[0]}; cut such '
          'around their defects, or into squares')
    folders = {str(folder).rstrip('/') for _, folder in self.files}
    for folder in sorted(folders, key=len, reverse=True):  # By their place in it.
      survey_notes = [note.replace(f'{folder}/', '') for note in survey_notes]
    noted = self.layout.noted | class_notes.of_another_size(
        self.crops, self.layout.clean, kinds.sizes)
    defective = [path for paths in self.crops.values() for path in paths]
    defective += [path for path, _ in self.layout.annotated]
    noted |= class_notes.of_colour(
        defective, [path for paths, *_ in self.clean for path in paths], kinds.coloured)
    root = self.layout.root
    specks = class_notes.of_specks({name: self.regions[name] for name in self.cut})
    return survey_notes + specks + [
        f'{what}: {len(paths)}, the first is {reading.name_below(paths[0], root)}'
        for what, paths in sorted(noted.items())]


def check_backgrounds(options):
  """Raises UserError where no flag names what may be background; see `other_folders`."""
  if not options.images and not options.clean:
    raise other_folders.tried(Misnamed(
        'There are no backgrounds', 'pass --clean, or annotated --images', 'defects',
        options.defects), options, _find)


def find(options, problems):
  """Lists what the folders hold; decodes no image, except masks.

  Args:
    options: `options.Options`.
    problems: `Problems`; gets what is wrong with annotations, which are then left out.

  Returns:
    `Found`.

  Raises:
    UserError: a folder or its annotations cannot be used.
  """
  check_backgrounds(options)
  try:
    return _find(options, problems)
  except Misnamed as error:
    raise other_folders.tried(error, options, _find) from None


def _find(options, problems):
  """Does what `find` does, and tries no other folders."""
  layout, noted = _layout(options, problems), collections.defaultdict(list)
  crops = (unannotated.list_classes(options.defects, options.format, options.clean, noted)
           if options.defects else layout.crops)
  crops = {class_names.composed(name): paths for name, paths in crops.items()}
  clean = _clean_sources(options, layout, noted)
  layout.noted.update({why: [*dict.fromkeys(layout.noted.get(why, []) + paths)]
                       for why, paths in noted.items() if paths})
  layout = _once(clean, crops, layout)
  _check_beside(options, layout, crops, clean)
  regions = _lengths(layout.annotated)
  layout.noted.update(_notes_on_names(options, layout, crops, regions, clean))
  if options.defects and regions:
    layout.noted[_NO_DEFECTS] = [path for path, image in layout.annotated if image.regions]
  # '' is what a mask marks outside of every box.
  cut = set() if options.defects else set(regions) - {''}
  if not (crops or cut):
    problems.check()  # They are why there are no classes.
  chosen = _choose(options, {*crops, *cut})
  meant = chosen - set(options.classes)
  whole = {name: paths for name, paths in crops.items() if name in meant}
  marked = {region.name: (path, image.file) for path, image in reversed(layout.annotated)
            for region in image.regions if region.name in cut & meant}
  checks.check_meant({name: file for name, (_, file) in marked.items()}, whole, options,
                     problems)
  layout.noted.update(class_notes.with_clean_words(
      whole, {name: path for name, (path, _) in marked.items()}, options.clean))
  layout.noted.update(class_notes.of_several(whole | {
      name: [path for path, image in layout.annotated
             if any(region.name == name for region in image.regions)] for name in marked}))
  layout = layout._replace(left_out=_left_out(options, layout))
  layout = _without_drawn(options, layout, crops, chosen, clean, problems)
  counts = {name: len(crops.get(name, ())) + len(regions.get(name, ()))
            for name in sorted({*crops, *cut} - chosen)}
  return Found(layout, {name: crops[name] for name in crops if name in chosen},
               options.defects or layout.root, cut & chosen, counts, clean, regions)


def _layout(options, problems):
  """Returns the `Layout` of --images, in which what is annotated as empty is clean."""
  if not options.images:
    return Layout('', None, [], [], {}, [], {}, {})
  layout = layouts.read(options.images, options.annotations, options.format, problems,
                        options.cuts, apart=options.clean)
  if not layout.annotated and not layout.crops:
    problems.check()  # Nothing more can be said.
  if not (options.defects or options.annotations or options.format or problems):
    layout = _without_empty(layout, options.clean)
  layout.noted.update(unfinished.of_empty(layout.annotated, layout.clean, layout.root))
  return layout._replace(
      annotated=[(path, _composed(image)) for path, image in layout.annotated
                 if image.regions],
      clean=layout.clean + [path for path, image in layout.annotated if not image.regions])


def _composed(annotated):
  """Returns an `Annotated` whose classes are named as they are typed, see `class_names`."""
  return annotated._replace(regions=[
      region._replace(name=class_names.composed(region.name))
      for region in annotated.regions])


def _check_beside(options, layout, crops, clean):
  """Checks what lies beside the folders whose images are used as whole.

  Not so in that of --images, nor where --format says what is read.
  """
  if options.format:
    return
  of_crops = [path for paths in crops.values() for path in paths]
  sources = [(flag, folder, paths, flag == '--clean') for flag, folder, paths in (
      ('--defects', options.defects, of_crops),
      *(('--clean', folder, paths) for paths, folder, _ in clean if folder != layout.root))
             if folder and not (options.images and pathlib.Path(os.path.realpath(
                 folder)).is_relative_to(os.path.realpath(options.images)))]
  if layout.crops and not options.defects:
    sources.append(('--images', layout.root, of_crops + layout.clean, False))
  for source in sources:
    marked_beside.refuse(*source)


def _notes_on_names(options, layout, crops, regions, clean):
  """Returns {what is noted: paths} of names that say another thing than their use.

  Args:
    options: `options.Options`.
    layout, crops, regions, clean: as of `Found`, crops of all classes.

  Raises:
    UserError: some clean images are called as defects are, or lie in a folder that is.
  """
  names = {*crops, *(name for name in regions if not name.isdigit())} - {''}
  noted = {}
  for paths, folder, _ in clean:
    if folder in options.clean:
      noted |= unannotated.called_as_defects(paths, folder, names)
  if layout.annotated:
    unfinished.refuse_in_bad(layout.clean, layout.root, names)
  noted |= unannotated.called_as_defects_by_name(
      [path for paths, *_ in clean for path in paths], names)
  noted |= class_notes.of_one_class(crops)
  if options.defects:
    noted |= class_notes.of_crops(crops, pathlib.Path(options.defects))
  return noted


def _clean_sources(options, layout, noted):
  """Returns the sources of clean images, see `Found.clean`; notes files beside them."""
  clean = [(layout.clean, layout.root, None)] if layout.clean else []
  tags = {tag for _, image in layout.annotated for tag in image.tags}
  return clean + [
      (unannotated.list_clean(folder, options.format, tags, noted), folder, root)
      for folder, root in zip(options.clean,
                              cutting.clean_roots(options.clean, layout.root))]


def _left_out(options, layout):
  """Returns {reason: paths} of what is not used of all folders."""
  left_out = {why: list(paths) for why, paths in layout.left_out.items()}
  for folder in options.paths('defects') + options.paths('clean'):
    for why, paths in reading.find_images(folder)[1].items():
      left_out[why] = [*dict.fromkeys(left_out.get(why, []) + paths)]
  if options.defects:
    left_out['images that lie in no class folder'] = [
        path for path in reading.list_images(options.defects)
        if path.parent == pathlib.Path(options.defects)]
  return left_out


def _without_drawn(options, layout, crops, chosen, clean, problems):
  """Returns a layout without unused pictures that have marks drawn into them.

  Those that are used are a problem; arguments as in `find`.
  """
  used = {path: name for name in crops if name in chosen for path in crops[name]}
  used |= dict.fromkeys([path for path, _ in layout.annotated], '')
  used |= dict.fromkeys([path for paths, *_ in clean for path in paths], '')
  drawn = drawn_over.refuse(used, layout.unlabelled, options, layout.format or 'classes',
                            problems)
  if not drawn:
    return layout
  return layout._replace(
      unlabelled=sorted({*layout.unlabelled} - {*drawn}),
      left_out=layout.left_out | {drawn_over.LEFT_OUT: drawn})


def _once(clean, crops, layout, same=None):
  """Returns a layout without images that are another one, which it counts.

  Arguments are of `Found`, and of `same_images.check`.
  """
  repeated = same_images.check([path for paths, *_ in clean for path in paths],
                               [path for paths in crops.values() for path in paths],
                               layout.annotated, same)
  if not repeated:
    return layout
  return layout._replace(
      annotated=[pair for pair in layout.annotated if pair[0] not in repeated],
      left_out=layout.left_out | {_REPEATED: sorted(
          {*layout.left_out.get(_REPEATED, ()), *repeated})})


def _without_empty(layout, apart):
  """Returns the class folders' layout in place of one whose annotations mark nothing."""
  if layout.crops or any(image.regions for _, image in layout.annotated):
    return layout
  with contextlib.suppress(UserError):  # There may be no class folders.
    return layouts.read(layout.root, only_folders=True, apart=apart)
  return layout


def _lengths(annotated):
  """Returns {class: list of (a region's longer side, 'mask' or 'box')}."""
  lengths = {}
  for _, image in annotated:
    for region in image.regions:
      kind = 'box' if region.mask is None and not region.polygons else 'mask'
      lengths.setdefault(region.name, []).append(
          (max(region.box.width, region.box.height), kind))
  return lengths


def _choose(options, known):
  """Returns the names of the classes to use; UserError for one that is not there."""
  for flag in ('classes', 'skip_classes'):
    names = getattr(options, flag)
    if unknown := sorted(set(names) - known):
      if {*(parts := re.split('[，、；;]', ','.join(names)))} <= known:
        raise UserError(f'--{flag} has other commas than those between names: pass '
                        f'--{flag} {class_names.as_flag(parts)}.')
      raise UserError(f'--{flag} has {unknown[0]!r}, and the classes are '
                      f"{class_names.join(sorted(known), ', ')}: leave it out of --{flag}, "
                      'or correct it.')
  chosen = set(options.classes or known) - set(options.skip_classes)
  if not chosen:
    raise UserError('No defects are left: ' + (
        'no class is chosen, so pass other --classes or --skip_classes.' if known else
        f'{options.images} has no annotated region and no class folder.'))
  return chosen
