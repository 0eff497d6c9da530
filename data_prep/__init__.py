"""From folders of images and annotated frames to a tfds data set, audited."""

import pegan_jax  # For Ctrl-C while a command is loaded.  pylint: disable=unused-import
