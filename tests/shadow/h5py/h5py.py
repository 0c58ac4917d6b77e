"""Stands before the real h5py on the path: as if it were not installed."""

raise ImportError("h5py is shadowed")
