"""Charts and grids of images."""
