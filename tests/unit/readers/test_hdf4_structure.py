"""The HDF4 walk against pyhdf, and against bytes it has never seen."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhdf.SD import SD, SDC

from akkd_core.errors import GranuleReadError
from akkd_core.readers.hdf4 import read_arrays
from akkd_core.readers.hdf4_structure import MAGIC, read_structure

TYPES = {
    "int8": SDC.INT8, "uint8": SDC.UINT8, "int16": SDC.INT16, "uint16": SDC.UINT16,
    "int32": SDC.INT32, "uint32": SDC.UINT32, "float32": SDC.FLOAT32, "float64": SDC.FLOAT64,
}  # fmt: skip


def _write(path: Path, compressed: bool = False) -> dict[str, np.ndarray[Any, Any]]:
    rng = np.random.default_rng(3)
    arrays = {}
    file = SD(str(path), SDC.WRITE | SDC.CREATE | SDC.TRUNC)
    for name, code in TYPES.items():
        data = rng.integers(0, 100, (7, 5)).astype(name)
        dataset = file.create(f"of {name}", code, data.shape)
        if compressed:
            dataset.setcompress(SDC.COMP_DEFLATE, 6)
        dataset[:] = data
        dataset.attr("scale_factor").set(SDC.FLOAT64, [0.5, 2.0])
        dataset.attr("units").set(SDC.CHAR, "K")
        dataset.endaccess()
        arrays[f"of {name}"] = data
    file.attr("note").set(SDC.CHAR, "text of the file")
    file.attr("number").set(SDC.INT32, 7)
    file.end()
    return arrays


@pytest.mark.parametrize("compressed", [False, True])
def test_lists_and_reads_what_pyhdf_wrote(tmp_path: Path, compressed: bool) -> None:
    arrays = _write(tmp_path / "a.hdf", compressed)
    structure = read_structure(tmp_path / "a.hdf")
    assert structure.attributes == {"note": "text of the file"}
    assert {d.name: d.shape for d in structure.datasets} == {n: (7, 5) for n in arrays}
    for info in structure.datasets:
        assert info.attributes["scale_factor"] == (0.5, 2.0)
        assert info.attributes["units"] == "K"
        assert info.packed is compressed and (info.extent is None) is compressed
        (array,) = read_arrays(structure, [info])
        assert array.dtype == arrays[info.name].dtype == info.dtype
        np.testing.assert_array_equal(array, arrays[info.name])


def test_plain_and_packed_data_are_read_in_the_order_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.hdf"
    file = SD(str(path), SDC.WRITE | SDC.CREATE | SDC.TRUNC)
    for number in range(4):
        dataset = file.create(f"d{number}", SDC.INT16, (3,))
        if number % 2:
            dataset.setcompress(SDC.COMP_DEFLATE, 6)
        dataset[:] = np.full(3, number, np.int16)
        dataset.endaccess()
    file.end()
    structure = read_structure(path)
    infos = [structure.datasets[i] for i in (3, 0, 1, 2)]
    assert [int(a[0]) for a in read_arrays(structure, infos)] == [3, 0, 1, 2]


def test_data_never_written_are_fill_or_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.hdf"
    file = SD(str(path), SDC.WRITE | SDC.CREATE | SDC.TRUNC)
    filled = file.create("with", SDC.INT16, (3,))
    filled.setfillvalue(-9999)
    filled.endaccess()
    file.create("without", SDC.INT16, (3,)).endaccess()
    file.end()
    structure = read_structure(path)
    with_fill, empty = structure.find("with"), structure.find("without")
    assert with_fill is not None and empty is not None
    np.testing.assert_array_equal(read_arrays(structure, [with_fill])[0], [-9999] * 3)
    with pytest.raises(GranuleReadError, match="holds no data"):
        read_arrays(structure, [empty])


def test_long_attribute_in_linked_blocks(tmp_path: Path) -> None:
    path = tmp_path / "a.hdf"
    file = SD(str(path), SDC.WRITE | SDC.CREATE | SDC.TRUNC)
    file.attr("text").set(SDC.CHAR, "x" * 10)
    file.end()
    file = SD(str(path), SDC.WRITE)
    text = "".join(chr(65 + i % 26) for i in range(60_000))
    file.attr("text").set(SDC.CHAR, text)
    file.attr("more").set(SDC.CHAR, text[::-1])
    file.end()
    assert read_structure(path).attributes == {"text": text, "more": text[::-1]}


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "not an HDF4 file"),
        (b"\xff\xd8\xff\xe0", "not an HDF4 file"),
        (MAGIC, "truncated or damaged"),
        (MAGIC + struct.pack(">hI", 1, 4) + struct.pack(">HHII", 1, 0, 0, 0), "loop"),
        (MAGIC + struct.pack(">hI", -5, 0), "-5 entries"),
        (MAGIC + struct.pack(">hI", 1, 0) + struct.pack(">HHII", 720, 1, 9, 99), "byte 108"),
        (MAGIC + struct.pack(">hIHHII", 1, 0, 1965, 1, 22, 3) + b"abc", "too short"),
        (MAGIC + struct.pack(">hIHHII", 1, 0, 1965, 1, 4, 3), "share the bytes"),
    ],
)
def test_malformed_files(tmp_path: Path, content: bytes, cause: str) -> None:
    path = tmp_path / "a.hdf"
    path.write_bytes(content)
    with pytest.raises(GranuleReadError, match=cause) as caught:
        read_structure(path)
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


@given(st.data())
@settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes_give_a_structure_or_the_right_error(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "a.hdf"
    original = tmp_path / "whole.hdf"
    if not original.exists():
        _write(original)
    content = bytearray(original.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content[: data.draw(st.integers(4, len(content)))]))
    try:
        structure = read_structure(path)
        for info in structure.datasets:
            if info.extent:
                read_arrays(structure, [info])
    except GranuleReadError as error:
        assert "\n" not in str(error)
