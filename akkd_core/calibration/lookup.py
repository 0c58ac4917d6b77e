"""Digital numbers to radiance and brightness temperature by one table of 65,536 entries a band.

Radiance = (DN - 1) * UCC, W m-2 sr-1 um-1; brightness temperature by the band-integrated Planck
function. DN 0 is fill, 1 zero radiance (no temperature), 4095 saturated, above invalid.
Source: ASTER Users Handbook 2 (JPL, 2002), table of unit conversion coefficients.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akkd_core.calibration.gain_offset import GainOffset, read_gain_offset
from akkd_core.errors import CalibrationError, CalibrationWarning
from akkd_core.images import (
    TIR_BANDS,
    BrightnessTemperatureImage,
    GranuleMetadata,
    RadianceImage,
    Scene,
)
from akkd_core.physics.planck import brightness_temperature
from akkd_core.quality import PixelFlag
from akkd_core.sensors import aster_tir

_DN_COUNT = 65536
_UCC_TOLERANCE = 1e-3
_DOUBTFUL_2006 = (date(2006, 6, 20), date(2006, 7, 10))
RECALIBRATION_SERVICE = "https://tonolab.cis.ibaraki.ac.jp/ASTER/RECAL/"
"""Where recalibration coefficients for a scene's date can be had."""


@dataclass(frozen=True)
class Calibration:
    """Tables from digital number to radiance, brightness temperature and flag.

    Parameters
    ----------
    radiance_table : ndarray of float32, (5, 65536)
        W m-2 sr-1 um-1; NaN for fill, saturated and invalid counts.
    temperature_table : ndarray of float32, (5, 65536)
        K; NaN where the radiance is NaN, zero, or outside that of 150-450 K.
    flag_table : ndarray of uint8, (65536,)
        Bits of :class:`akkd_core.quality.PixelFlag`.
    recalibration : GainOffset or None
    """

    radiance_table: NDArray[np.float32]
    temperature_table: NDArray[np.float32]
    flag_table: NDArray[np.uint8]
    recalibration: GainOffset | None = None

    def __post_init__(self) -> None:
        shape = (len(TIR_BANDS), _DN_COUNT)
        if self.radiance_table.shape != shape or self.temperature_table.shape != shape:
            raise CalibrationError(f"calibration tables must have shape {shape}")
        if self.flag_table.shape != (_DN_COUNT,):
            raise CalibrationError(f"flag table must have {_DN_COUNT} entries")

    @classmethod
    def from_ucc(
        cls, ucc: tuple[float, ...], recalibration: GainOffset | None = None
    ) -> Calibration:
        """Tables for given unit conversion coefficients.

        Parameters
        ----------
        ucc : tuple of float
            Bands 10-14, W m-2 sr-1 um-1 per count, > 0.
        recalibration : GainOffset, optional
            Applied to the radiance.
        """
        if len(ucc) != len(TIR_BANDS) or not all(0 < u < 1 for u in ucc):
            raise CalibrationError(f"unit conversion coefficients {ucc} are not five in 0-1")
        sensor = aster_tir()
        flags = np.zeros(_DN_COUNT, np.uint8)
        flags[sensor.dn_fill] = PixelFlag.FILL
        flags[sensor.dn_zero_radiance] = PixelFlag.INVALID
        flags[sensor.dn_saturated] = PixelFlag.SATURATED
        flags[sensor.dn_saturated + 1 :] = PixelFlag.INVALID
        counts = np.arange(_DN_COUNT, dtype=np.float64) - sensor.dn_zero_radiance
        radiance = counts[None, :] * np.asarray(ucc)[:, None]
        if recalibration is not None:
            radiance *= np.asarray(recalibration.gain)[:, None]
            radiance += np.asarray(recalibration.offset)[:, None]
        radiance[:, flags != 0] = np.nan
        temperature = brightness_temperature(radiance)
        # Zero radiance is a valid radiance, but of no temperature.
        radiance[:, sensor.dn_zero_radiance] = (
            0.0 if recalibration is None else recalibration.offset
        )
        return cls(
            radiance.astype(np.float32), temperature.astype(np.float32), flags, recalibration
        )

    @classmethod
    def for_scene(
        cls, metadata: GranuleMetadata, gain_offset: str | Path | None = None
    ) -> Calibration:
        """Tables for a granule, with the granule's own coefficients.

        Warns (CalibrationWarning) if the granule's coefficients differ from the sensor's by over
        0.1 %, if its radiometric version is 1.x or 2.x and no recalibration is given, or 3.x or 4.x
        of the weeks in which these are less accurate.

        Parameters
        ----------
        metadata : GranuleMetadata
        gain_offset : path, optional
            Recalibration, see :mod:`akkd_core.calibration.gain_offset`.

        Raises
        ------
        ParameterError
            If the recalibration file is not as described.
        CalibrationError
            If the granule's coefficients can't be used.
        """
        recalibration = None if gain_offset is None else read_gain_offset(gain_offset)
        for message in calibration_doubts(metadata, recalibration is not None):
            warnings.warn(message, CalibrationWarning, stacklevel=2)
        try:
            return cls.from_ucc(metadata.ucc, recalibration)
        except CalibrationError as error:
            raise CalibrationError(
                f"{metadata.granule_id}: {error}. Download the granule again"
            ) from error

    def radiance(self, dn: NDArray[np.uint16]) -> NDArray[np.float32]:
        """Radiance of counts.

        Parameters
        ----------
        dn : ndarray of uint16, (5, row, col)

        Returns
        -------
        ndarray of float32, (5, row, col)
            W m-2 sr-1 um-1; NaN where fill, saturated or invalid.
        """
        return _look_up(self.radiance_table, dn)

    def brightness_temperature(self, dn: NDArray[np.uint16]) -> NDArray[np.float32]:
        """Brightness temperature of counts.

        Parameters
        ----------
        dn : ndarray of uint16, (5, row, col)

        Returns
        -------
        ndarray of float32, (5, row, col)
            K, 150-450; NaN where fill, zero radiance, saturated or invalid.
        """
        return _look_up(self.temperature_table, dn)

    def flags(self, dn: NDArray[np.uint16]) -> NDArray[np.uint8]:
        """Combine the flags of all five bands.

        Parameters
        ----------
        dn : ndarray of uint16, (5, row, col)

        Returns
        -------
        ndarray of uint8, (row, col)
            Bits of :class:`akkd_core.quality.PixelFlag`; zero radiance counts as invalid.
        """
        _check_bands(dn)
        combined: NDArray[np.uint8] = self.flag_table[dn[0]]
        for band in dn[1:]:
            combined |= self.flag_table[band]
        return combined


