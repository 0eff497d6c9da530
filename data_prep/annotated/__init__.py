"""Folders of annotated images: which layout, and what is marked where."""
