"""The settings that every GAN's run has; the methods' configs derive from this.

Not for use by itself. A key is set on the command line by --config.KEY=VALUE.
"""

from ml_collections import ConfigDict

# The budget of a run in every method's config: real images shown to discriminators, over
# all classes. It is PE-GAN's: 20,000 updates of 5 x 32 images.
REALS = 3_200_000


def use_scale(config, scale):
  """Applies what follows the colon in --config dcgan:paper."""
  if scale not in ('', 'paper'):
    raise ValueError(f'no scale {scale!r}: choose paper, or none for 64x64')
  if scale == 'paper':
    config.image_size = 128
  return config


def set_adam(config, learning_rate, beta1, beta2, decay_fraction=0.0):
  """Sets the optimisers of both networks, `config.gen` and `config.disc`.

  `decay_fraction` is the last part of the run, over which the rate falls to 0.
  """
  for name in ('gen', 'disc'):
    config[name] = ConfigDict({
        'learning_rate': learning_rate, 'beta1': beta1, 'beta2': beta2,
        'decay_fraction': decay_fraction})


def get_config():
  """Returns the shared settings, each with its unit."""
  config = ConfigDict()
  config.method = ''  # name of the GAN, from pegan_jax/methods

  # --- Data ---
  config.data_dir = ''     # folder that data_prep.build made; '': WORKDIR/dataset
  config.image_size = 64   # pixels, a multiple of 32; other sizes are resampled
  config.flip = True       # random mirroring, left-right and up-down
  config.num_workers = 4   # threads that read and decode images
  config.cache_mb = 1024   # megabytes for decoded images; larger sets are streamed

  # --- Networks ---
  config.width = 1.0         # factor on every layer's filters
  config.dtype = 'float32'   # type that networks compute in: float32 or bfloat16

  # --- Optimisation ---
  config.seed = 0           # seed of initialisation, noise and the order of images
  config.num_steps = 20_000  # generator updates
  config.n_critic = 5       # discriminator updates per generator update
  config.batch_size = 16    # pairs of background and defect per discriminator update
  config.ema_decay = 0.999  # decay of the averaged generator; 0: no average

  # --- Logging and checkpoints ---
  config.log_every = 100           # generator updates between lines of metrics
  config.sample_every = 1_000      # generator updates between sample grids;
                                   # the first comes after `log_every`
  config.num_samples = 8           # images per class in a sample grid
  config.checkpoint_every = 1_000  # generator updates between checkpoints
  config.max_to_keep = 3           # number of newest checkpoints kept
  config.eval_every = 1_000        # generator updates between light evaluations; 0: none
  config.writer = 'tensorboardx'   # writer of TensorBoard's files; 'clu' needs TensorFlow

  # --- Generation ---
  config.generate = ConfigDict()
  config.generate.checkpoint = 'newest'  # checkpoint: newest, best (by KID), or a step
  config.generate.per_class = 600   # images per class
  config.generate.classes = ''      # classes, such as cr,pa or "a, b",c; '': all
  config.generate.seed = 0          # seed of noise and choice of backgrounds
  config.generate.batch_size = 64   # images computed at once, in sixteens per class
  config.generate.out = ''          # folder written; '': WORKDIR/generated
  config.generate.strength = 1.0    # strength of the painted defects, 0 to 1

  # --- Generation: what defects are painted on ---
  config.generate.split = 'train'    # split whose backgrounds are used
  config.generate.backgrounds = ''   # folder of your own clean images, instead
  config.generate.matched = True     # with `match`: only backgrounds that go with the class
  config.generate.frames = ''        # folder of whole clean frames, instead of crops
  config.generate.defects_per_frame = 1  # defects painted per frame

  # --- Generation: boxes ---
  config.generate.formats = ''  # formats of annotations: voc,yolo,coco,mvtec,
                                # labelme,via
  config.generate.mask_threshold = 0.5    # pixels above this share of how strong a mask is
                                          # belong to the defect: of its upper quartile
                                          # where it lies in a region, or its maximum
  config.generate.change_threshold = 0.1  # threshold for methods without a mask: share
                                          # of the full grey range that a pixel changed
  config.generate.min_area = 12  # pixels; smaller connected parts of a mask get no box
  config.generate.texture_classes = ''  # classes of one box per image, such as cr,rs

  # --- Generation: pegan_region, paste ---
  config.generate.jobs = ''     # file of images, classes and regions: docs/generation.md
  config.generate.roi = ''      # folder of masks: where defects may lie on your images
  config.generate.tries = 5     # times that a defect unlike real ones is drawn, at most;
                                # 0: none is judged

  # --- Evaluation ---
  config.evaluate = ConfigDict()
  config.evaluate.checkpoint = 'newest'  # checkpoint: newest, best (by KID), or a step
  config.evaluate.network = 'auto'    # feature network: inception, efficientnet or auto
  config.evaluate.weights = ''        # the network's .pth file; '': found by itself
  config.evaluate.resize = 'bicubic'  # resampling; 'legacy' is pytorch-fid's
  config.evaluate.count = 0           # images per class; 0: as many as there are real ones
  config.evaluate.repeats = 20        # random halves for intervals and floors
  config.evaluate.seed = 0            # seed of these halves and of light evaluations
  config.evaluate.light_count = 32    # images per class of a light evaluation

  # --- Page ---
  config.report = ConfigDict()
  config.report.study = ''      # folder of a study; '': WORKDIR/study
  config.report.per_class = 12  # samples and real crops shown per class
  config.report.nearest = True  # whether to find the training images nearest to them

  # --- Studio ---
  config.studio = ConfigDict()
  config.studio.port = 0  # port of 127.0.0.1 that the page is at; 0: any free one
  return config
