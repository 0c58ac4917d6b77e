"""Stands before the real tensorflow on the path: as if it were not installed."""

raise ImportError("tensorflow is shadowed")
