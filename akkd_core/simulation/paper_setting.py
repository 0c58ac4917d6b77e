"""The fixed setting in which the AK-KD paper's Tables 1-3 are made anew.

The paper (Dai et al. 2025, section 4.1) names bands, temperature steps, a random split and no
noise, but neither air nor materials. Here: AFGL mid-latitude summer with its water vapour scaled
to 8 total columns, the view nadir; 60 natural materials of the shipped library, none of them of
the judging split; every temperature of 270-320 K at a step under every air and on every material.

The full radiative transfer equation is the default. The paper's own eq. (1) puts one temperature
in place of path and sky radiance, so it leaves out part of what a retrieval has to solve; it is
offered beside it.

A random split puts the same air and the same materials on both sides, so what such a test
measures is interpolation in temperature, not retrieval under unseen air.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.physics.planck import band_radiance, brightness_temperature
from akkd_core.progress import Progress
from akkd_core.simulation.atmosphere_draws import CO2_JUDGING_PPMV, simulate_cases
from akkd_core.simulation.atmospheres import (
    AtmosphereTable,
    load_atmospheres,
    shipped_atmospheres,
)
from akkd_core.simulation.lowtran_engine import AtmosphereCase
from akkd_core.simulation.materials import MaterialTable, materials
from akkd_core.simulation.profiles import reference_profile
from akkd_core.simulation.scenes import Atmosphere, noise_radiance, radiance_toa

PROFILE = "afgl_1986-midlatitude_summer"
TCWV_KG_M2 = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0)
LST_RANGE_K = (270.0, 320.0)
TRAIN_SHARE = 0.8

QUOTAS = {
    "vegetation": 20,
    "rock": 20,
    "soil": 10,
    "nonphotosyntheticvegetation": 8,
    "water": 1,
    "snow": 1,
}
"""How many of the 60 materials are of each natural kind; manmade ones are left out."""

UNSEEN_LST_MINUS_AIR_K = (-10.0, 25.0)
"""Unseen surfaces against the air above them: from a clear night's to a dry noon's."""


@dataclass(frozen=True)
class PixelSamples:
    """Single pixels: what the sensor sees and the temperature behind it.

    Parameters
    ----------
    bt : ndarray of float32, (n, 5)
        Brightness temperature of bands 10-14, K.
    lst : ndarray of float32, (n,)
        True land surface temperature, K.
    tcwv_kg_m2 : ndarray of float32, (n,)
        Total column water vapour of the air above.
    """

    bt: NDArray[np.float32]
    lst: NDArray[np.float32]
    tcwv_kg_m2: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.lst)

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> PixelSamples:
        """Rows of given indices, or where a mask is true."""
        return PixelSamples(self.bt[index], self.lst[index], self.tcwv_kg_m2[index])


def simulate_paper_atmospheres(progress: Progress | None = None) -> AtmosphereTable:
    """Compute the setting's 8 atmospheres with LOWTRAN7 (``tools/make_atmospheres.py paper``).

    Nadir, rural aerosol of 23 km, 390 ppmv of carbon dioxide; temperature and pressure as AFGL
    has them, so the moistest air is a few percent beyond saturation near the ground.

    Raises
    ------
    MissingDependencyError, SimulationError, OperationCancelled
        As `akkd_core.simulation.lowtran_pool.simulate_spectra`.
    """
    base = reference_profile(PROFILE).for_lowtran()
    cases = [
        AtmosphereCase(
            replace(base, water_vapour_ppmv=base.water_vapour_ppmv * (tcwv / base.tcwv_kg_m2)),
            co2_ppmv=CO2_JUDGING_PPMV,
        )
        for tcwv in TCWV_KG_M2
    ]
    return simulate_cases(cases, "train", workers=1, progress=progress)


@cache
def paper_atmospheres() -> AtmosphereTable:
    """Return the 8 atmospheres that come with the package."""
    folder = files("akkd_core.simulation") / "data"
    return load_atmospheres(Path(str(folder / "atmospheres_paper.csv")))


def paper_materials() -> MaterialTable:
    """Return the 60 natural materials, the same for training and test, as in the paper.

    Rule: of the training split's rows of each kind, in the library's order, as many as `QUOTAS`
    says, evenly spaced, the first and the last among them.
    """
    table = materials("train")
    keep = np.zeros(len(table), dtype=np.bool_)
    kinds = np.array(table.kind)
    for kind, quota in QUOTAS.items():
        rows = np.flatnonzero(kinds == kind)
        keep[rows[np.round(np.linspace(0, len(rows) - 1, quota)).astype(int)]] = True
    return table.take(keep)


def paper_temperatures(step_k: float) -> NDArray[np.float64]:
    """Surface temperatures from 270 K upwards at a step, 320 K at most, float64, K.

    Parameters
    ----------
    step_k : float
        K, > 0; the paper has 4 and 1.

    Raises
    ------
    ParameterError
        If the step isn't positive, or leaves a single temperature.
    """
    low, high = LST_RANGE_K
    if not 0.0 < step_k <= high - low:
        raise ParameterError(f"temperature step {step_k:g} K: give more than 0, up to 50")
    found: NDArray[np.float64] = np.arange(low, high + 1e-9, step_k)
    return found


def paper_samples(step_k: float, *, rte: str = "full") -> PixelSamples:
    """All temperatures under all atmospheres on all materials, without noise.

    Parameters
    ----------
    step_k : float
        K.
    rte : {'full', 'paper'}
        Radiative transfer equation, see `akkd_core.physics.rte`.

    Returns
    -------
    PixelSamples
        8 x 60 x temperatures: 6,240 at 4 K, 24,480 at 1 K.

    Raises
    ------
    ParameterError
        For a step or an equation that is none.
    """
    air, table = paper_atmospheres(), paper_materials()
    temperature = paper_temperatures(step_k)
    lst = np.tile(temperature, len(table))
    lse = np.repeat(table.lse.astype(np.float64).T, temperature.size, axis=1)
    radiance = [
        radiance_toa(lst, lse, Atmosphere.of(air, row), rte) for row in range(len(air))
    ]
    bt = brightness_temperature(np.concatenate(radiance, axis=1)).T.astype(np.float32)
    return PixelSamples(
        bt,
        np.tile(lst, len(air)).astype(np.float32),
        np.repeat(air.tcwv_kg_m2, lst.size),
    )


def split_at_random(samples: PixelSamples, seed: int) -> tuple[PixelSamples, PixelSamples]:
    """Split 80/20 at random by seed, as the paper does, into training and test samples.

    Nearly every test pixel has its air and its material among the training pixels, at
    temperatures next to its own.

    Parameters
    ----------
    samples : PixelSamples
    seed : int
    """
    order = np.random.default_rng([seed, 80]).permutation(len(samples))
    count = round(TRAIN_SHARE * len(samples))
    return samples.take(order[:count]), samples.take(order[count:])


def with_noise(samples: PixelSamples, nedt_k: float, seed: int) -> PixelSamples:
    """Add instrument noise, constant in radiance, of a given NEdT at 300 K.

    Parameters
    ----------
    samples : PixelSamples
    nedt_k : float
        K, >= 0.
    seed : int
    """
    rng = np.random.default_rng([seed, 3])
    noise = noise_radiance(nedt_k) * rng.standard_normal(samples.bt.shape)
    seen = brightness_temperature(band_radiance(samples.bt, 1) + noise, 1)
    return replace(samples, bt=seen.astype(np.float32))


def unseen_samples(count: int, *, seed: int, rte: str = "full") -> PixelSamples:
    """Pixels of air and natural materials that the setting does not hold, without noise.

    Judging atmospheres (129 ECMWF profiles) and natural materials of the judging split, drawn
    at random; temperatures uniform between the air's minus 10 K and plus 25 K, and within
    270-320 K as in the setting.

    Parameters
    ----------
    count : int
        Pixels, >= 1.
    seed : int
    rte : {'full', 'paper'}

    Raises
    ------
    ParameterError
        If there are no pixels to draw, or for an equation that is none.
    """
    if count < 1:
        raise ParameterError(f"{count} pixels: give 1 or more")
    air = shipped_atmospheres("judge")
    low = np.maximum(air.air_temperature_k + UNSEEN_LST_MINUS_AIR_K[0], LST_RANGE_K[0])
    high = np.minimum(air.air_temperature_k + UNSEEN_LST_MINUS_AIR_K[1], LST_RANGE_K[1])
    rows = np.flatnonzero(low < high)
    judge = materials("judge")
    table = judge.take(np.isin(np.array(judge.kind), tuple(QUOTAS)))
    rng = np.random.default_rng([seed, 4])
    which = np.sort(rng.choice(rows, count))
    lst = rng.uniform(low[which], high[which])
    lse = table.lse[rng.integers(len(table), size=count)].astype(np.float64).T
    radiance = np.empty((5, count))
    for row in np.unique(which):
        here = which == row
        sky = Atmosphere.of(air, int(row))
        radiance[:, here] = radiance_toa(lst[here], lse[:, here], sky, rte)
    bt = brightness_temperature(radiance).T.astype(np.float32)
    return PixelSamples(bt, lst.astype(np.float32), air.tcwv_kg_m2[which])
