"""A TIFF cut anywhere is found out, and bits flipped in Deflate's tiles."""

from __future__ import annotations

import re
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine

from akkd_core.grid import Grid
from akkd_core.raster import create_cog
from akkd_core.raster.wholeness import check_tiff, check_tiles

GRID = Grid(32650, (0.0, 90.0, 0.0, 0.0, 0.0, -90.0), 600, 700)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "x.tif"
    writer = create_cog(
        path, grid=GRID, count=1, dtype="float32", nodata=None, descriptions=["x"], tags={}
    )
    writer.write(np.arange(420000, dtype=np.float32).reshape(1, 600, 700) // 1000, 0, 0)
    writer.commit()
    return path


def test_whole_file_passes(whole: Path) -> None:
    check_tiff(whole)


@settings(deadline=None)
@given(share=st.floats(0, 0.999))
def test_cut_file_is_refused(whole: Path, share: float) -> None:
    data = whole.read_bytes()
    cut = whole.with_name("cut.tif")
    cut.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ValueError):
        check_tiff(cut)


@settings(deadline=None)
@given(junk=st.binary(max_size=64))
def test_junk_is_refused(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "junk.tif"
    path.write_bytes(junk)
    with pytest.raises(ValueError):
        check_tiff(path)


@settings(deadline=None)
@given(junk=st.binary(max_size=300), big=st.booleans(), little=st.booleans())
def test_junk_with_a_tiff_header_never_hangs(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, big: bool, little: bool
) -> None:
    order = "little" if little else "big"
    magic = (43 if big else 42).to_bytes(2, order)
    path = tmp_path_factory.getbasetemp() / "header.tif"
    path.write_bytes((b"II" if little else b"MM") + magic + junk)
    try:
        check_tiff(path)
    except ValueError:
        pass


@pytest.fixture(scope="module", params=["tiles", "strips", "bands apart", "big", "cog"])
def deflated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    options: dict[str, dict[str, object]] = {
        "tiles": {"tiled": True, "blockxsize": 64, "blockysize": 48, "predictor": 2},
        "strips": {"tiled": False, "blockysize": 7, "zlevel": 9},
        "bands apart": {"tiled": True, "blockxsize": 64, "blockysize": 64, "interleave": "band"},
        "big": {"tiled": True, "blockxsize": 64, "blockysize": 64, "BIGTIFF": "YES"},
        "cog": {"driver": "COG", "blocksize": 128},
    }
    chosen = {"driver": "GTiff", **options[request.param]}
    data = np.random.default_rng(3).integers(500, 900, (2, 130, 150)).astype(np.uint16)
    path = tmp_path_factory.mktemp("deflated") / "x.tif"
    with rasterio.open(
        path, "w", height=130, width=150, count=2, dtype="uint16", compress="deflate",
        crs="EPSG:32650", transform=Affine(90, 0, 0, 0, -90, 0), **chosen,
    ) as dataset:  # fmt: skip
        dataset.write(data)
    return path


def tiles(path: Path) -> list[tuple[int, int]]:
    """Start and length of each tile, as GDAL tells them."""
    found = set()
    with rasterio.open(path) as dataset:
        (rows, cols), shape = dataset.block_shapes[0], dataset.shape
        for band in dataset.indexes:
            for row in range(-(-shape[0] // rows)):
                for col in range(-(-shape[1] // cols)):
                    tag = f"{col}_{row}"
                    start = dataset.get_tag_item(f"BLOCK_OFFSET_{tag}", "TIFF", band)
                    length = dataset.get_tag_item(f"BLOCK_SIZE_{tag}", "TIFF", band)
                    found.add((int(start), int(length)))
    return sorted(found)


def test_a_bit_flipped_in_any_tile_is_found(deflated: Path) -> None:
    check_tiles(deflated)
    whole, draw = deflated.read_bytes(), np.random.default_rng(1)
    damaged = deflated.with_name("damaged.tif")
    places = tiles(deflated)
    assert len(places) >= 4
    refused = tried = 0
    for start, length in places:
        for offset in {0, 2, length - 1, length - 4, *draw.integers(0, length, 6).tolist()}:
            content = bytearray(whole)
            content[start + offset] ^= 1 << int(draw.integers(8))
            damaged.write_bytes(content)
            tried += 1
            try:
                check_tiles(damaged)
            except ValueError as error:
                refused += bool(re.match(r"tile \d+ of \d+ is damaged: ", str(error)))
            else:
                # Bits that fill the last byte before the checksum mean nothing.
                before = zlib.decompress(whole[start : start + length])
                assert zlib.decompress(content[start : start + length]) == before
    assert refused >= 0.95 * tried, (refused, tried)


def test_only_deflate_has_checksums(tmp_path: Path) -> None:
    data = np.zeros((1, 100, 100), np.uint16)
    kinds: dict[str, dict[str, object]] = {
        "lzw": {"compress": "lzw"},
        "plain": {},
        "sparse": {"compress": "deflate", "sparse_ok": True},
    }
    for name, more in kinds.items():
        path = tmp_path / f"{name}.tif"
        with rasterio.open(
            path, "w", driver="GTiff", height=100, width=100, count=1, dtype="uint16",
            crs="EPSG:32650", transform=Affine(90, 0, 0, 0, -90, 0), tiled=True, blockxsize=64,
            blockysize=64, **more,
        ) as dataset:  # fmt: skip
            if name != "sparse":
                dataset.write(data)
        check_tiles(path)


def test_a_tile_of_too_many_pixels_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    """A quarter of a gigabyte of zeros where 64 x 64 pixels belong."""
    path = tmp_path / "bomb.tif"
    with rasterio.open(
        path, "w", driver="GTiff", height=64, width=64, count=1, dtype="uint16", tiled=True,
        blockxsize=64, blockysize=64, compress="deflate",
        crs="EPSG:32650", transform=Affine(90, 0, 0, 0, -90, 0),
    ) as dataset:  # fmt: skip
        dataset.write(np.ones((1, 64, 64), np.uint16))
    ((start, length),) = tiles(path)
    bomb = zlib.compress(bytes(1 << 28), 1)
    content = path.read_bytes()
    old = struct.pack("<HHII", 325, 4, 1, length)
    assert old in content
    content = content.replace(old, struct.pack("<HHII", 325, 4, 1, len(bomb)))
    content = content.replace(
        struct.pack("<HHII", 324, 4, 1, start), struct.pack("<HHII", 324, 4, 1, len(content))
    )
    path.write_bytes(content + bomb)
    tracemalloc.start()
    with pytest.raises(ValueError, match="too many pixels"):
        check_tiles(path)
    assert tracemalloc.get_traced_memory()[1] < 3e6
    tracemalloc.stop()


@settings(deadline=None)
@given(junk=st.binary(max_size=300), big=st.booleans())
def test_junk_has_no_checked_tiles(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, big: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "tiles.tif"
    path.write_bytes(b"II" + (43 if big else 42).to_bytes(2, "little") + junk)
    try:
        check_tiles(path)
    except ValueError:
        pass
