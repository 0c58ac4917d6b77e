"""Longitude and latitude agree between the libraries and with a published point."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from akkd_core.errors import MissingDependencyError
from akkd_core.raster.projection import from_lonlat, to_lonlat

WAYS = [
    pytest.param(
        way, marks=pytest.mark.skipif(find_spec(module) is None, reason=f"no {module}")
    )
    for way, module in (("pyproj", "pyproj"), ("osr", "osgeo"), ("rasterio", "rasterio"))
]


@pytest.mark.parametrize("way", WAYS)
def test_utm_axes(way: str) -> None:
    # On the central meridian the easting is 500 km; 0 N is northing 0 (north), 10 000 km (south).
    lon, lat = to_lonlat(32650, [500000.0, 500000.0], [0.0, 0.0], way)
    np.testing.assert_allclose(lon, 117.0, atol=1e-9)
    np.testing.assert_allclose(lat, 0.0, atol=1e-9)
    lon, lat = to_lonlat(32750, 500000.0, 10_000_000.0, way)
    assert (float(lon), float(lat)) == pytest.approx((117.0, 0.0), abs=1e-9)
    # Scale on the central meridian is 0.9996 (Snyder 1987): arc from 0 to 1 N is 110574.389 m.
    _, y = from_lonlat(32650, 117.0, 1.0, way)
    assert float(y) == pytest.approx(110574.389 * 0.9996, abs=0.01)


@pytest.mark.parametrize("way", WAYS)
def test_inverse_to_a_millimetre(way: str) -> None:
    x, y = np.meshgrid([200000.0, 281279.4, 800000.0], [9073854.5, 1_200_000.0])
    back = from_lonlat(32750, *to_lonlat(32750, x, y, way), way)
    np.testing.assert_allclose(back[0], x, atol=1e-3)
    np.testing.assert_allclose(back[1], y, atol=1e-3)


def test_nothing_installed_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in ("pyproj", "osgeo", "osgeo.osr", "rasterio", "rasterio.warp"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingDependencyError, match="pip install pyproj"):
        to_lonlat(32650, 0.0, 0.0)


SINUSOIDAL = (
    'PROJCS["MODIS sinusoidal",GEOGCS["Sphere",DATUM["Sphere",SPHEROID["Sphere",6371007.181,0]],'
    'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Sinusoidal"],'
    'PARAMETER["longitude_of_center",0],PARAMETER["false_easting",0],'
    'PARAMETER["false_northing",0],UNIT["metre",1]]'
)


@pytest.mark.parametrize("way", WAYS)
def test_a_system_without_code(way: str) -> None:
    """MODIS's sinusoidal system by the formula x = R lon cos(lat), y = R lat."""
    lon, lat = np.array([-38.0, 120.5]), np.array([-7.25, 40.0])
    x, y = from_lonlat(SINUSOIDAL, lon, lat, way)
    radius = 6371007.181
    np.testing.assert_allclose(x, radius * np.radians(lon) * np.cos(np.radians(lat)), atol=1e-3)
    np.testing.assert_allclose(y, radius * np.radians(lat), atol=1e-3)
    np.testing.assert_allclose(to_lonlat(SINUSOIDAL, x, y, way), (lon, lat), atol=1e-8)
