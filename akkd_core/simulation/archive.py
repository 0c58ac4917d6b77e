"""Archives of labelled scenes: a folder with ``archive.json`` and one .npz a scene.

Simulated scenes and scenes made of a user's products are kept alike, and read one at a time.
Writing is in module ``archive_writing``.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import GranuleReadError, InputError, ParameterError
from akkd_core.grid import Grid
from akkd_core.provenance import sha256_file
from akkd_core.simulation.archive_places import KINDS
from akkd_core.simulation.archive_scene import ARRAYS, TRUTH, AirFacts, ArchiveScene

INDEX_NAME = "archive.json"
FORMAT = 1

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,120}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_INDEX_BYTES_MAX = 16 << 20
_PIXELS_MAX = 16_000_000
_NPY_HEADER_MAX = 4096


@dataclass(frozen=True)
class SceneEntry:
    """What the index says of a scene.

    Parameters
    ----------
    name : str
        Its file is ``<name>.npz``.
    kind : {'training', 'complex'}
    land_cover : str
    grid : Grid
    acquired_at : datetime
        UTC.
    materials : tuple of str
    air : AirFacts, optional
    has_truth : bool
    sha256 : str
        Of its file.
    """

    name: str
    kind: str
    land_cover: str
    grid: Grid
    acquired_at: datetime
    materials: tuple[str, ...]
    air: AirFacts | None
    has_truth: bool
    sha256: str

    @classmethod
    def of(cls, scene: ArchiveScene, sha256: str) -> SceneEntry:
        """Entry of a scene whose file has the given hash."""
        return cls(
            scene.name,
            scene.kind,
            scene.land_cover,
            scene.grid,
            scene.acquired_at,
            scene.materials,
            scene.air,
            scene.lst is not None,
            sha256,
        )

    @property
    def file(self) -> str:
        """Name of its file."""
        return f"{self.name}.npz"

    def to_json(self) -> dict[str, Any]:
        """Plain form of the entry."""
        return {
            "name": self.name,
            "kind": self.kind,
            "land_cover": self.land_cover,
            "grid": {
                "epsg": self.grid.epsg,
                "geotransform": list(self.grid.geotransform),
                "rows": self.grid.rows,
                "cols": self.grid.cols,
            },
            "acquired_at": self.acquired_at.isoformat(),
            "materials": list(self.materials),
            "air": asdict(self.air) if self.air else None,
            "has_truth": self.has_truth,
            "sha256": self.sha256,
        }

    @classmethod
    def from_json(cls, data: Any) -> SceneEntry:
        """Read an entry; raises ValueError, TypeError or KeyError where it is malformed."""
        name, kind = _text(data["name"]), _text(data["kind"])
        if not _NAME.fullmatch(name) or kind not in KINDS:
            raise ValueError(f"scene {name[:60]!r} of kind {kind[:20]!r} can't be")
        place = data["grid"]
        rows, cols, epsg = (_whole(place[key]) for key in ("rows", "cols", "epsg"))
        if not (0 < rows and 0 < cols and rows * cols <= _PIXELS_MAX):
            raise ValueError(f"scene {name}: {rows} x {cols} pixels are out of range")
        transform = [_number(value) for value in place["geotransform"]]
        if len(transform) != 6:
            raise ValueError(f"scene {name}: a geotransform has six numbers")
        a, b, c, d, e, f = transform
        if not _SHA256.fullmatch(_text(data["sha256"])):
            raise ValueError(f"scene {name}: sha256 is malformed")
        if not isinstance(data["has_truth"], bool):
            raise TypeError(f"scene {name}: has_truth is neither true nor false")
        return cls(
            name,
            kind,
            _text(data["land_cover"]),
            Grid(epsg, (a, b, c, d, e, f), rows, cols),
            datetime.fromisoformat(_text(data["acquired_at"])),
            tuple(_text(material) for material in data["materials"]),
            None if data["air"] is None else _air(data["air"]),
            data["has_truth"],
            data["sha256"],
        )


@dataclass(frozen=True)
class Archive:
    """An archive on disk; scenes are read when asked for.

    Parameters
    ----------
    folder : Path
    description : dict
        What it was made of: for a simulated one ``recipe``, with all its parameters.
    software : str
    entries : tuple of SceneEntry
    """

    folder: Path
    description: dict[str, Any]
    software: str
    entries: tuple[SceneEntry, ...]

    def __len__(self) -> int:
        return len(self.entries)

    def names(self, kind: str | None = None) -> tuple[str, ...]:
        """Names of the scenes, of one kind or of all."""
        return tuple(e.name for e in self.entries if kind in (None, e.kind))

    def entry(self, name: str) -> SceneEntry:
        """Return what the index says of a scene.

        Raises
        ------
        InputError
            If there is none of that name.
        """
        for entry in self.entries:
            if entry.name == name:
                return entry
        raise InputError(f"{self.folder}: has no scene {name}. give one of its index's names")

    def scene(self, name: str) -> ArchiveScene:
        """Read a scene and check it against the index.

        Raises
        ------
        GranuleReadError
            If its file is absent, damaged, or not the one that was written.
        InputError
            If it doesn't hold what a scene has, or there is none of that name.
        """
        return read_scene(self.folder, self.entry(name))

    def scenes(self, kind: str | None = None) -> Iterator[ArchiveScene]:
        """Read scenes one after the other, of one kind or all."""
        for name in self.names(kind):
            yield self.scene(name)


def load_archive(folder: str | Path) -> Archive:
    """Read an archive's index.

    Raises
    ------
    GranuleReadError
        If there is none, or it can't be read.
    InputError
        If it is malformed, or of an unknown format.
    """
    folder = Path(folder)
    path = folder / INDEX_NAME
    if not folder.exists():
        raise GranuleReadError(
            f"{folder}: isn't there. make it with akkd simulate archive or akkd archive"
        )
    if folder.is_dir() and not path.exists():
        raise GranuleReadError(
            f"{folder}: holds no whole archive (no {INDEX_NAME}). make it, or finish making it, "
            "with akkd simulate archive or akkd archive"
        )
    return read_index(path)


def read_index(path: Path) -> Archive:
    """Read an index file; see `load_archive`."""
    try:
        if path.stat().st_size > _INDEX_BYTES_MAX:
            raise InputError(f"{path}: is too large for an archive's index. choose another folder")
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise GranuleReadError(f"{path}: can't be read ({error.strerror or error})") from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        _malformed(path, error)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise InputError(f"{path}: isn't an archive of format {FORMAT}. make the archive anew")
    try:
        entries = tuple(SceneEntry.from_json(entry) for entry in data["scenes"])
        description, software = data["description"], _text(data["software"])
        if not isinstance(description, dict):
            raise TypeError("description is no object")
        if len({entry.name for entry in entries}) != len(entries):
            raise ValueError("two scenes have one name")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        _malformed(path, error)
    return Archive(path.parent, description, software, entries)


def read_scene(folder: Path, entry: SceneEntry) -> ArchiveScene:
    """Read the scene of an entry; see `Archive.scene`."""
    path = folder / entry.file
    try:
        if sha256_file(path) != entry.sha256:
            raise GranuleReadError(
                f"{path}: isn't the file that was written (its sha256 differs). "
                "make the archive again: whole scenes are kept"
            )
        arrays = _read_arrays(path, entry)
    except GranuleReadError:
        raise
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise GranuleReadError(f"{path}: can't be read as a scene ({error})") from error
    except (ValueError, KeyError, MemoryError, NotImplementedError) as error:
        raise InputError(f"{path}: isn't a scene of an archive ({error})") from error
    try:
        return ArchiveScene(
            name=entry.name,
            kind=entry.kind,
            grid=entry.grid,
            acquired_at=entry.acquired_at,
            land_cover=entry.land_cover,
            materials=entry.materials,
            air=entry.air,
            **arrays,
        )
    except ParameterError as error:
        raise InputError(f"{path}: {error}") from error


def _read_arrays(path: Path, entry: SceneEntry) -> dict[str, NDArray[Any]]:
    names = [name for name in ARRAYS if entry.has_truth or name not in TRUTH]
    # no member may be larger than what its scene holds: a small file can unpack to anything
    most = entry.grid.rows * entry.grid.cols * 5 * 4 + _NPY_HEADER_MAX
    with zipfile.ZipFile(path) as members:
        sizes = {member.filename: member.file_size for member in members.infolist()}
    if sorted(sizes) != sorted(f"{name}.npy" for name in names):
        raise ValueError("its arrays aren't those of a scene")
    if max(sizes.values()) > most:
        raise ValueError("an array is larger than the scene")
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in names}


def _malformed(path: Path, error: Exception) -> NoReturn:
    cause = f"no {error}" if isinstance(error, KeyError) else str(error) or type(error).__name__
    raise InputError(f"{path}: malformed archive index ({cause}). make the archive anew") from error


def _air(data: Any) -> AirFacts:
    values = {f.name: data[f.name] for f in fields(AirFacts)}
    profile = _text(values.pop("profile"))
    return AirFacts(profile, **{name: _number(value) for name, value in values.items()})


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{str(value)[:60]!r} is no text")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{str(value)[:60]!r} is no whole number")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not np.isfinite(value):
        raise TypeError(f"{str(value)[:60]!r} is no number")
    return float(value)
