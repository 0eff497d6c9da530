"""What a study's report says of its trainings."""

import pytest

from pegan_jax.inspection import report


@pytest.mark.parametrize('network, shares, words, varies', [
    ('efficientnet_lite0', ('1',), 'seeds do not differ', 'the test'),
    ('efficientnet_lite0', ('0.2', '1'), 'seeds do not differ', 'the test'),
    ('efficientnet_lite0', ('0.2', '0.5'), '3 times, to other draws of 50% of the real',
     '3 seeds and the test'),
    ('resnet18', ('1',), '3 trainings for each row, which differ in first weights, order '
     'and augmentation. ', '3 seeds and the test'),
    ('resnet18', ('0.5',), 'augmentation, and in their 50% of the real images. ',
     '3 seeds')])
def test_what_seeds_differ_in_is_told(network, shares, words, varies):
  found = {'protocol': {'network': network, 'seeds': 3, 'test_groups': 20,
                        'test_groups_of_classes': {}},
           'fractions': {share: {'arms': {'real': {'level': 0.95}}} for share in shares}}
  said = report.trainings(found)
  assert words in said and f'95% intervals from {varies}' in said and 'wider' not in said
  few = report.too_few(found)
  assert bool(few) == (network == 'resnet18' or shares != ('1',))
  found['fractions'][shares[-1]]['arms'] |= {'pretrained': {'level': 0.98}}
  said = report.trainings(found)
  assert 'wider, so that those of all' in said and 'a linear head alone' in said
