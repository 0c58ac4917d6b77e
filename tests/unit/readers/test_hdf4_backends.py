"""Libraries behind packed HDF4 data: pyhdf, GDAL in a child process, neither."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pyhdf.SD import SD, SDC

from akkd_core.errors import GranuleReadError, MissingDependencyError
from akkd_core.readers import hdf4
from akkd_core.readers.child_python import PYTHON_VARIABLE, interpreters
from akkd_core.readers.hdf4 import read_arrays
from akkd_core.readers.hdf4_structure import Hdf4Structure, read_structure


@pytest.fixture
def packed(tmp_path: Path) -> Hdf4Structure:
    file = SD(str(tmp_path / 'a "quoted" name.hdf'), SDC.WRITE | SDC.CREATE | SDC.TRUNC)
    for name, code in (("a", SDC.UINT16), ("b", SDC.FLOAT32)):
        dataset = file.create(name, code, (4, 6))
        dataset.setcompress(SDC.COMP_DEFLATE, 5)
        dataset[:] = np.arange(24).reshape(4, 6).astype("u2" if code == SDC.UINT16 else "f4")
        dataset.endaccess()
    file.end()
    return read_structure(tmp_path / 'a "quoted" name.hdf')


def _gdal_python() -> str:
    """Interpreter that has GDAL's HDF4 driver; skips where there is none."""
    check = "from osgeo import gdal; assert gdal.GetDriverByName('HDF4Image')"
    for python in (os.environ.get(PYTHON_VARIABLE), sys.executable, "/usr/bin/python3"):
        if python and Path(python).exists():
            done = subprocess.run([python, "-I", "-c", check], capture_output=True, check=False)
            if done.returncode == 0:
                return python
    pytest.skip("no Python with GDAL's HDF4 driver (Debian package python3-gdal)")


def test_gdal_equals_pyhdf(packed: Hdf4Structure) -> None:
    python = _gdal_python()
    path = packed.path.with_name("plain.hdf")
    packed.path.rename(path)
    structure = read_structure(path)
    by_gdal = read_arrays(structure, structure.datasets, backend="gdal", python=python)
    by_pyhdf = read_arrays(structure, structure.datasets, backend="pyhdf")
    for left, right in zip(by_gdal, by_pyhdf, strict=True):
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right)


def _hide_pyhdf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyhdf", None)
    monkeypatch.setitem(sys.modules, "pyhdf.SD", None)


def _script(folder: Path, text: str) -> str:
    """Write a stand-in for an interpreter."""
    script = folder / "fake-python"
    script.write_text(f"#!/bin/sh\n{text}\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return str(script)


def test_neither_library(
    packed: Hdf4Structure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _hide_pyhdf(monkeypatch)
    monkeypatch.setenv(PYTHON_VARIABLE, _script(tmp_path, "exit 3"))
    with pytest.raises(MissingDependencyError, match="pip install pyhdf, or set AKKD_PYTHON"):
        read_arrays(packed, packed.datasets)
    monkeypatch.setenv(PYTHON_VARIABLE, "/nowhere/python")
    with pytest.raises(MissingDependencyError):
        read_arrays(packed, packed.datasets)


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        ("kill -SEGV $$", "code -11"),
        ("echo the driver gave up >&2; exit 2", "the driver gave up"),
        ("printf x", "too little data"),
        ("head -c 9999 /dev/zero", "more data than asked"),
        ("sleep 20", "took over"),
    ],
)
def test_child_that_fails(
    packed: Hdf4Structure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, cause: str
) -> None:
    _hide_pyhdf(monkeypatch)
    monkeypatch.setattr(hdf4, "_CHILD_TIMEOUT_S", 1.0)
    python = _script(tmp_path, script)
    with pytest.raises(GranuleReadError, match=cause) as caught:
        read_arrays(packed, packed.datasets, python=python)
    assert "\n" not in str(caught.value)


def test_child_gets_a_clean_environment(
    packed: Hdf4Structure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _hide_pyhdf(monkeypatch)
    for name in ("PYTHONPATH", "QT_PLUGIN_PATH", "GDAL_DATA", "LD_LIBRARY_PATH", "PROJ_LIB"):
        monkeypatch.setenv(name, "bent")
    monkeypatch.setenv("GDAL_DRIVER_PATH", "/plugins")
    dump = tmp_path / "env"
    python = _script(tmp_path, f'env > {dump}; echo "$@" >> {dump}; exit 2')
    with pytest.raises(GranuleReadError):
        read_arrays(packed, packed.datasets, python=python)
    text = dump.read_text()
    assert "bent" not in text and "GDAL_DRIVER_PATH=/plugins" in text and "-I " in text


def test_interpreters_inside_qgis(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(PYTHON_VARIABLE, raising=False)
    monkeypatch.setattr(sys, "executable", "/usr/bin/qgis")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").touch()
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    found = list(interpreters())
    assert found[0] == str(tmp_path / "bin" / "python3")
    assert "/usr/bin/qgis" not in found
    assert list(interpreters("/my/python")) == ["/my/python"]


def test_unknown_backend(packed: Hdf4Structure) -> None:
    with pytest.raises(ValueError, match="unknown HDF4 backend"):
        read_arrays(packed, packed.datasets, backend="magic")
