"""The manifest of a batch: one line of JSON for each scene, so that a batch can be taken up again.

A line is appended in one piece and brought to the disk before the next scene counts as done. A run
that is killed loses at most the line in the making; such a torn line is passed over when read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from akkd_core.errors import GranuleReadError, ParameterError
from akkd_core.operations.scene_jobs import sha256_of
from akkd_core.raster.temporary import write_error

FORMAT = 1
"""Version of a line's members."""

_TEXTS = ("source", "scene_id", "state", "folder", "settings")
_DONE = ("written", "skipped")
_HEAD = b'{"akkd_manifest"'


@dataclass(frozen=True)
class Record:
    """One line of a manifest.

    Parameters
    ----------
    source : str
        Absolute path of the scene's first file.
    scene_id : str
    state : str
        ``written``, ``skipped`` (a complete product was there) or ``failed``.
    seconds : float
        Time taken, s.
    folder : str
        Of the product.
    sha256 : mapping of str to str
        By name of file.
    settings : str
        SHA-256 of the model and options.
    attempts : int
        How often the scene was begun.
    error : str or None
    """

    source: str
    scene_id: str
    state: str
    seconds: float
    folder: str
    sha256: Mapping[str, str]
    settings: str
    attempts: int = 1
    error: str | None = None

    def line(self) -> bytes:
        """Return it as a line of JSON."""
        values = {"akkd_manifest": FORMAT, **self.__dict__, "sha256": dict(self.sha256)}
        return json.dumps(values, ensure_ascii=True, allow_nan=False).encode() + b"\n"

    def whole(self) -> bool:
        """Whether the product is there and each of its files has the hash that was recorded."""
        if self.state not in _DONE or not self.sha256:
            return False
        try:
            return all(
                Path(name).name == name and sha256_of(Path(self.folder) / name) == wanted
                for name, wanted in self.sha256.items()
            )
        except (OSError, ValueError):
            return False


def parse_line(line: bytes) -> Record | None:
    """Read a line of a manifest; None if it is torn or none of ours.

    Parameters
    ----------
    line : bytes
    """
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict) or values.pop("akkd_manifest", None) != FORMAT:
        return None
    return Record(**values) if _fits(values) else None


def _fits(values: Mapping[str, Any]) -> bool:
    names = set(Record.__dataclass_fields__)
    if set(values) != names or not all(isinstance(values[name], str) for name in _TEXTS):
        return False
    hashes, seconds, error = values["sha256"], values["seconds"], values["error"]
    return (
        isinstance(hashes, dict)
        and all(isinstance(text, str) for text in hashes.values())
        and type(seconds) in (int, float)
        and type(values["attempts"]) is int
        and (error is None or isinstance(error, str))
    )


class Manifest:
    """A manifest that is read at first, and to which a batch appends.

    Parameters
    ----------
    path : Path
    settings : str
        SHA-256 of this run's model and options.

    Raises
    ------
    GranuleReadError
        If it can't be read.
    ParameterError
        If it is a file of another kind, or of a run with other settings.
    ProductWriteError
        If it can't be written.
    """

    def __init__(self, path: Path, settings: str) -> None:
        self.path, self.settings = path, settings
        self._records: dict[str, Record] = {}
        self._torn = False
        self._read()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
            self._file = os.open(path, flags, 0o666)
        except OSError as error:
            raise write_error(path, error) from error

    def _read(self) -> None:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise GranuleReadError(
                f"{self.path}: can't be read: {error.strerror}. Name another manifest"
            ) from error
        lines = content.split(b"\n")
        self._torn = bool(lines[-1])
        records = [record for record in map(parse_line, lines) if record is not None]
        ours = any(line and line[: len(_HEAD)] == _HEAD[: len(line)] for line in lines)
        if content.strip() and not ours:
            raise ParameterError(f"{self.path}: isn't a manifest of AKKD. Name another file")
        for record in records:
            if record.settings != self.settings:
                raise ParameterError(
                    f"{self.path}: is of a run with another model or other options. Give those, "
                    "or name another manifest"
                )
            self._records[record.source] = record

    def found(self, source: str) -> Record | None:
        """Last record of a scene, by the absolute path of its first file."""
        return self._records.get(source)

    def add(self, record: Record) -> None:
        """Append a record and bring it to the disk. Raises ProductWriteError."""
        line = (b"\n" if self._torn else b"") + record.line()
        try:
            # Torn until all of it is there; the next line then begins on a line of its own.
            self._torn = True
            while line:
                line = line[os.write(self._file, line) :]
            os.fsync(self._file)
        except OSError as error:
            raise write_error(self.path, error) from error
        self._torn = False
        self._records[record.source] = record

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
