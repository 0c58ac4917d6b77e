"""Batches: what makes one scene, where products go, going on after failures."""

from __future__ import annotations

from pathlib import Path

import pytest

from akkd_core.errors import (
    AkkdError,
    GranuleReadError,
    InputError,
    OperationCancelled,
    ParameterError,
)
from akkd_core.inference.product import ProductSummary
from akkd_core.operations.batch import (
    Claims,
    SceneArgument,
    SteadyProgress,
    group_scenes,
    run_batch,
)
from akkd_core.progress import Progress, SilentProgress

STEM = "AST_L1T_00406072015030405_20250101000000"


def test_band_files_of_one_granule_make_one_scene(tmp_path: Path) -> None:
    files = [tmp_path / f"{STEM}_TIR_B{band}.tif" for band in range(10, 15)]
    other = tmp_path / "AST_L1T_004other_TIR_B10.TIF"
    hdf = tmp_path / "x.hdf"
    groups = group_scenes([files[0], hdf, *files[1:], other])
    assert [group.files for group in groups] == [tuple(files), (hdf,), (other,)]
    elsewhere = tmp_path / "elsewhere" / files[0].name
    assert len(group_scenes([files[0], elsewhere])) == 2


def test_some_band_files_stand_for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    monkeypatch.setattr("akkd_core.readers.open_scene", opened.append)
    files = [tmp_path / f"{STEM}_TIR_B{band}.tif" for band in range(10, 15)]
    for given in (files, files[1:3], files[:1]):
        (group,) = group_scenes(given)
        group.open()
    assert opened == [files, files[1], files[0]]


def test_default_folders(tmp_path: Path) -> None:
    (tmp_path / "granule.v4").mkdir()
    for name, folder in (
        ("a.b.hdf", "a.b_akkd"),
        ("granule.v4", "granule.v4_akkd"),
        (f"{STEM}_TIR_B12.tif", f"{STEM}_akkd"),
    ):
        assert SceneArgument((tmp_path / name,)).default_folder == tmp_path / folder


def test_nothing_and_twice() -> None:
    with pytest.raises(InputError, match="no scene"):
        group_scenes([])
    with pytest.raises(InputError, match="given twice"):
        group_scenes(["a.hdf", "./a.hdf"])


def test_claims(tmp_path: Path) -> None:
    claims = Claims()
    claims.take(tmp_path, "G", "one.hdf")
    claims.take(tmp_path / "other", "G", "two.hdf")
    with pytest.raises(ParameterError, match="two.hdf.*same granule id G as one.hdf"):
        claims.take(tmp_path / "." , "G", "two.hdf")


class _Recorder:
    def __init__(self) -> None:
        self.seen: list[tuple[float, str]] = []

    def update(self, fraction: float, message: str = "") -> None:
        self.seen.append((fraction, message))

    def cancelled(self) -> bool:
        return False


def test_progress_never_goes_back() -> None:
    recorder = _Recorder()
    steady = SteadyProgress(recorder)
    for fraction in (0.1, 0.5, 0.3, 0.6):
        steady.update(fraction)
    assert [fraction for fraction, _ in recorder.seen] == [0.1, 0.5, 0.5, 0.6]


def arguments(*names: str) -> list[SceneArgument]:
    return group_scenes(list(names))


def work(argument: SceneArgument, progress: Progress) -> ProductSummary:
    progress.update(0.5, "half")
    if "bad" in argument.label:
        raise GranuleReadError(f"{argument.label}: truncated. Get it again")
    if "bug" in argument.label:
        raise ZeroDivisionError("division by zero")
    if "stop" in argument.label:
        raise OperationCancelled("cancelled")
    return ProductSummary(argument.label, Path("."), "written")


def test_a_bad_scene_does_not_stop_the_others() -> None:
    recorder = _Recorder()
    summaries = run_batch(arguments("a", "bad", "bug", "b"), work, recorder)
    assert [summary.status for summary in summaries] == ["written", "failed", "failed", "written"]
    assert isinstance(summaries[1].error, GranuleReadError)
    assert "bug: unforeseen ZeroDivisionError" in str(summaries[2].error)
    fractions = [fraction for fraction, _ in recorder.seen]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert (0.375, "[2/4] half") in recorder.seen


def test_the_error_of_a_single_scene_is_raised() -> None:
    with pytest.raises(GranuleReadError, match="truncated"):
        run_batch(arguments("bad"), work, SilentProgress())
    with pytest.raises(AkkdError, match="unforeseen"):
        run_batch(arguments("bug"), work, SilentProgress())


def test_cancelling_stops_the_batch() -> None:
    with pytest.raises(OperationCancelled):
        run_batch(arguments("a", "stop", "b"), work, SilentProgress())
