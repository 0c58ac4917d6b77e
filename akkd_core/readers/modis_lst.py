"""MODIS's temperature products: what a file holds, and opening it whatever its format.

Daily, eight-day and monthly grids (MOD11A1, A2, B1-B3, MOD21A1D, A1N, A2), swaths (MOD11_L2,
MOD21), of Terra and of Aqua (MYD), HDF4 as delivered, or GeoTIFFs made of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from akkd_core.errors import ParameterError, UnsupportedGranuleError
from akkd_core.readers.modis_places import ModisPlaces
from akkd_core.readers.modis_qc import ModisQuality
from akkd_core.readers.sniff import FileKind, sniff

GRIDS = ("MOD11A1", "MOD11A2", "MOD11B1", "MOD11B2", "MOD11B3", "MOD21A1D", "MOD21A1N", "MOD21A2")
SWATHS = ("MOD11_L2", "MOD21", "MOD21_L2")
"""Short names, as Terra's."""

COMPOSITE_DAYS = {"MOD11A2": 8, "MOD11B2": 8, "MOD21A2": 8, "MOD11B3": 31}
"""Products that are means over several days."""

EXPECTED = (
    "Give MOD11A1, A2, B1, B2, B3, MOD11_L2, MOD21, MOD21A1D, A1N or A2 (HDF), or a GeoTIFF of LST"
)
"""The remedy of every error about a wrong file."""

_TIME_STEP_H = 0.1

DAY_HOURS = (6.0, 18.0)
"""Local solar hours of the day, where a product's layers tell no time."""


@dataclass(frozen=True, eq=False)
class ModisLayer:
    """Temperatures of one half of the day, or of a swath.

    Parameters
    ----------
    half : str
        ``day``, ``night``, or empty where the file doesn't tell.
    lst : ndarray of float32, (row, col)
        K; NaN where there is none.
    quality : ModisQuality or None
        None if the file has no quality layer.
    solar_hour : ndarray of float32, (row, col), or None
        View time, hours of local solar time (UTC + longitude / 15), 0-24.
    view_zenith_deg : ndarray of float32, (row, col), or None
        Degrees from zenith, 0-90, either side of the track.
    """

    half: str
    lst: NDArray[np.float32]
    quality: ModisQuality | None = None
    solar_hour: NDArray[np.float32] | None = None
    view_zenith_deg: NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False)
