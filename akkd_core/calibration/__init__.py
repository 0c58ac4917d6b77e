"""Calibration: digital numbers to radiance to brightness temperature, and what is unusable."""

from __future__ import annotations

from akkd_core.calibration.gain_offset import GainOffset, read_gain_offset
from akkd_core.calibration.lookup import Calibration, to_brightness_temperature, to_radiance

__all__ = [
    "Calibration",
    "GainOffset",
    "read_gain_offset",
    "to_brightness_temperature",
    "to_radiance",
]
