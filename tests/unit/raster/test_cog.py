"""Both backends write and read the same rasters; nothing half-written gets a final name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from akkd_core.errors import (
    GranuleReadError,
    InputError,
    MissingDependencyError,
    ParameterError,
    ProductWriteError,
)
from akkd_core.grid import Grid
from akkd_core.raster import create_cog, open_raster, select_backend

GRID = Grid(32750, (281279.4, 90.0, 0.0, 9073854.5, 0.0, -90.0), 700, 830)
INSTALLED = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(find_spec(module) is None, reason=f"{module} is not installed"),
    )
    for name, module in (("rasterio", "rasterio"), ("gdal", "osgeo"))
]
backends = pytest.mark.parametrize("backend", INSTALLED)


def pixels() -> np.ndarray:
    data = np.random.default_rng(5).normal(300, 5, (2, 700, 830)).astype(np.float32)
    data[:, :60, :80] = np.nan
    return data


def write(path: Path, data: np.ndarray, backend: str, **options: object) -> None:
    integer = data.dtype != np.float32
    writer = create_cog(
        path,
        grid=GRID,
        count=len(data),
        dtype=data.dtype.name,
        nodata=65535 if integer else float("nan"),
        descriptions=[f"band {i}" for i in range(len(data))],
        tags={"SOURCE": "test", "COMMENT": "a = b; c"},
        band_tags=[{"long_name": f"quantity {i}"} for i in range(len(data))],
        units=["" if integer else "K"] * len(data),
        backend=backend,
        **options,  # type: ignore[arg-type]
    )
    for row in range(0, 700, 256):
        for col in range(0, 830, 512):
            writer.write(data[:, row : row + 256, col : col + 512], row, col)
    writer.commit()


@backends
def test_round_trip(tmp_path: Path, backend: str) -> None:
    data = pixels()
    path = tmp_path / "x.tif"
    write(path, data, backend)
    with open_raster(path, backend) as raster:
        assert raster.grid == GRID
        assert (raster.count, raster.dtype, raster.shape) == (2, "float32", (700, 830))
        assert raster.nodata is not None and np.isnan(raster.nodata)
        assert raster.descriptions == ("band 0", "band 1")
        assert raster.units == ("K", "K")
        assert raster.tags["SOURCE"] == "test" and raster.tags["COMMENT"] == "a = b; c"
        assert raster.band_tags[1]["long_name"] == "quantity 1"
        np.testing.assert_array_equal(raster.read(0, 0, 700, 830), data)
        np.testing.assert_array_equal(
            raster.read(500, 600, 20, 30, [2]), data[1:, 500:520, 600:630]
        )
        with pytest.raises(InputError, match="leaves the raster"):
            raster.read(690, 0, 20, 20)
    assert os.listdir(tmp_path) == ["x.tif"]


@backends
def test_embedded_statistics(tmp_path: Path, backend: str) -> None:
    data = pixels()
    write(tmp_path / "x.tif", data, backend)
    with open_raster(tmp_path / "x.tif", backend) as raster:
        for band in range(2):
            tags = raster.band_tags[band]
            for key, value in (
                ("MINIMUM", np.nanmin(data[band])),
                ("MAXIMUM", np.nanmax(data[band])),
                ("MEAN", np.nanmean(data[band].astype(float))),
                ("STDDEV", np.nanstd(data[band].astype(float))),
                ("VALID_PERCENT", 100 * (1 - 60 * 80 / (700 * 830))),
            ):
                assert float(tags[f"STATISTICS_{key}"]) == pytest.approx(value, rel=1e-4)


@backends
def test_overviews_average_quantities_and_keep_flags(tmp_path: Path, backend: str) -> None:
    rasterio = pytest.importorskip("rasterio")
    data = pixels()[:1]
    flags = np.random.default_rng(6).choice(np.array([3, 700, 65535], np.uint16), (1, 700, 830))
    write(tmp_path / "x.tif", data, backend)
    write(tmp_path / "q.tif", flags, backend)
    with rasterio.open(tmp_path / "x.tif", overview_level=0) as half:
        assert half.shape == (350, 415)
        expected = data[0].reshape(350, 2, 415, 2).mean(axis=(1, 3))
        np.testing.assert_allclose(half.read(1)[40:, 50:], expected[40:, 50:], atol=1e-3)
    with rasterio.open(tmp_path / "q.tif", overview_level=0) as half:
        assert set(np.unique(half.read(1))) == {3, 700, 65535}
    for name, predictor in (("x.tif", "3"), ("q.tif", "2")):
        with rasterio.open(tmp_path / name) as full:
            assert full.tags(ns="IMAGE_STRUCTURE")["PREDICTOR"] == predictor
            assert full.tags(ns="IMAGE_STRUCTURE")["COMPRESSION"] == "DEFLATE"
            assert full.block_shapes[0] == (512, 512)


@backends
def test_valid_cog(tmp_path: Path, backend: str) -> None:
    cogeo = pytest.importorskip("rio_cogeo")
    write(tmp_path / "x.tif", pixels(), backend)
    valid, errors, warnings = cogeo.cog_validate(tmp_path / "x.tif", strict=True)
    assert valid, (errors, warnings)


@pytest.mark.skipif(
    find_spec("osgeo") is None or find_spec("rasterio") is None, reason="needs both backends"
)
def test_backends_are_equal(tmp_path: Path) -> None:
    data = pixels()
    for backend in ("rasterio", "gdal"):
        write(tmp_path / f"{backend}.tif", data, backend)
    seen = []
    for writer in ("rasterio", "gdal"):
        for reader in ("rasterio", "gdal"):
            with open_raster(tmp_path / f"{writer}.tif", reader) as raster:
                facts = (
                    raster.grid, raster.count, raster.dtype, raster.descriptions, raster.units,
                    {k: v for k, v in raster.tags.items() if k != "OVR_RESAMPLING_ALG"},
                    raster.band_tags,
                )
                seen.append((facts, raster.read(0, 0, 700, 830)))
    for facts, read in seen[1:]:
        assert facts == seen[0][0]
        np.testing.assert_array_equal(read, seen[0][1])


@backends
def test_large_raster_goes_through_a_file(
    tmp_path: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("akkd_core.raster.cog.MEMORY_LIMIT_BYTES", 0)
    data = pixels()
    write(tmp_path / "x.tif", data, backend)
    with open_raster(tmp_path / "x.tif", backend) as raster:
        np.testing.assert_array_equal(raster.read(0, 0, 700, 830), data)
    assert os.listdir(tmp_path) == ["x.tif"]


@backends
@pytest.mark.parametrize("limit", [0, 1 << 30])
def test_abort_leaves_nothing(
    tmp_path: Path, backend: str, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("akkd_core.raster.cog.MEMORY_LIMIT_BYTES", limit)
    writer = create_cog(
        tmp_path / "x.tif", grid=GRID, count=1, dtype="uint8", nodata=None,
        descriptions=["x"], tags={}, backend=backend,
    )
    writer.write(np.ones((1, 10, 10), np.uint8), 0, 0)
    assert not (tmp_path / "x.tif").exists()
    writer.abort()
    assert os.listdir(tmp_path) == []


def test_existing_file_is_kept(tmp_path: Path) -> None:
    (tmp_path / "x.tif").write_text("mine")
    with pytest.raises(ProductWriteError, match="exists already"):
        write(tmp_path / "x.tif", pixels(), "auto")
    assert (tmp_path / "x.tif").read_text() == "mine"
    write(tmp_path / "x.tif", pixels(), "auto", overwrite=True)
    with open_raster(tmp_path / "x.tif") as raster:
        assert raster.count == 2


def test_blocks_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    writer = create_cog(
        tmp_path / "x.tif", grid=GRID, count=1, dtype="float32", nodata=None,
        descriptions=["x"], tags={},
    )
    for array, row in (
        (np.zeros((1, 10, 10), np.float64), 0),
        (np.zeros((2, 10, 10), np.float32), 0),
        (np.zeros((1, 10, 10), np.float32), 695),
        (np.zeros((1, 10, 10), np.float32), -1),
    ):
        with pytest.raises(ParameterError):
            writer.write(array, row, 0)
    writer.abort()


@backends
def test_unreadable_files(tmp_path: Path, backend: str) -> None:
    with pytest.raises(GranuleReadError, match="no such file"):
        open_raster(tmp_path / "absent.tif", backend)
    (tmp_path / "text.tif").write_text("not a raster")
    with pytest.raises(GranuleReadError, match="text.tif") as caught:
        open_raster(tmp_path / "text.tif", backend)
    assert "\n" not in str(caught.value)


@backends
def test_other_formats_are_not_opened(tmp_path: Path, backend: str) -> None:
    write(tmp_path / "x.tif", pixels(), backend)
    vrt = tmp_path / "link.tif"
    vrt.write_text(
        '<VRTDataset rasterXSize="830" rasterYSize="700"><VRTRasterBand dataType="Float32" '
        'band="1"><SimpleSource><SourceFilename relativeToVRT="1">x.tif</SourceFilename>'
        "<SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(GranuleReadError, match="link.tif"):
        open_raster(vrt, backend)


@backends
def test_missing_folder_is_one_line(tmp_path: Path, backend: str) -> None:
    with pytest.raises(ProductWriteError, match="No such file") as caught:
        write(tmp_path / "absent" / "x.tif", pixels(), backend)
    assert "\n" not in str(caught.value)


def test_unknown_backend() -> None:
    with pytest.raises(ParameterError, match="expected one of auto, rasterio, gdal"):
        select_backend("magic")


def test_missing_backend_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rasterio", None)
    monkeypatch.setitem(sys.modules, "osgeo", None)
    monkeypatch.setitem(sys.modules, "osgeo.gdal", None)
    with pytest.raises(MissingDependencyError, match="pip install rasterio"):
        select_backend()


def test_rasterio_is_not_touched_inside_qgis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "qgis", sys)
    monkeypatch.setitem(sys.modules, "osgeo", None)
    monkeypatch.setitem(sys.modules, "osgeo.gdal", None)
    with pytest.raises(MissingDependencyError, match="osgeo"):
        select_backend()


def test_memory_is_flat(tmp_path: Path) -> None:
    script = """
import json, resource, sys
import numpy as np
from akkd_core.grid import Grid
from akkd_core.raster import create_cog
n = int(sys.argv[2])
w = create_cog(sys.argv[1], grid=Grid(32650, (0, 90, 0, 0, 0, -90), n, n), count=5,
               dtype="float32", nodata=None, descriptions=list("abcde"), tags={})
tile = np.full((5, 512, 512), 300, np.float32)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for r in range(0, n, 512):
    for c in range(0, n, 512):
        w.write(tile[:, : n - r, : n - c], r, c)
w.commit()
print(json.dumps((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024))
"""
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "x.tif"), "4096"],
        capture_output=True, text=True, check=True,
    )
    # 4096 x 4096 x 5 float32 are 335 MB.
    assert json.loads(run.stdout) < 230
