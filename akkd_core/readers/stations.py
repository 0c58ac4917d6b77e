"""Stations on the ground: where they stand, and what they measured when.

SURFRAD's daily files and BSRN's station-to-archive files (both read by pvlib, an optional
package), tables (`akkd_core.readers.ground_lst`) and points of a GeoPackage. What a file is, its
content tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import GranuleReadError, InputError, MissingDependencyError
from akkd_core.readers.ground_lst import LONGWAVE_RANGE_W_M2, GroundMeasurement, read_ground
from akkd_core.readers.station_points import SQLITE_MAGIC, read_points

_SERIES = ("lst_k", "longwave_up", "longwave_down", "emissivity")
_HEAD_BYTES = 4096
_SAME_PLACE_DEG = 1e-4
_REMEDY = "install it: pip install 'akkd[stations]', or give the measurements as CSV"


@dataclass(frozen=True, eq=False)
class StationSeries:
    """One station's measurements in order of time.

    Parameters
    ----------
    station : str
    latitude, longitude : float
        Degrees, WGS 84, east and north positive.
    times : ndarray of datetime64[ms], (n,)
        UTC, ascending.
    lst_k : ndarray of float64, (n,)
        Temperature if it was measured as such, K; NaN where not.
    longwave_up, longwave_down : ndarray of float64, (n,)
        W m-2; NaN where there is none that quality control lets pass.
    emissivity : ndarray of float64, (n,)
        Broadband, as the file tells it; NaN where it doesn't.

    Raises
    ------
    InputError
        If the place isn't on Earth, there is no measurement, or lengths differ.
    """

    station: str
    latitude: float
    longitude: float
    times: NDArray[np.datetime64]
    lst_k: NDArray[np.float64]
    longwave_up: NDArray[np.float64]
    longwave_down: NDArray[np.float64]
    emissivity: NDArray[np.float64]

    def __post_init__(self) -> None:
        if not (abs(self.latitude) <= 90.0 and abs(self.longitude) <= 180.0):
            raise InputError(
                f"station {self.station}: {self.latitude:g}, {self.longitude:g} is not on Earth. "
                "Give degrees, latitude and longitude"
            )
        if not self.times.size or any(getattr(self, n).shape != self.times.shape for n in _SERIES):
            raise InputError(f"station {self.station}: no measurements. Give at least one")
        if (np.diff(self.times) < np.timedelta64(0, "ms")).any():
            raise InputError(f"station {self.station}: times aren't in order")


def read_stations(paths: Iterable[str | Path]) -> tuple[StationSeries, ...]:
    """Read files of stations; several files of one station become one series.

    Parameters
    ----------
    paths : iterable of path
        SURFRAD or BSRN files, CSV tables, GeoPackages.

    Raises
    ------
    GranuleReadError
        If a file can't be read.
    InputError
        If a file holds something else, or two places have one name.
    MissingDependencyError
        If a file needs pvlib and it isn't installed.
    """
    by_name: dict[str, list[StationSeries]] = {}
    for path in paths:
        for series in _read(Path(path)):
            by_name.setdefault(series.station, []).append(series)
    return tuple(_joined(parts) for parts in by_name.values())


def _read(path: Path) -> tuple[StationSeries, ...]:
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError as error:
        raise GranuleReadError(f"{path}: can't be read ({error}). Check the path") from error
    if head.startswith(SQLITE_MAGIC):
        return _series(read_points(path))
    if head.startswith((b"*U0001", b"*C0001", b"\x1f\x8b")):
        return (_bsrn(path),)
    if _is_surfrad(head):
        return (_surfrad(path),)
    if b"\x00" in head:
        raise InputError(
            f"{path}: is no file of stations. Give SURFRAD or BSRN files, CSV or a GeoPackage"
        )
    return _series(read_ground(path))


def _is_surfrad(head: bytes) -> bool:
    """Whether the second line is latitude, longitude and elevation, and the third has numbers."""
    lines = head.decode("ascii", errors="replace").splitlines()
    if len(lines) < 3:
        return False
    place, first = lines[1].split(), lines[2].split()
    return len(place) >= 3 and all(map(_is_number, place[:3])) and all(map(_is_number, first))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _surfrad(path: Path) -> StationSeries:
    """SURFRAD's daily file.

    Its header prints longitudes positive towards the west (105.92 for Alamosa in Colorado); some
    are printed with their sign. The network stands in North America: all are west.
    """

    def series(data: Any, place: dict[str, Any]) -> StationSeries:
        up, down = (
            _possible(np.where(data[f"{n}_flag"] == 0, data[n], np.nan)) for n in ("uw_ir", "dw_ir")
        )
        name = str(place["name"]) or path.stem
        return _fluxes(name, place["latitude"], -abs(place["longitude"]), data.index, up, down)

    return _with_pvlib(path, "read_surfrad", series, map_variables=False)


def _bsrn(path: Path) -> StationSeries:
    """BSRN's station-to-archive file: longwave down in LR0100, up in LR0300."""

    def series(data: Any, place: dict[str, Any]) -> StationSeries:
        if "lwu" not in data or "lwd" not in data:
            raise InputError(
                f"{path}: has no longwave pair (records LR0100 and LR0300). Give a station that "
                "measures upward longwave radiation"
            )
        name = f"BSRN {place['station identification number']}"
        up, down = (_possible(np.asarray(data[n], dtype=np.float64)) for n in ("lwu", "lwd"))
        return _fluxes(name, place["latitude"], place["longitude"], data.index, up, down)

    return _with_pvlib(path, "read_bsrn", series, logical_records=("0100", "0300"))


