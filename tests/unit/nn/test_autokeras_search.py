"""Searches through AutoKeras: trials are trained, scored, failed, cancelled and taken up again."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("autokeras", reason="needs the training extra")

import keras
import tensorflow as tf

from akkd_core.bundle.architecture import Architecture
from akkd_core.errors import OperationCancelled, SearchAborted, TrainingError
from akkd_core.nn import autokeras_search
from akkd_core.nn.autokeras_oracles import TUNERS
from akkd_core.nn.autokeras_search import SearchData, SearchOptions, objective_of, run_search
from akkd_core.nn.fitting import FitOptions, Samples, fit_network
from akkd_core.progress import SilentProgress
from akkd_core.search.proposer import EditDistanceProposer
from akkd_core.search.space import SearchSpace
from akkd_core.search.trials import Trial

SPACE = SearchSpace(layers=(1, 2), units=(4, 8), dropout=(0.0, 0.5), learning_rates=(1e-3, 1e-2))
OPTIONS = SearchOptions(tuner="random", trials=3, epochs=1, batch_size=32)


def samples(count: int, seed: int) -> Samples:
    rng = np.random.default_rng(seed)
    x = rng.normal(300.0, 10.0, (count, 5)).astype(np.float32)
    y = x[:, 3:4] + 0.2 * (x[:, :1] - x[:, 4:5])
    return Samples(x, y, x[:, 3:4])


DATA = SearchData(samples(200, 1), samples(60, 2))


def search(folder: Path, options: SearchOptions = OPTIONS, **more: Any) -> list[Trial]:
    found: list[Trial] = []
    more.setdefault("finished", found.append)
    more.setdefault("proposer", EditDistanceProposer(SPACE, initial=2))
    run_search(SPACE, DATA, folder / "scratch", options=options, **more)
    assert not (folder / "scratch").exists()
    return found


def timeless(trials: list[Trial]) -> list[Trial]:
    return [replace(trial, seconds_training=0.0, seconds_proposing=0.0) for trial in trials]


@pytest.fixture(autouse=True)
def no_garbage_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks are small; collecting garbage in TensorFlow's heap would take most of the time."""
    clear = partial(keras.backend.clear_session, free_memory=False)
    monkeypatch.setattr(keras.backend, "clear_session", clear)


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> list[Architecture]:
    """Networks are scored as they are built; lists whose training was asked for."""
    asked: list[Architecture] = []
    monkeypatch.setattr(
        autokeras_search, "train_model", lambda model, x, y, architecture, *_: asked.append(
            architecture
        ),
    )  # fmt: skip
    return asked


@pytest.mark.parametrize("tuner", TUNERS)
def test_three_trials(tuner: str, tmp_path: Path) -> None:
    found = search(tmp_path, replace(OPTIONS, tuner=tuner, initial_points=2))
    assert [trial.number for trial in found] == [1, 2, 3]
    assert all(trial.status == "done" and trial.architecture in SPACE for trial in found)
    assert all(trial.objective == trial.mae[0] < 100.0 for trial in found)
    assert all(trial.parameters == SPACE.parameters(trial.architecture) for trial in found)
    assert all(trial.seconds_training > 0.0 for trial in found)
    if tuner == "random":
        first = found[0]
        seed = int(np.random.SeedSequence([OPTIONS.seed, 0]).generate_state(1)[0])
        alone = fit_network(
            first.architecture, DATA.train, DATA.held_out, input_names=("a", "b", "c", "d", "e"),
            output_names=("lst",), options=FitOptions(OPTIONS.epochs, OPTIONS.batch_size, seed),
        )  # fmt: skip
        assert (first.mae, first.pcc) == (alone.mae, alone.pcc), "as without AutoKeras, to the bit"