class ModisLst:
    """A file of MODIS temperatures.

    Parameters
    ----------
    path : Path
    product : str
        Short name, e.g. ``MOD11A1`` or ``MYD21A1D``; empty if a GeoTIFF doesn't tell.
    name : str
        Granule, e.g. ``MOD11A1.A2019305.h14v09.006.2019306084028``.
    begins, ends : date or None
        First and last day (UTC); None if a GeoTIFF doesn't tell.
    places : ModisPlaces
    layers : tuple of ModisLayer
    emissivity : mapping of str to ndarray of float32, (row, col)
        By MODIS band, e.g. ``31``; 0-1, NaN where there is none.
    notes : tuple of str
        What a user should know of the file.
    others : tuple of Path
        Files that were joined to it, see `akkd_core.readers.modis_mosaic`.
    """

    path: Path
    product: str
    name: str
    begins: date | None
    ends: date | None
    places: ModisPlaces
    layers: tuple[ModisLayer, ...]
    emissivity: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    others: tuple[Path, ...] = ()

    @property
    def source(self) -> str:
        """What errors call it: its path, and how many files were joined to it."""
        return f"{self.path} and {len(self.others)} more" if self.others else str(self.path)

    @property
    def file_names(self) -> str:
        """Names of all its files."""
        return ", ".join(path.name for path in (self.path, *self.others))

    @property
    def terra_name(self) -> str:
        """Short name of Terra's twin of the product: the same for Terra and Aqua."""
        return self.product.replace("MYD", "MOD", 1)

    @property
    def aqua(self) -> bool:
        """Whether Aqua took it, hours away from any ASTER scene."""
        return self.product.startswith("MYD")

    @property
    def composite_days(self) -> int:
        """Days that it is a mean of; 1 for daily grids and swaths."""
        return COMPOSITE_DAYS.get(self.terra_name, 1)

    def covers(self, day: date) -> bool | None:
        """Whether a day (UTC) is among its days; None if the file doesn't tell."""
        if self.begins is None:
            return None
        return self.begins <= day <= (self.ends or self.begins)

    def view_times(
        self, solar_hour: NDArray[np.floating], longitude: NDArray[np.float64]
    ) -> NDArray[np.datetime64]:
        """Return times of view, UTC.

        A daily file is of a UTC day, which tells what local solar time leaves open.

        Parameters
        ----------
        solar_hour : ndarray of float, (n,)
            Hours of local solar time; NaN where unknown.
        longitude : ndarray of float64, (n,)
            Degrees.

        Returns
        -------
        ndarray of datetime64[ms], (n,)
            NaT where unknown, and of all where the file doesn't tell its day or is a mean of days.
        """
        times = np.full(solar_hour.shape, np.datetime64("NaT", "ms"))
        if self.begins is None or self.composite_days > 1:
            return times
        known = np.isfinite(solar_hour)
        solar = solar_hour[known].astype(np.float64)
        utc = np.round(((solar - longitude[known] / 15.0) % 24.0) * 3.6e6)
        times[known] = np.datetime64(self.begins, "ms") + utc.astype("timedelta64[ms]")
        if self.ends is not None and self.ends != self.begins:
            # a swath that began before midnight
            times[known] += np.where(utc < 43.2e6, np.timedelta64(1, "D"), np.timedelta64(0, "D"))
        return times

    def minutes_from(
        self,
        moment: datetime,
        solar_hour: NDArray[np.floating],
        longitude: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Return minutes between views and a moment.

        In UTC where the file's day holds the moment: at places where Terra passes about UTC's
        midnight, a file has views of nearly 24 h before or after at the same local solar time.
        Elsewhere in local solar time, as a time of the day.

        Parameters
        ----------
        moment : datetime
            UTC.
        solar_hour, longitude
            As of `view_times`.

        Returns
        -------
        ndarray of float64, (n,)
            NaN where the time of view is unknown.
        """
        of_day = 60.0 * hours_apart(solar_hour, solar_hours(moment, longitude))
        times = self.view_times(solar_hour, longitude)
        if not self.covers(moment.date()):
            return of_day
        there = np.datetime64(moment.astimezone(timezone.utc).replace(tzinfo=None), "ms")
        apart = np.abs((times - there) / np.timedelta64(1, "m"))
        clock = (times - times.astype("datetime64[D]")) / np.timedelta64(1, "h")
        # rounded to 0.1 h, a view may lie on either side of midnight
        either = np.isnat(times) | (np.minimum(clock, 24.0 - clock) <= _TIME_STEP_H)
        return np.asarray(np.where(either, of_day, apart), np.float64)

    def layer_at(
        self, solar_hour: float, cells: tuple[NDArray[np.intp], NDArray[np.intp]] | None = None
    ) -> ModisLayer:
        """Layer that was seen nearest to a time of the day.

        Parameters
        ----------
        solar_hour : float
            Local solar time, 0-24.
        cells : tuple of ndarray of intp, optional
            Rows and columns that matter; all by default.
        """

        def apart(layer: ModisLayer) -> float:
            seen = layer.solar_hour
            if seen is not None and cells is not None:
                seen = seen[cells]
            if seen is not None and np.isfinite(seen).any():
                return float(np.nanmedian(hours_apart(seen, solar_hour)))
            daytime = DAY_HOURS[0] <= solar_hour < DAY_HOURS[1]
            return 0.0 if layer.half in ("", "day" if daytime else "night") else 12.0

        return min(self.layers, key=apart)


def hours_apart(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Difference of two times of the day over midnight or not: 0-12 h, float64."""
    apart = np.abs(np.asarray(first, np.float64) - np.asarray(second, np.float64)) % 24.0
    return np.asarray(np.minimum(apart, 24.0 - apart))


def solar_hours(moment: datetime, longitude: ArrayLike) -> NDArray[np.float64]:
    """Local solar time (0-24 h, float64) of a moment (UTC) at longitudes in degrees, as MODIS's."""
    hour = moment.hour + moment.minute / 60.0 + moment.second / 3600.0
    return np.asarray((hour + np.asarray(longitude, np.float64) / 15.0) % 24.0)


def read_modis_lst(
    path: str | Path,
    quality: str | Path | None = None,
    product: str | None = None,
    day: date | None = None,
) -> ModisLst:
    """Read a file of MODIS temperatures, whatever its format; its content tells.

    Parameters
    ----------
    path : path
    quality : path, optional
        QC layer of a GeoTIFF; by default a band of it, or the file named alike beside it.
    product : str, optional
        Short name of a GeoTIFF's product where neither its tags nor its name tell.
    day : date, optional
        Its day (UTC) likewise.

    Raises
    ------
    GranuleReadError
        If the file can't be read, contradicts itself, or its quality layer is unknown.
    UnsupportedGranuleError
        If it is something else.
    ParameterError
        If what only a GeoTIFF needs is given with a granule.
    """
    file = Path(path)
    if file.is_dir():
        raise UnsupportedGranuleError(f"{file}: is a folder. {EXPECTED}")
    kind = sniff(file)
    if kind is FileKind.HDF4:
        from akkd_core.readers.modis_hdf import read_modis_hdf

        if quality is not None or product is not None or day is not None:
            raise ParameterError(
                f"{file}: an HDF granule tells its product, day and quality itself. Leave them out"
            )
        return read_modis_hdf(file)
    if kind is FileKind.TIFF:
        from akkd_core.readers.modis_geotiff import read_modis_geotiff

        return read_modis_geotiff(file, quality, product, day)
    raise UnsupportedGranuleError(
        f"{file}: is {kind.value}, not MODIS temperature. {EXPECTED}"
    )


def check_product(path: Path, product: str) -> str:
    """Return a short name in capitals, or raise UnsupportedGranuleError if it is none of these."""
    name = product.strip().upper()
    if not name.startswith(("MOD", "MYD")) or name.replace("MYD", "MOD", 1) not in GRIDS + SWATHS:
        raise UnsupportedGranuleError(
            f"{path}: is product {product}, not MODIS temperature. {EXPECTED}"
        )
    return name
