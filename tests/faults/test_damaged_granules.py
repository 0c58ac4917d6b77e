"""Granules that are absent, empty, cut short or damaged: one line that says so, nothing else."""

from __future__ import annotations

import os
import random
import warnings
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest

from akkd_core import open_scene
from akkd_core.errors import (
    AkkdError,
    GranuleReadError,
    InputError,
    UnsupportedGranuleError,
)
from akkd_core.grid import Grid
from akkd_core.readers import read_tcwv
from akkd_core.simulation.granule import write_l1t_granule
from tests.builders import v004
from tests.builders.hdfeos import Granule, write_granule
from tests.builders.mod05 import write_mod05
from tests.unit.readers.scenes import counts

GRID = Grid(32648, (251955.0, 90.0, 0.0, 1744605.0, 0.0, -90.0), 40, 50)
QUICK_CUTS, ALL_CUTS = 25, 200
QUICK_DAMAGES, ALL_DAMAGES = 60, 300


def _l1t(folder: Path) -> Path:
    when = datetime(2020, 7, 1, tzinfo=timezone.utc)
    path = folder / "l1t.hdf"
    return write_l1t_granule(path, counts(40, 50), GRID, acquired_at=when, daytime=True)


def _l1b(folder: Path) -> Path:
    granule = Granule(
        counts(40, 50), (281279.4, 89.0, 13.3719, 9073854.5, 13.3719, -89.0), 32750,
        product="AST_L1B",
    )  # fmt: skip
    return write_granule(folder / "l1b.hdf", granule)


WRITERS = [_l1t, _l1b]


def _one_line(error: BaseException, path: Path) -> None:
    text = str(error)
    assert text.startswith(str(path)) and "\n" not in text and ". " in text


@pytest.mark.parametrize("cuts", [QUICK_CUTS, pytest.param(ALL_CUTS, marks=pytest.mark.slow)])
@pytest.mark.parametrize("writer", WRITERS)
def test_truncated_anywhere(tmp_path: Path, writer: object, cuts: int) -> None:
    whole = writer(tmp_path)  # type: ignore[operator]
    open_scene(whole)
    content = whole.read_bytes()
    cut = tmp_path / "cut.hdf"
    # The last byte is padding behind the last record.
    ends = [*np.linspace(1, len(content) - 2, cuts).astype(int), 3, 4, 5, 10, 100]
    for end in ends:
        cut.write_bytes(content[:end])
        with pytest.raises((GranuleReadError, UnsupportedGranuleError)) as caught:
            open_scene(cut)
        _one_line(caught.value, cut)
        # Behind the four bytes that tell the format, it is known to be a damaged granule.
        assert end < 4 or isinstance(caught.value, GranuleReadError)


@pytest.mark.parametrize(
    "damages", [QUICK_DAMAGES, pytest.param(ALL_DAMAGES, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("writer", WRITERS)
def test_damaged_bytes(tmp_path: Path, writer: object, damages: int) -> None:
    content = writer(tmp_path).read_bytes()  # type: ignore[operator]
    damaged = tmp_path / "damaged.hdf"
    outcomes = {"read": 0, "refused": 0}
    for seed in range(damages):
        dice = random.Random(seed)
        changed = bytearray(content)
        for _ in range(dice.choice((1, 2, 20))):
            changed[dice.randrange(len(changed))] = dice.randrange(256)
        damaged.write_bytes(bytes(changed))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                scene = open_scene(damaged)
                assert scene.dn.shape == (5, *scene.grid.shape)
                outcomes["read"] += 1
            except AkkdError as error:
                _one_line(error, damaged)
                outcomes["refused"] += 1
    assert min(outcomes.values()) > damages // 30, outcomes


def test_zeros_in_the_middle(tmp_path: Path) -> None:
    content = _l1t(tmp_path).read_bytes()
    holed = tmp_path / "holed.hdf"
    for start in range(0, len(content), len(content) // 20):
        holed.write_bytes(content[:start] + bytes(400) + content[start + 400 :])
        try:
            open_scene(holed)
        except AkkdError as error:
            _one_line(error, holed)


def test_truncated_band_file(tmp_path: Path) -> None:
    transform = GRID.geotransform
    files = v004.write_granule(tmp_path, counts(200, 200), transform, 32648)
    content = files[2].read_bytes()
    for end in np.linspace(4, len(content) - 1, 12).astype(int):
        files[2].write_bytes(content[:end])
        with pytest.raises(GranuleReadError) as caught:
            _ = open_scene(tmp_path).dn
        _one_line(caught.value, files[2])


def test_truncated_mod05(tmp_path: Path) -> None:
    lat, lon = np.meshgrid(np.linspace(17, 14, 60), np.linspace(101, 105, 60), indexing="ij")
    whole = write_mod05(tmp_path / "m.hdf", lat, lon, np.full(lat.shape, 2.0))
    assert read_tcwv(str(whole), GRID) == pytest.approx(20.0)
    content = whole.read_bytes()
    for end in np.linspace(5, len(content) - 2, 20).astype(int):
        whole.write_bytes(content[:end])
        with pytest.raises(GranuleReadError) as caught:
            read_tcwv(str(whole), GRID)
        _one_line(caught.value, whole)


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("empty.hdf", b"", "the file is empty"),
        ("magic.hdf", b"\x0e\x03\x13\x01", "truncated or damaged"),
    ],
)
def test_unreadable(tmp_path: Path, name: str, content: bytes, cause: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(GranuleReadError, match=cause) as caught:
        open_scene(path)
    _one_line(caught.value, path)


def test_absent() -> None:
    with pytest.raises(GranuleReadError, match="^absent.hdf: no such file. Check the path"):
        open_scene("absent.hdf")


def test_no_permission(tmp_path: Path) -> None:
    path = _l1t(tmp_path)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(GranuleReadError, match="can't be read"):
        open_scene(path)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG image"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"CDF\x01\0\0", "a netCDF classic file"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"%PDF-1.4", "a PDF document"),
        (b"<html>not found</html>", "a text file"),
        (bytes(range(256)), "no file format that AKKD knows"),
    ],
)
def test_something_else_named_hdf(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "scene.hdf"
    path.write_bytes(content)
    with pytest.raises(UnsupportedGranuleError, match=f"is {what}.*Give an ASTER L1T") as caught:
        open_scene(path)
    _one_line(caught.value, path)


def test_folders(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedGranuleError, match="no ASTER thermal band files") as caught:
        open_scene(tmp_path)
    _one_line(caught.value, tmp_path)
    (tmp_path / "a.hdf").mkdir()
    with pytest.raises(UnsupportedGranuleError, match="no ASTER thermal band files"):
        open_scene(tmp_path / "a.hdf")


def test_nothing_given() -> None:
    with pytest.raises(InputError, match="no file was given"):
        open_scene([])


def test_device_or_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.hdf"
    os.mkfifo(pipe)
    with pytest.raises(GranuleReadError, match="not a regular file"):
        open_scene(pipe)


def test_broken_link(tmp_path: Path) -> None:
    link = tmp_path / "link.hdf"
    link.symlink_to(tmp_path / "gone.hdf")
    with pytest.raises(GranuleReadError, match="no such file"):
        open_scene(link)
