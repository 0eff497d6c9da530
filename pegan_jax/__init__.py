"""PE-GAN in JAX: generates steel surface defects, and says whether they help."""
