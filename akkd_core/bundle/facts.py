"""Facts of a manifest: scores, training and the way uncertainties were found."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from akkd_core.bundle.strict_json import Fields
from akkd_core.errors import BundleIntegrityError

SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Score:
    """One figure of merit and what it was measured on.

    Parameters
    ----------
    name : str
        E.g. ``lst mae``.
    value : float
    unit : str
        ``1`` where there is none.
    measured_on : str
        The data, in words.
    """

    name: str
    value: float
    unit: str
    measured_on: str

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise BundleIntegrityError(f"score {self.name}: {self.value} isn't finite")

    def to_json(self) -> dict[str, Any]:
        """Return the score as a JSON object."""
        return {
            "name": self.name,
            "value": float(self.value),
            "unit": self.unit,
            "measured_on": self.measured_on,
        }

    @classmethod
    def from_json(cls, value: object) -> Score:
        """Read `to_json`'s object; raises BundleIntegrityError on any deviation."""
        fields = Fields(value, "manifest score")
        score = cls(
            fields.take("name", str),
            fields.take("value", float),
            fields.take("unit", str),
            fields.take("measured_on", str),
        )
        fields.done()
        return score


@dataclass(frozen=True)
class Training:
    """Where the weights come from.

    Parameters
    ----------
    description : str
        The training set, in words.
    command : str
        The command line that remakes it.
    data_sha256 : str
        Hash of the training set, hexadecimal; empty if unknown.
    seeds : tuple of int
    """

    description: str
    command: str = ""
    data_sha256: str = ""
    seeds: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.data_sha256 and not SHA256.fullmatch(self.data_sha256):
            raise BundleIntegrityError("training: data_sha256 must be 64 hexadecimal digits")

    def to_json(self) -> dict[str, Any]:
        """Return the facts as a JSON object."""
        return {
            "description": self.description,
            "command": self.command,
            "data_sha256": self.data_sha256,
            "seeds": list(self.seeds),
        }

    @classmethod
    def from_json(cls, value: object) -> Training:
        """Read `to_json`'s object; raises BundleIntegrityError on any deviation."""
        fields = Fields(value, "manifest training")
        seeds = fields.take("seeds", list)
        if not all(type(seed) is int for seed in seeds):
            raise BundleIntegrityError("manifest training: seeds must be integers")
        training = cls(
            fields.take("description", str),
            fields.take("command", str),
            fields.take("data_sha256", str),
            tuple(seeds),
        )
        fields.done()
        return training


@dataclass(frozen=True)
class Uncertainty:
    """How the expected errors were found, and the size of the error table in the weights file.

    Parameters
    ----------
    method : str
        In words.
    table_shape : (int, int, int), optional
        Outputs, temperature bins and transmittance bins of the table; None without a table.
    """

    method: str
    table_shape: tuple[int, int, int] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the facts as a JSON object."""
        shape = None if self.table_shape is None else list(self.table_shape)
        return {"method": self.method, "table_shape": shape}

    @classmethod
    def from_json(cls, value: object) -> Uncertainty:
        """Read `to_json`'s object; raises BundleIntegrityError on any deviation."""
        fields = Fields(value, "manifest uncertainty")
        method = fields.take("method", str)
        shape = fields.take("table_shape", (list, type(None)))
        fields.done()
        if shape is None:
            return cls(method)
        if len(shape) != 3 or not all(type(n) is int and 1 <= n <= 1024 for n in shape):
            raise BundleIntegrityError("manifest uncertainty: table_shape must be three sizes")
        return cls(method, (shape[0], shape[1], shape[2]))
