"""Footprints: distances to borders, across projections and the 180th meridian."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akkd_core.grid import Grid
from akkd_core.joint.footprints import inside_distance, pixel_lonlat, ring_bounds, ring_of
from akkd_core.raster.projection import to_lonlat

KM = 1000 / 111_195.0
"""Degrees of latitude."""


def utm(epsg: int, x: float, y: float, rows: int, cols: int, pixel: float = 90.0) -> Grid:
    return Grid(epsg, (x, pixel, 0.0, y, 0.0, -pixel), rows, cols)


def distances(ring: tuple, grid: Grid, reach: float = 1e6) -> np.ndarray:
    lon, lat = pixel_lonlat(grid, 0, 0, grid.rows, grid.cols)
    return inside_distance([ring], lon, lat, reach)


def test_lonlat_of_pixels_is_that_of_the_projection() -> None:
    grid = utm(32633, 300000.0, 7800000.0, 200, 333)
    lon, lat = pixel_lonlat(grid, 40, 50, 130, 270)
    x, y = grid.xy(40 + 100.5, 50 + 200.5)
    expected = to_lonlat(32633, x, y)
    # half a metre
    assert lon[100, 200] == pytest.approx(float(expected[0]), abs=1e-5)
    assert lat[100, 200] == pytest.approx(float(expected[1]), abs=5e-6)


def test_distance_to_a_box() -> None:
    ring = ((10.0, 45.0), (11.0, 45.0), (11.0, 46.0), (10.0, 46.0))
    lon = np.array([[10.5, 10.01, 9.99, 10.5]])
    lat = np.array([[45.0 + 2 * KM, 45.5, 45.5, 46.2]])
    found = inside_distance([ring], lon, lat, 5000.0)
    assert found[0, 0] == pytest.approx(2000.0, rel=1e-3)
    assert found[0, 1] == pytest.approx(0.01 * 111_195 * np.cos(np.radians(45.5)), rel=1e-3)
    assert (found[0, 2:] == 0).all()


@pytest.mark.parametrize("epsg", [32650, 32750, 32649])
def test_a_raster_inside_its_own_footprint(epsg: int) -> None:
    """Distances in metres on the grid, also where the footprint was made in the next zone."""
    grid = utm(epsg, 300000.0 if epsg != 32649 else 800000.0, 4400000.0, 120, 150)
    found = distances(ring_of(grid), grid, 3000.0)
    row, col = np.mgrid[:120, :150] + 0.5
    expected = 90 * np.minimum.reduce([row, 120 - row, col, 150 - col])
    # of the sphere instead of the ellipsoid, and of UTM's scale
    assert np.abs(found / np.minimum(expected, 3000.0) - 1).max() < 0.012
    assert (found > 0).all()


def test_a_footprint_of_another_zone_fits_to_a_few_metres() -> None:
    mine, other = utm(32650, 260000.0, 4400000.0, 60, 60), 32649
    ring = ring_of(mine)
    corner = to_lonlat(32650, *mine.xy(30, 30))
    from akkd_core.raster.projection import from_lonlat

    x, y = (float(v) for v in from_lonlat(other, *corner))
    around = utm(other, x - 90 * 60, y + 90 * 60, 120, 120)
    found = distances(ring, around, 1e5)
    # the centre of a pixel lies half a pixel off the corner
    assert found[60, 60] == pytest.approx(29.5 * 90.0, rel=0.01)
    assert (found > 0).mean() == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("epsg", [32601, 32660])
def test_the_180th_meridian_is_no_border(epsg: int) -> None:
    x, y = 166021.0 if epsg == 32601 else 833978.0, 0.0
    grid = utm(epsg, x - 50 * 90, 4_000_000.0 + y, 100, 100)
    grid = Grid(epsg, (grid.geotransform[0], 90.0, 0.0, 60000.0, 0.0, -90.0), 100, 100)
    ring = ring_of(grid)
    longitudes = np.array([lon for lon, _ in ring])
    assert longitudes.min() < -179 and longitudes.max() > 179
    west, _, east, _ = ring_bounds(ring)
    assert west > 179 and east < -179
    found = distances(ring, grid)
    assert found[50, 50] == pytest.approx(49.5 * 90, rel=0.015)
    assert (np.abs(np.diff(found, axis=1)) < 95).all()


def test_a_footprint_of_the_other_side_is_far() -> None:
    here, there = utm(32650, 3e5, 4.4e6, 20, 20), utm(32610, 3e5, 4.4e6, 20, 20)
    assert (distances(ring_of(there), here) == 0).all()


def test_the_deepest_of_overlapping_polygons_counts() -> None:
    left = ((0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (0.0, 1.0))
    right = ((1.0, 0.0), (3.0, 0.0), (3.0, 1.0), (1.0, 1.0))
    lon, lat = np.array([[1.0, 2.0, 1.5]]), np.full((1, 3), 0.5)
    found = inside_distance([left, right], lon, lat, 1e4)
    assert (found == 1e4).all()
    assert inside_distance([left], lon, lat, 1e4)[0, 1] < 1


def test_a_large_polygon_around_a_small_window() -> None:
    ring = ((-60.0, -50.0), (110.0, -50.0), (110.0, 70.0), (-60.0, 70.0))
    grid = utm(32633, 300000.0, 5.0e6, 30, 30)
    assert (distances(ring, grid, 1000.0) == 1000.0).all()


@settings(deadline=None, max_examples=60)
@given(
    st.floats(-179, 179), st.floats(-75, 75), st.floats(0.02, 0.5), st.floats(0.02, 0.5),
    st.integers(3, 9), st.integers(0, 10**6),
)
def test_never_steeper_than_the_ground(
    lon0: float, lat0: float, wide: float, high: float, corners: int, seed: int
) -> None:
    """Neighbouring pixels differ by no more than their distance, whatever the polygon."""
    rng = np.random.default_rng(seed)
    angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
    ring = tuple(
        ((lon0 + wide * np.cos(a) + 180) % 360 - 180, lat0 + high * np.sin(a)) for a in angle
    )
    step = 0.002
    lon = lon0 + step * np.arange(-20, 20)[None, :] + np.zeros((40, 1))
    lat = lat0 + step * np.arange(-20, 20)[:, None] + np.zeros((1, 40))
    found = inside_distance([ring], lon, lat, 1e5)
    across = step * 111_195 * np.cos(np.radians(lat[:, :1]))
    assert (np.abs(np.diff(found, axis=1)) <= 1.001 * across + 1e-6).all()
    # between rows the length of a degree of longitude changes, too
    assert (np.abs(np.diff(found, axis=0)) <= 1.1 * step * 111_195 + 1e-6).all()
