"""Charts as PNG files: they know arrays and labels, nothing of scenes or models."""
