"""Scenes as jobs of plain JSON values, which any process can do: this one, a worker, a cluster's.

A job says what to do with one scene, a result what came of it; neither holds anything but text,
numbers and lists, so no process must trust another's code.
"""

from __future__ import annotations

import hashlib
import json
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from akkd_core import errors
from akkd_core.errors import AkkdError, BundleMismatchError, OperationCancelled
from akkd_core.inference.product import ProductSummary
from akkd_core.operations.batch import SceneArgument, Work, attempt, part_of
from akkd_core.progress import Progress

if TYPE_CHECKING:
    from akkd_core.operations.retrieval_model import RetrievalModel

Job = Mapping[str, Any]
Result = dict[str, Any]
Done = Callable[[int, Result], None]

_BLOCK = 1 << 20
# The HDF4 library isn't made for threads, and a cluster's worker may have several.
_ONE_AT_A_TIME = threading.Lock()


class Executor(Protocol):
    """What does jobs."""

    def run(self, jobs: Sequence[Job], done: Done, progress: Progress) -> None:
        """Do all jobs; call ``done`` with the index and result of each as it comes.

        Raises
        ------
        OperationCancelled
            If the user cancelled.
        """


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def result_of(summary: ProductSummary, hashed: bool) -> Result:
    """Plain values of what became of a scene.

    Parameters
    ----------
    summary : ProductSummary
    hashed : bool
        Whether the SHA-256 of each file of the product is told.
    """
    error = summary.error
    numbers = ("valid_percent", "lst_mean_k", "lst_min_k", "lst_max_k", "seconds")
    return {
        "scene_id": summary.scene_id,
        "folder": str(summary.folder),
        "status": summary.status,
        "files": [path.name for path in summary.files],
        "sha256": {path.name: sha256_of(path) for path in summary.files} if hashed else {},
        "error": None if error is None else [type(error).__name__, str(error)],
        "warnings": [],
        **{name: getattr(summary, name) for name in numbers},
    }


def failed(argument: SceneArgument, message: str) -> Result:
    """Return the result of a scene that could not be worked on."""
    fault = AkkdError(f"{argument.label}: {message}")
    summary = ProductSummary(argument.label, argument.default_folder, "failed", error=fault)
    return result_of(summary, hashed=False)


def summary_of(result: Mapping[str, Any]) -> ProductSummary:
    """Summary of a scene from its result."""
    folder = Path(result["folder"])
    numbers = ("valid_percent", "lst_mean_k", "lst_min_k", "lst_max_k", "seconds")
    return ProductSummary(
        result["scene_id"],
        folder,
        result["status"],
        tuple(folder / name for name in result["files"]),
        error=None if result["error"] is None else _error_of(*result["error"]),
        **{name: result[name] for name in numbers},
    )


def _error_of(kind: str, message: str) -> AkkdError:
    found = getattr(errors, kind, AkkdError)
    known = isinstance(found, type) and issubclass(found, AkkdError)
    return found(message) if known else AkkdError(message)


@lru_cache(maxsize=1)
def _opened(model: str | None, runtime: str, device: str) -> RetrievalModel:
    from akkd_core.operations.retrieval_model import open_model

    return open_model(model, runtime, device)


def perform(job: Job, progress: Progress, model: RetrievalModel | None = None) -> Result:
    """Do a job in this process.

    Parameters
    ----------
    job : mapping
        ``kind`` (``identify`` or ``retrieve``), ``files``; to retrieve also ``values`` of the
        operation, ``model_sha256`` and ``hashed``.
    progress : Progress
    model : RetrievalModel, optional
        What retrieves; by default it is opened as the job says, and kept for the next job.

    Returns
    -------
    dict
        As of `result_of`; of ``identify`` its ``scene_id`` and ``error`` alone are used.

    Raises
    ------
    OperationCancelled
        If ``progress`` says so.
    """
    argument = SceneArgument(tuple(map(Path, job["files"])))
    work = _identify if job["kind"] == "identify" else _work_of(job, model)
    with _ONE_AT_A_TIME:
        summary = attempt(argument, work, progress)
        hashed = bool(job.get("hashed")) and summary.error is None
        return result_of(summary, hashed)


def _identify(argument: SceneArgument, progress: Progress) -> ProductSummary:
    scene_id = argument.open().metadata.granule_id
    return ProductSummary(scene_id, argument.default_folder, "identified")


def _work_of(job: Job, given: RetrievalModel | None) -> Work:
    def work(argument: SceneArgument, progress: Progress) -> ProductSummary:
        from akkd_core.operations.retrieve import SceneRetrieval, options_of

        values = dict(job["values"])
        chosen = (values.pop("model"), values.pop("runtime"), values.pop("device"))
        model = _opened(*chosen) if given is None else given
        if model.sha256 != job["model_sha256"]:
            raise BundleMismatchError(
                f"{model.name}: differs between this worker and the one who asked. Install the "
                "same version of AKKD and of the model everywhere"
            )
        return SceneRetrieval(model, options_of(**values))(argument, progress)

    return work


def perform_telling(job: Job, progress: Progress) -> Result:
    """Do a job as `perform` does; its warnings are part of the result."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", errors.AkkdWarning)
        result = perform(job, progress)
    result["warnings"] = [[entry.category.__name__, str(entry.message)] for entry in caught]
    return result


def warn_of(result: Mapping[str, Any]) -> None:
    """Warn here of what was warned of in another process."""
    for kind, message in result["warnings"]:
        category = getattr(errors, kind, errors.AkkdWarning)
        warnings.warn(message, category, stacklevel=2)


class InProcess:
    """Does jobs one after the other in this process.

    Parameters
    ----------
    model : RetrievalModel
    """

    def __init__(self, model: RetrievalModel) -> None:
        self._model = model

    def run(self, jobs: Sequence[Job], done: Done, progress: Progress) -> None:
        """Do all jobs, as `Executor` says."""
        for index, job in enumerate(jobs):
            if progress.cancelled():
                raise OperationCancelled("cancelled by the user")
            done(index, perform(job, part_of(progress, index, len(jobs)), self._model))


def text_of(job: Job) -> str:
    """One line of JSON."""
    return json.dumps(job, ensure_ascii=True) + "\n"
