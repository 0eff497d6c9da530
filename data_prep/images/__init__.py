"""Images of cameras and steel lines, read by the same rules everywhere."""
