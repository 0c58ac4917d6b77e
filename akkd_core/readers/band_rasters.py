"""GeoTIFFs of the five thermal bands that anyone made: counts, radiance, brightness temperature.

Unlike a granule they say little of themselves; what AKKD's own rasters tell in their tags is taken.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import GridMismatchError, InputError, MissingBandError, ParameterError
from akkd_core.grid import Grid
from akkd_core.images import TIR_BANDS, GranuleMetadata, Scene
from akkd_core.raster import RasterReader, open_raster
from akkd_core.readers.aster_metadata import time_of_name
from akkd_core.readers.sniff import FileKind, sniff
from akkd_core.sensors import aster_tir

PRODUCT = "raster"
"""What stands for the product's name in the metadata; the collection names the quantity."""

_BAND = re.compile(r"(?:\b|_)b(?:and)?[ _-]?(1[0-4])(?!\d)", re.IGNORECASE)
_BAND_ENDING = re.compile(r"[ ._-]*(?:tir)?[ ._-]*(?:b(?:and)?)?[ ._-]*1?\Z", re.IGNORECASE)
_GEOGRAPHIC = ("GEOGCS", "GEOGCRS", "GEODCRS")
_INVALID_COUNT = 65535


@dataclass(frozen=True)
class BandRasters:
    """Samples of five bands read window by window.

    Parameters
    ----------
    parts : tuple of (RasterReader, tuple of int)
        Rasters, and the numbers of their bands from 1, in the order of bands 10-14.
    counts : bool
        Whether they are digital numbers.
    """

    parts: tuple[tuple[RasterReader, tuple[int, ...]], ...]
    counts: bool

    def read(self, row: int, col: int, rows: int, cols: int) -> NDArray[Any]:
        """Read samples of a window (5, rows, cols): uint16 of counts, else float32.

        0 where nodata, NaN or 0. Raises GranuleReadError.
        """
        values = self.values(row, col, rows, cols)
        if not self.counts:
            return values
        whole = np.rint(values)
        whole[(whole < 0) | (whole > _INVALID_COUNT)] = _INVALID_COUNT
        return whole.astype(np.uint16)

    def values(self, row: int, col: int, rows: int, cols: int) -> NDArray[np.float32]:
        """Read values of a window as they stand in the files, but 0 where nodata or NaN."""
        read = [
            _without_nodata(reader, reader.read(row, col, rows, cols, bands))
            for reader, bands in self.parts
        ]
        return read[0] if len(read) == 1 else np.concatenate(read)


def _without_nodata(reader: RasterReader, stored: NDArray[Any]) -> NDArray[np.float32]:
    values: NDArray[np.float32] = stored.astype(np.float32)
    missing = ~np.isfinite(values)
    if reader.nodata is not None:
        missing |= stored == reader.nodata
    values[missing] = 0
    return values


def read_band_rasters(
    files: Sequence[Path],
    quantity: str,
    bands: Sequence[int] | None = None,
    acquired_at: datetime | None = None,
    view_zenith_deg: float | None = None,
) -> Scene:
    """Scene of one GeoTIFF with the five thermal bands, or of five with one band each.

    Parameters
    ----------
    files : sequence of pathlib.Path
        Bands that name their number (``band 10``, ``.._B10.tif``) may come in any order; others
        come as 10, 11, 12, 13, 14.
    quantity : {"dn", "radiance", "bt"}
        Counts; W m-2 sr-1 um-1; K.
    bands : sequence of int, optional
        Numbers, from 1, of the bands 10-14 within one file; needed where it has more than five.
    acquired_at : datetime, optional
        Aware; otherwise that of the file's tag or name.
    view_zenith_deg : float, optional
        Degrees; otherwise that of the file's tag.

    Returns
    -------
    Scene
        On the raster's own grid, rotated or not. Its source gives uint16 of counts, else float32.

    Raises
    ------
    GranuleReadError
        If a file can't be read.
    InputError
        If it is no GeoTIFF, or lies in no projected coordinate system with an EPSG code.
    MissingBandError
        If there aren't five bands.
    GridMismatchError
        If files don't share a grid.
    ParameterError
        If the bands can't be had, or the time of acquisition isn't known.
    """
    if len(files) not in (1, len(TIR_BANDS)):
        raise MissingBandError(
            f"{files[0] if files else 'no file'}: {len(files)} rasters were given. Give one with "
            "the five bands 10-14, or five with one band each"
        )
    with ExitStack() as opened:
        readers = []
        for file in files:
            readers.append(_open(file))
            opened.callback(readers[-1].close)
        grids = [_grid(reader) for reader in readers]
        for reader, grid in zip(readers, grids, strict=True):
            if grid != grids[0]:
                raise GridMismatchError(
                    f"{reader.path}: lies on another grid than {files[0].name}. "
                    "Bring all bands to one grid"
                )
        parts = _one(readers[0], bands) if len(readers) == 1 else _five(readers, bands)
        source = BandRasters(parts, quantity == "dn")
        metadata = _metadata(files, readers[0].tags, quantity, acquired_at, view_zenith_deg)
        opened.pop_all()
    return Scene(source, grids[0], metadata)


