"""Segmenters: one that is kept and asked; whether generated images help, a study."""
