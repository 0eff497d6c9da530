"""Synthetic steel and its defects, drawn from noise."""
