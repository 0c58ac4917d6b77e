"""What products say of a place: temperature, errors and quality of the pixels around it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import GranuleReadError, InputError
from akkd_core.grid import Grid
from akkd_core.inference.product_files import NETWORK, product_paths
from akkd_core.quality import QC_NODATA, is_cloud
from akkd_core.raster import RasterReader, open_raster
from akkd_core.raster.resampling import Places, resample, source_places

AROUND = 3
"""Side of the window whose spread tells whether a place is homogeneous, pixels."""

_SUFFIX = "_LST.tif"
_DIGEST = 8


@dataclass(frozen=True)
class ProductScene:
    """One scene of a product.

    Parameters
    ----------
    scene_id : str
    folder : Path
    label : str
        Which model or method made it.
    acquired_at : datetime
        UTC.
    grid : Grid
    """

    scene_id: str
    folder: Path
    label: str
    acquired_at: datetime
    grid: Grid


@dataclass(frozen=True)
class Surroundings:
    """Pixels around a place, the middle one holds it; NaN where a scene has none.

    Parameters
    ----------
    lst, lst_err : ndarray of float64, (3, 3)
        K; errors NaN where the product has no such layer.
    lse : ndarray of float64, (5, 3, 3)
    cloudy : bool
        Whether any of the pixels is flagged as cloud.
    """

    lst: NDArray[np.float64]
    lst_err: NDArray[np.float64]
    lse: NDArray[np.float64]
    cloudy: bool

    @property
    def spread_k(self) -> float:
        """Standard deviation of the temperatures, K; NaN with fewer than five of them."""
        known = self.lst[np.isfinite(self.lst)]
        return float(known.std(ddof=1)) if known.size >= 5 else np.nan


def find_scenes(products: Iterable[str | Path]) -> tuple[ProductScene, ...]:
    """Find the scenes of products.

    Parameters
    ----------
    products : iterable of path
        Folders as ``akkd retrieve`` writes them, of one scene or many, or ``G_LST.tif`` files.

    Raises
    ------
    InputError
        If a path holds no product, or one that doesn't tell when it was acquired.
    GranuleReadError
        If a file can't be read.
    """
    files: dict[Path, tuple[str, str]] = {}
    for product in products:
        path = Path(product)
        single = path.is_file() and path.name.endswith(_SUFFIX)
        found = [path] if single else sorted(path.glob(f"*{_SUFFIX}"))
        if not found:
            raise InputError(
                f"{path}: holds no product. Give the folder of a product or its G_LST.tif"
            )
        for file in found:
            files.setdefault(file.resolve(), _maker(file))
    hashes: dict[str, set[str]] = {}
    for name, digest in files.values():
        hashes.setdefault(name, set()).add(digest)
    return tuple(
        _scene(file, f"{name} {digest[:_DIGEST]}" if len(hashes[name]) > 1 else name)
        for file, (name, digest) in files.items()
    )


def _maker(file: Path) -> tuple[str, str]:
    """Name and hash of what made a product."""
    with open_raster(file) as raster:
        tags = raster.tags
    method = tags.get("METHOD", NETWORK)
    if method != NETWORK:
        return method, ""
    return tags.get("MODEL", "AKKD"), tags.get("MODEL_SHA256", "")


def _scene(file: Path, label: str) -> ProductScene:
    with open_raster(file) as raster:
        grid, text = raster.grid, raster.tags.get("ACQUIRED_AT", "")
    if grid is None:
        raise InputError(f"{file}: has no coordinate system. Retrieve the scene again")
    try:
        acquired_at = datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)
    except ValueError as error:
        raise InputError(
            f"{file}: doesn't tell when it was acquired (tag ACQUIRED_AT). Give a product of AKKD"
        ) from error
    return ProductScene(file.name[: -len(_SUFFIX)], file.parent, label, acquired_at, grid)


def layer_notes(scene: ProductScene) -> tuple[str, ...]:
    """Return notes on layers that a product lacks, which a comparison does without.

    Parameters
    ----------
    scene : ProductScene
    """
    layers = product_paths(scene.scene_id, scene.folder).layers
    if layers["QC"].exists():
        return ()
    return (f"{layers['QC'].name} isn't there: pixels of cloud count as all others do.",)


def read_surroundings(scene: ProductScene, row: int, col: int) -> Surroundings:
    """Read the pixels around one that lies in a scene.

    Raises
    ------
    GranuleReadError
        If a layer can't be read; errors alone may be absent.
    """
    layers = product_paths(scene.scene_id, scene.folder).layers

    def values(suffix: str) -> NDArray[np.float64]:
        with open_raster(layers[suffix]) as raster:
            return _around(raster, row, col, np.nan)

    errors = np.full((1, AROUND, AROUND), np.nan)
    if layers["LST_err"].exists():
        errors = values("LST_err")
    with open_raster(layers["QC"]) as raster:
        quality = _around(raster, row, col, QC_NODATA).astype(np.uint16)[0]
    cloudy = bool(is_cloud(quality).any())
    return Surroundings(values("LST")[0], errors[0], values("LSE"), cloudy)


def _around(raster: RasterReader, row: int, col: int, fill: float) -> NDArray[np.float64]:
    """Read a window around a pixel, float64 (band, 3, 3), filled beyond the edge."""
    half = AROUND // 2
    top, left = max(row - half, 0), max(col - half, 0)
    bottom = min(row + half + 1, raster.shape[0])
    right = min(col + half + 1, raster.shape[1])
    out = np.full((raster.count, AROUND, AROUND), fill, dtype=np.float64)
    down, along = top - row + half, left - col + half
    out[:, down : down + bottom - top, along : along + right - left] = raster.read(
        top, left, bottom - top, right - left
    )
    return out


def slope_deg(elevation: RasterReader, grid: Grid, row: int, col: int) -> float:
    """Slope of the ground at a pixel, from the elevations at the centres of it and its neighbours.

    Horn's (1981, Proc. IEEE 69, 14-47) weighted differences over the pixels of the product, so
    that it is the slope at their scale whatever the elevation model's own.

    Parameters
    ----------
    elevation : RasterReader
        Elevation in m, its first band, of any coordinate system.
    grid : Grid
        The product's.
    row, col : int

    Returns
    -------
    float
        Degrees; NaN where the elevation is unknown.

    Raises
    ------
    GranuleReadError
        If the elevation model has no place.
    """
    if elevation.grid is None:
        raise GranuleReadError(f"{elevation.path}: has no coordinate system. Reproject it to one")
    half = AROUND // 2
    places = source_places(elevation.grid, grid.window(row - half, col - half, AROUND, AROUND))
    if not places.inside.all():
        return float("nan")
    rows, cols = elevation.shape
    top, left = int(max(places.row.min(), 0)), int(max(places.col.min(), 0))
    bottom = min(int(places.row.max()) + 2, rows)
    right = min(int(places.col.max()) + 2, cols)
    block = elevation.read(top, left, bottom - top, right - left, bands=(1,))
    height = block.astype(np.float32)
    if elevation.nodata is not None:
        height[block == elevation.nodata] = np.nan
    z = resample(height, Places(places.row - top, places.col - left, places.inside))[0]
    weights = np.array([1.0, 2.0, 1.0]) / (8.0 * grid.pixel_size_m)
    along = weights @ (z[:, 2] - z[:, 0])
    down = weights @ (z[2] - z[0])
    return float(np.degrees(np.arctan(np.hypot(along, down))))
