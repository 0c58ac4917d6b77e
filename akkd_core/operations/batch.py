"""Batches of scenes: what belongs together, where results go, and going on after a failure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from akkd_core.errors import AkkdError, InputError, OperationCancelled, ParameterError
from akkd_core.images import TIR_BANDS, Scene
from akkd_core.inference.product import ProductSummary
from akkd_core.progress import Progress, SubProgress, checkpoint

_BAND_FILE = re.compile(r"(?P<stem>.+)_TIR_B1[0-4]\.tiff?", re.IGNORECASE)


@dataclass(frozen=True)
class SceneArgument:
    """One scene as the user named it.

    Parameters
    ----------
    files : tuple of Path
        One file or folder, or several band files of one granule.
    """

    files: tuple[Path, ...]

    @property
    def label(self) -> str:
        """What to call it in messages before it is opened."""
        return str(self.files[0])

    def folder(self, suffix: str) -> Path:
        """``<scene>_<suffix>`` beside the scene."""
        first = self.files[0].absolute()
        match = _BAND_FILE.fullmatch(first.name)
        if match:
            stem = match["stem"]
        else:
            stem = first.name if first.is_dir() else first.stem
        return first.with_name(f"{stem}_{suffix}")

    @property
    def default_folder(self) -> Path:
        """``<scene>_akkd`` beside the scene."""
        return self.folder("akkd")

    def open(self) -> Scene:
        """Open the scene. Raises the readers' errors."""
        from akkd_core.readers import open_scene

        # Of fewer than all band files the reader finds the others beside the first.
        complete = len(self.files) >= len(TIR_BANDS)
        return open_scene(list(self.files) if complete else self.files[0])


def group_scenes(paths: Sequence[str | Path]) -> list[SceneArgument]:
    """Scenes of the paths that the user gave; band files of one granule make one scene.

    Parameters
    ----------
    paths : sequence of path

    Returns
    -------
    list of SceneArgument
        In the order given.

    Raises
    ------
    InputError
        If there are none, or one is named twice.
    """
    groups: dict[Path, list[Path]] = {}
    seen: set[Path] = set()
    for path in map(Path, paths):
        resolved = path.resolve()
        if resolved in seen:
            raise InputError(f"{path}: given twice. Name each scene once")
        seen.add(resolved)
        match = _BAND_FILE.fullmatch(resolved.name)
        key = resolved.with_name(match["stem"]) if match else resolved
        groups.setdefault(key, []).append(path)
    if not groups:
        raise InputError("no scene was given. Name at least one file or folder")
    return [SceneArgument(tuple(files)) for files in groups.values()]


class Claims:
    """Which scene writes which product of a batch, so that none overwrites another's."""

    def __init__(self) -> None:
        self._owners: dict[tuple[Path, str], str] = {}

    def take(self, folder: Path, scene_id: str, label: str) -> None:
        """Claim a product. Raises ParameterError if another scene of the batch has it."""
        owner = self._owners.setdefault((folder.resolve(), scene_id), label)
        if owner != label:
            raise ParameterError(
                f"{label}: has the same granule id {scene_id} as {owner}. "
                "Give them different output folders"
            )


class SteadyProgress:
    """Passes reports on, never going back; two stages of one loop may both report."""

    def __init__(self, parent: Progress) -> None:
        self._parent, self._furthest = parent, 0.0

    def update(self, fraction: float, message: str = "") -> None:
        """Report the share of work done, 0-1."""
        self._furthest = max(self._furthest, fraction)
        self._parent.update(self._furthest, message)

    def cancelled(self) -> bool:
        """Ask the parent."""
        return self._parent.cancelled()


Work = Callable[[SceneArgument, Progress], ProductSummary]


def attempt(argument: SceneArgument, work: Work, progress: Progress) -> ProductSummary:
    """Work on a scene; what goes wrong becomes a summary that carries the error.

    Parameters
    ----------
    argument : SceneArgument
    work : callable
    progress : Progress

    Raises
    ------
    OperationCancelled
        If the user cancelled.
    """
    try:
        return work(argument, progress)
    except OperationCancelled:
        raise
    except AkkdError as error:
        return ProductSummary(argument.label, argument.default_folder, "failed", error=error)
    except Exception as error:
        # A scene that trips an unforeseen fault must not take the batch down either.
        fault = AkkdError(f"{argument.label}: unforeseen {type(error).__name__}: {error}")
        fault.__cause__ = error
        return ProductSummary(argument.label, argument.default_folder, "failed", error=fault)


def part_of(progress: Progress, index: int, count: int) -> Progress:
    """Progress of one scene of a batch; its messages say which one it is.

    Parameters
    ----------
    progress : Progress
        Of the batch.
    index, count : int
        Which scene, from 0, and of how many.
    """
    prefix = f"[{index + 1}/{count}] " if count > 1 else ""
    span = (index / count, (index + 1) / count)
    return SteadyProgress(SubProgress(progress, *span, prefix=prefix))


def run_batch(
    arguments: Sequence[SceneArgument], work: Work, progress: Progress
) -> list[ProductSummary]:
    """Work on each scene; a scene that fails doesn't stop the others.

    Parameters
    ----------
    arguments : sequence of SceneArgument
    work : callable
        Called with a scene and its part of the progress.
    progress : Progress

    Returns
    -------
    list of ProductSummary
        With status ``failed`` and the error for scenes that failed.

    Raises
    ------
    AkkdError
        The scene's own error, if only one scene was given.
    OperationCancelled
        If the user cancelled.
    """
    summaries = []
    for index, argument in enumerate(arguments):
        checkpoint(progress, index / len(arguments))
        summary = attempt(argument, work, part_of(progress, index, len(arguments)))
        if summary.error is not None and len(arguments) == 1:
            raise summary.error
        summaries.append(summary)
    progress.update(1.0, "done")
    return summaries
