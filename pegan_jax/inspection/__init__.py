"""Classifiers and segmenters of real and generated defects, and the study of both."""
