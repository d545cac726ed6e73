"""What the elementwise primitives compute, as formulas on whole vectors: one file for each family of functions."""
