"""Search for an architecture: data, options and record in, trials and the best network out."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from akkd_core import __version__
from akkd_core.bundle.architecture import ACTIVATIONS, OPTIMIZERS
from akkd_core.errors import (
    AkkdWarning,
    MissingDependencyError,
    OperationCancelled,
    ParameterError,
    SearchAborted,
)
from akkd_core.operations.outputs import write_text
from akkd_core.operations.search_data import (
    N_INPUTS,
    label_samples,
    pixel_samples,
    split_scenes,
    targets_of,
)
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress, SilentProgress
from akkd_core.provenance import sha256_file, versions_of
from akkd_core.raster.temporary import remove_leftovers
from akkd_core.search.narrowing import read_integers, read_numbers, read_words
from akkd_core.search.report import as_csv, as_markdown, as_text, layers_text, unit_of
from akkd_core.search.space import SearchSpace
from akkd_core.search.trials import SearchRecord, Trial
from akkd_core.simulation.archive import INDEX_NAME

if TYPE_CHECKING:
    from akkd_core.nn.autokeras_search import SearchData

RECORD = "trials.json"
_TABLES = {"trials.txt": as_text, "trials.csv": as_csv, "trials.md": as_markdown}
_SCRATCH = ".autokeras"
_PACKAGES = ("tensorflow", "tensorflow-cpu", "keras", "autokeras", "keras-tuner", "numpy")
_REMEDY = "Install the training extra: pip install 'akkd[train]'"


@dataclass(frozen=True)
class _Plan:
    """What is searched, where, and how."""

    folder: Path
    data: str
    validation: str | None
    space: SearchSpace
    target: str
    tuner: str
    trials: int
    epochs: int
    batch_size: int
    samples: int
    embedding: str
    seed: int
    time_limit: float | None

    @property
    def targets(self) -> tuple[str, ...]:
        return targets_of(self.target)

    @property
    def index(self) -> Path:
        """File whose hash tells the data: the training set, or an archive's index."""
        source = Path(self.data)
        return source / INDEX_NAME if source.is_dir() else source

    def record(self) -> SearchRecord:
        """Empty record; number of trials and time limit may change when it is gone on with."""
        space = self.space
        options: dict[str, Any] = {
            "target": self.target,
            "tuner": self.tuner,
            "epochs": self.epochs,
            "batch_size": self.batch_size,
            "samples": self.samples,
            "seed": self.seed,
            "max_parameters": space.max_parameters,
            "layers": list(space.layers),
            "units": list(space.units),
            "activations": list(space.activations),
            "dropout": list(space.dropout),
            "optimizers": list(space.optimizers),
            "learning_rates": list(space.learning_rates),
        }
        if self.tuner == "edit-distance":
            options["embedding"] = self.embedding
        hashes = {"data": sha256_file(self.index)}
        if self.validation is not None:
            hashes["validation"] = sha256_file(self.validation)
        versions = {"akkd": __version__, **versions_of(_PACKAGES)}
        return SearchRecord(options, hashes, versions, self.targets)


