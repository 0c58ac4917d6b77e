"""Writing of archives: each scene whole or not at all, the index last, finished scenes kept.

While an archive is being made, its index is ``archive.partial.json``. A run that was interrupted
goes on from it: scenes whose files are those that it wrote stay, the others are made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import GranuleReadError, InputError, ParameterError
from akkd_core.progress import Progress, SilentProgress, SubProgress, checkpoint
from akkd_core.provenance import SOFTWARE, sha256_file
from akkd_core.raster.temporary import remove_leftovers, whole_file, write_error
from akkd_core.simulation.archive import (
    FORMAT,
    INDEX_NAME,
    Archive,
    SceneEntry,
    load_archive,
    read_index,
)
from akkd_core.simulation.archive_dates import LaterAir, require_further_air
from akkd_core.simulation.archive_places import Place
from akkd_core.simulation.archive_recipe import (
    ArchiveRecipe,
    simulate_archive_scene,
    simulate_later_scene,
)
from akkd_core.simulation.archive_scene import ARRAYS, ArchiveScene

PARTIAL_NAME = "archive.partial.json"

ScenePlan = tuple[str, Callable[[], ArchiveScene]]
"""Name of a scene, and what makes it."""


def simulate_archive(
    folder: str | Path,
    recipe: ArchiveRecipe,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Archive:
    """Make the simulated archive, or finish making it.

    Parameters
    ----------
    folder : path
    recipe : ArchiveRecipe
    overwrite : bool
        Replace an archive of another recipe; make all scenes anew.
    progress : Progress, optional

    Raises
    ------
    ParameterError
        If the folder holds an archive of another recipe.
    MissingDependencyError
        If it has further dates and LOWTRAN7, which computes their air, can't be used; nothing is
        written then.
    ProductWriteError, OperationCancelled
    """
    report = progress or SilentProgress()
    visits = recipe.visits()
    later = [place.name_on(date) for place, date in visits if date > 1]
    if later and (overwrite or not all((Path(folder) / f"{n}.npz").is_file() for n in later)):
        require_further_air()
    air = LaterAir([place for place in recipe.places() if place.kind == "training"])

    def make_later(place: Place, date: int, done: float) -> ArchiveScene:
        waiting = SubProgress(report, done, done, f"air of date {date}: ")
        return simulate_later_scene(place, recipe, date, air.of(place, date, waiting))

    plan: list[ScenePlan] = [
        (
            place.name_on(date),
            partial(simulate_archive_scene, place, recipe)
            if date == 1
            else partial(make_later, place, date, number / len(visits)),
        )
        for number, (place, date) in enumerate(visits)
    ]
    return write_archive(folder, plan, {"recipe": recipe.to_json()}, overwrite, report)


def write_archive(
    folder: str | Path,
    plan: Sequence[ScenePlan],
    description: dict[str, Any],
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Archive:
    """Write an archive scene by scene, or finish writing it.

    Parameters
    ----------
    folder : path
        Made if it isn't there; files of others in it are left alone.
    plan : sequence of (name, callable)
    description : dict
        What it is made of, plain values; it tells whether scenes that are there can be kept.
    overwrite : bool
    progress : Progress, optional

    Raises
    ------
    ParameterError
        If the folder holds an archive of another description and may not be overwritten.
    ProductWriteError, OperationCancelled
    """
    folder, report = Path(folder), progress or SilentProgress()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(folder / INDEX_NAME, error) from error
    # as it will be read: tuples are lists there
    described: dict[str, Any] = json.loads(json.dumps(description))
    kept = _kept(folder, described, [name for name, _ in plan], overwrite)
    if len(kept) == len(plan) and (folder / INDEX_NAME).exists():
        return load_archive(folder)
    _write_index(folder / PARTIAL_NAME, described, list(kept.values()))
    (folder / INDEX_NAME).unlink(missing_ok=True)
    for number, (name, make) in enumerate(plan):
        checkpoint(report, number / len(plan), name)
        if name not in kept:
            kept[name] = _write_scene(folder, make())
            _write_index(folder / PARTIAL_NAME, described, list(kept.values()))
    _write_index(folder / INDEX_NAME, described, [kept[name] for name, _ in plan])
    (folder / PARTIAL_NAME).unlink(missing_ok=True)
    report.update(1.0, "done")
    return load_archive(folder)


def _kept(
    folder: Path, description: dict[str, Any], names: list[str], overwrite: bool
) -> dict[str, SceneEntry]:
    """Entries of scenes that are there, whole, and of this archive."""
    found: dict[str, SceneEntry] = {}
    for index in (folder / INDEX_NAME, folder / PARTIAL_NAME):
        remove_leftovers(index)
        if not index.exists():
            continue
        try:
            old = read_index(index)
        except (InputError, GranuleReadError) as error:
            if overwrite:
                continue
            raise ParameterError(f"{error}, with --overwrite") from error
        if overwrite:
            for entry in old.entries:
                (folder / entry.file).unlink(missing_ok=True)
        elif old.description != description or old.software != SOFTWARE:
            raise ParameterError(
                f"{folder}: holds an archive made otherwise. choose another folder or --overwrite"
            )
        else:
            found |= {e.name: e for e in old.entries if e.name in names and _whole(folder, e)}
    return found


def _whole(folder: Path, entry: SceneEntry) -> bool:
    path = folder / entry.file
    return path.is_file() and sha256_file(path) == entry.sha256


def _write_scene(folder: Path, scene: ArchiveScene) -> SceneEntry:
    path = folder / f"{scene.name}.npz"
    remove_leftovers(path)
    arrays: dict[str, NDArray[Any]] = {
        name: values for name in ARRAYS if (values := getattr(scene, name)) is not None
    }
    members: dict[str, Any] = arrays
    with whole_file(path) as temporary:
        with temporary.open("wb") as stream:
            np.savez_compressed(stream, **members)
        digest = sha256_file(temporary)
    return SceneEntry.of(scene, digest)


def _write_index(path: Path, description: dict[str, Any], entries: Sequence[SceneEntry]) -> None:
    data = {
        "format": FORMAT,
        "software": SOFTWARE,
        "description": description,
        "scenes": [entry.to_json() for entry in entries],
    }
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
