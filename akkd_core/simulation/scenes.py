"""Scenes: a surface seen through an atmosphere by the sensor, with noise and 12-bit counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.physics.planck import band_radiance, broadcast_band_radiance
from akkd_core.physics.rte import (
    effective_air_temperature,
    radiance_toa_full,
    radiance_toa_paper,
)
from akkd_core.sensors import aster_tir
from akkd_core.simulation.atmospheres import AtmosphereTable
from akkd_core.simulation.clouds import CloudLayer, cloudy_radiance_toa
from akkd_core.simulation.surfaces import Surface

REFERENCE_TEMPERATURE_K = 300.0
"""Temperature at which NEdT is defined, K (Yamaguchi et al. 1998)."""


@dataclass(frozen=True)
class Atmosphere:
    """One atmosphere, band by band.

    Parameters
    ----------
    transmittance : ndarray, (5,)
        0-1.
    path_radiance, downwelling_radiance : ndarray, (5,)
        W m-2 sr-1 um-1.
    tcwv_kg_m2 : float
    air_temperature_k : float
        Near the surface, K.
    """

    transmittance: NDArray[np.floating]
    path_radiance: NDArray[np.floating]
    downwelling_radiance: NDArray[np.floating]
    tcwv_kg_m2: float
    air_temperature_k: float

    @classmethod
    def of(cls, table: AtmosphereTable, row: int) -> Atmosphere:
        """Return one row of a table."""
        return cls(
            table.transmittance[row].astype(np.float64),
            table.path_radiance[row].astype(np.float64),
            table.downwelling_radiance[row].astype(np.float64),
            float(table.tcwv_kg_m2[row]),
            float(table.air_temperature_k[row]),
        )

    def with_engine_error(
        self, rng: np.random.Generator, common: float = 0.05, band: float = 0.025
    ) -> Atmosphere:
        """Atmosphere as another radiative transfer engine might have it.

        Optical depth changes by one factor for all bands and one per band (SD ``common``,
        ``band``); radiances follow the emissivity of the air, ``1 - tau``. With the defaults the
        at-sensor BT changes by 0.15-0.3 K rms, as two engines differ.
        """
        factor = np.exp(rng.normal(0.0, common) + rng.normal(0.0, band, 5))
        tau = np.asarray(self.transmittance, dtype=np.float64) ** factor
        emission = (1.0 - tau) / np.maximum(1.0 - self.transmittance, 1e-6)
        return Atmosphere(
            tau,
            self.path_radiance * emission,
            self.downwelling_radiance * emission,
            self.tcwv_kg_m2,
            self.air_temperature_k,
        )


def noise_radiance(nedt_k: float | NDArray[np.floating]) -> NDArray[np.float64]:
    """Noise-equivalent radiance of an NEdT defined at 300 K, W m-2 sr-1 um-1, (5,).

    The detector's noise is constant in radiance, so in colder scenes the same noise is more
    kelvins (at 260 K 1.8 times as many in band 10, 1.4 times in band 14).

    Parameters
    ----------
    nedt_k : float or ndarray of shape (5,)
        K, >= 0.
    """
    half = 0.5
    slope = broadcast_band_radiance(REFERENCE_TEMPERATURE_K + half) - broadcast_band_radiance(
        REFERENCE_TEMPERATURE_K - half
    )
    result: NDArray[np.float64] = slope * np.asarray(nedt_k, dtype=np.float64)
    return result


def radiance_to_dn(radiance: NDArray[np.floating]) -> NDArray[np.uint16]:
    """Digital numbers of radiances by the nominal calibration, 1-4095, rounded.

    Parameters
    ----------
    radiance : ndarray, (5, ...)
        W m-2 sr-1 um-1.
    """
    sensor = aster_tir()
    ucc = np.array(sensor.ucc).reshape((5,) + (1,) * (radiance.ndim - 1))
    counts = np.rint(radiance / ucc) + sensor.dn_zero_radiance
    held: NDArray[np.uint16] = np.clip(counts, sensor.dn_zero_radiance, sensor.dn_saturated).astype(
        np.uint16
    )
    return held


def dn_to_radiance(dn: NDArray[np.uint16]) -> NDArray[np.float64]:
    """Radiances of digital numbers by the nominal calibration, W m-2 sr-1 um-1.

    Parameters
    ----------
    dn : ndarray of uint16, (5, ...)
    """
    sensor = aster_tir()
    ucc = np.array(sensor.ucc).reshape((5,) + (1,) * (dn.ndim - 1))
    result: NDArray[np.float64] = (dn.astype(np.float64) - sensor.dn_zero_radiance) * ucc
    return result


def observe(
    surface: Surface,
    atmosphere: Atmosphere,
    rng: np.random.Generator,
    *,
    nedt_k: float = 0.3,
    constant_in_kelvin: bool = False,
    rte: str = "full",
    clouds: Sequence[CloudLayer] = (),
) -> tuple[NDArray[np.uint16], NDArray[np.float32]]:
    """See a surface through an atmosphere.

    Parameters
    ----------
    surface : Surface
    atmosphere : Atmosphere
    rng : numpy.random.Generator
    nedt_k : float
        Noise at 300 K, K, >= 0.
    constant_in_kelvin : bool
        Noise of the same NEdT at every temperature instead of the same radiance.
    rte : {'full', 'paper'}
        Radiative transfer equation; clouds know the full one only.
    clouds : sequence of CloudLayer
        By height, the lowest first.

    Returns
    -------
    dn : ndarray of uint16, (5, row, col)
    lst : ndarray of float32, (row, col)
        True land surface temperature, K.

    Raises
    ------
    ParameterError
        For an unknown equation, or clouds with the paper's.
    """
    lst = surface.temperature_k(atmosphere.air_temperature_k)
    if clouds and rte != "full":
        raise ParameterError("clouds need the full radiative transfer equation (--rte full)")
    if clouds:
        radiance = cloudy_radiance_toa(lst, surface.lse, atmosphere, clouds)
    else:
        radiance = radiance_toa(lst, surface.lse, atmosphere, rte)
    if nedt_k > 0:
        noise = rng.standard_normal(radiance.shape, dtype=np.float32)
        if constant_in_kelvin:
            level = band_radiance(np.full((5, 1, 1), float(lst.mean())))
            slope = band_radiance(np.full((5, 1, 1), float(lst.mean()) + 1.0)) - level
            radiance = radiance + nedt_k * slope * noise
        else:
            radiance = radiance + noise_radiance(nedt_k)[:, None, None] * noise
    return radiance_to_dn(radiance), lst


def radiance_toa(
    lst: NDArray[np.floating], lse: NDArray[np.floating], atmosphere: Atmosphere, rte: str
) -> NDArray[np.float64]:
    """At-sensor radiance without noise by one of the two equations, (5,) + S, W m-2 sr-1 um-1.

    Parameters
    ----------
    lst : ndarray, shape S
        Land surface temperature, K.
    lse : ndarray, shape (5,) + S
        Emissivity, 0-1.
    atmosphere : Atmosphere
    rte : {'full', 'paper'}
        See `akkd_core.physics.rte`.

    Raises
    ------
    ParameterError
        For an unknown equation.
    """
    if rte == "full":
        return radiance_toa_full(
            lst,
            lse,
            atmosphere.transmittance,
            atmosphere.path_radiance,
            atmosphere.downwelling_radiance,
        )
    if rte == "paper":
        air = effective_air_temperature(atmosphere.transmittance, atmosphere.path_radiance)
        return radiance_toa_paper(lst, lse, atmosphere.transmittance, air)
    raise ParameterError(f"unknown radiative transfer equation {rte!r}, expected full or paper")
