"""Stands before the real matplotlib on the path: as if it were not installed."""

raise ImportError("matplotlib is shadowed")
