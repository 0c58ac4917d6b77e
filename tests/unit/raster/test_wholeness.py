"""A TIFF cut anywhere is found out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from akkd_core.grid import Grid
from akkd_core.raster import create_cog
from akkd_core.raster.wholeness import check_tiff

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
