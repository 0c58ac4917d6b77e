"""Jobs on the workers of a Dask cluster."""

from __future__ import annotations

import queue
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from akkd_core.errors import InputError, MissingDependencyError, OperationCancelled
from akkd_core.operations.batch import SceneArgument
from akkd_core.operations.scene_jobs import (
    Done,
    Job,
    Result,
    failed,
    perform_telling,
    warn_of,
)
from akkd_core.progress import Progress

_POLL_S = 0.2
_ASK_EVERY_S = 2.0
_CONNECT_S = 20.0


class _Flag:
    """Progress within a cluster's worker: no reports, and cancelled by an event of the cluster."""

    def __init__(self, name: str) -> None:
        self._name, self._asked, self._set = name, time.monotonic(), False

    def update(self, fraction: float, message: str = "") -> None:
        """Report nowhere."""

    def cancelled(self) -> bool:
        """Ask the scheduler, now and then."""
        if not self._set and time.monotonic() - self._asked > _ASK_EVERY_S:
            from distributed import Event

            self._asked = time.monotonic()
            self._set = bool(Event(self._name).is_set())
        return self._set


def _perform(job: Job, stop: str) -> Result | None:
    """Do a job on the cluster; None if the run was cancelled."""
    try:
        return perform_telling(job, _Flag(stop))
    except OperationCancelled:
        return None


class DaskCluster:
    """Does jobs on a Dask cluster whose workers have AKKD and see the same files.

    Parameters
    ----------
    address : str
        Of the scheduler, e.g. ``tcp://host:8786``.

    Raises
    ------
    MissingDependencyError
        If Dask distributed isn't installed.
    """

    def __init__(self, address: str) -> None:
        try:
            import distributed
        except ImportError as error:
            raise MissingDependencyError(
                "a scheduler needs Dask distributed. pip install 'akkd[scale]', here and where "
                "the workers run"
            ) from error
        self._dask: Any = distributed
        self._address = address

    def run(self, jobs: Sequence[Job], done: Done, progress: Progress) -> None:
        """Do all jobs, as `akkd_core.operations.scene_jobs.Executor` says.

        Raises
        ------
        InputError
            If the scheduler can't be reached.
        """
        try:
            client = self._dask.Client(
                self._address, timeout=_CONNECT_S, set_as_default=False, name="akkd"
            )
        except (OSError, ValueError) as error:
            raise InputError(
                f"{self._address}: no Dask scheduler answers ({' '.join(str(error).split())}). "
                "Start one with dask scheduler, and name its address as tcp://HOST:8786"
            ) from error
        with client:
            _Run(self._dask, client, jobs, done, progress).follow()


class _Run:
    """One list of jobs on a cluster."""

    def __init__(
        self, dask: Any, client: Any, jobs: Sequence[Job], done: Done, progress: Progress
    ) -> None:
        self._jobs, self._done, self._progress = jobs, done, progress
        self._client = client
        self._ended: queue.Queue[Any] = queue.Queue()
        name = f"akkd-{secrets.token_hex(8)}"
        self._stop = dask.Event(name, client=client)
        self._futures: dict[Any, int] = {}
        for index, job in enumerate(jobs):
            future = client.submit(_perform, dict(job), name, key=f"{name}-{index}", pure=False)
            self._futures[future] = index
            future.add_done_callback(self._ended.put)

    def follow(self) -> None:
        """Take results until all are there."""
        finished = 0
        try:
            while finished < len(self._jobs):
                if self._progress.cancelled():
                    raise OperationCancelled("cancelled by the user")
                try:
                    future = self._ended.get(timeout=_POLL_S)
                except queue.Empty:
                    continue
                index = self._futures.pop(future)
                result = self._result(index, future)
                finished += 1
                self._done(index, result)
                self._progress.update(finished / len(self._jobs), result["scene_id"])
        except BaseException:
            self._stop.set()
            self._client.cancel(list(self._futures))
            raise

    def _result(self, index: int, future: Any) -> Result:
        argument = SceneArgument(tuple(map(Path, self._jobs[index]["files"])))
        try:
            result = future.result(timeout=_CONNECT_S)
        except Exception as error:
            # Dask itself begins a lost worker's task again, and gives up after a few times.
            text = " ".join(str(error).split())
            return failed(argument, f"the cluster gave it up: {type(error).__name__}: {text}")
        finally:
            future.release()
        if result is None:
            return failed(argument, "cancelled on the cluster")
        warn_of(result)
        return dict(result)
