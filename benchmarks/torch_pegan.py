"""PE-GAN's iteration in PyTorch: a short reference for timing ours.

It has the layers, losses and optimiser of `pegan_jax.methods.pegan`. The generator and the
critic's plain passes can go through `torch.compile`. The gradient penalty cannot, because
AOTAutograd has no double backward.
"""

import torch
from torch import nn
import torch.nn.functional as F


class Translator(nn.Module):

  def __init__(self, num_domains, width=1.0, num_blocks=6):
    super().__init__()
    f = [round(n * width) for n in (32, 64, 128)]

    def norm_relu(conv, features):
      return nn.Sequential(
          conv, nn.InstanceNorm2d(features, affine=True), nn.ReLU())

    self.num_domains = num_domains
    self.head = nn.Sequential(
        norm_relu(nn.Conv2d(3 + num_domains, f[0], 7, 1, 3, bias=False), f[0]),
        norm_relu(nn.Conv2d(f[0], f[1], 5, 2, 2, bias=False), f[1]),
        norm_relu(nn.Conv2d(f[1], f[2], 5, 2, 2, bias=False), f[2]))
    self.blocks = nn.ModuleList(nn.Sequential(
        norm_relu(nn.Conv2d(f[2], f[2], 3, 1, 1, bias=False), f[2]),
        nn.Conv2d(f[2], f[2], 3, 1, 1, bias=False),
        nn.InstanceNorm2d(f[2], affine=True)) for _ in range(num_blocks))
    self.tail = nn.Sequential(
        norm_relu(nn.ConvTranspose2d(f[2], f[1], 4, 2, 1, bias=False), f[1]),
        norm_relu(nn.ConvTranspose2d(f[1], f[0], 4, 2, 1, bias=False), f[0]),
        nn.Conv2d(f[0], 3, 7, 1, 3, bias=False))

  def forward(self, x, label):
    planes = F.one_hot(label, self.num_domains).to(x.dtype)
    planes = planes[:, :, None, None].expand(-1, -1, *x.shape[2:])
    x = self.head(torch.cat([x, planes], 1))
    for block in self.blocks:
      x = x + block(x)
    return torch.tanh(self.tail(x).float())


class Discriminator(nn.Module):

  def __init__(self, num_domains, image_size, width=1.0):
    super().__init__()
    layers, last = [], 3
    for n in (64, 128, 256, 512, 1024):
      layers += [nn.Conv2d(last, round(n * width), 4, 2, 1), nn.LeakyReLU(0.01)]
      last = round(n * width)
    self.trunk = nn.Sequential(*layers)
    self.adv = nn.Conv2d(last, 1, 3, 1, 1, bias=False)
    self.cls = nn.Conv2d(last, num_domains, image_size // 32, bias=False)

  def forward(self, x):
    x = self.trunk(x)
    return self.adv(x)[:, 0].float(), self.cls(x)[:, :, 0, 0].float()


def load(module, params):
  """Copies our parameters into `module`, in the order in which layers are made."""
  def own():
    for name, layer in module.named_modules():
      if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.InstanceNorm2d)):
        yield name, layer
  counts = {}
  for name, layer in own():
    kind = {nn.Conv2d: 'Conv', nn.ConvTranspose2d: 'ConvTranspose',
            nn.InstanceNorm2d: 'InstanceNorm'}[type(layer)]
    number = counts.setdefault(kind, 0)
    counts[kind] += name not in ('adv', 'cls')
    ours = params[name if name in ('adv', 'cls') else f'{kind}_{number}']
    with torch.no_grad():
      if kind == 'InstanceNorm':
        layer.weight.copy_(torch.from_numpy(ours['scale']))
      else:
        # Our transposed convolution holds the kernel of the convolution it transposes.
        layer.weight.copy_(torch.from_numpy(ours['kernel']).permute(3, 2, 0, 1))
      if layer.bias is not None:
        layer.bias.copy_(torch.from_numpy(ours['bias']))


def gradient_penalty(disc, x):
  """Returns (||grad D(x)|| - 1)^2 and the norm per image; D(x): mean over patches."""
  x = x.requires_grad_()
  score = disc(x)[0].mean((1, 2)).sum()
  grad, = torch.autograd.grad(score, x, create_graph=True)
  norm = grad.square().sum((1, 2, 3)).clamp_min(1e-24).sqrt()
  return (norm - 1).square(), norm


class Trainer:
  """Holds everything that an iteration changes.

  Args:
    config: our config, for its weights, rates and sizes.
    num_domains: defect classes and background.
    device: 'cpu' or 'cuda'.
    dtype: what the networks compute in, by autocast; the penalty is float32.
    compiled: whether plain passes go through `torch.compile`.
  """

  def __init__(self, config, num_domains, device='cpu', dtype=torch.float32,
               compiled=False):
    self.config, self.num_domains, self.device = config, num_domains, device
    self.dtype = dtype
    place = dict(device=device, memory_format=torch.channels_last)
    self.gen = Translator(num_domains, config.width, config.num_blocks).to(**place)
    self.disc = Discriminator(
        num_domains, config.image_size, config.width).to(**place)
    self.ema = [p.detach().clone() for p in self.gen.parameters()]
    self.g, self.d = self.gen, self.disc
    if compiled:
      self.g, self.d = torch.compile(self.gen), torch.compile(self.disc)
    self.opt_gen, self.opt_disc = (torch.optim.Adam(
        net.parameters(), c.learning_rate, (c.beta1, c.beta2))
                                   for net, c in ((self.gen, config.gen),
                                                  (self.disc, config.disc)))

  def _autocast(self):
    return torch.autocast(self.device, self.dtype,
                          enabled=self.dtype != torch.float32)

  def _prepare(self, image):
    """Scales and flips at random: uint8 [N, H, W, 1] -> float [N, 3, H, W], [-1, 1]."""
    x = image.permute(0, 3, 1, 2).float() / 127.5 - 1
    for axis in (2, 3):
      flip = torch.rand(len(x), 1, 1, 1, device=x.device) < 0.5
      x = torch.where(flip, x.flip(axis), x)
    return x.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)

  def _targets(self, label):
    background = self.num_domains - 1
    defect = torch.randint_like(label, background)
    return torch.where(label == background, defect, background)

  def step(self, images, labels):
    """Does one iteration on uint8 [n_critic, N, H, W, 1] and int64 [n_critic, N]."""
    c = self.config
    for image, label in zip(images, labels):
      real = self._prepare(image)
      with self._autocast():
        with torch.no_grad():
          fake = self.g(real, self._targets(label))
        real_map, logits = self.d(real)
        fake_map, _ = self.d(fake)
      a = torch.rand(len(real), 1, 1, 1, device=real.device)
      penalty, _ = gradient_penalty(self.disc, a * real + (1 - a) * fake)
      loss = (fake_map.mean() - real_map.mean() + c.lambda_gp * penalty.mean()
              + c.lambda_cls_real * F.cross_entropy(logits, label))
      self.opt_disc.zero_grad()
      loss.backward()
      self.opt_disc.step()
    target = self._targets(label)
    with self._autocast():
      fake = self.g(real, target)
      recon = self.g(fake, label)
      adv, logits = self.d(fake)
    loss = (-adv.mean() + c.lambda_cls_fake * F.cross_entropy(logits, target)
            + c.lambda_rec * F.l1_loss(recon, real))
    self.opt_gen.zero_grad()
    loss.backward()
    self.opt_gen.step()
    with torch.no_grad():
      torch._foreach_lerp_(  # pylint: disable=protected-access
          self.ema, list(self.gen.parameters()), 1 - c.ema_decay)
