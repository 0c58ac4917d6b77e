"""The search as users run it: what it writes, refuses, and goes on with."""

from __future__ import annotations

import json
import os
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from akkd_core.bundle.architecture import Architecture
from akkd_core.errors import (
    AkkdWarning,
    InputError,
    OperationCancelled,
    ParameterError,
    SearchAborted,
    TrainingError,
)
from akkd_core.operations.search import run
from akkd_core.operations.search_data import (
    label_samples,
    pixel_samples,
    split_scenes,
    targets_of,
)
from akkd_core.operations.train import read_architecture
from akkd_core.provenance import sha256_file
from akkd_core.raster.temporary import temporary_path
from akkd_core.search.trials import SearchRecord
from akkd_core.simulation.training_set import TrainingSet
from tests.builders.distillation import labelled_archive
from tests.builders.search import SMALL, training_set

pytest.importorskip("autokeras", reason="needs the training extra")


@pytest.fixture(autouse=True)
def no_garbage_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks are small; collecting garbage in TensorFlow's heap would take most of the time."""
    import keras

    clear = partial(keras.backend.clear_session, free_memory=False)
    monkeypatch.setattr(keras.backend, "clear_session", clear)


@pytest.fixture
def data(tmp_path: Path) -> str:
    return str(training_set(tmp_path / "demo.npz"))


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Networks are scored as they are built; counts them."""
    from akkd_core.nn import autokeras_search

    calls: list[int] = []
    monkeypatch.setattr(autokeras_search, "train_model", lambda *_: calls.append(1))
    return calls


def test_scenes_are_split_whole() -> None:
    train, held_out = split_scenes(10, np.random.default_rng(0))
    assert len(held_out) == 2 and sorted({*train, *held_out}) == list(range(10))
    assert [len(part) for part in split_scenes(2, np.random.default_rng(0))] == [1, 1]
    with pytest.raises(ParameterError, match="--validation"):
        split_scenes(1, np.random.default_rng(0))


def test_samples_hold_the_pixels_of_their_scenes(data: str) -> None:
    made = TrainingSet.load(data)
    rng = np.random.default_rng(0)
    scenes = np.array([1, 4])
    lst = pixel_samples(made, scenes, ("lst",), 1000, rng)
    np.testing.assert_array_equal(lst.x, made.bt[[1, 4]].reshape(-1, 5))
    np.testing.assert_array_equal(lst.y[:, 0], made.lst[[1, 4]].ravel())
    np.testing.assert_array_equal(lst.base[:, 0], made.bt[[1, 4], :, 3].ravel())  # type: ignore[index]
    joint = pixel_samples(made, scenes, targets_of("joint"), 20, rng)
    assert joint.x.shape == (20, 5) and joint.y.shape == (20, 6)
    np.testing.assert_array_equal(joint.base[:, 0], joint.x[:, 3])  # type: ignore[index]
    assert not joint.base[:, 1:].any()  # type: ignore[index]
    row = int(np.flatnonzero((made.bt == joint.x[5]).all(-1).ravel())[0])
    np.testing.assert_array_equal(joint.y[5, 1:], made.lse.reshape(-1, 5)[row])
    band12 = pixel_samples(made, scenes, targets_of("lse12"), 1000, rng)
    np.testing.assert_array_equal(band12.y[:, 0], made.lse[[1, 4], :, 2].ravel())


def test_an_archive_is_searched_by_its_labels(tmp_path: Path, untrained: list[int]) -> None:
    made = labelled_archive(tmp_path / "arch", training=3)
    learn, held_out = label_samples(made, ("lst", "lse_13"), 400, seed=4)
    assert (len(learn.x), len(held_out.x)) == (400, 100)
    scenes = {scene.name: scene for scene in made.scenes()}
    homes = []
    for part in (learn, held_out):
        names = set()
        for bt, label in zip(part.x[::25], part.y[::25], strict=True):
            for name, scene in scenes.items():
                for row, col in np.argwhere((scene.bt == bt[:, None, None]).all(axis=0)):
                    names.add(name)
                    assert label[0] == scene.label_lst[row, col]
                    assert label[1] == scene.label_lse[3, row, col]
        homes.append(names)
    assert not homes[0] & homes[1], "places are held out whole"
    assert {name for part in homes for name in part} == {f"training-{i}" for i in range(3)}
    run(str(tmp_path / "arch"), trials=1, **SMALL)
    record = SearchRecord.load(tmp_path / "arch_search" / "trials.json")
    assert record.data["data"] == sha256_file(tmp_path / "arch" / "archive.json")
    with pytest.raises(ParameterError, match="places of its own"):
        run(str(tmp_path / "arch"), validation="val.npz", **SMALL)
    with pytest.raises(ParameterError, match="give a training set or an archive"):
        run(str(tmp_path), **SMALL)


def test_what_a_search_writes(data: str, tmp_path: Path, untrained: list[int]) -> None:
    outcome = run(data, trials=3, max_parameters=200, **SMALL)
    folder = tmp_path / "demo_search"
    assert sorted(path.name for path in folder.iterdir()) == [
        "best.json", "convergence.png", "trials.csv", "trials.json", "trials.md", "trials.txt",
    ]  # fmt: skip
    record = SearchRecord.load(folder / "trials.json")
    assert [trial.status for trial in record.trials] == ["done"] * 3 and record.best is not None
    assert max(trial.parameters for trial in record.trials) <= 200
    assert record.options["units"] == [4, 8, 12, 16] and record.options["embedding"]
    assert len(record.data["data"]) == 64 and "keras-tuner" in record.software
    best = read_architecture(str(folder / "best.json"))
    assert best == record.best.architecture
    assert outcome.data["architecture"] == best.to_json() and outcome.data["failed"] == 0
    assert "at most 200 parameters" in (folder / "trials.txt").read_text()
    assert any("--architecture" in line for line in outcome.lines)


def test_a_search_is_not_overwritten_unasked(
    data: str, tmp_path: Path, untrained: list[int]
) -> None:
    run(data, trials=1, **SMALL)
    before = (tmp_path / "demo_search" / "trials.json").read_text()
    with pytest.raises(ParameterError, match="exists. --resume"):
        run(data, trials=1, **SMALL)
    with pytest.raises(ParameterError, match="give one"):
        run(data, trials=1, resume=True, overwrite=True, **SMALL)
    assert (tmp_path / "demo_search" / "trials.json").read_text() == before
    run(data, trials=2, overwrite=True, seed=1, **SMALL)
    assert len(SearchRecord.load(tmp_path / "demo_search" / "trials.json").trials) == 2


def test_resuming(data: str, tmp_path: Path, untrained: list[int]) -> None:
    run(data, str(tmp_path / "whole"), trials=4, **SMALL)
    part = str(tmp_path / "part")
    run(data, part, trials=2, resume=True, **SMALL)
    left = temporary_path(tmp_path / "part" / "trials.csv")  # by a process that is no more
    left = left.with_name(left.name.replace(f"-{os.getpid()}-", "-99999999-"))
    left.write_text("half")
    outcome = run(data, part, trials=4, resume=True, **SMALL)
    assert len(untrained) == 8 and outcome.data["trials"] == 4 and not left.exists()
    run(data, part, trials=3, resume=True, **SMALL)
    assert len(untrained) == 8, "nothing is left to do"
    records = [tmp_path / name / "trials.json" for name in ("whole", "part")]
    whole, found = (json.loads(path.read_text()) for path in records)
    for record in (whole, found):
        for trial in record["trials"]:
            del trial["seconds_training"], trial["seconds_proposing"]
    assert found == whole


def test_other_options_are_refused(data: str, untrained: list[int]) -> None:
    run(data, trials=1, **SMALL)
    for change in (
        {"seed": 1}, {"epochs": 3}, {"units": "4-20:4"}, {"target": "lse13"}, {"samples": 200},
        {"tuner": "greedy"}, {"max_parameters": 10**6}, {"embedding": "projection"},
    ):  # fmt: skip
        with pytest.raises(SearchAborted, match=next(iter(change))):
            run(data, trials=2, resume=True, **{**SMALL, **change})
    assert len(untrained) == 1


def test_other_data_are_refused(data: str, tmp_path: Path, untrained: list[int]) -> None:
    run(data, trials=1, **SMALL)
    other = training_set(tmp_path / "other.npz", seed=1)
    with pytest.raises(SearchAborted, match="validation"):
        run(data, trials=2, resume=True, validation=str(other), **SMALL)
    other.replace(data)
    with pytest.raises(SearchAborted, match="other data"):
        run(data, trials=2, resume=True, **SMALL)


def test_other_versions_are_warned_of(data: str, tmp_path: Path, untrained: list[int]) -> None:
    run(data, trials=1, **SMALL)
    path = tmp_path / "demo_search" / "trials.json"
    path.write_text(path.read_text().replace('"keras": "', '"keras": "0.'))
    with pytest.warns(AkkdWarning, match="other versions .keras 0."):
        run(data, trials=1, resume=True, **SMALL)


def test_a_validation_set_is_what_networks_are_scored_on(
    data: str, tmp_path: Path, untrained: list[int]
) -> None:
    other = str(training_set(tmp_path / "v.npz", scenes=3, seed=5))
    found = [
        run(data, str(tmp_path / name), trials=1, validation=validation, **SMALL).data["objective"]
        for name, validation in (("a", None), ("b", other))
    ]
    assert found[0] != found[1]


def test_interrupting_keeps_what_is_finished_and_says_how_to_go_on(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from akkd_core.nn import autokeras_search

    calls: list[int] = []

    def train(*_: Any) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(autokeras_search, "train_model", train)
    with pytest.warns(AkkdWarning, match="2 of 4 trials are kept; --resume"):  # noqa: SIM117
        with pytest.raises(OperationCancelled):
            run(data, trials=4, **SMALL)
    folder = tmp_path / "demo_search"
    assert len(SearchRecord.load(folder / "trials.json").trials) == 2
    assert (folder / "best.json").exists() and not (folder / ".autokeras").exists()


def test_all_failed_is_an_error_that_says_why(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from akkd_core.nn import autokeras_search

    def train(*_: Any) -> None:
        raise TrainingError("the loss is not finite")

    monkeypatch.setattr(autokeras_search, "train_model", train)
    with pytest.raises(SearchAborted, match="all 2 trials failed .*not finite.*learning-rates"):
        run(data, trials=2, **SMALL)
    assert "[failed: the loss is not finite]" in (tmp_path / "demo_search/trials.txt").read_text()
    assert not (tmp_path / "demo_search" / "best.json").exists()


def test_early_ends_are_explained(data: str, untrained: list[int]) -> None:
    outcome = run(data, trials=2, time_limit=0.0, **SMALL)
    assert outcome.lines[-1] == "ended after 0 of 2 trials: the time limit"
    narrow = {**SMALL, "layers": "1", "units": "4", "learning_rates": "1e-3"}
    outcome = run(
        data, trials=9, overwrite=True, activations="relu", dropout="0", optimizers="adam", **narrow
    )
    assert "ended after 1 of 9 trials: the space has no other networks" in outcome.lines


@pytest.mark.parametrize("name", ["none.npz", "bad.npz"])
def test_data_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_text("no zip")
    with pytest.raises(InputError, match=name), warnings.catch_warnings():
        run(str(tmp_path / name), **SMALL)


def test_best_json_is_exactly_an_architecture(
    data: str, tmp_path: Path, untrained: list[int]
) -> None:
    run(data, trials=1, **SMALL)
    value = json.loads((tmp_path / "demo_search" / "best.json").read_text())
    assert Architecture.from_json(value).to_json() == value
