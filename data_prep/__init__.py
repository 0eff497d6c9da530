"""From folders of images and annotated frames to a tfds data set, audited."""
