"""L1T V004: folder, band file or list; read lazily; the half-pixel error of Planetary Computer."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

from akkd_core import open_scene
from akkd_core.errors import (
    GranuleReadError,
    GridMismatchError,
    InputError,
    MissingBandError,
    UnsupportedGranuleError,
)
from tests.builders import v004
from tests.unit.readers.scenes import counts

DN = counts()
TRANSFORM = (251955.0, 90.0, 0.0, 1744605.0, 0.0, -90.0)


def test_folder_file_and_list_are_the_same_scene(tmp_path: Path) -> None:
    files = v004.write_granule(tmp_path, DN, TRANSFORM, 32648)
    (tmp_path / f"{v004.GRANULE}_VNIR_B1.tif").write_bytes(b"not read")
    for given in (tmp_path, str(files[3]), files[::-1], [files[0]]):
        scene = open_scene(given)
        np.testing.assert_array_equal(scene.dn, DN)
        assert scene.grid.geotransform == TRANSFORM and scene.grid.epsg == 32648
        assert scene.metadata.granule_id == v004.GRANULE
        assert scene.metadata.source_files == tuple(map(str, files))


def test_windows(tmp_path: Path) -> None:
    v004.write_granule(tmp_path, DN, TRANSFORM, 32648)
    window = open_scene(tmp_path).read(100, 7, 20, 143)
    assert window.dtype == np.uint16
    np.testing.assert_array_equal(window, DN[:, 100:, 7:])


def test_metadata_from_the_name_alone(tmp_path: Path) -> None:
    v004.write_granule(tmp_path, DN, TRANSFORM, 32648)
    meta = open_scene(tmp_path).metadata
    assert meta.acquired_at == datetime(2003, 4, 23, 20, 34, 4, tzinfo=timezone.utc)
    assert (meta.product, meta.collection) == ("AST_L1T", "004")
    assert meta.daytime is None and meta.view_zenith_deg is None
    assert meta.cloud_cover_percent is None


@pytest.mark.parametrize("wrapped", [False, True])
def test_metadata_from_ummg(tmp_path: Path, wrapped: bool) -> None:
    v004.write_granule(tmp_path, DN, TRANSFORM, 32648)
    record = v004.write_metadata(tmp_path)
    if wrapped:
        record.write_text(f'{{"meta": {{}}, "umm": {record.read_text()}}}')
    meta = open_scene(tmp_path).metadata
    assert meta.acquired_at == datetime(2003, 3, 4, 20, 34, 4, 227000, tzinfo=timezone.utc)
    assert meta.daytime is False and meta.view_zenith_deg == 8.543
    assert meta.cloud_cover_percent == 12.0 and meta.radiometric_version == "05.00"
    assert meta.extra["utm_zone"] == "59"


@pytest.mark.parametrize("text", ["", "[1]", '{"umm": 3}', '{"TemporalExtent"', "[" * 100_000])
def test_malformed_ummg(tmp_path: Path, text: str) -> None:
    v004.write_granule(tmp_path, DN, TRANSFORM, 32648)
    v004.write_metadata(tmp_path).write_text(text)
    with pytest.raises(GranuleReadError, match=r"\.cmr\.json: metadata can't be read"):
        open_scene(tmp_path)


def test_ummg_time_that_is_none(tmp_path: Path) -> None:
    v004.write_granule(tmp_path, DN, TRANSFORM, 32648)
    v004.write_metadata(tmp_path, TemporalExtent={"SingleDateTime": "2003-13-45T00:00:00Z"})
    with pytest.raises(GranuleReadError, match="acquisition time '2003-13-45"):
        open_scene(tmp_path)


def test_half_pixel_error_is_put_right(tmp_path: Path) -> None:
    rows, cols = DN.shape[1:]
    bug = (252000.0, 90 * (cols - 1) / cols, 0.0, 1744560.0, 0.0, -90 * (rows - 1) / rows)
    v004.write_granule(tmp_path, DN, bug, 32648)
    scene = open_scene(tmp_path)
    assert scene.grid.geotransform == TRANSFORM
    assert scene.metadata.extra["grid_corrected"] == "yes"
    stack = tmp_path / "AST_L1T_00305032000040446_20150409135350_78838.TIR.tif"
    v004.write_tif(stack, DN, bug, 32648)
    single = open_scene(stack)
    assert single.grid.geotransform == TRANSFORM and single.metadata.collection == "003"
    np.testing.assert_array_equal(single.dn, DN)


def test_southern_scene_in_a_northern_zone(tmp_path: Path) -> None:
    v004.write_granule(tmp_path, DN, (470115.0, 90.0, 0.0, -8566965.0, 0.0, -90.0), 32659)
    grid = open_scene(tmp_path).grid
    assert grid.epsg == 32759 and grid.geotransform[3] == 1433035.0


def test_missing_bands(tmp_path: Path) -> None:
    files = v004.write_granule(tmp_path, DN, TRANSFORM, 32648, bands=(10, 12, 14))
    for given in (tmp_path, files[0], files):
        with pytest.raises(MissingBandError, match="thermal band 11, 13 is missing"):
            open_scene(given)
    for file in files:
        file.rename(file.with_name(file.name.replace("TIR", "SWIR")))
    with pytest.raises(MissingBandError, match="004.* granule without|without thermal band files"):
        open_scene(tmp_path)


def test_several_granules(tmp_path: Path) -> None:
    first = v004.write_granule(tmp_path, DN, TRANSFORM, 32648)
    other = v004.GRANULE.replace("2003", "2004")
    second = v004.write_granule(tmp_path, DN, TRANSFORM, 32648, granule=other)
    with pytest.raises(InputError, match="holds 2 granules"):
        open_scene(tmp_path)
    with pytest.raises(InputError, match="occurs twice|2 granules"):
        open_scene(first + second)
    assert open_scene(second[0]).metadata.granule_id == other


def test_bands_on_different_grids(tmp_path: Path) -> None:
    files = v004.write_granule(tmp_path, DN, TRANSFORM, 32648)
    v004.write_tif(files[2], DN[2], (251955.0 + 90, *TRANSFORM[1:]), 32648)
    with pytest.raises(GridMismatchError, match="B12.tif: lies on another grid"):
        open_scene(tmp_path)


def test_other_rasters(tmp_path: Path) -> None:
    name = "AST_08_00403042003203404_20250409092553_SKT.tif"
    skt = v004.write_tif(tmp_path / name, DN[0], TRANSFORM, 32648)
    with pytest.raises(UnsupportedGranuleError, match="Level 2 product"):
        open_scene(skt)
    name = "AST_05_00403042003203404_20250409092553_SRE_TIR_B10.tif"
    with pytest.raises(UnsupportedGranuleError, match="Level 2 product"):
        open_scene(v004.write_tif(tmp_path / name, DN[0], TRANSFORM, 32648))
    floats = tmp_path / f"{v004.GRANULE}_TIR_B10.tif"
    v004.write_granule(tmp_path, DN, TRANSFORM, 32648)
    v004.write_tif(floats, DN[0].astype(np.float32), TRANSFORM, 32648)
    with pytest.raises(UnsupportedGranuleError, match="1 x float32"):
        open_scene(floats)
    v004.write_tif(floats, DN[0], (0.0, 15.0, 0.0, 15e5, 0.0, -15.0), 32648)
    with pytest.raises(UnsupportedGranuleError, match="pixels of 15 x 15 m"):
        open_scene(floats)
    v004.write_tif(floats, DN[0], (0.0, 89.0, 13.0, 15e5, 13.0, -89.0), 32648)
    with pytest.raises(GridMismatchError, match="rotated"):
        open_scene(floats)
    v004.write_tif(floats, DN[0], TRANSFORM, None)
    with pytest.raises(GranuleReadError, match="no coordinate system"):
        open_scene(floats)


def test_name_without_a_time(tmp_path: Path) -> None:
    v004.write_granule(tmp_path, DN, TRANSFORM, 32648, granule="scene")
    with pytest.raises(GranuleReadError, match="gives the acquisition time"):
        open_scene(tmp_path)
