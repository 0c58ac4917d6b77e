"""Leftovers of killed runs are recognised and removed; those of living runs are not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from akkd_core.errors import ProductWriteError
from akkd_core.raster import remove_leftovers, temporary_path
from akkd_core.raster import temporary as module
from akkd_core.raster.temporary import whole_file


def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_leftovers_of_a_dead_process_go(tmp_path: Path) -> None:
    final = tmp_path / "G_[1]_LST.tif"
    mine = temporary_path(final)
    dead = Path(str(mine).replace(f"-{os.getpid()}-", f"-{dead_pid()}-"))
    scratch = Path(f"{dead}.ovr.tmp")
    parent = Path(str(mine).replace(f"-{os.getpid()}-", f"-{os.getppid()}-"))
    other = tmp_path / ".other.tif.abcdef-1-00000000.akkd-tmp"
    for path in (mine, dead, scratch, parent, other, final):
        path.write_text("x")
    assert set(remove_leftovers(final)) == {dead, scratch}
    assert all(path.exists() for path in (mine, parent, other, final))


def test_leftovers_of_another_machine_go_after_a_day(tmp_path: Path) -> None:
    final = tmp_path / "x.tif"
    young = tmp_path / ".x.tif.000000-1-00000000.akkd-tmp"
    old = tmp_path / ".x.tif.000000-1-00000001.akkd-tmp"
    for path in (young, old):
        path.write_text("x")
    os.utime(old, (time.time() - 90000,) * 2)
    assert remove_leftovers(final) == [old]
    assert young.exists()


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage)
    error = module.write_error(tmp_path / "x.tif", RuntimeError("TIFF:\nsomething"))
    assert "no space left" in str(error) and str(tmp_path / "x.tif") in str(error)


def test_the_remedy_fits_the_cause(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    with pytest.raises(FileExistsError) as occupied:
        (tmp_path / "f").mkdir(parents=True, exist_ok=True)
    text = str(module.write_error(tmp_path / "f" / "x.tif", occupied.value))
    assert "a file stands where its folder should be. Choose another folder" in text
    text = str(module.write_error(tmp_path / "x.tif", OSError(28, "No space left on device")))
    assert text.endswith("No space left on device. Free some space or choose another folder")


def test_a_whole_file_or_none(tmp_path: Path) -> None:
    target = tmp_path / "report.txt"
    with whole_file(target) as temporary:
        temporary.write_text("all", encoding="utf-8")
        assert not target.exists()
    assert target.read_text(encoding="utf-8") == "all"
    with pytest.raises(ProductWriteError, match="report.txt"), whole_file(target) as temporary:
        temporary.write_text("half", encoding="utf-8")
        raise OSError(28, "No space left on device")
    assert target.read_text(encoding="utf-8") == "all"
    assert [path.name for path in tmp_path.iterdir()] == ["report.txt"]
