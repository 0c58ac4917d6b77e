"""Stands before the real pyhdf on the path: as if it were not installed."""

raise ImportError("pyhdf is shadowed")
