"""The models of a GAN's run: production, and elimination where the method has it."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from pegan_jax.common.errors import UserError
from pegan_jax.data import dataset
from pegan_jax.generation import jobs
from pegan_jax.generation.sampler import Sampler
from pegan_jax.reporting.export.model import Array, EXACT, Model
from pegan_jax.runs.step import scale_region


class NoNetwork(UserError):
  """The method has nothing to export."""


def check(method, name):
  """Raises `NoNetwork` for a method that no network paints for."""
  if method.paint is None:
    raise NoNetwork(f'method {name} has no network to export: its images come from --mode '
                    'generate')


def models(run, weights, count):
  """Returns the list of `Model`s of a run.

  Args:
    run: a `Run`.
    weights: what the method samples with, such as a state's `ema`.
    count: of real images to try each with.
  """
  method = run.method
  # Other runtimes know float32, whatever the run computed in.
  gen = run.nets.gen.clone(dtype=jnp.float32)
  nets = run.nets._replace(gen=gen)
  weights = jax.tree.map(jnp.asarray, jax.device_get(weights))  # On one device.
  kinds = [_Production, _Elimination][:1 + method.translates]
  if not method.layout.per_class:
    return [kind(run, nets, weights).model(kind.NAME, count) for kind in kinds]
  return [kind(run, nets, jax.tree.map(lambda x, c=c: x[c], weights), c).model(
      f'{kind.NAME}_{name}', count)
          for kind in kinds for c, name in enumerate(run.info.classes)]


class _Generator:
  """Holds what both directions share.

  Args:
    run: a `Run`.
    nets: `Networks` to compute in float32.
    weights: of one class where the method has a model per class.
    label: that class, or None.
  """

  def __init__(self, run, nets, weights, label=None):
    self._run, self._nets, self._weights, self._label = run, nets, weights, label
    self._sampler, self._method = Sampler(run), run.method
    self._pixels = (run.info.image_size,) * 2
    self._shape = (*self._pixels, run.info.channels)
    self._of_class = '' if label is None else f' of class {run.info.classes[label]}'

  def _regions(self, inputs):
    """Returns what the method takes for a region: nothing, or its soft map."""
    if not self._method.layout.placed:
      return ()
    return scale_region(inputs['region'][..., None], self._run.config.image_size),

  def _placed(self, meaning):
    return {'region': Array(np.uint8, self._pixels, meaning)} if (
        self._method.layout.placed) else {}

  def _examples(self, label, count):
    """Returns real images of a label, or of all classes for None, and classes for them."""
    records = dataset.Records(self._run.info, 'train')
    found = np.arange(len(records.labels))
    defects = records.labels != self._run.info.background
    found = found[defects if label is None else records.labels == label]
    found = found[np.linspace(0, len(found) - 1, count).astype(int)]
    labels = np.arange(count) % len(self._run.info.classes)
    if self._label is not None:
      labels = np.full(count, self._label)
    elif label is None:
      labels = records.labels[found]
    examples = {'image': records.images(found)} if self._method.translates else {}
    if self._method.layout.placed:
      draw = jobs.draw_regions(self._run)
      examples['region'] = np.concatenate(
          [draw(c, [i]) for i, c in enumerate(labels.tolist())])
    return examples, labels.astype(np.int32)


class _Production(_Generator):
  """Puts a defect on clean images, or makes images of it from noise."""
  NAME = 'production'

  def model(self, name, count):
    """Returns the `Model`, with `count` examples."""
    noise = jax.vmap(functools.partial(self._method.draw, self._nets, self._run.config))(
        jax.random.split(jax.random.key(0), count))
    noise = {f'noise_{x}': np.asarray(value) for x, value in noise.items()}
    inputs, examples = {}, dict(noise)
    outputs = {'painted': Array(np.uint8, self._shape, 'images with the defect')}
    if self._method.translates:
      real, labels = self._examples(self._run.info.background, count)
      examples |= real | {'strength': np.linspace(0.5, 1, count, dtype=np.float32)}
      inputs = {'image': Array(np.uint8, self._shape, 'clean images')}
      if self._label is None:
        examples['label'] = labels
        inputs['label'] = Array(np.int32, (), 'numbers of the classes asked for')
      inputs |= self._placed('255 where to paint, 0 elsewhere')
      inputs['strength'] = Array(np.float32, (), '0 to 1: how strong; 1 as trained')
      outputs['mask'] = Array(np.uint8, self._pixels, (
          '255 where only the defect is seen, 0 where the image stays'
          if self._method.has_masks else 'how far each pixel changed, 255 black to white'))
    inputs |= {x: Array(np.float32, value.shape[1:], 'standard normal numbers')
               for x, value in noise.items()}
    purpose = (f'puts a defect{self._of_class} on clean images' if self._method.translates
               else f'makes images of a defect{self._of_class}')
    return Model(name, purpose, self._compute, inputs, outputs, examples)

  def _compute(self, inputs):
    image = inputs.get('image')
    seen = None if image is None else self._sampler.to_network(image)
    noise = {x.removeprefix('noise_'): value for x, value in inputs.items()
             if x.startswith('noise_')}
    made, mask = self._method.paint(
        self._nets, self._weights, seen, inputs.get('label'), noise,
        *self._regions(inputs))
    row = lambda x: None if x is None else x[None]  # As of one class.
    painted = self._sampler.finish(row(image), row(seen), made[None], row(mask))
    found, exact = painted.image.squeeze(0), {EXACT + 'painted': made}
    if image is None:
      return {'painted': found} | exact
    share = inputs['strength'][:, None, None, None]
    image = image.astype(jnp.float32)
    faded = jnp.round(image + share * (found.astype(jnp.float32) - image))
    seen = painted.visible_mask.squeeze(0).astype(jnp.float32)
    seen = jnp.round(share.squeeze(-1) * seen)
    return {'painted': faded.astype(jnp.uint8), 'mask': seen.astype(jnp.uint8)} | exact | (
        {} if mask is None else {EXACT + 'mask': mask})


class _Elimination(_Generator):
  """Takes defects away."""
  NAME = 'elimination'

  def model(self, name, count):
    """Returns the `Model`, with `count` examples."""
    inputs = {'image': Array(np.uint8, self._shape, 'images with a defect')}
    inputs |= self._placed('255 where the defect is, 0 elsewhere')
    purpose = f'takes away defects{self._of_class}'
    return Model(name, purpose, self._compute, inputs, {
        'cleaned': Array(np.uint8, self._shape, 'images without the defect')},
                 self._examples(self._label, count)[0])

  def _compute(self, inputs):
    seen = self._sampler.to_network(inputs['image'])
    made = self._method.erase(self._nets, self._weights, seen, *self._regions(inputs))
    return {'cleaned': self._sampler.to_pixels(made[None]).squeeze(0),
            EXACT + 'cleaned': made}
