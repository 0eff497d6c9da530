"""The page: choose an image, draw a region, see the defect, keep it for a job file."""

import functools
import math
import pathlib

from nicegui import events, run, ui

from data_prep.images import reading
from pegan_jax.common.errors import UserError
from pegan_jax.generation.studio import orders, showing, strokes

_SHOWN = 12  # Clean images at once.
_LARGEST = 64  # Megabytes of an uploaded image.
_SEEDS = 2**31 - 1
_STYLE = pathlib.Path(__file__).with_name('page.css').read_text('utf-8')


class _Board(ui.element, component='region.js'):
  """The image that is drawn on; see region.js."""

  def show(self, image):
    """Shows uint8 [H, W, 1 or 3], nothing drawn on it."""
    height, width = image.shape[:2]
    self.props.update(
        src=showing.uri(reading.encode_png(image)), height=height, width=width)
    self.update()

  def use(self, tool, radius):
    """Sets what the pointer draws, and the radius in pixels of the image."""
    self.props.update(tool=tool, radius=radius)
    self.update()


class Page:
  """One tab of a browser.

  Args:
    session: the `session.Session` that all tabs share.
  """

  def __init__(self, session):
    self._session = session
    self._index, self._shape, self._region = 0, (1, 1), {}
    self._last = None  # (order, drawn) that is shown.

  def build(self):
    """Makes the page's elements."""
    ui.add_css(_STYLE)
    ui.colors(primary='#b85600')
    info = self._session.run.info
    ui.label(f'{self._session.run.workdir}, step {self._session.step} of '
             f'{self._session.run.config.method}').style('opacity: .75')
    with ui.element('div').classes('studio'):
      with ui.element('div'):
        self._build_gallery()
        self._build_region()
        self._build_defect(info.classes)
      with ui.element('div').props('aria-live=polite'):
        showing.text('h2', 'Result')
        self._build_result()
    with ui.element('div').classes('whole').style('width: 100%'):
      showing.text('h2', 'Jobs')
      self._build_jobs()
    self._choose(0)

  # --- What is asked for ---

  def _build_gallery(self):
    showing.text('h2', '1. Clean image')
    pages = math.ceil(len(self._session.gallery) / _SHOWN)
    self._thumbs = ui.row().style('gap: 2px')
    with ui.row().style('align-items: center'):
      self._pages = ui.pagination(1, pages, direction_links=True).props(
          'max-pages=5 boundary-numbers').on_value_change(self._list)
      self._uploader = ui.upload(
          label='or one of yours', auto_upload=True, max_file_size=_LARGEST * 10**6,
          on_upload=self._upload,
          on_rejected=lambda: _complain(f'it is larger than {_LARGEST} MB')).props(
              'flat bordered').classes('uploader')
    self._list()

  def _list(self):
    gallery, first = self._session.gallery, (self._pages.value - 1) * _SHOWN
    self._thumbs.clear()
    self._buttons = {}
    with self._thumbs:
      for index in range(first, min(first + _SHOWN, len(gallery))):
        try:
          source = showing.uri(reading.encode_png(gallery.thumbnail(index)))
        except UserError as e:
          ui.label(str(e)).style('width: 100%')
          continue
        button = ui.element('button').classes('thumb').on(
            'click', functools.partial(self._choose, index))
        with button:
          image = ui.element('img')
          image.props.update(src=source, alt=gallery.name(index),
                             title=gallery.name(index))
        self._buttons[index] = button
    self._mark()

  def _mark(self):
    for index, button in self._buttons.items():
      button.classes(**{'add' if index == self._index else 'remove': 'chosen'})

  async def _upload(self, event: events.UploadEventArguments):
    content = await event.file.read()
    self._uploader.reset()
    try:
      index = self._session.gallery.add(event.file.name, content)
    except UserError as e:
      _complain(e)
      return
    self._pages.max = math.ceil(len(self._session.gallery) / _SHOWN)
    self._pages.value = self._pages.max
    self._list()
    self._choose(index)

  def _choose(self, index):
    try:
      image = self._session.gallery.read(index)
    except UserError as e:
      _complain(e)
      return
    self._index, self._shape, self._region = index, image.shape[:2], {}
    self._board.show(image)
    self._radius.value = max(1, round(min(self._shape) / 25))
    self._radius.max = max(2, min(self._shape) // 4)
    self._say_region()
    self._mark()

  def _build_region(self):
    showing.text('h2', '2. Region')
    with ui.row().style('align-items: center; gap: .5rem 1rem'):
      self._tool = ui.toggle({'box': 'box', 'brush': 'brush', 'eraser': 'eraser'},
                             value='box', on_change=self._use)
      ui.label('size of the brush')
      self._radius = ui.slider(min=1, max=20, value=3, on_change=self._use).style(
          'width: 6rem').props('aria-label="radius of the brush in pixels"')
      ui.button('undo', on_click=lambda: self._board.run_method('undo')).props('flat')
      ui.button('clear', on_click=lambda: self._board.run_method('clear')).props('flat')
    self._board = _Board().on('drawn', self._take)
    self._region_text = ui.label()
    self._use()

  def _use(self):
    self._board.use(self._tool.value, self._radius.value)

  def _take(self, event):
    self._region = event.args if isinstance(event.args, dict) else {}
    self._say_region()

  def _asked(self):
    """Returns (box, mask) of what was drawn, each of them None where it is not."""
    if drawn := self._region.get('box'):
      return strokes.box(drawn, self._shape), None
    if drawn := self._region.get('strokes'):
      return None, strokes.mask(drawn, self._shape)
    return None, None

  def _say_region(self):
    size = f'{self._session.gallery.name(self._index)}, {self._shape[1]}x{self._shape[0]}'
    try:
      text = showing.region_text(*self._asked())
    except UserError as e:
      text = str(e)
    self._region_text.set_text(f'{size}: {text}')

  def _build_defect(self, classes):
    showing.text('h2', '3. Defect')
    with ui.row().style('align-items: center; gap: .5rem 1.5rem'):
      self._class = ui.select(list(classes), value=classes[0], label='class').style(
          'min-width: 9rem')
      self._seed = ui.number('seed', value=0, min=0, max=_SEEDS, precision=0).style(
          'width: 7rem')
      ui.button('next', on_click=self._next).props('flat').tooltip(
          'the next seed, and draw')
      with ui.column().style('gap: 0; width: 9rem'):
        text = ui.label()
        self._strength = ui.slider(min=0, max=1, step=0.05, value=1.0).props(
            'aria-label=strength')
        text.bind_text_from(self._strength, 'value', lambda value: f'strength {value:g}')
    self._draw_button = ui.button('draw', on_click=self._draw)

  async def _next(self):
    self._seed.value = (int(self._seed.value or 0) + 1) % (_SEEDS + 1)
    await self._draw()

  # --- What came of it ---

  def _build_result(self):
    self._status = ui.label('Nothing is drawn yet.')
    self._spinner = ui.spinner(size='lg')
    self._spinner.set_visibility(False)
    self._result = ui.column().style('width: 100%')

  async def _draw(self):
    try:
      box, mask = self._asked()
      order = orders.Order(
          self._session.gallery.path(self._index), self._session.gallery.name(self._index),
          self._class.value, box, mask, self._whole_seed(),
          float(self._strength.value))
      self._draw_button.disable()
      self._result.clear()  # With the button that would keep it.
      self._spinner.set_visibility(True)
      self._status.set_text('Drawing.' if self._session.warm else (
          'The first drawing compiles the network, and measures the real defects of the '
          'class: this takes a minute or more.'))
      drawn = await run.io_bound(self._session.draw, order)
      self._show(order, drawn)
    except UserError as e:
      self._status.set_text('')
      _complain(e)
    finally:
      self._draw_button.enable()
      self._spinner.set_visibility(False)

  def _whole_seed(self):
    seed = self._seed.value
    if seed is None or not 0 <= seed <= _SEEDS:
      raise UserError(f'the seed must be a whole number from 0 to {_SEEDS}')
    return int(seed)

  def _show(self, order, drawn):
    self._last = order, drawn
    self._result.clear()
    with self._result:
      ui.label(showing.verdict(drawn)).style('font-weight: 600')
      ui.button('keep as a job', on_click=self._keep)
      showing.picture(drawn.image, 'the result', '100%')
      with ui.row():
        for content, what in ((drawn.mask, 'visible mask'),
                              (drawn.region, 'region asked for')):
          with ui.column().style('gap: 0'):
            showing.picture(content, what, '10rem')
            ui.label(what)
      showing.table(drawn.figures)
    self._status.set_text(f'{showing.title(order)}. Drawn in {drawn.seconds:.1f} seconds.')

  # --- Jobs ---

  def _build_jobs(self):
    self._jobs = ui.column().style('width: 100%; gap: .25rem')
    self._export_button = ui.button('export the job file', on_click=self._export)
    self._exported = ui.column()
    self._list_jobs()

  def _keep(self):
    if any(order is self._last[0] for order, _ in self._session.collected):
      _complain('this one is kept already')
      return
    self._session.collect(*self._last)
    self._list_jobs()

  def _remove(self, order):
    self._session.remove(order)
    self._list_jobs()

  def _list_jobs(self):
    self._jobs.clear()
    with self._jobs:
      if not self._session.collected:
        ui.label('No jobs yet. Draw a defect, and keep it if it is what you want.')
      for order, drawn in self._session.collected:
        with ui.row().classes('job').style(
            'align-items: center; flex-wrap: nowrap; width: 100%'):
          showing.picture(drawn.image, 'the result', '64px')
          ui.label(f'{showing.title(order)}. {showing.verdict(drawn)}').style(
              'min-width: 0; flex: 1')
          ui.button('remove', on_click=functools.partial(self._remove, order)).props('flat')
      if not self._session.exported:
        ui.label('The list is not on disk yet.')

  def _export(self):
    try:
      folder, command = self._session.export()
    except UserError as e:
      _complain(e)
      return
    self._list_jobs()
    self._exported.clear()
    with self._exported:
      ui.label(f'Written to {folder}. This command writes exactly what is seen here:')
      ui.label(command).classes('command')


def _complain(what):
  ui.notify(str(what), type='negative', multi_line=True, close_button='close',
            timeout=15_000)
