"""MODIS's temperature products as delivered: HDF-EOS2 grids and swaths."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import GranuleReadError, UnsupportedGranuleError
from akkd_core.grid import Grid
from akkd_core.readers import modis_fields as fields
from akkd_core.readers.hdf4 import read_arrays
from akkd_core.readers.hdf4_structure import Hdf4Structure, SdsInfo, read_structure
from akkd_core.readers.modis_lst import (
    EXPECTED,
    GRIDS,
    ModisLayer,
    ModisLst,
    check_product,
)
from akkd_core.readers.modis_places import (
    SINUSOIDAL_WKT,
    SPHERE_M,
    GridPlaces,
    SwathPlaces,
    spread_lattice,
)
from akkd_core.readers.modis_qc import decode_quality
from akkd_core.readers.odl import OdlGroup, join_pieces, parse_odl
from akkd_core.readers.sniff import describe_hdf4

_NO_EPSG = 0
_PROJECTION = "GCTP_SNSOID"
_OFFSET, _INCREMENT = 2, 5


def read_modis_hdf(path: str | Path) -> ModisLst:
    """Read a granule.

    Parameters
    ----------
    path : path

    Raises
    ------
    GranuleReadError
        If the file can't be read or contradicts itself.
    UnsupportedGranuleError
        If it is another product.
    """
    structure = read_structure(path)
    text = join_pieces(structure.attributes, "CoreMetadata")
    core = parse_odl(text, str(structure.path))
    short_name = core.text("SHORTNAME")
    if not short_name:
        raise UnsupportedGranuleError(
            f"{path}: is {describe_hdf4(structure)}, not MODIS temperature. {EXPECTED}"
        )
    product = check_product(structure.path, short_name)
    granule = _Granule(structure, product, core)
    return granule.grid() if product.replace("MYD", "MOD", 1) in GRIDS else granule.swath()


class _Granule:
    def __init__(self, structure: Hdf4Structure, product: str, core: OdlGroup) -> None:
        self._structure, self._product, self._core = structure, product, core
        self._fields = {
            info.name: (kind, info)
            for info in structure.datasets
            if (kind := fields.classify(info.name)) is not None
        }
        name = core.text("LOCALGRANULEID") or structure.path.name
        self._name = name.removesuffix(".hdf")
        self._struct = parse_odl(
            join_pieces(structure.attributes, "StructMetadata"), str(structure.path)
        )

    def grid(self) -> ModisLst:
        """Granule of a grid."""
        # MOD21A1D and N hold one half of the day, and their fields don't name it
        only = {"D": "day", "N": "night"}.get(self._product[-1], "")
        halves = sorted({kind.half for kind, _ in self._fields.values() if kind.kind == fields.LST})
        if not halves:
            raise self._without("temperature")
        layers = tuple(
            self._layer(half, half or only, fields.ANGLE_SCALING, required=True) for half in halves
        )
        places = self._grid_place(layers[0].lst.shape)
        return self._result(places, layers)

    def swath(self) -> ModisLst:
        """Granule of a swath."""
        half = (self._core.text("DAYNIGHTFLAG") or "").lower()
        half = half if half in ("day", "night") else ""
        layer = self._layer("", half, fields.SWATH_ANGLE_SCALING, required=False)
        places = self._swath_place(layer.lst.shape)
        if layer.solar_hour is None:
            hours = self._scan_hours(places.longitude)
            layer = ModisLayer(
                layer.half, layer.lst, layer.quality, hours, layer.view_zenith_deg
            )
        return self._result(places, (layer,))

    def _result(
        self, places: GridPlaces | SwathPlaces, layers: tuple[ModisLayer, ...]
    ) -> ModisLst:
        emissivity = {
            kind.band: fields.EMISSIVITY_SCALING.told(info.attributes).values(self._read(info))
            for kind, info in self._fields.values()
            if kind.kind == fields.EMISSIVITY and info.shape == layers[0].lst.shape
        }
        return ModisLst(
            self._structure.path, self._product, self._name,
            self._day("RANGEBEGINNINGDATE"), self._day("RANGEENDINGDATE"),
            places, layers, emissivity,
        )  # fmt: skip

    def _layer(
        self, half: str, told_half: str, angle: fields.Scaling, *, required: bool
    ) -> ModisLayer:
        """Read a layer; the grids must tell when it was seen."""
        what = f"{told_half} " if told_half else ""
        found = {name: self._find(name, half) for name in (fields.LST, fields.QC)}
        if found[fields.LST] is None:
            raise self._without("temperature")
        if found[fields.QC] is None:
            raise self._without(f"the quality of its {what}temperature")
        extra = {name: self._find(name, half) for name in (fields.TIME, fields.ANGLE)}
        if required and extra[fields.TIME] is None:
            raise self._without(f"the view time of its {what}temperature")
        infos = {k: info for k, info in (found | extra).items() if info is not None}
        shape = infos[fields.LST].shape
        if len(shape) != 2 or any(info.shape != shape for info in infos.values()):
            raise self._without("fields of one shape")
        read = read_arrays(self._structure, list(infos.values()))
        counts = dict(zip(infos, read, strict=True))

        def values(name: str, scaling: fields.Scaling) -> NDArray[np.float32] | None:
            if name not in infos:
                return None
            return scaling.told(infos[name].attributes).values(counts[name])

        lst = values(fields.LST, fields.LST_SCALING)
        zenith = values(fields.ANGLE, angle)
        source = f"{self._structure.path}: {infos[fields.QC].name}"
        assert lst is not None
        return ModisLayer(
            told_half, lst, decode_quality(counts[fields.QC], self._product, source),
            values(fields.TIME, fields.TIME_SCALING), None if zenith is None else np.abs(zenith),
        )  # fmt: skip

    def _find(self, kind: str, half: str) -> SdsInfo | None:
        found = (info for f, info in self._fields.values() if (f.kind, f.half) == (kind, half))
        return next(found, None)

    def _read(self, info: SdsInfo) -> NDArray[Any]:
        return read_arrays(self._structure, [info])[0]

    def _without(self, what: str) -> GranuleReadError:
        return GranuleReadError(
            f"{self._structure.path}: {self._product} granule without {what}. Download it again"
        )

    def _day(self, key: str) -> date | None:
        text = self._core.text(key)
        try:
            return date.fromisoformat(text) if text else None
        except ValueError as error:
            raise self._without(f"a date ({key} is {text!r})") from error

    def _grid_place(self, shape: tuple[int, ...]) -> GridPlaces:
        left_top = self._struct.numbers("UpperLeftPointMtrs")
        right_bottom = self._struct.numbers("LowerRightMtrs")
        if len(left_top) != 2 or len(right_bottom) != 2:
            raise self._without("its place")
        projection = self._struct.text("Projection") or _PROJECTION
        sphere = (self._struct.numbers("ProjParams") or (SPHERE_M,))[0]
        if projection != _PROJECTION or abs(sphere - SPHERE_M) > 1.0:
            raise UnsupportedGranuleError(
                f"{self._structure.path}: its grid is {projection} on a sphere of {sphere:g} m, "
                f"not MODIS's sinusoidal one. {EXPECTED}"
            )
        (left, top), (right, bottom) = left_top, right_bottom
        if not (left < right and bottom < top):
            raise self._without("its place (corners are swapped)")
        rows, cols = shape
        transform = (left, (right - left) / cols, 0.0, top, 0.0, (bottom - top) / rows)
        return GridPlaces(Grid(_NO_EPSG, transform, rows, cols), SINUSOIDAL_WKT)

    def _swath_place(self, shape: tuple[int, ...]) -> SwathPlaces:
        infos = [self._structure.find(name) for name in ("Longitude", "Latitude")]
        present = [info for info in infos if info is not None]
        if len(present) != len(infos) or present[0].shape != present[1].shape:
            raise self._without("longitudes and latitudes")
        lon, lat = (
            np.asarray(array, np.float64) for array in read_arrays(self._structure, present)
        )
        known = (np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0)
        if lon.ndim != 2 or min(lon.shape) < 2 or not known.any():
            raise self._without("longitudes and latitudes")
        # lines without places are fill; their pixels lie nowhere
        lon, lat = np.where(known, lon, np.nan), np.where(known, lat, np.nan)
        if lon.shape != shape:
            offset, increment = self._dimension_maps(present[0], shape)
            lon, lat = spread_lattice(lon, lat, (shape[0], shape[1]), offset, increment)
        return SwathPlaces(lon, lat)

    def _dimension_maps(
        self, lattice: SdsInfo, shape: tuple[int, ...]
    ) -> tuple[tuple[int, int], tuple[int, int]]:
        """Offset and increment of the lattice along rows and columns, as the file says."""
        maps: list[tuple[int, int]] = []
        for group in self._struct.walk():
            if group.own("GeoDimension") is not None:
                offset, step = group.number("Offset"), group.number("Increment")
                if offset is not None and step is not None and step >= 1:
                    maps.append((int(offset), int(step)))
        found: list[tuple[int, int]] = []
        for pixels, points in zip(shape, lattice.shape, strict=True):
            # behind the last point less than two steps of pixels are left
            fitting = [
                (offset, step)
                for offset, step in (*maps, (_OFFSET, _INCREMENT))
                if 0 <= pixels - 1 - offset - step * (points - 1) < 2 * step
            ]
            if not fitting:
                raise self._without("latitudes that fit its pixels")
            found.append(fitting[0])
        (row_offset, row_step), (col_offset, col_step) = found
        return (row_offset, col_offset), (row_step, col_step)

    def _scan_hours(self, longitude: NDArray[np.float64]) -> NDArray[np.float32] | None:
        """Local solar times from the granule's beginning and end, where no field has them."""
        moments = []
        for which in ("BEGINNING", "ENDING"):
            day = self._core.text(f"RANGE{which}DATE")
            clock = self._core.text(f"RANGE{which}TIME")
            try:
                text = f"{day}T{str(clock).rstrip('Z')[:8]}"
                moments.append(datetime.fromisoformat(text).replace(tzinfo=timezone.utc))
            except ValueError:
                return None
        first, last = moments
        if not timedelta(0) <= last - first <= timedelta(hours=2):
            return None
        start = first.hour + first.minute / 60.0 + first.second / 3600.0
        span = (last - first).total_seconds() / 3600.0
        utc = start + span * (np.arange(longitude.shape[0]) + 0.5) / longitude.shape[0]
        solar: NDArray[np.float32] = ((utc[:, None] + longitude / 15.0) % 24.0).astype(np.float32)
        return solar
