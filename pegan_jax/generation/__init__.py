"""From a checkpoint to images, masks and boxes."""
