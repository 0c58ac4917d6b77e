"""L1B V003: the rotated grid from its geocentric lattice, against the analytic affine."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from akkd_core import open_scene
from akkd_core.errors import AkkdWarning, GranuleReadError, UnsupportedGranuleError
from akkd_core.grid import Grid
from akkd_core.readers.aster_l1b import geodetic_latitude, rotated_grid
from akkd_core.readers.aster_metadata import AsterOdl
from akkd_core.readers.hdf4_structure import read_structure
from akkd_core.readers.north_up import resample_north_up
from tests.builders.hdfeos import Granule, write_granule
from tests.unit.readers.scenes import COLS, ROWS, counts


def _granule(angle: float, epsg: int, x: float, y: float) -> Granule:
    cosine, sine = (90 * f(math.radians(angle)) for f in (math.cos, math.sin))
    transform = (x, cosine, sine, y, sine, -cosine)
    return Granule(counts(), transform, epsg, product="AST_L1B")


SOUTH = _granule(8.48, 32750, 281279.4, 9073854.5)
CASES = [
    SOUTH,
    _granule(-8.2, 32648, 431000.3, 4120000.7),
    _granule(-8.2, 32656, 300000.0, 12000.0),
]
IDS = ["south", "north", "equator"]


def _stored_grid(file: Path, granule: Granule) -> Grid:
    structure = read_structure(file)
    odl = AsterOdl.parse(file, structure.attributes)
    return rotated_grid(structure, odl, *granule.dn.shape[1:])


@pytest.mark.parametrize("granule", CASES, ids=IDS)
@pytest.mark.parametrize("source", ["lattice", "corners"])
def test_affine_to_the_centimetre(tmp_path: Path, granule: Granule, source: str) -> None:
    file = write_granule(tmp_path / "a.hdf", replace(granule, vnir=True))
    if source == "corners":
        data = file.read_bytes().replace(b"Latitude", b"Lxtitude")
        file.write_bytes(data)
    grid = _stored_grid(file, granule)
    assert grid.epsg == granule.epsg
    truth = Grid(granule.epsg, granule.transform, ROWS, COLS)
    for found, expected in zip(grid.corners(), truth.corners(), strict=True):
        assert found == pytest.approx(expected, abs=0.01)


def test_scene_is_the_resampled_swath(tmp_path: Path) -> None:
    scene = open_scene(write_granule(tmp_path / "a.hdf", SOUTH))
    truth = Grid(SOUTH.epsg, SOUTH.transform, ROWS, COLS)
    expected, grid = resample_north_up(SOUTH.dn, truth)
    assert scene.grid == grid and scene.grid.north_up
    assert (scene.dn != expected).mean() < 1e-3
    assert scene.metadata.product == "AST_L1B"
    assert float(scene.metadata.extra["map_orientation_deg"]) == pytest.approx(8.48)


def test_full_size_swath(tmp_path: Path) -> None:
    granule = replace(SOUTH, dn=counts(700, 830))
    scene = open_scene(write_granule(tmp_path / "a.hdf", granule))
    truth = Grid(SOUTH.epsg, SOUTH.transform, 700, 830)
    corners = np.array(truth.corners())
    # The last valid pixel's centre lies within the swath's outline.
    rows, cols = np.nonzero(scene.dn[4])
    row, col = truth.rowcol(*scene.grid.xy(rows + 0.5, cols + 0.5))  # type: ignore[arg-type]
    assert np.min(row) >= 0 and np.max(row) <= 700 and np.min(col) >= 0 and np.max(col) <= 830
    # 12 pixels of the upper left corner are fill.
    assert rows.size == pytest.approx(700 * 830 - 12, rel=1e-3)
    assert corners[:, 0].min() >= scene.grid.geotransform[0]


def test_geocentric_to_geodetic() -> None:
    # Geodetic 45 degrees is geocentric 44.80757 (Snyder 1987, eq. 3-28, WGS 84).
    assert geodetic_latitude(np.array([44.80757678]))[0] == pytest.approx(45.0, abs=1e-7)
    assert geodetic_latitude(np.array([0.0, -44.80757678])) == pytest.approx([0.0, -45.0])


def test_orientation_that_contradicts_the_lattice(tmp_path: Path) -> None:
    lying = replace(SOUTH, replace={"VALUE = 8.480000": "VALUE = 3.0"})
    with pytest.warns(AkkdWarning, match="rotated by 8.48 degrees, MAPORIENTATIONANGLE says 3.00"):
        open_scene(write_granule(tmp_path / "a.hdf", lying))


def test_lattice_of_another_zone(tmp_path: Path) -> None:
    wrong = replace(SOUTH, replace={"VALUE = 50\n": "VALUE = 51\n"})
    with pytest.raises(GranuleReadError, match="don't form a grid of 90 m in EPSG:32751"):
        open_scene(write_granule(tmp_path / "a.hdf", wrong))


def test_other_map_projection(tmp_path: Path) -> None:
    polar = replace(SOUTH, replace={'"UTM"': '"PS"'})
    with pytest.raises(UnsupportedGranuleError, match="is mapped in PS, AKKD reads UTM"):
        open_scene(write_granule(tmp_path / "a.hdf", polar))