def test_an_interrupted_search_goes_on_without_training_again(
    tmp_path: Path, untrained: list[Architecture]
) -> None:
    options = replace(OPTIONS, trials=4, seed=3)
    whole = search(tmp_path, options)
    assert len(untrained) == 4
    assert len({trial.objective for trial in whole}) == 4, "other weights in each trial"
    later = search(tmp_path, options, recorded=whole[:2])
    assert len(untrained) == 6 and timeless(later) == timeless(whole[2:])
    assert search(tmp_path, options, recorded=whole) == [] and len(untrained) == 6
    more = search(tmp_path, replace(options, trials=5), recorded=whole)
    assert [trial.number for trial in more] == [5]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TrainingError("the loss is not finite"), "the loss is not finite"),
        (MemoryError(), "out of memory (MemoryError)"),
        (tf.errors.ResourceExhaustedError(None, None, "OOM  when\nallocating"), "out of memory"),
        (None, "not finite"),
    ],
)
def test_a_failed_trial_is_marked_and_the_search_goes_on(
    error: Exception | None, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def train(model: Any, *_: Any) -> None:
        calls.append(1)
        if len(calls) in (2, 3, 4):
            if error is not None:
                raise error
            model.set_weights([np.full_like(w, np.nan) for w in model.get_weights()])

    monkeypatch.setattr(autokeras_search, "train_model", train)
    options = replace(OPTIONS, trials=6, tuner="edit-distance")
    found = search(tmp_path, options)
    assert [trial.status for trial in found] == ["done", *["failed"] * 3, "done", "done"]
    assert reason in found[1].reason and "\n" not in found[1].reason
    assert found[1].objective is None and found[1].mae == ()
    calls[:] = [1] * 5
    assert timeless(search(tmp_path, options, recorded=found[:4])) == timeless(found[4:])


def test_an_unforeseen_error_ends_the_search_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Trial] = []

    def train(*_: Any) -> None:
        if told:
            raise TypeError("a bug")

    monkeypatch.setattr(autokeras_search, "train_model", train)
    with pytest.raises(SearchAborted, match="TypeError: a bug.*--resume"):
        search(tmp_path, finished=told.append)
    assert [trial.number for trial in told] == [1]


@pytest.mark.parametrize("stop", [OperationCancelled("cancelled"), KeyboardInterrupt()])
def test_stopping_while_training(
    stop: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Trial] = []

    def train(*_: Any) -> None:
        if len(told) == 2:
            raise stop

    monkeypatch.setattr(autokeras_search, "train_model", train)
    with pytest.raises(type(stop)):
        search(tmp_path, finished=told.append)
    assert len(told) == 2 and not (tmp_path / "scratch").exists()


def test_cancelling_stops_within_a_trial(tmp_path: Path) -> None:
    class Impatient(SilentProgress):
        asked = 0

        def cancelled(self) -> bool:
            self.asked += 1
            return self.asked > 3

    with pytest.raises(OperationCancelled):
        search(tmp_path, progress=Impatient())


def test_progress_rises_and_names_the_trial(
    tmp_path: Path, untrained: list[Architecture]
) -> None:
    reports: list[tuple[float, str]] = []

    class Listening(SilentProgress):
        def update(self, fraction: float, message: str = "") -> None:
            reports.append((fraction, message))

    search(tmp_path, progress=Listening())
    assert [round(fraction, 3) for fraction, _ in reports] == [0.0, 0.333, 0.667]
    assert reports[1][1] == "trial 2 of 3: training"


def test_time_limit_counts_earlier_runs(tmp_path: Path, untrained: list[Architecture]) -> None:
    whole = search(tmp_path)
    spent = [replace(trial, seconds_training=50.0) for trial in whole[:2]]
    found: list[Trial] = []
    limited = replace(OPTIONS, time_limit_s=99.0)
    ended = run_search(
        SPACE, DATA, tmp_path / "s", options=limited, recorded=spent, finished=found.append
    )
    assert ended and found == []
    longer = replace(OPTIONS, time_limit_s=500.0)
    ended = run_search(
        SPACE, DATA, tmp_path / "s", options=longer, recorded=spent, finished=found.append
    )
    assert not ended and len(found) == 1


def test_a_recorded_trial_outside_the_space_is_refused(tmp_path: Path) -> None:
    stray = Trial(1, Architecture.of((5,)), "failed", 36, reason="?")
    with pytest.raises(SearchAborted, match="not of the search space"):
        search(tmp_path, recorded=[stray])


def test_objective_of_several_targets_is_their_mean_in_standard_deviations() -> None:
    assert objective_of((0.7,), np.array([5.0])) == 0.7
    assert objective_of((1.0, 0.01), np.array([4.0, 0.02])) == pytest.approx(0.375)