def _with_pvlib(
    path: Path,
    function: str,
    series: Callable[[Any, dict[str, Any]], StationSeries],
    **options: Any,
) -> StationSeries:
    try:
        read: Callable[..., tuple[Any, dict[str, Any]]] = getattr(
            import_module("pvlib.iotools"), function
        )
    except ImportError as error:
        raise MissingDependencyError(f"{path}: needs pvlib ({error}). {_REMEDY}") from error
    try:
        return series(*read(str(path), **options))
    except InputError:
        raise
    # pvlib's parsers raise whatever a damaged line leads to, or leave text where numbers belong
    except Exception as error:
        detail = " ".join(str(error).split())
        raise GranuleReadError(
            f"{path}: can't be read by pvlib's {function} ({detail}). Check that it is whole"
        ) from error


def _possible(values: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = LONGWAVE_RANGE_W_M2
    found: NDArray[np.float64] = np.where((values >= low) & (values <= high), values, np.nan)
    return found


def _fluxes(
    name: str,
    latitude: float,
    longitude: float,
    index: Any,
    up: NDArray[np.float64],
    down: NDArray[np.float64],
) -> StationSeries:
    times = np.asarray(index.tz_convert(None), dtype="datetime64[ms]")
    order = np.argsort(times, kind="stable")
    nothing = np.full(times.shape, np.nan)
    return StationSeries(
        name, float(latitude), float(longitude), times[order], nothing, up[order], down[order],
        nothing,
    )  # fmt: skip


def _series(found: Sequence[GroundMeasurement]) -> tuple[StationSeries, ...]:
    by_name: dict[str, list[GroundMeasurement]] = {}
    for one in found:
        by_name.setdefault(one.station, []).append(one)
    series = []
    for name, ones in by_name.items():
        first = ones[0]
        for one in ones:
            _check_place(name, first, one)
        ones.sort(key=lambda one: one.time)
        values = {n: np.array([getattr(one, n) for one in ones], dtype=float) for n in _SERIES}
        times = np.array([one.time.replace(tzinfo=None) for one in ones], dtype="datetime64[ms]")
        series.append(StationSeries(name, first.latitude, first.longitude, times, **values))
    return tuple(series)


def _check_place(
    name: str, first: GroundMeasurement | StationSeries, other: GroundMeasurement | StationSeries
) -> None:
    apart = max(
        abs(first.latitude - other.latitude),
        abs(first.longitude - other.longitude),
    )
    if apart > _SAME_PLACE_DEG:
        raise InputError(
            f"station {name}: stands at {first.latitude:g}, {first.longitude:g} and at "
            f"{other.latitude:g}, {other.longitude:g}. Give each place a name of its own"
        )


def _joined(parts: Sequence[StationSeries]) -> StationSeries:
    first = parts[0]
    if len(parts) == 1:
        return first
    for part in parts:
        _check_place(first.station, first, part)
    times = np.concatenate([part.times for part in parts])
    # of a time that two files have, the first file's value counts
    times, kept = np.unique(times, return_index=True)
    values = {n: np.concatenate([getattr(part, n) for part in parts])[kept] for n in _SERIES}
    return StationSeries(first.station, first.latitude, first.longitude, times, **values)
