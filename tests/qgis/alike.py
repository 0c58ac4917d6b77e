"""Whether two runs of one operation left the same."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.qgis.rasters import read

_OF_THE_RUN = ("seconds", "cpu_seconds", "created", "made_at", "software", "versions", "file:size")
"""What names begin with that tell of the run, not of what it found."""
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?")
_RTOL, _ATOL = 1e-4, 1e-3


def assert_alike(ours: Path, theirs: Path) -> None:
    """The same files in both folders, with the same values in tables, arrays, rasters and JSON."""
    names = _names(theirs)
    assert _names(ours) == names
    for name in names:
        compare = _COMPARE.get(Path(name).suffix, _none_empty)
        compare(ours / name, theirs / name)


def _names(folder: Path) -> list[str]:
    """Files in a folder but for QGIS's statistics, which it puts beside rasters that it shows."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(
        str(path.relative_to(folder)) for path in files if not path.name.endswith(".aux.xml")
    )


def _rasters(ours: Path, theirs: Path) -> None:
    a, b = read(ours), read(theirs)
    if a.dtype.kind == "f":
        np.testing.assert_allclose(a, b, rtol=0, atol=_ATOL, err_msg=ours.name)
    elif ours.name.endswith("_QC.tif"):
        assert same_quality(a, b), ours.name
    else:
        np.testing.assert_array_equal(a, b, err_msg=ours.name)


def same_quality(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether quality is alike: the same pixels filled, nearly all in the same classes.

    numpy and onnxruntime round differently, so a few values fall on the other side of a class's
    threshold.
    """
    return np.array_equal(a == 65535, b == 65535) and bool((a != b).mean() < 0.002)


def _arrays(ours: Path, theirs: Path) -> None:
    with np.load(ours) as a, np.load(theirs) as b:
        assert sorted(a) == sorted(b), ours.name
        for name in a:
            if a[name].dtype.kind == "f":
                np.testing.assert_allclose(a[name], b[name], rtol=_RTOL, atol=1e-5, err_msg=name)
            else:
                np.testing.assert_array_equal(a[name], b[name], err_msg=name)


def _close(a: float, b: float) -> bool:
    return bool(np.isclose(a, b, rtol=_RTOL, atol=_ATOL, equal_nan=True))


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if not name.startswith(_OF_THE_RUN):
                yield from _leaves(inner, f"{path}/{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{path}/{number}")
    else:
        yield path, value


def _json(ours: Path, theirs: Path) -> None:
    """Names and numbers; texts hold folders, times and versions."""
    a, b = (dict(_leaves(json.loads(path.read_text("utf-8")))) for path in (ours, theirs))
    assert a.keys() == b.keys(), ours.name
    for name, value in a.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            assert _close(value, b[name]), f"{ours.name}: {name} {value} {b[name]}"


def assert_tables_alike(ours: Path, theirs: Path) -> None:
    """The same words and numbers in two CSV files."""
    a, b = (list(csv.reader(path.read_text("utf-8").splitlines())) for path in (ours, theirs))
    assert [len(row) for row in a] == [len(row) for row in b], ours.name
    for mine, its in zip(a, b, strict=True):
        for heading, x, y in zip(a[0], mine, its, strict=False):
            if heading.startswith(_OF_THE_RUN):
                continue
            if _NUMBER.fullmatch(x) and _NUMBER.fullmatch(y):
                assert _close(float(x), float(y)), f"{ours.name}: {x} {y}"
            else:
                assert x == y, ours.name


def _same_bytes(ours: Path, theirs: Path) -> None:
    assert ours.read_bytes() == theirs.read_bytes(), ours.name


def _none_empty(ours: Path, theirs: Path) -> None:
    """Pages, pictures and archives: fonts and times differ."""
    assert ours.stat().st_size > 0.5 * theirs.stat().st_size > 0, ours.name


_COMPARE = {
    ".tif": _rasters,
    ".npz": _arrays,
    ".json": _json,
    ".csv": assert_tables_alike,
    ".hdf": _same_bytes,
}
