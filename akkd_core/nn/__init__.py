"""Networks in Keras: the only room that imports TensorFlow. No Keras object leaves it."""

from __future__ import annotations

import os

# TensorFlow's notices on processor features would stand among a command's own lines.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
