"""ASTER L1T V004: one cloud-optimised GeoTIFF a band, read window by window.

Counts and coefficients are those of V003; fill 0 has no nodata tag. Five-band TIR GeoTIFFs of
V003 (Planetary Computer) are read too; their grid took pixel centres for edges and is put right.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import (
    GranuleReadError,
    GridMismatchError,
    InputError,
    MissingBandError,
)
from akkd_core.grid import Grid
from akkd_core.images import TIR_BANDS, Scene
from akkd_core.raster import RasterReader, open_raster
from akkd_core.raster.wholeness import check_tiles
from akkd_core.readers.aster_grid import FALSE_NORTHING_M, PIXEL_M
from akkd_core.readers.sniff import EXPECTED, FileKind, sniff, unsupported
from akkd_core.readers.ummg import read_metadata

_BAND_FILE = re.compile(r"(?P<id>.+)_TIR_B(?P<band>1[0-4])(?P<suffix>\.tiff?)\Z", re.IGNORECASE)
# Level 2 names hold TIR_B10 too.
_LEVEL_2 = re.compile(r"AST_(?!L1T)|.*_(SRE|SIR|SKT|TSR)(_|\Z)", re.IGNORECASE)
_PIXEL_TOLERANCE_M = 0.01


@dataclass(frozen=True)
class BandFiles:
    """Counts of five bands read window by window.

    Parameters
    ----------
    readers : tuple of RasterReader
        One per band, or one for all.
    """

    readers: tuple[RasterReader, ...]

    def read(self, row: int, col: int, rows: int, cols: int) -> NDArray[np.uint16]:
        """Digital numbers of a window, uint16 (5, rows, cols). Raises GranuleReadError."""
        parts = [np.asarray(r.read(row, col, rows, cols), np.uint16) for r in self.readers]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def read_folder(folder: Path) -> Scene:
    """Scene of the one L1T V004 granule in a folder.

    Raises
    ------
    UnsupportedGranuleError
        If no TIR band file is there.
    MissingBandError
        If some are missing.
    InputError
        If several granules are there.
    """
    try:
        names = sorted(entry for entry in folder.iterdir() if entry.is_file())
    except OSError as error:
        raise GranuleReadError(
            f"{folder}: can't be read ({error.strerror}). Check the folder's permissions"
        ) from error
    granules = {match["id"] for name in names if (match := _band_match(name))}
    if len(granules) > 1:
        raise InputError(
            f"{folder}: holds {len(granules)} granules ({', '.join(sorted(granules)[:3])}..). "
            "Name one band file of the granule you want"
        )
    if not granules:
        if any(name.name.upper().startswith("AST_L1T_004") for name in names):
            raise MissingBandError(
                f"{folder}: ASTER L1T granule without thermal band files (_TIR_B10.tif to "
                "_TIR_B14.tif). Download them too"
            )
        what = "a folder with no ASTER thermal band files (AST_L1T_.._TIR_B10.tif to B14)"
        raise unsupported(folder, what)
    return read_files([name for name in names if _band_match(name)])


def read_band_file(file: Path) -> Scene:
    """Scene of the granule that a band file belongs to; its siblings lie beside it.

    Raises
    ------
    UnsupportedGranuleError
        If it is another GeoTIFF.
    MissingBandError
        If a sibling is missing.
    """
    match = _band_match(file)
    if match is None:
        return _read_stack(file)
    prefix = f"{match['id']}_TIR_B".lower()
    siblings = [
        name for name in sorted(file.parent.iterdir())
        if name.name.lower().startswith(prefix) and _band_match(name)
    ]  # fmt: skip
    return read_files(siblings)


def read_files(files: Sequence[Path]) -> Scene:
    """Scene of a list of band files; files of other bands are ignored.

    Raises
    ------
    MissingBandError
        If a thermal band is not among them.
    InputError
        If they belong to several granules, or a band occurs twice.
    GridMismatchError
        If they don't share a grid.
    """
    by_band: dict[int, Path] = {}
    granules = set()
    for file in files:
        match = _band_match(file)
        if match is None:
            continue
        granules.add(match["id"])
        if by_band.setdefault(int(match["band"]), file) != file:
            raise InputError(f"{file}: band {match['band']} occurs twice. Give one file a band")
    if not by_band:
        raise unsupported(files[0], "not a file named AST_L1T_.._TIR_B10.tif to B14, nor the next")
    if len(granules) > 1:
        raise InputError(
            f"{files[0]}: files of {len(granules)} granules were given as one scene. "
            "Give one granule at a time"
        )
    missing = [str(band) for band in TIR_BANDS if band not in by_band]
    if missing:
        raise MissingBandError(
            f"{next(iter(by_band.values()))}: thermal band {', '.join(missing)} is missing beside "
            "it. AKKD needs all of bands 10-14; download them too"
        )
    return _scene([by_band[band] for band in TIR_BANDS], granules.pop(), count=1)


def _band_match(file: Path) -> re.Match[str] | None:
    match = _BAND_FILE.match(file.name)
    return None if match is None or _LEVEL_2.match(match["id"]) else match


def _read_stack(file: Path) -> Scene:
    """Read one GeoTIFF with all five bands; its name must tell that it is ASTER TIR."""
    match = re.match(r"(AST_L1T_00\d\d{14}_\d{14}(?:_\d+)?)[._]TIR\b", file.name, re.IGNORECASE)
    if match is None:
        reader = open_raster(file)
        reader.close()
        described = f"a GeoTIFF of {reader.count} x {reader.dtype}"
        if _LEVEL_2.match(file.name):
            described += " (by its name an ASTER Level 2 product)"
        raise unsupported(file, described)
    return _scene([file], match[1], count=len(TIR_BANDS))


def _scene(files: list[Path], granule_id: str, count: int) -> Scene:
    for file in files:
        if sniff(file) is not FileKind.TIFF:
            raise GranuleReadError(f"{file}: is {sniff(file).value}, not a GeoTIFF. {EXPECTED}")
    readers = tuple(open_raster(file) for file in files)
    try:
        grids = [_proper_grid(file, r, count) for file, r in zip(files, readers, strict=True)]
        for file, grid in zip(files, grids, strict=True):
            if grid != grids[0]:
                raise GridMismatchError(
                    f"{file}: lies on another grid than {files[0].name}. Give bands of one granule"
                )
            _check_pixels(file)
        metadata = read_metadata(files, granule_id)
        if grids[0] != readers[0].grid:
            metadata = replace(metadata, extra={**metadata.extra, "grid_corrected": "yes"})
    except BaseException:
        for reader in readers:
            reader.close()
        raise
    return Scene(BandFiles(readers), grids[0], metadata)


def _check_pixels(file: Path) -> None:
    try:
        check_tiles(file)
    except ValueError as error:
        raise GranuleReadError(f"{file}: {error}. Download the granule again") from error
    except OSError as error:
        raise GranuleReadError(
            f"{file}: can't be read ({error.strerror}). Check the file"
        ) from error


def _proper_grid(file: Path, reader: RasterReader, count: int) -> Grid:
    """Check the raster and put its grid right."""
    if reader.count != count or reader.dtype != "uint16":
        raise unsupported(file, f"a GeoTIFF of {reader.count} x {reader.dtype} by content")
    grid = reader.grid
    if grid is None:
        raise GranuleReadError(
            f"{file}: the GeoTIFF has no coordinate system. Download the granule again"
        )
    if not grid.north_up:
        raise GridMismatchError(
            f"{file}: the raster is rotated, an L1T granule is north-up. Give the L1T granule"
        )
    grid = _edges_from_centres(grid)
    x, a, _, y, _, e = grid.geotransform
    if max(abs(a - PIXEL_M), abs(-e - PIXEL_M)) > _PIXEL_TOLERANCE_M:
        raise unsupported(file, f"a raster with pixels of {a:.4g} x {-e:.4g} m")
    if 32601 <= grid.epsg <= 32660 and y <= 0:
        # Southern scene in a northern zone, without the false northing.
        return Grid(grid.epsg + 100, (x, a, 0.0, y + FALSE_NORTHING_M, 0.0, e), *grid.shape)
    return grid


def _edges_from_centres(grid: Grid) -> Grid:
    """Undo the half-pixel error of grids whose edges were set to the outer pixels' centres.

    Such a grid spans 90 (n - 1) m instead of 90 n m, so its pixels are a little under 90 m.
    """
    x, a, _, y, _, e = grid.geotransform
    spans = ((a * grid.cols, grid.cols), (-e * grid.rows, grid.rows))
    if any(abs(span - PIXEL_M * (n - 1)) > PIXEL_M / 10 for span, n in spans):
        return grid
    half = PIXEL_M / 2
    # The centres are whole metres in the product; the warped corners are off by nanometres.
    left, top = round(x, 3) - half, round(y, 3) + half
    return Grid(grid.epsg, (left, PIXEL_M, 0.0, top, 0.0, -PIXEL_M), *grid.shape)
