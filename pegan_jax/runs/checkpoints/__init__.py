"""Saving a state and reading it back."""
