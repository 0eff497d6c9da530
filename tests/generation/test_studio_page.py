"""The studio in a real browser: from a drawn box to the job file, and what it lets in."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from pegan_jax.generation.generate import generate
from pegan_jax.runs.run import Run

pytest.importorskip('nicegui')
sync_api = pytest.importorskip('playwright.sync_api')
BROWSER = shutil.which('chromium') or shutil.which('google-chrome')
pytestmark = pytest.mark.skipif(not BROWSER, reason='no Chromium here')


@pytest.fixture
def served(untrained_region, tmp_path):
  """(config, workdir, address, process) of a studio that is open."""
  config, workdir = untrained_region
  shutil.copytree(workdir, tmp_path / 'run')
  (tmp_path / 'run' / 'config.json').write_text(json.dumps(Run(
      config, workdir).saved_config))
  with subprocess.Popen(
      [sys.executable, '-m', 'pegan_jax.main', '--mode', 'studio', '--workdir',
       str(tmp_path / 'run'), '--config.generate.tries=1'], stderr=subprocess.PIPE,
      text=True, env=os.environ | {'PYTHONUNBUFFERED': '1'}) as process:
    try:
      for line in process.stderr:
        if found := re.search(r'http://127\.0\.0\.1:\d+/', line):
          yield config, tmp_path / 'run', found[0], process
          return
      raise AssertionError('the studio did not open')
    finally:
      process.kill()


@pytest.fixture
def browser():
  with sync_api.sync_playwright() as playwright:
    opened = playwright.chromium.launch(executable_path=BROWSER, args=['--no-sandbox'])
    yield opened
    opened.close()


def _status(address, **headers):
  try:
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as answer:
      return answer.status
  except urllib.error.HTTPError as e:
    return e.code


def _drag(page, *points):
  area = page.locator('svg:has(mask)').bounding_box()
  points = [(area['x'] + area['width'] * x, area['y'] + area['height'] * y)
            for x, y in points]
  page.mouse.move(*points[0])
  page.mouse.down()
  for point in points[1:]:
    page.mouse.move(*point, steps=4)
  page.mouse.up()


def _draw(page, text, jobs):
  page.get_by_text(text).first.wait_for()
  page.get_by_role('button', name='draw', exact=True).click()
  page.get_by_text(re.compile(f'{text}.*Drawn in')).wait_for(timeout=300_000)
  page.get_by_role('button', name='keep as a job').click()
  sync_api.expect(page.locator('.job')).to_have_count(jobs)


def test_what_is_drawn_by_hand_is_what_the_command_writes(served, browser):
  config, workdir, address, process = served
  page, asked, said = browser.new_page(viewport={'width': 1280, 'height': 900}), [], []
  page.on('request', lambda request: asked.append(request.url))
  page.on('console', lambda message: said.append(message.text))
  page.on('pageerror', lambda error: said.append(str(error)))
  page.set_default_timeout(60_000)
  page.goto(address)
  _drag(page, (.25, .25), (.75, .5))
  _draw(page, 'box 8 8 24 16', 1)
  page.get_by_role('button', name='brush', exact=True).click()
  _drag(page, (.2, .7), (.5, .8), (.8, .7))
  _draw(page, 'pixels brushed', 2)
  page.get_by_role('button', name='export').click()
  page.locator('.command').wait_for()
  sync_api.expect(page.locator('.job img')).to_have_count(2)
  seen = [base64.b64decode(image.get_attribute('src').partition(',')[2]) for image in
          page.locator('.job img').all()]
  assert not said and {url.split('/')[2] for url in asked if url[:5] != 'data:'} == {
      address.split('/')[2]}

  folder = workdir / 'studio' / 'jobs_1'
  config = config.copy_and_resolve_references()
  config.generate.update({'jobs': str(folder / 'jobs.csv'), 'tries': 1,
                          'out': str(folder / 'generated')})
  out = generate(config, workdir)
  written = sorted(out.rglob('*.png'), key=lambda path: path.stem[-7:])
  assert len(seen) == 2 and [path.read_bytes() for path in written] == seen

  page.get_by_role('button', name='remove').first.click()
  page.get_by_text('The list is not on disk yet.').wait_for()
  for width, dark in ((390, True), (1280, False)):
    page.set_viewport_size({'width': width, 'height': 850})
    page.emulate_media(color_scheme='dark' if dark else 'light')
    page.wait_for_function('dark => document.body.classList.contains("body--dark") == dark',
                           arg=dark)
    assert page.evaluate('document.documentElement.scrollWidth') <= width
  for path in ('../../etc/passwd', '%2e%2e/%2e%2e/etc/passwd', '/etc/passwd'):
    assert _status(address + path) == 404
  assert _status(address) == 200
  assert _status(address, Origin='http://evil.org') == 403

  process.send_signal(signal.SIGINT)
  process.wait(60)
  assert process.returncode == 130
  assert len((workdir / 'studio/jobs_2/jobs.csv').read_text().splitlines()) == 2
