"""Stands before the real rasterio on the path: as if it were not installed."""

raise ImportError("rasterio is shadowed")
