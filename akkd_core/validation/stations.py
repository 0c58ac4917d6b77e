"""Products against stations: pairs in space and time, filtered, with the 3-sigma rule beside."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.progress import Progress, SilentProgress, checkpoint
from akkd_core.raster import RasterReader, open_raster
from akkd_core.raster.projection import from_lonlat
from akkd_core.readers.stations import StationSeries
from akkd_core.validation.ground_temperature import (
    BROADBAND_FORMULA,
    broadband_emissivity,
    longwave_temperature,
)
from akkd_core.validation.match_up import MatchUp, apply_filters
from akkd_core.validation.station_scenes import (
    ProductScene,
    Surroundings,
    read_surroundings,
    slope_deg,
)

WINDOWS = ("1x1", "3x3")
"""Pixels whose mean is compared."""

WITHIN_3_SIGMA = "within 3 sigma"
"""The subset that the outlier rule keeps."""

_FEWEST_PIXELS = 5
_NAMES_SHOWN = 3


@dataclass(frozen=True)
class StationRules:
    """How products and stations are paired.

    Parameters
    ----------
    window : {'1x1', '3x3'}
        Pixels whose mean is compared; the spread is that of 3 x 3 in both cases.
    time_limit_min : float
        Measurements further from the scene's time don't count.
    emissivity : float, optional
        Broadband, of every station; without it the station's own, or that of the product's LSE.
    max_spread_k : float
        Largest standard deviation of the 3 x 3 pixels.
    elevation : str, optional
        Path of an elevation model.
    max_slope_deg : float
        With an elevation model.
    precision_k : float, optional
        The algorithm's theoretical precision for the 3-sigma rule; without it, the product's own
        1-sigma error of each pixel.

    Raises
    ------
    ParameterError
        If a value is out of range.
    """

    window: str = "1x1"
    time_limit_min: float = 5.0
    emissivity: float | None = None
    max_spread_k: float = 1.5
    elevation: str | None = None
    max_slope_deg: float = 5.0
    precision_k: float | None = None

    def __post_init__(self) -> None:
        if self.window not in WINDOWS:
            raise ParameterError(f"window {self.window!r}: give one of {', '.join(WINDOWS)}")
        if self.emissivity is not None and not 0.0 < self.emissivity <= 1.0:
            raise ParameterError(f"emissivity {self.emissivity:g}: give above 0 and at most 1")
        for name in ("time_limit_min", "max_spread_k", "max_slope_deg", "precision_k"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ParameterError(f"{name} {value:g}: give a positive number")


@dataclass(frozen=True)
class Measured:
    """What a station measured at a moment.

    Parameters
    ----------
    lst_k, longwave_up, longwave_down, emissivity : float
        K, W m-2, W m-2, 0-1; NaN where unknown.
    offset_min : float
        From the scene's time to the nearest measurement's, minutes; NaN if none is near enough.
    """

    lst_k: float = np.nan
    longwave_up: float = np.nan
    longwave_down: float = np.nan
    emissivity: float = np.nan
    offset_min: float = np.nan


def measured_at(series: StationSeries, when: datetime, limit_min: float) -> Measured:
    """Interpolate a station's measurements to a moment.

    Linear between the neighbours on both sides; where only one side has one within the limit, its
    value. Measurements without a temperature or a whole longwave pair are passed over; if any has a
    temperature, the others are.

    Parameters
    ----------
    series : StationSeries
    when : datetime
        Aware.
    limit_min : float
        Largest distance in time of each neighbour that is used, minutes.
    """
    direct = np.isfinite(series.lst_k)
    pair = np.isfinite(series.longwave_up) & np.isfinite(series.longwave_down)
    used = direct if direct.any() else pair
    moment = np.datetime64(int(round(when.timestamp() * 1000)), "ms")
    offset = (series.times[used] - moment) / np.timedelta64(1, "ms") / 60_000.0
    near = np.abs(offset) <= limit_min
    if not near.any():
        return Measured()
    order = offset[near]
    found = {
        # interp holds the last value where there is no neighbour on one side
        name: float(np.interp(0.0, order, getattr(series, name)[used][near]))
        for name in ("lst_k", "longwave_up", "longwave_down", "emissivity")
    }
    return Measured(**found, offset_min=float(order[np.argmin(np.abs(order))]))


def compare_with_stations(
    scenes: Sequence[ProductScene],
    stations: Sequence[StationSeries],
    rules: StationRules,
    progress: Progress | None = None,
) -> tuple[MatchUp, ...]:
    """Compare temperatures of products with those of stations.

    Parameters
    ----------
    scenes : sequence of ProductScene
        Those of one label are judged together.
    stations : sequence of StationSeries
    rules : StationRules
    progress : Progress, optional

    Returns
    -------
    tuple of MatchUp
        One for each label, in the order of their first scenes.

    Raises
    ------
    InputError
        If nothing is left of a product; the message tells what each filter left.
    GranuleReadError
        If a file can't be read.
    OperationCancelled
        If the user cancelled.
    """
    report = progress or SilentProgress()
    pairs: dict[str, list[dict[str, Any]]] = {}
    with ExitStack() as stack:
        dem = stack.enter_context(open_raster(rules.elevation)) if rules.elevation else None
        for number, scene in enumerate(scenes):
            checkpoint(report, number / len(scenes), scene.scene_id)
            x, y = from_lonlat(
                scene.grid.epsg, [s.longitude for s in stations], [s.latitude for s in stations]
            )
            for station, *place in zip(stations, x.tolist(), y.tolist(), strict=True):
                pair = _pair(scene, station, (place[0], place[1]), rules, dem)
                pairs.setdefault(scene.label, []).append(pair)
    return tuple(_match_up(label, rows, stations, rules) for label, rows in pairs.items())


def _pair(
    scene: ProductScene,
    station: StationSeries,
    place: tuple[float, float],
    rules: StationRules,
    dem: RasterReader | None,
) -> dict[str, Any]:
    row, col = (int(np.floor(v)) if np.isfinite(v) else -1 for v in scene.grid.rowcol(*place))
    inside = 0 <= row < scene.grid.rows and 0 <= col < scene.grid.cols
    when = np.datetime64(int(round(scene.acquired_at.timestamp() * 1000)), "ms")
    pair = {
        "scene": scene.scene_id,
        "station": station.station,
        "latitude": station.latitude,
        "longitude": station.longitude,
        "row": row,
        "col": col,
        "time_utc": when,
        "inside": inside,
        "timely": False,
        "clear": False,
        "emissivity_from": "",
    }
    pair |= dict.fromkeys(_NUMBERS, np.nan)
    if not inside:
        return pair
    found = measured_at(station, scene.acquired_at, rules.time_limit_min)
    if not np.isfinite(found.offset_min):
        return pair
    around = read_surroundings(scene, row, col)
    estimate, error, lse = _window_means(around, rules.window)
    emissivity, source = _emissivity(found, lse, rules)
    lst = found.lst_k
    if not np.isfinite(lst):
        lst = float(longwave_temperature(found.longwave_up, found.longwave_down, emissivity))
    pair |= {
        "timely": True,
        "clear": not around.cloudy,
        "estimate": estimate,
        "ground": lst,
        "minutes_to_measurement": found.offset_min,
        "longwave_up": found.longwave_up,
        "longwave_down": found.longwave_down,
        "emissivity": emissivity,
        "emissivity_from": source,
        "window_sd_k": around.spread_k,
        "lst_err_k": error,
        "slope_deg": slope_deg(dem, scene.grid, row, col) if dem is not None else np.nan,
    }
    return pair


_NUMBERS = (
    "estimate",
    "ground",
    "minutes_to_measurement",
    "longwave_up",
    "longwave_down",
    "emissivity",
    "window_sd_k",
    "lst_err_k",
    "slope_deg",
)
_COLUMNS = (
    "scene",
    "station",
    "latitude",
    "longitude",
    "row",
    "col",
    "time_utc",
    "emissivity_from",
    *_NUMBERS[2:],
)


def _window_means(around: Surroundings, window: str) -> tuple[float, float, NDArray[np.float64]]:
    """Temperature, its 1-sigma error and emissivities of the window that is compared."""
    middle = np.s_[..., 1, 1]
    if window == "1x1":
        return float(around.lst[middle]), float(around.lst_err[middle]), around.lse[middle]
    known = np.isfinite(around.lst) & np.isfinite(around.lse).all(axis=0)
    if known.sum() < _FEWEST_PIXELS or not known[middle]:
        return np.nan, np.nan, np.full(len(around.lse), np.nan)
    # errors of neighbours hang together: the mean's is no smaller than theirs
    return (
        float(around.lst[known].mean()),
        float(around.lst_err[known].mean()),
        around.lse[:, known].mean(axis=1),
    )


def _emissivity(
    found: Measured, lse: NDArray[np.float64], rules: StationRules
) -> tuple[float, str]:
    if np.isfinite(found.lst_k):
        return np.nan, "not needed"
    if rules.emissivity is not None:
        return rules.emissivity, "option"
    if np.isfinite(found.emissivity):
        return found.emissivity, "station"
    # the formula is of natural surfaces; noise may lead slightly above 1
    return float(np.minimum(broadband_emissivity(lse), 1.0)), "product's LSE"


def _match_up(
    label: str,
    pairs: Sequence[dict[str, Any]],
    stations: Sequence[StationSeries],
    rules: StationRules,
) -> MatchUp:
    table = {name: np.array([pair[name] for pair in pairs]) for name in pairs[0]}
    filters = [
        ("station inside the scene", table["inside"]),
        (f"measured within {rules.time_limit_min:g} min", table["timely"]),
        ("temperature retrieved", np.isfinite(table["estimate"])),
        ("ground temperature known", np.isfinite(table["ground"])),
        ("clear sky, 3 x 3 pixels", table["clear"]),
    ]
    if rules.elevation:
        gentle = table["slope_deg"] <= rules.max_slope_deg
        filters.append((f"slope at most {rules.max_slope_deg:g} deg", gentle))
    even = table["window_sd_k"] <= rules.max_spread_k
    filters.append((f"SD of 3 x 3 pixels at most {rules.max_spread_k:g} K", even))
    left, steps = apply_filters(np.ones(len(pairs), dtype=bool), filters)
    table = {name: column[left] for name, column in table.items()}
    estimate, ground = (table[name].astype(np.float64) for name in ("estimate", "ground"))
    limit = _three_sigma(table["lst_err_k"], rules)
    within = np.abs(estimate - ground) <= limit
    columns = {name: table[name] for name in _COLUMNS} | {"three_sigma_k": limit}
    days = [f"{s} {str(t)[:10]}" for s, t in zip(table["station"], table["time_utc"], strict=True)]
    return MatchUp(
        product=label,
        reference=_reference_name(stations),
        quantity="LST",
        unit="K",
        estimate=estimate,
        values=ground,
        cluster=np.unique(days, return_inverse=True)[1].astype(np.intp),
        columns=columns,
        filters=steps,
        subsets={WITHIN_3_SIGMA: within} if within.any() else {},
        notes=_notes(table, limit, within, rules),
        times=table["time_utc"].astype("datetime64[ms]"),
        facts={"scenes": ", ".join(dict.fromkeys(table["scene"].tolist()))},
    )


def _three_sigma(errors: NDArray[Any], rules: StationRules) -> NDArray[np.float64]:
    sigma = errors.astype(np.float64)
    if rules.precision_k is not None:
        sigma = np.full(sigma.shape, rules.precision_k)
    return 3.0 * sigma


def _notes(
    table: dict[str, NDArray[Any]],
    limit: NDArray[np.float64],
    within: NDArray[np.bool_],
    rules: StationRules,
) -> tuple[str, ...]:
    notes = []
    if not np.isfinite(limit).all():
        notes.append(
            "The 3-sigma rule was not applied: the product has no error layer. Give --precision."
        )
    elif limit.size:
        sigma = (
            f"3 x {rules.precision_k:g} K"
            if rules.precision_k is not None
            else f"3 x the product's own 1-sigma error, {np.median(limit):.2f} K in the median"
        )
        dropped = int((~within).sum())
        notes.append(
            f"3-sigma rule ({sigma}): drops {dropped} of {within.size} match-ups"
            + ("; nothing would be left." if dropped == within.size else ".")
        )
    if "product's LSE" in table["emissivity_from"]:
        notes.append(
            f"Broadband emissivity from the product's own LSE ({BROADBAND_FORMULA}): the ground's "
            "temperature is not independent of the product."
        )
    return tuple(notes)


def _reference_name(stations: Sequence[StationSeries]) -> str:
    names = [station.station for station in stations]
    if len(names) > _NAMES_SHOWN:
        return f"{len(names)} stations"
    return ("station " if len(names) == 1 else "stations ") + ", ".join(names)
