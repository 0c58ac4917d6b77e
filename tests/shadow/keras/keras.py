"""Stands before the real keras on the path: as if it were not installed."""

raise ImportError("keras is shadowed")
