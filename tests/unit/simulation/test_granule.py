"""The granule writer: what it writes is read back whole, also by GDAL, and only when whole."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from shutil import which

import numpy as np
import pytest

from akkd_core import open_scene
from akkd_core.errors import (
    InputError,
    MissingDependencyError,
    ParameterError,
    ProductWriteError,
)
from akkd_core.grid import Grid
from akkd_core.readers.hdf4_structure import read_structure
from akkd_core.simulation import granule as module
from akkd_core.simulation.granule import write_l1t_granule
from tests.unit.readers.scenes import COLS, ROWS, counts, lonlat, metres_apart

WHEN = datetime(2020, 7, 1, 3, 4, 5, 123000, tzinfo=timezone.utc)
NORTH = Grid(32648, (251955.0, 90.0, 0.0, 1744605.0, 0.0, -90.0), ROWS, COLS)


@pytest.mark.parametrize(
    ("epsg", "northing", "expected"),
    [(32648, 1744605.0, 32648), (32759, 1433035.0, 32759), (32656, 5400.0, 32656),
     (32756, 10005400.0, 32656)],
    ids=["north", "south", "equator", "equator-by-southern-zone"],
)  # fmt: skip
def test_read_back(tmp_path: Path, epsg: int, northing: float, expected: int) -> None:
    grid = Grid(epsg, (300015.0, 90.0, 0.0, northing, 0.0, -90.0), ROWS, COLS)
    dn = counts()
    file = write_l1t_granule(
        tmp_path / "AST_L1T_simulated.hdf", dn, grid, acquired_at=WHEN, daytime=False,
        view_zenith_deg=6.5, cloud_cover_percent=20.0, radiometric_version="04.13",
    )  # fmt: skip
    scene = open_scene(file)
    np.testing.assert_array_equal(scene.dn, dn)
    assert scene.grid.epsg == expected
    for row, col in ((0, 0), (ROWS, COLS)):
        assert metres_apart(lonlat(scene.grid, row, col), lonlat(grid, row, col)) < 0.01
    meta = scene.metadata
    assert meta.acquired_at == WHEN and meta.daytime is False
    assert meta.view_zenith_deg == 6.5 and meta.cloud_cover_percent == 20.0
    assert meta.radiometric_version == "04.13" and meta.extra["ucc_source"] == "granule"
    assert meta.extra["local_granule_id"] == "AST_L1T_simulated"
    assert list(tmp_path.iterdir()) == [file]


def test_full_size_is_a_swath_to_other_software(tmp_path: Path) -> None:
    grid = Grid(32648, NORTH.geotransform, 700, 830)
    dn = counts(700, 830)
    file = write_l1t_granule(tmp_path / "a.hdf", dn, grid, acquired_at=WHEN, daytime=True)
    structure = read_structure(file)
    assert structure.eos_objects == {"TIR_Swath": "swath"}
    assert [d.name for d in structure.datasets if d.group[1] == "Data Fields"] == [
        f"ImageData{band}" for band in range(10, 15)
    ]
    assert set(structure.attributes) == {
        "coremetadata.0", "productmetadata.0", "productmetadata.t", "StructMetadata.0",
        "HDFEOSVersion",
    }  # fmt: skip
    if which("gdalinfo"):
        listing = subprocess.run(
            ["gdalinfo", str(file)], capture_output=True, text=True, check=False, timeout=60
        ).stdout
        if "HDF4" in listing:
            assert f'HDF4_EOS:EOS_SWATH:"{file}":TIR_Swath:ImageData12' in listing


def test_time_in_another_zone_is_written_in_utc(tmp_path: Path) -> None:
    local = WHEN.astimezone(timezone(timedelta(hours=-7)))
    file = write_l1t_granule(tmp_path / "a.hdf", counts(), NORTH, acquired_at=local, daytime=True)
    assert open_scene(file).metadata.acquired_at == WHEN


def test_same_input_same_bytes(tmp_path: Path) -> None:
    files = []
    for name in ("one", "another"):
        (tmp_path / name).mkdir()
        files.append(write_l1t_granule(
            tmp_path / name / "a.hdf", counts(), NORTH, acquired_at=WHEN, daytime=True
        ))  # fmt: skip
    first, second = (file.read_bytes() for file in files)
    assert first == second
    assert b"akkd-tmp" not in first and bytes(tmp_path) not in first


def test_an_existing_file_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "a.hdf"
    file.write_text("mine")
    with pytest.raises(ProductWriteError, match="already there"):
        write_l1t_granule(file, counts(), NORTH, acquired_at=WHEN, daytime=True)
    assert file.read_text() == "mine"
    write_l1t_granule(file, counts(), NORTH, acquired_at=WHEN, daytime=True, overwrite=True)
    assert open_scene(file).grid == NORTH


def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(module, "_write_groups", fail)
    with pytest.raises(ProductWriteError, match="disk full"):
        write_l1t_granule(tmp_path / "a.hdf", counts(), NORTH, acquired_at=WHEN, daytime=True)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ProductWriteError, match="can't be written"):
        write_l1t_granule(
            tmp_path / "no" / "a.hdf", counts(), NORTH, acquired_at=WHEN, daytime=True
        )


def test_without_pyhdf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyhdf.SD", None)
    with pytest.raises(MissingDependencyError, match="pip install pyhdf"):
        write_l1t_granule(tmp_path / "a.hdf", counts(), NORTH, acquired_at=WHEN, daytime=True)
    assert list(tmp_path.iterdir()) == []


def test_arguments_that_do_not_fit(tmp_path: Path) -> None:
    def write(dn: np.ndarray | None = None, grid: Grid = NORTH, **changes: object) -> None:
        options = {"acquired_at": WHEN, "daytime": True, **changes}
        data = counts() if dn is None else dn
        write_l1t_granule(tmp_path / "a.hdf", data, grid, **options)  # type: ignore[arg-type]

    with pytest.raises(InputError, match="expected uint16"):
        write(counts().astype(np.float32))
    with pytest.raises(InputError, match="expected uint16"):
        write(counts()[:, 1:])
    with pytest.raises(ParameterError, match="no UTM zone"):
        write(grid=Grid(3857, NORTH.geotransform, ROWS, COLS))
    with pytest.raises(ParameterError, match="pixels of 90 m"):
        write(grid=Grid(32648, (0.0, 30.0, 0.0, 0.0, 0.0, -30.0), ROWS, COLS))
    with pytest.raises(ParameterError, match="out of 0-25"):
        write(view_zenith_deg=26.0)
    with pytest.raises(ParameterError, match="out of 0-100"):
        write(cloud_cover_percent=101.0)
    with pytest.raises(ParameterError, match="time zone"):
        write(acquired_at=datetime(2020, 1, 1))
    with pytest.raises(ParameterError, match="11 x 11"):
        write(counts(10, 10), Grid(32648, NORTH.geotransform, 10, 10))


def test_name_beyond_ascii(tmp_path: Path) -> None:
    file = write_l1t_granule(
        tmp_path / 'scene "ünï 気温.hdf', counts(), NORTH, acquired_at=WHEN, daytime=True
    )
    np.testing.assert_array_equal(open_scene(file).dn, counts())


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "G.hdf"
    with pytest.raises(ProductWriteError, match="be written .its folder isn"):
        write_l1t_granule(file, counts(), NORTH, acquired_at=WHEN, daytime=True)
