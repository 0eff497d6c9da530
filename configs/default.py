"""What every run has; the methods' files derive from this. Not for use by itself."""

from ml_collections import ConfigDict

# The budget of a run in every method's config: real images that discriminators
# are shown, over all classes. It is PE-GAN's 20,000 updates of 5 x 32.
REALS = 3_200_000


def use_scale(config, scale):
  """Applies what follows the colon in --config configs/x.py:paper."""
  if scale not in ('', 'paper'):
    raise ValueError(f'no scale {scale!r}: choose paper, or none for 64x64')
  if scale == 'paper':
    config.image_size = 128
  return config


def get_config():
  """The shared settings, each with its unit."""
  config = ConfigDict()
  config.method = ''
  config.data_dir = ''        # from data_prep.build; '' is WORKDIR/dataset
  config.image_size = 64      # pixels; other sizes than the data's are resampled
  config.batch_size = 16      # defects, and as many backgrounds, a D update
  config.n_critic = 5         # D updates a G update
  config.num_steps = 20_000   # G updates
  config.seed = 0
  config.width = 1.0          # multiplies every layer's filters
  config.dtype = 'float32'    # of the networks' compute: float32 or bfloat16
  config.ema_decay = 0.999    # of the generator's average; 0 turns it off
  config.flip = True          # mirror images at random, both ways
  config.num_workers = 4      # threads that read and decode images
  config.cache_mb = 1024      # of decoded images kept in memory; more are streamed

  config.log_every = 100
  config.sample_every = 1_000
  config.checkpoint_every = 1_000
  config.max_to_keep = 3      # checkpoints
  config.num_samples = 8      # rows of a sample grid
  config.writer = 'tensorboardx'  # or 'clu', which needs TensorFlow

  config.generate = ConfigDict()
  config.generate.per_class = 600
  config.generate.classes = ''      # which: cr,pa; '' is all
  config.generate.seed = 0
  config.generate.checkpoint = 'newest'  # or 'best' by KID, or a step
  config.generate.split = 'train'  # whose backgrounds are used
  config.generate.backgrounds = ''  # a folder of clean images instead
  config.generate.matched = True    # with config.match: backgrounds that fit
  config.generate.batch_size = 64   # images under way, in sixteens of each class
  config.generate.out = ''          # '' is WORKDIR/generated
  config.generate.strength = 1.0    # in [0, 1], of what is painted
  config.generate.formats = ''      # of boxes, beside the manifest: voc,yolo,coco
  config.generate.mask_threshold = 0.5    # of a mask's highest value: a defect's part
  config.generate.change_threshold = 0.1  # the same where it has none: the change
  config.generate.min_area = 12     # pixels; smaller pieces of a mask get no box
  config.generate.texture_classes = ''    # whose boxes are the whole image: cr,rs
  config.generate.frames = ''       # a folder of whole clean frames to put defects on
  config.generate.defects_per_frame = 1

  config.eval_every = 1_000   # G updates between light evaluations; 0 is never
  config.evaluate = ConfigDict()
  config.evaluate.checkpoint = 'newest'  # or 'best' by KID, or a step
  config.evaluate.network = 'auto'  # inception, efficientnet; auto: see README
  config.evaluate.weights = ''      # the network's .pth file
  config.evaluate.resize = 'bicubic'  # or legacy, pytorch-fid's
  config.evaluate.count = 0         # images a class; 0 as many as there are real
  config.evaluate.repeats = 20      # random halves for intervals and floors
  config.evaluate.seed = 0
  config.evaluate.light_count = 32  # backgrounds of a light evaluation
  return config
