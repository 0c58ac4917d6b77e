"""Several files of MODIS's temperature as one: tiles side by side, granules one after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import InputError
from akkd_core.grid import Grid
from akkd_core.readers.modis_lst import ModisLayer, ModisLst
from akkd_core.readers.modis_places import LINES_PER_SCAN, GridPlaces, SwathPlaces
from akkd_core.readers.modis_qc import ModisQuality

_LARGEST = 50_000_000
_OFF_CELL = 0.01
_NOT_PRODUCED = 3

Place = Callable[[Sequence[NDArray[Any]], Any], NDArray[Any]]


def join_modis(parts: Sequence[ModisLst]) -> ModisLst:
    """Join files of one product: a scene across a border of tiles is in all of them.

    Parameters
    ----------
    parts : sequence of ModisLst
        One or more; tiles of one day and grid, or swaths.

    Returns
    -------
    ModisLst
        Of a single file itself. Where no tile lies there is no temperature.

    Raises
    ------
    InputError
        If they are of several products or days, lie on each other, on several grids or too far
        apart, or if one has a field that another hasn't.
    """
    first = parts[0]
    if len(parts) == 1:
        return first
    for other in parts[1:]:
        if other.product != first.product:
            raise _unlike(first, other, f"{_named(other)}, not {_named(first)}")
        if [layer.half for layer in other.layers] != [layer.half for layer in first.layers]:
            raise _unlike(first, other, "of the other half of the day")
    if len({part.path.resolve() for part in parts}) < len(parts):
        raise InputError(f"{first.path}: is among the references twice. Give each file once")
    places = [part.places for part in parts]
    grids = [place for place in places if isinstance(place, GridPlaces)]
    swaths = [place for place in places if isinstance(place, SwathPlaces)]
    if len(grids) == len(parts):
        joined: GridPlaces | SwathPlaces
        joined, place = _grid(parts, grids)
    elif len(swaths) == len(parts):
        joined, place = _swath(parts, swaths)
    else:
        raise _unlike(first, parts[-1], "a grid beside a swath")
    layers = tuple(
        _layer(parts, [part.layers[index] for part in parts], place)
        for index in range(len(first.layers))
    )
    shared = [band for band in first.emissivity if all(band in p.emissivity for p in parts)]
    days = [day for part in parts for day in (part.begins, part.ends) if day is not None]
    return replace(
        first,
        name=f"{first.name} and {len(parts) - 1} more",
        begins=min(days, default=None),
        ends=max(days, default=None),
        places=joined,
        layers=layers,
        emissivity={band: place([p.emissivity[band] for p in parts], np.nan) for band in shared},
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        others=tuple(part.path for part in parts[1:]),
    )


def _named(part: ModisLst) -> str:
    return part.product or "of an unknown product"


def _unlike(first: ModisLst, other: ModisLst, what: str) -> InputError:
    return InputError(
        f"{other.path}: is {what}, and can't be joined with {first.path.name}. Give files of one "
        "product and day, each other product in a run of its own"
    )


def _layer(parts: Sequence[ModisLst], layers: Sequence[ModisLayer], place: Place) -> ModisLayer:
    def joined(name: str) -> NDArray[np.float32] | None:
        values = [getattr(layer, name) for layer in layers]
        return None if _known(parts, values, name) == 0 else place(values, np.nan)

    quality = None
    decoded = [layer.quality for layer in layers]
    if _known(parts, decoded, "quality"):
        found = [one for one in decoded if one is not None]
        quality = ModisQuality(place([one.stored for one in found], _NOT_PRODUCED), found[0].scheme)
    lst = place([layer.lst for layer in layers], np.nan)
    hours, zenith = joined("solar_hour"), joined("view_zenith_deg")
    return ModisLayer(layers[0].half, lst, quality, hours, zenith)


def _known(parts: Sequence[ModisLst], values: Sequence[Any], name: str) -> int:
    """Count the files that have a field: all or none."""
    without = [part for part, value in zip(parts, values, strict=True) if value is None]
    if without and len(without) < len(parts):
        raise InputError(
            f"{without[0].path}: has no {name}, other references have. Give files of one kind"
        )
    return len(parts) - len(without)


def _grid(parts: Sequence[ModisLst], grids: Sequence[GridPlaces]) -> tuple[GridPlaces, Place]:
    first = grids[0]
    x0, dx, turn, y0, tilt, dy = first.grid.geotransform
    corners = []
    for part, other in zip(parts, grids, strict=True):
        if (part.begins, part.ends) != (parts[0].begins, parts[0].ends):
            raise _unlike(parts[0], part, f"of {part.begins}, not {parts[0].begins}")
        left, width, a, top, b, height = other.grid.geotransform
        row, col = (top - y0) / dy, (left - x0) / dx
        off = max(abs(row - round(row)), abs(col - round(col)))
        # a difference of cells adds up over a tile
        grown = max(abs(width / dx - 1.0), abs(height / dy - 1.0)) * max(other.shape)
        system = (other.wkt, other.grid.epsg)
        if (
            system != (first.wkt, first.grid.epsg)
            or max(off, grown) > _OFF_CELL
            or any((turn, tilt, a, b))
        ):
            raise _unlike(parts[0], part, "on another grid")
        corners.append((round(row), round(col), *other.shape))
    top_row, left_col = min(c[0] for c in corners), min(c[1] for c in corners)
    rows = max(c[0] + c[2] for c in corners) - top_row
    cols = max(c[1] + c[3] for c in corners) - left_col
    if rows * cols > _LARGEST:
        raise InputError(
            f"{parts[0].path}: the references lie too far apart ({rows} x {cols} cells around "
            "them). Give the tiles under the scenes"
        )
    slots = [np.s_[r - top_row : r - top_row + h, c - left_col : c - left_col + w]
             for r, c, h, w in corners]  # fmt: skip
    used = np.zeros((rows, cols), dtype=np.bool_)
    for part, slot in zip(parts, slots, strict=True):
        if used[slot].any():
            raise _unlike(parts[0], part, "on top of another reference")
        used[slot] = True

    def place(arrays: Sequence[NDArray[Any]], fill: Any) -> NDArray[Any]:
        out = np.full((rows, cols), fill, dtype=arrays[0].dtype)
        for slot, array in zip(slots, arrays, strict=True):
            out[slot] = array
        return out

    transform = (x0 + left_col * dx, dx, 0.0, y0 + top_row * dy, 0.0, dy)
    return GridPlaces(Grid(first.grid.epsg, transform, rows, cols), first.wkt), place


def _swath(parts: Sequence[ModisLst], swaths: Sequence[SwathPlaces]) -> tuple[SwathPlaces, Place]:
    for part, swath in zip(parts, swaths, strict=True):
        if swath.shape[1] != swaths[0].shape[1] or swath.shape[0] % LINES_PER_SCAN:
            raise _unlike(parts[0], part, f"of {swath.shape[0]} x {swath.shape[1]} pixels")
        if part.begins != parts[0].begins:
            raise _unlike(parts[0], part, f"of {part.begins}, not {parts[0].begins}")

    def place(arrays: Sequence[NDArray[Any]], fill: Any) -> NDArray[Any]:
        del fill  # granules leave no gap
        return np.concatenate(list(arrays))

    lon, lat = (
        np.concatenate([getattr(s, n) for s in swaths]) for n in ("longitude", "latitude")
    )
    return SwathPlaces(lon, lat), place
