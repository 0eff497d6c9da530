"""Networks that others have trained: their layers, weights, and what they see."""
