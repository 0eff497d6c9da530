"""The training loop, and what a run is watched by."""
