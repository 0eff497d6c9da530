"""A training run: its config and data, its state, its step, its checkpoints."""
