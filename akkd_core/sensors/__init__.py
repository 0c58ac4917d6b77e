"""Facts of a sensor, read from data files that name their sources."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Sensor:
    """A thermal sensor's bands.

    Parameters
    ----------
    name : str
    bands : tuple of int
        Band numbers in the order of every per-band array.
    ucc : tuple of float
        Nominal unit conversion coefficients, W m-2 sr-1 um-1 per count.
    dn_fill, dn_zero_radiance, dn_saturated : int
        Special digital numbers.
    nedt_k : float
        Noise-equivalent temperature difference at 300 K, K.
    pixel_size_m : float
    wavelength_um : tuple of ndarray of float64
        Per band, the wavelengths of its spectral response function, um.
    srf : tuple of ndarray of float64
        Per band, the relative response, 0-1.
    """

    name: str
    bands: tuple[int, ...]
    ucc: tuple[float, ...]
    dn_fill: int
    dn_zero_radiance: int
    dn_saturated: int
    nedt_k: float
    pixel_size_m: float
    wavelength_um: tuple[NDArray[np.float64], ...]
    srf: tuple[NDArray[np.float64], ...]

    def __post_init__(self) -> None:
        count = len(self.bands)
        if not count == len(self.ucc) == len(self.wavelength_um) == len(self.srf):
            raise ValueError(f"sensor {self.name}: bands, ucc and srf differ in length")
        for wavelength, response in zip(self.wavelength_um, self.srf, strict=True):
            if wavelength.shape != response.shape or (np.diff(wavelength) <= 0).any():
                raise ValueError(f"sensor {self.name}: spectral response function is malformed")

    @property
    def effective_wavelength_um(self) -> NDArray[np.float64]:
        """Centroid of each band's spectral response, um, shape (bands,)."""
        return np.array(
            [
                (w * self.srf_weights(i)).sum() / self.srf_weights(i).sum()
                for i, w in enumerate(self.wavelength_um)
            ]
        )

    def srf_weights(self, index: int) -> NDArray[np.float64]:
        """Response times trapezoid step of band ``bands[index]``: integrates over wavelength."""
        step = np.diff(self.wavelength_um[index])
        weight = np.zeros_like(self.wavelength_um[index])
        weight[:-1] += step / 2
        weight[1:] += step / 2
        result: NDArray[np.float64] = weight * self.srf[index]
        return result


@cache
def aster_tir() -> Sensor:
    """Return ASTER's thermal infrared subsystem, bands 10-14.

    Sources: ``aster.json`` and ``aster_tir_srf.csv`` beside this module name them.
    """
    folder = files(__package__)
    facts = json.loads((folder / "aster.json").read_text(encoding="utf-8"))
    lines = (folder / facts["srf_file"]).read_text(encoding="utf-8").splitlines()[1:]
    table = np.array([[float(cell) for cell in line.split(",")] for line in lines if line])
    bands = tuple(int(b) for b in facts["bands"])
    parts = [table[table[:, 0] == band] for band in bands]
    return Sensor(
        name=facts["name"],
        bands=bands,
        ucc=tuple(float(u) for u in facts["ucc"]),
        dn_fill=int(facts["dn_fill"]),
        dn_zero_radiance=int(facts["dn_zero_radiance"]),
        dn_saturated=int(facts["dn_saturated"]),
        nedt_k=float(facts["nedt_k"]),
        pixel_size_m=float(facts["pixel_size_m"]),
        wavelength_um=tuple(part[:, 1] for part in parts),
        srf=tuple(part[:, 2] for part in parts),
    )
