"""Estimates what data parallelism sends, and its efficiency.

  python -m benchmarks.scaling [--image_size 64] [--width 1] [--step_ms 24]
      [--bytes 4]

Counts the parameters of PE-GAN's two networks. From them it computes the bytes of
gradients that an iteration all-reduces: the discriminator's once per discriminator
update, the generator's once. A ring moves nearly twice that past each end of a link.
Prints, for 8, 64 and 512 devices and three kinds of link, how long that takes, and the
efficiency of an iteration of --step_ms per device with nothing overlapped. This is an
estimate, not a measurement.
"""

import argparse

import jax

from configs import pegan
from pegan_jax import methods

# Bytes per second, devices that share one link, and the most devices it connects. A ring
# passes each link once, however many devices share it.
LINKS = {
    'NVLink, 450 GB/s a GPU': (450e9, 1, 64),
    '400 Gb/s a GPU': (50e9, 1, 512),
    '100 Gb/s a machine of 8 GPUs': (12.5e9, 8, 512),
}


def parameters(config):
  """Counts the parameters of (generator, discriminator)."""
  method = methods.get('pegan')
  nets = method.networks(config, 9, 1)
  gen, disc, _ = jax.eval_shape(
      lambda key: method.init(nets, config, key), jax.random.key(0))
  count = lambda tree: sum(x.size for x in jax.tree.leaves(tree))
  return count(gen), count(disc)


def main():
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument('--image_size', type=int, default=64)
  parser.add_argument('--width', type=float, default=1.0)
  parser.add_argument('--n_critic', type=int, default=5)
  parser.add_argument('--step_ms', type=float, default=24.0)
  parser.add_argument('--bytes', type=int, default=4, help='of a gradient')
  args = parser.parse_args()
  config = pegan.get_config()
  config.update({'image_size': args.image_size, 'width': args.width})
  gen, disc = parameters(config)
  sent = args.bytes * (gen + args.n_critic * disc)
  print(f'{args.image_size}x{args.image_size}, width {args.width:g}: G {gen / 1e6:.1f} M, '
        f'D {disc / 1e6:.1f} M parameters; {sent / 1e6:.0f} MB all-reduced an iteration')
  for name, (rate, shared_by, most) in LINKS.items():
    for devices in (8, 64, 512):
      ends = devices // shared_by
      if ends == 1 or devices > most:
        continue
      took = 2e3 * sent * (ends - 1) / ends / rate
      print(f'{name:28s} {devices:4d} devices: {took:5.1f} ms, '
            f'{args.step_ms / (args.step_ms + took):4.0%}')


if __name__ == '__main__':
  main()