def _open(file: Path) -> RasterReader:
    kind = sniff(file)
    if kind is not FileKind.TIFF:
        hint = "; akkd retrieve takes granules" if kind is FileKind.HDF4 else ""
        raise InputError(f"{file}: is {kind.value}, not a GeoTIFF. Save it as one{hint}")
    return open_raster(file)


def _grid(reader: RasterReader) -> Grid:
    if reader.grid is None or reader.wkt.lstrip().upper().startswith(_GEOGRAPHIC):
        what = "coordinate system with an EPSG code" if reader.grid is None else "projection"
        raise InputError(
            f"{reader.path}: has no {what}. Reproject it to one in metres, as UTM "
            "(gdalwarp -t_srs EPSG:326zz)"
        )
    return reader.grid


def _one(
    reader: RasterReader, bands: Sequence[int] | None
) -> tuple[tuple[RasterReader, tuple[int, ...]], ...]:
    need = len(TIR_BANDS)
    if bands is None:
        if reader.count < need:
            raise MissingBandError(
                f"{reader.path}: has {reader.count} bands, bands 10-14 are needed. Give a raster "
                "with all five, or five files"
            )
        named = _order([text for text in reader.descriptions if _BAND.search(text)])
        places = [i + 1 for i, text in enumerate(reader.descriptions) if _BAND.search(text)]
        if named is not None:
            return ((reader, tuple(places[i] for i in named)),)
        if reader.count > need:
            raise ParameterError(
                f"{reader.path}: has {reader.count} bands. Say which are bands 10-14, "
                "as --bands 1,2,3,4,5"
            )
        bands = range(1, need + 1)
    if len(bands) != need or len(set(bands)) != need or not 1 <= min(bands) <= max(bands):
        raise ParameterError(f"bands {bands}: give five different numbers from 1")
    if max(bands) > reader.count:
        raise ParameterError(
            f"{reader.path}: has {reader.count} bands, band {max(bands)} is not among them. "
            "Correct --bands"
        )
    return ((reader, tuple(bands)),)


def _five(
    readers: Sequence[RasterReader], bands: Sequence[int] | None
) -> tuple[tuple[RasterReader, tuple[int, ...]], ...]:
    if bands is not None:
        raise ParameterError("--bands belongs to one raster of several bands. Leave it out")
    for reader in readers:
        if reader.count != 1:
            raise MissingBandError(
                f"{reader.path}: has {reader.count} bands; of five files each must have one. "
                "Give one file a band, or one file alone"
            )
    order = _order([Path(reader.path).name for reader in readers])
    return tuple((readers[i], (1,)) for i in (order or range(len(readers))))


def _order(texts: Sequence[str]) -> list[int] | None:
    """Places of bands 10-14 among texts that name them; None unless each is named once."""
    found = [match for text in texts if (match := _BAND.search(text))]
    numbers = [int(match[1]) for match in found]
    if len(texts) != len(TIR_BANDS) or sorted(numbers) != list(TIR_BANDS):
        return None
    return [numbers.index(band) for band in TIR_BANDS]


def raster_id(files: Sequence[Path]) -> str:
    """Stem of the products' names: that of the file, or what five files have in common.

    Parameters
    ----------
    files : sequence of pathlib.Path
    """
    stems = [file.stem for file in files]
    if len(stems) == 1:
        return stems[0]
    return _BAND_ENDING.sub("", os.path.commonprefix(stems)) or stems[0]


def _metadata(
    files: Sequence[Path],
    tags: Mapping[str, str],
    quantity: str,
    acquired_at: datetime | None,
    view_zenith_deg: float | None,
) -> GranuleMetadata:
    name = raster_id(files)
    acquired = acquired_at or _tagged_time(tags) or time_of_name(name, files[0])
    if acquired is None:
        raise ParameterError(
            f"{files[0]}: neither its tags nor its name tell when it was acquired. "
            "Give --acquired-at, as 2019-07-04T10:30:00Z"
        )
    if view_zenith_deg is None:
        with suppress(KeyError, ValueError):
            view_zenith_deg = float(tags["VIEW_ZENITH_DEG"])
    extra = {"raster_of": tags["SOURCE_ID"]} if "SOURCE_ID" in tags else {}
    return GranuleMetadata(
        granule_id=name,
        product=PRODUCT,
        collection=quantity,
        acquired_at=acquired,
        daytime={"True": True, "False": False}.get(tags.get("DAYTIME", "")),
        cloud_cover_percent=None,
        view_zenith_deg=view_zenith_deg,
        radiometric_version=tags.get("RADIOMETRIC_VERSION", ""),
        ucc=aster_tir().ucc,
        source_files=tuple(str(file) for file in files),
        extra=extra,
    )


def _tagged_time(tags: Mapping[str, str]) -> datetime | None:
    try:
        found = datetime.fromisoformat(tags["ACQUIRED_AT"].replace("Z", "+00:00"))
    except (KeyError, ValueError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=timezone.utc)
