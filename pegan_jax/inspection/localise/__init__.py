"""The study that asks whether generated images help a segmenter find defects."""
