"""Resampling: exact on planes, as GDAL does it elsewhere, never across what has no value."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from akkd_core.errors import ParameterError
from akkd_core.grid import Grid
from akkd_core.raster.resampling import centres, resample, source_places

ROTATED = Grid(32650, (281279.4, 89.014, 13.285, 4400854.5, 13.285, -89.014), 70, 80)
TARGET = Grid(32650, (279990.0, 90.0, 0.0, 4402020.0, 0.0, -90.0), 95, 100)


def plane(grid: Grid) -> NDArray[np.float32]:
    """Linear in x and y, so that bilinear interpolation is exact; 0.02 and 0.01 K a metre."""
    x, y = centres(grid)
    return (300.0 + 0.02 * (x - 285000.0) + 0.01 * (y - 4398000.0)).astype(np.float32)[None]


def test_a_plane_comes_back() -> None:
    places = source_places(ROTATED, TARGET)
    found = resample(plane(ROTATED), places)
    inside = np.isfinite(found[0])
    np.testing.assert_array_equal(inside, places.inside)
    assert inside.sum() == pytest.approx(70 * 80, rel=0.03)
    row, col = places.row, places.col
    inner = inside & (row >= 0) & (row <= 69) & (col >= 0) & (col <= 79)
    error = np.abs(found - plane(TARGET))[0]
    assert error[inner].max() < 1e-3
    # at the outer half pixel the edge's value stands: 45 m at most along each axis of the source
    assert error[inside].max() < 0.02 * 45 * 1.01 + 0.01 * 45 * 1.01 + 0.3


def test_nearest_is_within_half_a_pixel() -> None:
    found = resample(plane(ROTATED), source_places(ROTATED, TARGET), "nearest")
    error = np.abs(found - plane(TARGET))[np.isfinite(found)]
    # half a pixel along both of the source's axes, which are turned by 8.5 degrees
    assert 0.5 < error.max() < 45.01 * np.sqrt(2) * np.hypot(0.02, 0.01)
    assert set(np.unique(found[np.isfinite(found)])) <= set(np.unique(plane(ROTATED)))


def test_as_gdal_resamples() -> None:
    warp = pytest.importorskip("rasterio.warp")
    from rasterio.transform import Affine

    rng = np.random.default_rng(3)
    values = rng.normal(300, 5, (1, *ROTATED.shape)).astype(np.float32)
    for method, tolerance in (("bilinear", 0.02), ("nearest", 0.0)):
        expected = np.full((1, *TARGET.shape), np.nan, np.float32)
        warp.reproject(
            values, expected, src_transform=Affine.from_gdal(*ROTATED.geotransform),
            dst_transform=Affine.from_gdal(*TARGET.geotransform), src_crs="EPSG:32650",
            dst_crs="EPSG:32650", src_nodata=np.nan, dst_nodata=np.nan, tolerance=0.0,
            resampling=warp.Resampling[method],
        )  # fmt: skip
        places = source_places(ROTATED, TARGET)
        found = resample(values, places, method)
        row, col = places.row, places.col
        inner = (row >= 0) & (row <= 69) & (col >= 0) & (col <= 79)
        assert inner.sum() > 5000
        assert np.abs(found - expected)[0][inner].max() <= tolerance


def test_another_zone() -> None:
    """The same ground from the neighbouring zone: a field over longitude comes back."""
    from akkd_core.raster.projection import from_lonlat, to_lonlat

    lon, lat = to_lonlat(32650, *centres(ROTATED))
    x, y = from_lonlat(32649, lon[35:36, 40:41], lat[35:36, 40:41])
    west, north = float(x[0, 0]) - 900, float(y[0, 0]) + 900
    target = Grid(32649, (west, 90.0, 0.0, north, 0.0, -90.0), 20, 20)
    found = resample((1e3 * lon).astype(np.float32)[None], source_places(ROTATED, target))
    expected, _ = to_lonlat(32649, *centres(target))
    assert np.abs(found[0] / 1e3 - expected).max() < 1e-5


def test_never_across_a_gap() -> None:
    values = plane(TARGET)
    values[:, 10, 10] = np.nan
    same = resample(values, source_places(TARGET, TARGET))
    np.testing.assert_array_equal(same, values)
    x0, a, b, y0, d, e = TARGET.geotransform
    shifted = Grid(32650, (x0 + 30.0, a, b, y0 - 30.0, d, e), 95, 100)
    found = resample(values, source_places(TARGET, shifted))
    gaps = np.argwhere(np.isnan(found[0]) & source_places(TARGET, shifted).inside)
    assert gaps.tolist() == [[9, 9], [9, 10], [10, 9], [10, 10]]
    near = resample(values, source_places(TARGET, shifted), "nearest")
    assert np.argwhere(np.isnan(near[0])).tolist() == [[10, 10]]


def test_an_unknown_method() -> None:
    with pytest.raises(ParameterError, match="choose one of bilinear, nearest"):
        resample(plane(TARGET), source_places(TARGET, TARGET), "cubic")
