"""Architecture search with AutoKeras: our block and head, our tuner, one of four oracles.

AutoKeras asks the oracle and builds the network; how it is trained and scored is ours, the same as
everywhere else (`akkd_core.nn.fitting`), and what is kept of a trial, too: an interrupted search is
resumed from the caller's record of trials, not from keras-tuner's folder.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import tensorflow as tf
from autokeras.engine.tuner import AutoTuner
from numpy.typing import NDArray

from akkd_core.errors import AkkdError, SearchAborted, TrainingError, TrialFailed
from akkd_core.nn.autokeras_graph import FcnAutoModel, architecture_of
from akkd_core.nn.autokeras_oracles import OBJECTIVE, SpaceOracle, make_oracle
from akkd_core.nn.fitting import (
    FitOptions,
    Samples,
    Standardisation,
    predict,
    scores,
    train_model,
)
from akkd_core.progress import Progress, SilentProgress, SubProgress, checkpoint
from akkd_core.search.proposer import Proposer
from akkd_core.search.space import SearchSpace
from akkd_core.search.trials import DONE, FAILED, Trial

_FAILURES = (
    TrialFailed,
    TrainingError,
    MemoryError,
    tf.errors.ResourceExhaustedError,
    tf.errors.InternalError,  # what a full graphics card may raise
    keras_tuner.errors.FailedTrialError,
)


@dataclass(frozen=True)
class SearchOptions:
    """How a search is run.

    Parameters
    ----------
    tuner : str
        Of `akkd_core.nn.autokeras_oracles.TUNERS`.
    trials : int
        Trials in all, those of earlier runs included.
    epochs, batch_size : int
        Of each trial, see `akkd_core.nn.fitting.FitOptions`.
    seed : int
        Of proposals and trainings; the same seed gives the same trials.
    time_limit_s : float, optional
        No new trial begins after it, earlier runs' trials included.
    initial_points : int
        Random trials before the Bayesian tuner guides one.
    """

    tuner: str = "edit-distance"
    trials: int = 30
    epochs: int = 10
    batch_size: int = 512
    seed: int = 0
    time_limit_s: float | None = None
    initial_points: int = 8


@dataclass(frozen=True)
class SearchData:
    """Samples of a search.

    Parameters
    ----------
    train, held_out : Samples
        Networks are fitted to the former, scored on the latter.
    """

    train: Samples
    held_out: Samples


class _Stop(keras_tuner.errors.FatalError):
    """Carries an error through keras-tuner, which takes any other one for a failed trial."""


class TrialTuner(AutoTuner):
    """Runs trials: builds through AutoKeras's graph, trains and scores as the core does.

    Parameters
    ----------
    hypermodel : autokeras graph
    evaluate : callable
        Given a trial's number (from 0) and hyperparameters and the function that builds its
        network, returns the trial.
    finished : callable
        Told of each new trial.
    recorded : sequence of Trial
        Of earlier runs: taken as they are.
    **kwargs
        See `autokeras.engine.tuner.AutoTuner`; what comes with the oracle is left out.
    """

    def __init__(
        self,
        hypermodel: Any,
        *,
        oracle: SpaceOracle,
        evaluate: Callable[[int, Any, Callable[[], Any]], Trial],
        finished: Callable[[Trial], None],
        recorded: Sequence[Trial],
        **kwargs: Any,
    ) -> None:
        for name in ("objective", "max_trials", "seed"):
            del kwargs[name]
        self.evaluate, self.finished, self.recorded = evaluate, finished, tuple(recorded)
        super().__init__(oracle=oracle, hypermodel=hypermodel, **kwargs)

    def search(self, *args: Any, **kwargs: Any) -> None:
        """Run the trials; AutoKeras's refit of the best network at the end is left out."""
        self._prepare_model_build(self.oracle.get_space(), **kwargs)
        super(AutoTuner, self).search(*args, **kwargs)

    def run_trial(self, trial: Any, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Run a trial, or take it from the record.

        Raises
        ------
        keras_tuner.errors.FailedTrialError
            If it failed: keras-tuner marks it and goes on.
        keras_tuner.errors.FatalError
            If the search can't go on; the cause is the error.
        """
        number = int(trial.trial_id)
        if number < len(self.recorded):
            ended = self.recorded[number]
        else:
            hp = trial.hyperparameters
            try:
                ended = self.evaluate(number, hp, lambda: self.hypermodel.build(hp))
                self.finished(ended)
            except Exception as error:
                raise _Stop(str(error)) from error
        if ended.objective is None:
            raise keras_tuner.errors.FailedTrialError(ended.reason)
        return {OBJECTIVE: ended.objective}


class _Evaluation:
    """Trains and scores one network after the other."""

    def __init__(
        self,
        space: SearchSpace,
        data: SearchData,
        options: SearchOptions,
        oracle: SpaceOracle,
        progress: Progress,
    ) -> None:
        self.space, self.data, self.options, self.oracle = space, data, options, oracle
        self.progress = progress
        self.scale = Standardisation.of(data.train)
        self.x, self.y = self.scale.inputs(data.train), self.scale.targets(data.train)
        self.x_held_out = self.scale.inputs(data.held_out)

    def __call__(self, number: int, hp: Any, build: Callable[[], Any]) -> Trial:
        """Train and score; a failure is a trial, too."""
        total = self.options.trials
        name = f"trial {number + 1} of {total}: "
        report = SubProgress(self.progress, number / total, (number + 1) / total, name)
        checkpoint(report, 0.0, "training")
        architecture = architecture_of(hp.values)
        trial = Trial(
            number=number + 1,
            architecture=architecture,
            status=FAILED,
            parameters=self.space.parameters(architecture),
            reason="unfinished",
            seconds_proposing=round(self.oracle.seconds_proposing, 3),
        )
        started = time.monotonic()
        try:
            objective, found = self._score(number, trial, build, report)
        except _FAILURES as error:
            reason = " ".join(str(error).split())[:300] or type(error).__name__
            if isinstance(error, tf.errors.ResourceExhaustedError | MemoryError):
                reason = f"out of memory ({reason})"
            return replace(trial, reason=reason, seconds_training=_since(started))
        return replace(
            trial,
            status=DONE,
            reason="",
            objective=objective,
            mae=found["mae"],
            pcc=tuple(value if math.isfinite(value) else None for value in found["pcc"]),
            seconds_training=_since(started),
        )

    def _score(
        self, number: int, trial: Trial, build: Callable[[], Any], progress: Progress
    ) -> tuple[float, dict[str, tuple[float, ...]]]:
        options = self.options
        keras.backend.clear_session()
        seed = int(np.random.SeedSequence([options.seed, number]).generate_state(1)[0])
        keras.utils.set_random_seed(seed)
        model = build()
        fit = FitOptions(options.epochs, options.batch_size, seed)
        train_model(model, self.x, self.y, trial.architecture, fit, progress)
        predicted = self.scale.restore(predict(model, self.x_held_out), self.data.held_out)
        found = scores(predicted, self.data.held_out.y)
        objective = objective_of(found["mae"], self.scale.y_scale)
        if not math.isfinite(objective):
            raise TrialFailed("its predictions are not finite")
        return objective, found


def objective_of(mae: Sequence[float], scale: NDArray[np.floating]) -> float:
    """Return what a search minimises: the MAE, or of several its mean in standard deviations.

    Parameters
    ----------
    mae : sequence of float
        Of each target, in its unit.
    scale : ndarray, (n_out,)
        Standard deviation of each target's departure in the training samples.
    """
    if len(mae) == 1:
        return float(mae[0])
    return float(np.mean(np.asarray(mae) / np.asarray(scale, dtype=np.float64)))


def _since(started: float) -> float:
    return round(time.monotonic() - started, 3)


def run_search(
    space: SearchSpace,
    data: SearchData,
    scratch: str | Path,
    *,
    options: SearchOptions,
    proposer: Proposer | None = None,
    recorded: Sequence[Trial] = (),
    finished: Callable[[Trial], None] = lambda trial: None,
    progress: Progress | None = None,
) -> bool:
    """Run a search, or go on after the trials that earlier runs finished.

    Parameters
    ----------
    space : SearchSpace
        Of the samples' inputs and targets.
    data : SearchData
    scratch : path
        keras-tuner's folder: emptied first, deleted at the end, never read.
    options : SearchOptions
    proposer : Proposer, optional
        Whom the tuner ``edit-distance`` asks.
    recorded : sequence of Trial
        Of earlier runs with the same space, data and options but number of trials and time limit.
    finished : callable
        Told of each new trial as soon as it has ended; keeps it.
    progress : Progress, optional

    Returns
    -------
    bool
        Whether the time limit ended it. If not, and trials are missing, the space has no others.

    Raises
    ------
    ParameterError
        If the tuner is unknown.
    SearchAborted
        If a recorded trial is not of the space, or keras-tuner or TensorFlow fail unforeseen.
    OperationCancelled
        If the user cancelled; what was finished was told.
    """
    report = progress or SilentProgress()
    for trial in recorded:
        if trial.architecture not in space:
            raise SearchAborted(
                f"recorded trial {trial.number} {trial.architecture} is not of the search space. "
                "Give the options it was begun with"
            )
    tf.config.experimental.enable_op_determinism()
    limit = math.inf if options.time_limit_s is None else options.time_limit_s
    ends = time.monotonic() + limit - sum(trial.seconds for trial in recorded)
    oracle = make_oracle(
        options.tuner,
        proposer=proposer,
        initial_points=options.initial_points,
        space=space,
        search_seed=options.seed,
        max_trials=options.trials,
        recorded=[trial.architecture for trial in recorded],
        stop=lambda: time.monotonic() >= ends,
    )
    evaluation = _Evaluation(space, data, options, oracle, report)
    folder = Path(scratch)
    try:
        model = FcnAutoModel(
            space,
            tuner=TrialTuner,
            max_trials=options.trials,
            objective=oracle.objective,
            directory=folder,
            project_name="trials",
            overwrite=True,
            oracle=oracle,
            evaluate=evaluation,
            finished=finished,
            recorded=recorded,
        )
        model.fit(
            evaluation.x,
            evaluation.y,
            validation_data=(evaluation.x_held_out, evaluation.scale.targets(data.held_out)),
            verbose=0,
        )
        return oracle.stopped
    except _Stop as stop:
        cause = stop.__cause__
        if isinstance(cause, AkkdError):
            raise cause from None
        raise SearchAborted(
            f"trial failed unforeseen ({type(cause).__name__}: {' '.join(str(cause).split())}). "
            "Finished trials are kept; --resume goes on after them"
        ) from cause
    finally:
        shutil.rmtree(folder, ignore_errors=True)
