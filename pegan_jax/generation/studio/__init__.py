"""A local page where defects are drawn, one at a time, on clean images."""