def _check_bands(dn: NDArray[np.uint16]) -> None:
    if dn.dtype != np.uint16 or dn.ndim < 1 or dn.shape[0] != len(TIR_BANDS):
        raise CalibrationError(f"counts are {dn.dtype} {dn.shape}, expected uint16 (5, row, col)")


def _look_up(table: NDArray[np.float32], dn: NDArray[np.uint16]) -> NDArray[np.float32]:
    _check_bands(dn)
    out = np.empty(dn.shape, np.float32)
    for band, row in enumerate(table):
        np.take(row, dn[band], out=out[band], mode="clip")
    return out


def calibration_doubts(metadata: GranuleMetadata, recalibrated: bool = False) -> list[str]:
    """Tell what is doubtful in a granule's calibration, one line each; empty if nothing is.

    Versions 1.x and 2.x (processed before 2006-02-08) are in error, 2.05 and 2.06 the most, on
    scenes of February 2001 to October 2002; 3.x and 4.x are accurate but for about late June to
    early July 2006 (ASTER Science Project, radiometric database history).
    """
    doubts = []
    for band, own, nominal in zip(TIR_BANDS, metadata.ucc, aster_tir().ucc, strict=True):
        if abs(own / nominal - 1) > _UCC_TOLERANCE:
            doubts.append(
                f"{metadata.granule_id}: band {band} has unit conversion coefficient {own:.6f}, "
                f"the sensor's is {nominal:.6f}; the granule's is used. Check the granule's origin"
            )
    match = re.match(r"\s*0*([1-4])\.", metadata.radiometric_version)
    version = int(match[1]) if match else 0
    if version > 2 and _DOUBTFUL_2006[0] <= metadata.acquired_at.date() <= _DOUBTFUL_2006[1]:
        doubts.append(
            f"{metadata.granule_id}: radiometric version {metadata.radiometric_version.strip()} is "
            "less accurate about late June to early July 2006. Order the granule anew (version 5)"
        )
    if version in (1, 2) and not recalibrated:
        doubts.append(
            f"{metadata.granule_id}: radiometric version {metadata.radiometric_version.strip()} is "
            "known to be in error. Order the granule anew, or give recalibration coefficients "
            f"(--gain-offset) from {RECALIBRATION_SERVICE}"
        )
    return doubts


def to_radiance(scene: Scene, calibration: Calibration | None = None) -> RadianceImage:
    """Radiance of a whole scene.

    Parameters
    ----------
    scene : Scene
    calibration : Calibration, optional
        By default :meth:`Calibration.for_scene`.
    """
    tables = calibration or Calibration.for_scene(scene.metadata)
    dn = scene.dn
    return RadianceImage(tables.radiance(dn), tables.flags(dn), scene.grid, scene.metadata)


def to_brightness_temperature(
    scene: Scene, calibration: Calibration | None = None
) -> BrightnessTemperatureImage:
    """Brightness temperature of a whole scene.

    Parameters
    ----------
    scene : Scene
    calibration : Calibration, optional
        By default :meth:`Calibration.for_scene`.
    """
    tables = calibration or Calibration.for_scene(scene.metadata)
    dn = scene.dn
    return BrightnessTemperatureImage(
        tables.brightness_temperature(dn), tables.flags(dn), scene.grid, scene.metadata
    )
