"""Compiled steps are kept between runs, and cut ones are replaced."""

import os
import subprocess
import sys
import time

import pytest

from pegan_jax.common.runtime import compilation

_SCRIPT = '''
import jax, jax.monitoring
from pegan_jax.common.runtime import compilation
jax.config.update('jax_persistent_cache_min_compile_time_secs', 0)
jax.config.update('jax_persistent_cache_min_entry_size_bytes', -1)
compilation.keep()
events = []
jax.monitoring.register_event_listener(lambda name, **_: events.append(name))
f = jax.jit(lambda x: x @ x + 3)
print(f(jax.numpy.ones((3, 3)))[0, 0], sum('cache_hits' in e for e in events) > 0)
'''


def _run(folder):
  done = subprocess.run(
      [sys.executable, '-c', _SCRIPT], capture_output=True, text=True, check=True,
      env=os.environ | {'JAX_COMPILATION_CACHE_DIR': str(folder)})
  return done.stdout.split(), done.stderr


def test_a_cut_entry_is_replaced_and_the_third_run_starts_from_the_cache(tmp_path):
  assert _run(tmp_path) == (['6.0', 'False'], '')
  whole = {p: p.read_bytes() for p in tmp_path.glob('*-cache')}
  assert whole
  for path, data in whole.items():
    path.write_bytes(data[:len(data) // 2])
  assert _run(tmp_path) == (['6.0', 'False'], '')
  assert {p.name for p in tmp_path.glob('*-cache')} == {p.name for p in whole}
  assert _run(tmp_path) == (['6.0', 'True'], '')


def test_only_what_is_new_is_read(tmp_path, monkeypatch):
  read = []
  monkeypatch.setattr(compilation, 'decompress_executable',
                      lambda data: read.append(data) or 1 // len(data))
  for age, data in ((20, b'old'), (10, b'newest')):
    (tmp_path / f'{data.decode()}-cache').write_bytes(data)
    os.utime(tmp_path / f'{data.decode()}-cache', (time.time() - age,) * 2)
  compilation._remove_cut(tmp_path)
  assert sorted(read) == [b'newest', b'old']
  (tmp_path / 'cut-cache').write_bytes(b'')  # Which the stand-in fails at.
  read.clear()
  compilation._remove_cut(tmp_path)
  assert sorted(read) == [b'', b'newest']
  assert sorted(p.name for p in tmp_path.iterdir()) == [
      'looked', 'newest-cache', 'old-cache']


@pytest.mark.parametrize('folder', ['nothing', 'file'])
def test_a_folder_that_is_none(folder, tmp_path):
  (tmp_path / 'file').write_text('')
  compilation._remove_cut(tmp_path / folder)
  assert [p.name for p in tmp_path.iterdir()] == ['file']
