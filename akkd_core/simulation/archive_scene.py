"""One scene of an archive: what was measured, what a product says of it, and the truth if known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import InputError, ParameterError
from akkd_core.grid import Grid
from akkd_core.physics.planck import brightness_temperature
from akkd_core.simulation.archive_places import KINDS

LST_RANGE_K = (150.0, 400.0)


@dataclass(frozen=True)
class AirFacts:
    """What the air of a simulated scene was, and what the maker of its labels took it for.

    Parameters
    ----------
    profile : str
        Base profile.
    tcwv_kg_m2, believed_tcwv_kg_m2 : float
        Total column water vapour above the lowest ground.
    air_temperature_k : float
        Above the lowest ground, K.
    temperature_error_k : float
        Believed minus true air temperature, K.
    view_zenith_deg, visibility_km : float
    """

    profile: str
    tcwv_kg_m2: float
    believed_tcwv_kg_m2: float
    air_temperature_k: float
    temperature_error_k: float
    view_zenith_deg: float
    visibility_km: float

    @property
    def water_error(self) -> float:
        """Relative error of the believed water vapour."""
        return self.believed_tcwv_kg_m2 / self.tcwv_kg_m2 - 1.0


@dataclass(frozen=True)
class ArchiveScene:
    """One scene with labels; simulated ones have the truth, too.

    Parameters
    ----------
    name : str
    kind : {'training', 'complex'}
    grid : Grid
    acquired_at : datetime
        UTC.
    land_cover : str
    materials : tuple of str
        Spectra of the library that lie in it; empty where unknown.
    radiance : ndarray of float32, (5, row, col)
        Measured, W m-2 sr-1 um-1; NaN where there is none.
    elevation_m : ndarray of float32, (row, col)
        NaN where unknown.
    thin_cloud : ndarray of float32, (row, col)
        Optical thickness of thin cloud in the thermal infrared, 0 without.
    label_lst : ndarray of float32, (row, col)
        K, as a product gives it, in steps of 0.1 K; NaN where there is none.
    label_lse : ndarray of float32, (5, row, col)
        0-1, in steps of 0.001; NaN where there is none.
    label_valid : ndarray of bool, (row, col)
        The product's quality assessment has nothing against the pixel.
    lst : ndarray of float32, (row, col), optional
        True temperature, K.
    lse : ndarray of float32, (5, row, col), optional
        True emissivity, 0-1.
    air : AirFacts, optional

    Raises
    ------
    ParameterError
        If shapes or types differ from these, or a value is not possible.
    """

    name: str
    kind: str
    grid: Grid
    acquired_at: datetime
    land_cover: str
    materials: tuple[str, ...]
    radiance: NDArray[np.float32]
    elevation_m: NDArray[np.float32]
    thin_cloud: NDArray[np.float32]
    label_lst: NDArray[np.float32]
    label_lse: NDArray[np.float32]
    label_valid: NDArray[np.bool_]
    lst: NDArray[np.float32] | None = None
    lse: NDArray[np.float32] | None = None
    air: AirFacts | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ParameterError(f"scene {self.name}: kind {self.kind!r} is unknown")
        if self.acquired_at.utcoffset() != timedelta(0):
            raise ParameterError(f"scene {self.name}: acquisition time needs to be UTC")
        if (self.lst is None) != (self.lse is None):
            raise ParameterError(f"scene {self.name}: truth needs both temperature and emissivity")
        for name in ARRAYS:
            values = getattr(self, name)
            if values is not None:
                self._check(name, values)
        unlabelled = ~(np.isfinite(self.label_lst) & np.isfinite(self.label_lse).all(axis=0))
        if (self.label_valid & unlabelled).any():
            raise ParameterError(f"scene {self.name}: a valid label is not finite")

    def _check(self, name: str, values: NDArray[Any]) -> None:
        shape = (5, *self.grid.shape) if name in _FIVE_BANDS else self.grid.shape
        dtype = np.bool_ if name == "label_valid" else np.float32
        if values.shape != shape or values.dtype != dtype:
            raise ParameterError(
                f"scene {self.name}: {name} is {values.dtype} {values.shape}, expected "
                f"{np.dtype(dtype)} {shape}"
            )
        low, high = _RANGES.get(name, (-np.inf, np.inf))
        if ((values < low) | (values > high)).any() or np.isinf(values).any():
            raise ParameterError(f"scene {self.name}: {name} is outside {low:g}-{high:g}")

    @cached_property
    def bt(self) -> NDArray[np.float32]:
        """Brightness temperature, float32 (5, row, col), K; NaN where there is no radiance."""
        found: NDArray[np.float32] = brightness_temperature(self.radiance).astype(np.float32)
        return found

    def truth(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return true temperature (row, col) and emissivity (5, row, col).

        Raises
        ------
        InputError
            If the scene has none, as real ones.
        """
        if self.lst is None or self.lse is None:
            raise InputError(f"scene {self.name}: its truth is unknown. use a simulated archive")
        return self.lst, self.lse


ARRAYS = (
    "radiance",
    "elevation_m",
    "thin_cloud",
    "label_lst",
    "label_lse",
    "label_valid",
    "lst",
    "lse",
)
"""Arrays of a scene, as its file names them."""

TRUTH = ("lst", "lse")
"""Those that a real scene lacks."""

_FIVE_BANDS = ("radiance", "label_lse", "lse")
_RANGES = {
    "radiance": (0.0, 100.0),
    "elevation_m": (-500.0, 9000.0),
    "thin_cloud": (0.0, 50.0),
    "label_lst": LST_RANGE_K,
    "label_lse": (0.0, 1.0),
    "lst": LST_RANGE_K,
    "lse": (0.0, 1.0),
}
