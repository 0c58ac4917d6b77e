"""Calibration: digital numbers to radiance to brightness temperature, and what is unusable."""

from __future__ import annotations

from akkd_core.calibration.gain_offset import GainOffset, read_gain_offset
from akkd_core.calibration.lookup import Calibration, to_brightness_temperature, to_radiance
from akkd_core.calibration.quantities import (
    CalibratedSamples,
    SampleCalibration,
    check_quantity,
)

__all__ = [
    "CalibratedSamples",
    "Calibration",
    "GainOffset",
    "SampleCalibration",
    "check_quantity",
    "read_gain_offset",
    "to_brightness_temperature",
    "to_radiance",
]
