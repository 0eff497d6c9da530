"""Where defects lie, and the files that say so."""
