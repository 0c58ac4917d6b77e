"""The record of a search, the truth on resuming it: options and finished trials, strict JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from akkd_core.bundle.architecture import Architecture
from akkd_core.bundle.strict_json import Fields, parse
from akkd_core.errors import BundleIntegrityError, InputError, ParameterError, SearchAborted
from akkd_core.raster.temporary import remove_leftovers, whole_file

DONE, FAILED = "done", "failed"

_FORMAT = "akkd-search 1"
_MAX_BYTES = 64 << 20


@dataclass(frozen=True)
class Trial:
    """A finished or failed trial.

    Parameters
    ----------
    number : int
        From 1.
    architecture : Architecture
    status : {'done', 'failed'}
    parameters : int
        Weights and biases of the network.
    reason : str
        Why it failed; empty for one that is done.
    objective : float, optional
        What the search minimises; None if it failed.
    mae : tuple of float
        Of each target on held-out samples, in its unit; empty if it failed.
    pcc : tuple of (float or None)
        Correlation of each target; None where the prediction is constant.
    seconds_training, seconds_proposing : float

    Raises
    ------
    ParameterError
        If status, reason and scores contradict each other, or a number is out of bounds.
    """

    number: int
    architecture: Architecture
    status: str
    parameters: int
    reason: str = ""
    objective: float | None = None
    mae: tuple[float, ...] = ()
    pcc: tuple[float | None, ...] = ()
    seconds_training: float = 0.0
    seconds_proposing: float = 0.0

    def __post_init__(self) -> None:
        what = f"trial {self.number}"
        if self.number < 1 or self.parameters < 1 or self.status not in (DONE, FAILED):
            raise ParameterError(f"{what}: number, parameters or status {self.status!r} is wrong")
        done = self.status == DONE
        scored = self.objective is not None and bool(self.mae) and len(self.mae) == len(self.pcc)
        unscored = self.objective is None and not self.mae and not self.pcc
        if (done and not scored) or (not done and not unscored) or done == bool(self.reason):
            raise ParameterError(f"{what}: is {self.status}, which its scores or reason deny")
        numbers = [self.objective, *self.mae, *self.pcc]
        numbers += [self.seconds_training, self.seconds_proposing]
        if not all(math.isfinite(number) for number in numbers if number is not None):
            raise ParameterError(f"{what}: holds a number that is not finite")

    @property
    def seconds(self) -> float:
        """Time of proposing and training."""
        return self.seconds_training + self.seconds_proposing

    def to_json(self) -> dict[str, Any]:
        """Return the trial as a JSON object."""
        return {
            "number": self.number,
            "status": self.status,
            "reason": self.reason,
            "objective": self.objective,
            "mae": list(self.mae),
            "pcc": list(self.pcc),
            "parameters": self.parameters,
            "seconds_training": self.seconds_training,
            "seconds_proposing": self.seconds_proposing,
            "architecture": self.architecture.to_json(),
        }

    @classmethod
    def from_json(cls, value: object) -> Trial:
        """Read a trial from `to_json`'s object.

        Raises
        ------
        BundleIntegrityError, ParameterError
            On any deviation.
        """
        fields = Fields(value, "trial")
        trial = cls(
            number=fields.take("number", int),
            architecture=Architecture.from_json(fields.take("architecture", dict)),
            status=fields.take("status", str),
            parameters=fields.take("parameters", int),
            reason=fields.take("reason", str),
            objective=fields.take("objective", (float, type(None))),
            mae=tuple(_number(item) for item in fields.take("mae", list)),
            pcc=tuple(
                None if item is None else _number(item) for item in fields.take("pcc", list)
            ),
            seconds_training=fields.take("seconds_training", float),
            seconds_proposing=fields.take("seconds_proposing", float),
        )
        fields.done()
        return trial


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ParameterError(f"trial: {value!r} is no number")
    return float(value)


@dataclass(frozen=True)
class SearchRecord:
    """What a search was told and what it has found so far.

    Parameters
    ----------
    options : mapping
        What decides its trials, as plain JSON values; other ones make another search.
    data : mapping of str to str
        SHA-256 of each data set, by its role.
    software : mapping of str to str
        Versions of the packages it began with.
    targets : tuple of str
        Names of the networks' outputs: of the trials' MAE and PCC.
    trials : tuple of Trial
        Numbered from 1 without a gap.

    Raises
    ------
    ParameterError
        If trials don't follow each other or have scores of other targets.
    """

    options: Mapping[str, Any]
    data: Mapping[str, str]
    software: Mapping[str, str]
    targets: tuple[str, ...]
    trials: tuple[Trial, ...] = field(default=())

    def __post_init__(self) -> None:
        if [trial.number for trial in self.trials] != list(range(1, len(self.trials) + 1)):
            raise ParameterError("search: trials are not numbered 1, 2, 3...")
        if not self.targets or any(
            len(trial.mae) != len(self.targets) for trial in self.trials if trial.status == DONE
        ):
            raise ParameterError("search: a trial's scores are not those of the targets")

    @property
    def best(self) -> Trial | None:
        """The trial of the lowest objective, the first of equals; None if all failed."""
        done = [(t.objective, t.number) for t in self.trials if t.objective is not None]
        return self.trials[min(done)[1] - 1] if done else None

    @property
    def seconds(self) -> float:
        """Time of all trials."""
        return sum(trial.seconds for trial in self.trials)

    def with_trial(self, trial: Trial) -> SearchRecord:
        """Return the record with one more trial."""
        return replace(self, trials=(*self.trials, trial))

    def check_same_search(self, other: SearchRecord, where: str | Path) -> None:
        """Make sure that another record's search would go on with this one's trials.

        Parameters
        ----------
        other : SearchRecord
            Of the search that is asked for.
        where : path
            For the message.

        Raises
        ------
        SearchAborted
            If options, data or targets differ.
        """
        for what, mine, theirs in (
            ("data", self.data, other.data),
            ("options", self.options, other.options),
            ("targets", {"targets": self.targets}, {"targets": other.targets}),
        ):
            names = [
                name
                for name in {**mine, **theirs}
                if mine.get(name, _ABSENT) != theirs.get(name, _ABSENT)
            ]
            if names:
                differing = "; ".join(
                    f"{name} was {mine.get(name)}, is {theirs.get(name)}" for name in names[:3]
                )
                raise SearchAborted(
                    f"{where}: was begun with other {what} ({differing}). Give the same, choose "
                    "another folder, or --overwrite"
                )

    def to_json(self) -> dict[str, Any]:
        """Return the record as a JSON object."""
        return {
            "format": _FORMAT,
            "options": dict(self.options),
            "data_sha256": dict(self.data),
            "software": dict(self.software),
            "targets": list(self.targets),
            "trials": [trial.to_json() for trial in self.trials],
        }

    @classmethod
    def from_json(cls, value: object) -> SearchRecord:
        """Read a record from `to_json`'s object.

        Raises
        ------
        BundleIntegrityError, ParameterError
            On any deviation.
        """
        fields = Fields(value, "search")
        if fields.take("format", str) != _FORMAT:
            raise ParameterError(f"search: is not of the format {_FORMAT}")
        record = cls(
            options=fields.take("options", dict),
            data=_texts(fields.take("data_sha256", dict)),
            software=_texts(fields.take("software", dict)),
            targets=tuple(fields.take("targets", list)),
            trials=tuple(Trial.from_json(item) for item in fields.take("trials", list)),
        )
        fields.done()
        return record

    def save(self, path: str | Path) -> None:
        """Write as JSON, whole or not at all. Raises ProductWriteError."""
        text = json.dumps(self.to_json(), indent=1, allow_nan=False) + "\n"
        with whole_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> SearchRecord:
        """Read what `save` wrote, and delete what a killed run left beside it.

        Raises
        ------
        InputError
            If the file is absent, damaged, or not the record of a search.
        """
        remove_leftovers(path)
        try:
            with open(path, "rb") as handle:
                data = handle.read(_MAX_BYTES + 1)
            if len(data) > _MAX_BYTES:
                raise ParameterError(f"is larger than {_MAX_BYTES} bytes")
            return cls.from_json(parse(data, "search"))
        except (OSError, BundleIntegrityError, ParameterError) as error:
            raise InputError(
                f"{path}: not the record of a search ({error}). Choose another folder, or "
                "--overwrite"
            ) from error


_ABSENT = object()


def _texts(value: Mapping[str, object]) -> dict[str, str]:
    if not all(isinstance(text, str) for text in value.values()):
        raise ParameterError("search: a version or hash is no text")
    return {name: str(text) for name, text in value.items()}
