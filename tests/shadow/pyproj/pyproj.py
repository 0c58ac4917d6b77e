"""Stands before the real pyproj on the path: as if it were not installed."""

raise ImportError("pyproj is shadowed")
