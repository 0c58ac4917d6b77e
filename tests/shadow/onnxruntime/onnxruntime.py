"""Stands before the real onnxruntime on the path: as if it were not installed."""

raise ImportError("onnxruntime is shadowed")
