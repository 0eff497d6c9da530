"""Confusion matrices, and what they warn of."""

import numpy as np
import pytest

from pegan_jax.inspection import confusion


def test_confusion_by_hand():
  counts = confusion.matrix(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 2)
  assert counts == [[1, 1], [0, 2]]
  np.testing.assert_array_equal(confusion.recalls(counts), [0.5, 1])
  text = confusion.to_text({'classes': ['x', 'y'], 'confusion': counts,
                            'images_per_second': 10.0})
  assert 'accuracy 75.0% of 4 test images' in text
  assert text.splitlines()[-2].split() == ['x', '1', '1', '50.0%']


@pytest.mark.parametrize('counts,told', [
    ([[4, 0, 0], [4, 0, 0], [4, 0, 0]], [
        'it answers x for 12 of 12 images, whatever they show',
        'few test images, 4 of x, 4 of y']),
    ([[10, 0, 0], [9, 0, 1], [9, 1, 0]], ['it answers x for 28 of 30']),  # Two are wrong.
    # Two of ten are found: recalls come to 1.2, of which 1.96 * 0.126 may be chance.
    ([[10, 0], [8, 2]], ['its answers to 20 test images cannot be told from guessing']),
    ([[10, 0], [7, 3]], []),  # 1.3 - 1.96 * 0.145.
    ([[95, 0], [1, 4]], ['few test images, 5 of y: a recall of fewer than 10']),
    ([[95, 0], [5, 0]], ['it answers x for 100 of 100', 'few test images, 5 of y']),
    ([[12, 8], [9, 11]], ['its answers to 40 test images cannot be told from guessing']),
    ([[20, 0, 0], [0, 20, 0], [5, 5, 0]], ['it never recognises z (of 10 test images)']),
    ([[10, 0], [0, 10]], [])])
def test_what_makes_an_inspector_worth_little_is_told(counts, told):
  report = {'classes': list('xyz')[:len(counts)], 'confusion': counts,
            'images_per_second': 1.0}
  notes = confusion.notes(report)
  assert [note.startswith(start) for note, start in zip(notes, told, strict=True)] == [
      True] * len(told)
  assert all(f'Note: {note}.' in confusion.to_text(report) for note in notes)
  assert confusion.notes(report | {'too_few_steps': '4 steps'}) == ['4 steps', *notes]
