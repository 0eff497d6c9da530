"""How a browser shows the page of a run."""

import html
import json
import re
import shutil
import subprocess

import pytest

from reporting.pages import made, page  # noqa: F401

BROWSER = shutil.which('chromium') or shutil.which('google-chrome')

# What a reader does, and what he then sees; its answer is read out of the page.
_READER = '''
<script>
addEventListener('load', () => {
  const seen = selector => [...document.querySelectorAll(selector)].filter(
      x => getComputedStyle(x).display !== 'none').length;
  const found = {width: innerWidth,
                 dark: matchMedia('(prefers-color-scheme: dark)').matches,
                 back: getComputedStyle(document.body).backgroundColor};
  const root = document.documentElement;
  found.overflow = root.scrollWidth - root.clientWidth;
  found.masks = [seen('.classes .mask')];
  document.getElementById('show-masks').click();
  found.masks.push(seen('.classes .mask'));
  found.boxes = [seen('.classes rect:not(.asked)')];
  document.getElementById('show-boxes').click();
  found.boxes.push(seen('.classes rect:not(.asked)'));
  const dialog = document.querySelector('dialog');
  found.open = [dialog.open];
  document.querySelector('.sample button').click();
  found.open.push(dialog.open);
  found.pair = [...dialog.querySelectorAll('.pair .image')].map(
      x => x.getBoundingClientRect().width);
  const box = dialog.getBoundingClientRect();
  found.inside = box.left >= 0 && box.right <= innerWidth;
  found.broken = [...document.images].filter(x => x.complete && !x.naturalWidth).length;
  dialog.querySelector('.close').click();
  found.open.push(dialog.open);
  parent.postMessage(JSON.stringify(found), '*');
});
</script>'''


@pytest.mark.skipif(not BROWSER, reason='no Chromium here')
@pytest.mark.parametrize('width, dark', [(390, False), (390, True), (1280, False),
                                         (1280, True)])
def test_a_browser_shows_it(page, width, dark, tmp_path):
  text = page.read_text('utf-8')
  (tmp_path / 'page.html').write_text(
      text.replace('</body>', f'{_READER}</body>'), 'utf-8')
  frame = tmp_path / 'frame.html'  # Chromium's own windows are 500 pixels wide or more.
  frame.write_text(f'<iframe src=page.html width={width} height=900 frameborder=0></iframe>'
                   '<script>onmessage = e => { document.title = e.data; }</script>')
  done = subprocess.run(
      [BROWSER, '--headless', '--no-sandbox', '--disable-gpu', '--enable-logging=stderr',
       f'--user-data-dir={tmp_path / "profile"}', '--window-size=1400,1000',
       f'--blink-settings=preferredColorScheme={0 if dark else 1}',
       '--virtual-time-budget=5000', '--dump-dom', f'file://{frame}'],
      capture_output=True, text=True, timeout=120, check=True)
  assert 'CONSOLE' not in done.stderr, done.stderr
  title = re.search(r'<title>(.*?)</title>', done.stdout)[1]
  found = json.loads(html.unescape(title))
  assert (found['width'], found['dark']) == (width, dark)
  assert (found['back'] == 'rgb(255, 255, 255)') != dark
  assert found['overflow'] <= 0 and found['inside'] and not found['broken']
  assert found['masks'][0] == 0 < found['masks'][1]
  assert found['boxes'][1] == 0 < found['boxes'][0]
  assert found['open'] == [False, True, False]
  # Four times as large, where there is room.
  assert found['pair'] == [128, 128]