def run(
    data: str,
    output: str | None = None,
    validation: str | None = None,
    target: str = "lst",
    trials: int = 30,
    epochs: int = 10,
    tuner: str = "edit-distance",
    max_parameters: int | None = None,
    time_limit: float | None = None,
    layers: str = "3-9",
    units: str = "32-1024",
    activations: str = "relu,tanh,sigmoid",
    dropout: str = "0-0.5",
    optimizers: str = "adam,adamw",
    learning_rates: str = "1e-4,3e-4,1e-3,3e-3,1e-2",
    samples: int = 100_000,
    batch_size: int = 512,
    embedding: str = "weighted",
    seed: int = 0,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Search, or go on with an interrupted search.

    Raises
    ------
    ParameterError
        For options that contradict each other, or a search that exists.
    InputError
        If a data set or the record can't be read.
    SearchAborted
        If the record is another search's, or all trials failed.
    MissingDependencyError
        Without TensorFlow or AutoKeras.
    OperationCancelled
        If the user cancelled; finished trials are kept.
    """
    source = Path(data)
    if source.is_dir() and validation is not None:
        raise ParameterError(
            f"{data}: an archive holds out places of its own. leave out --validation"
        )
    plan = _Plan(
        folder=Path(output) if output else source.with_name(f"{source.stem}_search"),
        data=data,
        validation=validation,
        space=SearchSpace(
            layers=read_integers(layers, "layers", 1),
            units=read_integers(units, "units", 16),
            activations=read_words(activations, "activations", ACTIVATIONS),
            dropout=read_numbers(dropout, "dropout", "0.1"),
            optimizers=read_words(optimizers, "optimizers", OPTIMIZERS),
            learning_rates=read_numbers(learning_rates, "learning-rates", "0.001"),
            n_in=N_INPUTS,
            n_out=len(targets_of(target)),
            max_parameters=max_parameters,
        ),
        target=target,
        tuner=tuner,
        trials=trials,
        epochs=epochs,
        batch_size=batch_size,
        samples=samples,
        embedding=embedding,
        seed=seed,
        time_limit=time_limit,
    )
    begun = _begin(plan, resume, overwrite)
    found, timed_out = _search(plan, begun, progress or SilentProgress())
    return _outcome(plan, found, timed_out)


def _begin(plan: _Plan, resume: bool, overwrite: bool) -> SearchRecord:
    """Read the record to go on with, or write an empty one."""
    if resume and overwrite:
        raise ParameterError("--resume goes on with a search, --overwrite drops it: give one")
    path = plan.folder / RECORD
    if path.exists() and not (resume or overwrite):
        raise ParameterError(
            f"{path}: exists. --resume goes on with it, --overwrite drops it, or choose another "
            "folder"
        )
    try:
        wanted = plan.record()
    except OSError as error:
        raise ParameterError(
            f"{plan.index}: can't be read ({error.strerror}). give a training set or an archive"
        ) from error
    for name in (*_TABLES, "best.json"):
        remove_leftovers(plan.folder / name)
    if path.exists() and resume:
        begun = SearchRecord.load(path)
        begun.check_same_search(wanted, path)
        _compare_versions(begun.software, wanted.software, path)
        return begun
    plan.folder.mkdir(parents=True, exist_ok=True)
    wanted.save(path)
    return wanted


def _compare_versions(recorded: Mapping[str, str], now: Mapping[str, str], path: Path) -> None:
    changed = [
        f"{name} {recorded.get(name, 'none')} then, {now.get(name, 'none')} now"
        for name in {**recorded, **now}
        if recorded.get(name) != now.get(name)
    ]
    if changed:
        warnings.warn(
            f"{path}: was begun with other versions ({'; '.join(changed)}); further trials may "
            "differ from those of a search without interruption",
            AkkdWarning,
            stacklevel=2,
        )


def _search(plan: _Plan, begun: SearchRecord, progress: Progress) -> tuple[SearchRecord, bool]:
    """Run what is left of a search; each trial is on disk before the next begins."""
    found, timed_out = begun, False
    if len(begun.trials) < plan.trials:
        from akkd_core.nn.quiet import quiet_import

        try:
            with quiet_import():
                from akkd_core.nn import autokeras_search
        except ImportError as error:
            raise MissingDependencyError(
                f"architecture search needs TensorFlow and AutoKeras ({error}). {_REMEDY}"
            ) from error
        from akkd_core.search.proposer import EditDistanceProposer

        def keep(trial: Trial) -> None:
            nonlocal found
            found = found.with_trial(trial)
            found.save(plan.folder / RECORD)
            _write_results(plan.folder, found)

        try:
            timed_out = autokeras_search.run_search(
                plan.space,
                _data(plan),
                plan.folder / _SCRATCH,
                options=autokeras_search.SearchOptions(
                    tuner=plan.tuner,
                    trials=plan.trials,
                    epochs=plan.epochs,
                    batch_size=plan.batch_size,
                    seed=plan.seed,
                    time_limit_s=plan.time_limit,
                ),
                proposer=EditDistanceProposer(plan.space, embedding=plan.embedding),
                recorded=begun.trials,
                finished=keep,
                progress=progress,
            )
        except (OperationCancelled, KeyboardInterrupt) as stop:
            kept = f"{len(found.trials)} of {plan.trials} trials are kept; --resume goes on"
            warnings.warn(f"{plan.folder}: {kept}", AkkdWarning, stacklevel=2)
            raise OperationCancelled(kept) from stop
    _write_results(plan.folder, found)
    return found, timed_out


def _data(plan: _Plan) -> SearchData:
    from akkd_core.nn.autokeras_search import SearchData
    from akkd_core.simulation.archive import load_archive
    from akkd_core.simulation.training_set import TrainingSet

    if Path(plan.data).is_dir():
        archive = load_archive(plan.data)
        return SearchData(*label_samples(archive, plan.targets, plan.samples, plan.seed))
    rng = np.random.default_rng([plan.seed, 2])
    train = TrainingSet.load(plan.data)
    if plan.validation is None:
        kept, judged = split_scenes(len(train), rng)
        held_out = train
    else:
        held_out = TrainingSet.load(plan.validation)
        kept, judged = np.arange(len(train)), np.arange(len(held_out))
    return SearchData(
        pixel_samples(train, kept, plan.targets, plan.samples, rng),
        pixel_samples(held_out, judged, plan.targets, max(plan.samples // 4, 1), rng),
    )


def _write_results(folder: Path, record: SearchRecord) -> None:
    """Write the tables and the best architecture."""
    for name, make in _TABLES.items():
        write_text(str(folder / name), make(record))
    if record.best is not None:
        text = json.dumps(record.best.architecture.to_json(), indent=1) + "\n"
        write_text(str(folder / "best.json"), text)


def _outcome(plan: _Plan, record: SearchRecord, timed_out: bool) -> Outcome:
    best, failed = record.best, [t for t in record.trials if t.objective is None]
    lines = as_text(record).splitlines()
    if len(record.trials) < plan.trials:
        why = "the time limit" if timed_out else "the space has no other networks"
        lines.append(f"ended after {len(record.trials)} of {plan.trials} trials: {why}")
    if best is None:
        if record.trials:
            raise SearchAborted(
                f"{plan.folder}: all {len(record.trials)} trials failed (the last: "
                f"{record.trials[-1].reason}). Lower --learning-rates or --max-parameters"
            )
        return Outcome(tuple(lines), {"folder": str(plan.folder), "trials": 0})
    lines += _draw(plan, record)
    lines.append(
        f"{plan.folder / 'best.json'}: trial {best.number}, {layers_text(best.architecture)}; "
        "akkd train takes it by --architecture"
    )
    return Outcome(
        tuple(lines),
        {
            "folder": str(plan.folder),
            "trials": len(record.trials),
            "failed": len(failed),
            "best_trial": best.number,
            "objective": best.objective,
            "architecture": best.architecture.to_json(),
        },
    )


def _draw(plan: _Plan, record: SearchRecord) -> list[str]:
    """Draw the chart; a line instead where matplotlib is missing."""
    from akkd_core.figures.curves import convergence

    unit = "standard deviations" if len(plan.targets) > 1 else unit_of(plan.targets[0])
    try:
        convergence(
            plan.folder / "convergence.png",
            {plan.tuner: [trial.objective for trial in record.trials]},
            objective="held-out MAE" + (f" ({unit})" if unit != "1" else ""),
            title=f"search for {plan.target}",
        )
    except MissingDependencyError as error:
        return [f"no convergence.png: {error}"]
    return []
