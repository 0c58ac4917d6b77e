"""A batch of retrievals on workers or a cluster, with a manifest by which it is taken up again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from akkd_core.errors import AkkdError, ParameterError
from akkd_core.inference.product import ProductSummary
from akkd_core.operations.batch import Claims, SceneArgument
from akkd_core.operations.batch_manifest import Manifest, Record
from akkd_core.operations.scene_jobs import (
    Executor,
    InProcess,
    Job,
    Result,
    result_of,
    summary_of,
)
from akkd_core.progress import Progress, SubProgress, checkpoint

if TYPE_CHECKING:
    from akkd_core.operations.retrieval_model import RetrievalModel

_IDENTIFY_SHARE, _CHECK_SHARE = 0.05, 0.05
_PATHS = ("output", "profile", "gain_offset")
_NUMBERS_OR_PATHS = ("tcwv", "t_air", "elevation")


@dataclass(frozen=True)
class Spread:
    """Over what a batch is spread, and where it is recorded.

    Parameters
    ----------
    workers : int
        Processes.
    scheduler : str, optional
        Address of a Dask scheduler; then ``workers`` doesn't count.
    manifest : Path, optional
    """

    workers: int = 1
    scheduler: str | None = None
    manifest: Path | None = None

    @property
    def plain(self) -> bool:
        """Whether all is done in this process, and nothing recorded."""
        return self.workers == 1 and self.scheduler is None and self.manifest is None

    def executor(self, model: RetrievalModel) -> Executor:
        """Return what does the jobs. Raises MissingDependencyError, ParameterError."""
        from akkd_core.operations.cluster import DaskCluster
        from akkd_core.operations.worker_pool import WorkerPool

        if self.scheduler is not None:
            if self.workers != 1:
                raise ParameterError(
                    f"workers {self.workers}: a scheduler has its own. Give one of the two"
                )
            return DaskCluster(self.scheduler)
        return InProcess(model) if self.workers == 1 else WorkerPool(self.workers)


def retrieve_spread(
    arguments: Sequence[SceneArgument],
    values: Mapping[str, Any],
    model: RetrievalModel,
    spread: Spread,
    progress: Progress,
) -> list[ProductSummary]:
    """Retrieve scenes on workers or a cluster, or with a manifest.

    Parameters
    ----------
    arguments : sequence of SceneArgument
    values : mapping
        Of the operation ``retrieve``, plain JSON values.
    model : RetrievalModel
        A worker with another one fails.
    spread : Spread
    progress : Progress

    Returns
    -------
    list of ProductSummary
        In the order of ``arguments``.

    Raises
    ------
    AkkdError
        The scene's own error, if only one scene was given; or what keeps all from being done.
    OperationCancelled
        If the user cancelled.
    """
    executor = spread.executor(model)
    values = _portable(values)
    settings = _settings(values, model.sha256)
    manifest = None if spread.manifest is None else Manifest(spread.manifest, settings)
    try:
        batch = _Batch(arguments, values, model.sha256, executor, manifest)
        results = batch.run(progress)
    finally:
        if manifest is not None:
            manifest.close()
    progress.update(1.0, "done")
    summaries = [summary_of(result) for result in results]
    if len(summaries) == 1 and summaries[0].error is not None:
        raise summaries[0].error
    return summaries


def _portable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with paths that hold in any folder and on any machine."""
    from akkd_core.bundle import bundle_path

    found = dict(values)
    if found["model"] is not None:
        found["model"] = str(Path(bundle_path(found["model"])).absolute())
    for name in (*_PATHS, *_NUMBERS_OR_PATHS):
        if found[name] is not None and not (name in _NUMBERS_OR_PATHS and _number(found[name])):
            found[name] = str(Path(found[name]).absolute())
    return found


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _settings(values: Mapping[str, Any], model_sha256: str) -> str:
    """SHA-256 of all that a product depends on beside its scene."""
    left_out = ("model", "overwrite", "device")
    chosen = {name: value for name, value in values.items() if name not in left_out}
    text = json.dumps([model_sha256, chosen], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _source(argument: SceneArgument) -> str:
    return str(argument.files[0].resolve())


class _Batch:
    """The scenes of one run, and what became of each."""

    def __init__(
        self,
        arguments: Sequence[SceneArgument],
        values: Mapping[str, Any],
        model_sha256: str,
        executor: Executor,
        manifest: Manifest | None,
    ) -> None:
        self._arguments, self._values, self._sha256 = arguments, values, model_sha256
        self._executor, self._manifest = executor, manifest
        self._results: list[Result | None] = [None] * len(arguments)
        self._claims = Claims()
        self._damaged: set[int] = set()

    def run(self, progress: Progress) -> list[Result]:
        """Do what isn't done yet."""
        self._skip_verified(SubProgress(progress, 0.0, _CHECK_SHARE))
        todo = [index for index, result in enumerate(self._results) if result is None]
        begin = _CHECK_SHARE
        if self._may_clash(todo):
            begin += _IDENTIFY_SHARE
            self._identify(todo, SubProgress(progress, _CHECK_SHARE, begin))
            todo = [index for index in todo if self._results[index] is None]
        if todo:
            jobs = [self._job(index) for index in todo]
            self._executor.run(
                jobs, lambda at, result: self._keep(todo[at], result),
                SubProgress(progress, begin, 1.0),
            )  # fmt: skip
        return [result for result in self._results if result is not None]

    def _skip_verified(self, progress: Progress) -> None:
        """Skip scenes whose products are those that the manifest tells of."""
        if self._manifest is None:
            return
        for index, argument in enumerate(self._arguments):
            checkpoint(progress, index / len(self._arguments), "checking the manifest")
            record = self._manifest.found(_source(argument))
            if record is None or record.state == "failed":
                continue
            if record.folder == str(self._folder(argument)) and record.whole():
                self._claims.take(Path(record.folder), record.scene_id, argument.label)
                self._results[index] = _kept(record)
            else:
                # Ours, but no longer as it was written: it may be replaced.
                self._damaged.add(index)

    def _folder(self, argument: SceneArgument) -> Path:
        output = self._values["output"]
        folder = argument.default_folder if output is None else Path(output)
        return folder.absolute()

    def _may_clash(self, todo: Sequence[int]) -> bool:
        folders = [self._folder(argument) for argument in self._arguments]
        return bool(todo) and len(set(folders)) < len(folders)

    def _identify(self, todo: Sequence[int], progress: Progress) -> None:
        """Find scenes of one id and folder, the first of which alone may be written."""
        names: dict[int, Result] = {}
        jobs = [{"kind": "identify", "files": self._files(index)} for index in todo]
        self._executor.run(jobs, lambda at, result: names.update({todo[at]: result}), progress)
        for index, result in sorted(names.items()):
            argument = self._arguments[index]
            if result["error"] is not None:
                self._keep(index, result)
                continue
            try:
                self._claims.take(self._folder(argument), result["scene_id"], argument.label)
            except AkkdError as error:
                fault = ProductSummary(
                    argument.label, argument.default_folder, "failed", error=error
                )
                self._keep(index, result_of(fault, hashed=False))

    def _files(self, index: int) -> list[str]:
        return [str(path.absolute()) for path in self._arguments[index].files]

    def _job(self, index: int) -> Job:
        values = dict(self._values)
        if index in self._damaged:
            values["overwrite"] = True
        return {
            "kind": "retrieve",
            "files": self._files(index),
            "values": values,
            "model_sha256": self._sha256,
            "hashed": self._manifest is not None,
        }

    def _keep(self, index: int, result: Result) -> None:
        self._results[index] = result
        if self._manifest is None:
            return
        error = result["error"]
        self._manifest.add(
            Record(
                source=_source(self._arguments[index]),
                scene_id=result["scene_id"],
                state=result["status"],
                seconds=round(result["seconds"], 3),
                folder=str(Path(result["folder"]).absolute()),
                sha256=result["sha256"],
                settings=self._manifest.settings,
                attempts=result.get("attempts", 1),
                error=None if error is None else error[1],
            )
        )


def _kept(record: Record) -> Result:
    """Return the result of a scene that the manifest tells of, and whose product is whole."""
    from akkd_core.inference.product import keep

    return result_of(keep(record.scene_id, record.folder), hashed=False)
