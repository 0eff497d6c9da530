"""Networks that others have trained: their layers, weights and features."""
