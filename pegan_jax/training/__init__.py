"""The training loop, its writers, and the evaluation of a run in progress."""
