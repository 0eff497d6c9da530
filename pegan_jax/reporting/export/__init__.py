"""Takes trained networks away: as ONNX and StableHLO, with a model card."""
