"""Validation: metrics, scores on held-out scenes with known truth, products against references."""
