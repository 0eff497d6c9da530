"""A built data set: its folder, records, batches and matches."""
