"""Chooses what goes into the data set, and into train or test."""
