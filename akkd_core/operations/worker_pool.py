"""Worker processes that do jobs; one that dies takes only its job down, and that is done again.

Workers are started as children that talk JSON lines, not by `multiprocessing`: inside QGIS
``sys.executable`` is QGIS itself, so a Python is looked for, and nothing is pickled.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import akkd_core
from akkd_core.errors import MissingDependencyError, OperationCancelled
from akkd_core.operations.batch import SceneArgument
from akkd_core.operations.scene_jobs import Done, Job, Result, failed, text_of, warn_of
from akkd_core.progress import Progress
from akkd_core.readers.child_python import interpreters

MOST_ATTEMPTS = 3
"""A scene whose worker dies so often is given up."""

_POLL_S = 0.1
_START_S = 120.0
_GRACE_S = 10.0
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.stdin.readline()); "
    "from akkd_core.operations.worker_child import serve; serve()"
)
# On Windows a console window would open beside QGIS's.
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)
Events = queue.Queue[tuple["_Worker", dict[str, Any] | None]]


class _Worker:
    """One process, and the job it is busy with."""

    def __init__(self, python: str, events: Events) -> None:
        self.job: int | None = None
        self.fraction = 0.0
        self._log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [python, "-I", "-c", _START],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
            text=True, encoding="utf-8",
            env={**os.environ, **dict.fromkeys(_THREADS, "1")}, creationflags=_NO_WINDOW,
        )  # fmt: skip
        assert self.process.stdin is not None and self.process.stdout is not None
        self._write(json.dumps(_search_path()) + "\n")
        self._thread = threading.Thread(
            target=self._read, args=(self.process.stdout, events), daemon=True
        )
        self._thread.start()

    def _write(self, text: str) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(text)
            self.process.stdin.flush()
        except OSError:
            # It is gone; the end of its output says so.
            return

    def _read(self, stream: IO[str], events: Events) -> None:
        with stream:
            for line in stream:
                try:
                    event = json.loads(line)
                except ValueError:
                    # Cut off by the end of the process.
                    break
                events.put((self, event))
        events.put((self, None))

    def hand(self, index: int, job: Job) -> None:
        """Give it a job."""
        self.job, self.fraction = index, 0.0
        self._write(text_of(job))

    def close(self) -> None:
        """Ask it to end: it leaves the scene that it works on, and cleans up."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.close()
        except OSError:
            return

    def join(self) -> None:
        """Wait for its end; after a while end it."""
        try:
            self.process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._thread.join(_GRACE_S)
        self._log.close()

    def last_words(self) -> str:
        """How it ended, and the last line that it wrote."""
        code = self.process.wait()
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return f"{how}, {lines[-1].strip()}" if lines else how


def _search_path() -> list[str]:
    own = str(Path(akkd_core.__file__).resolve().parents[1])
    found = [path for path in sys.path if path and path != own]
    return [own, *found]


def _pythons() -> Iterator[str]:
    """Interpreters to try; this one first, where it is one."""
    own = sys.executable or ""
    if Path(own).name.lower().startswith("python"):
        yield own
    yield from (python for python in interpreters() if python != own)


class WorkerPool:
    """Does jobs in processes of their own, each with one thread of BLAS.

    Parameters
    ----------
    workers : int
        Processes.
    """

    def __init__(self, workers: int) -> None:
        self._count = workers
        self._events: Events = queue.Queue()
        self._pool: list[_Worker] = []
        self._python = ""

    def run(self, jobs: Sequence[Job], done: Done, progress: Progress) -> None:
        """Do all jobs, as `akkd_core.operations.scene_jobs.Executor` says.

        Raises
        ------
        MissingDependencyError
            If no Python can be found that does them.
        """
        # Of its own: the last words of an earlier run's workers must not be taken for these.
        self._events = queue.Queue()
        try:
            self._pool = [self._first_worker(progress)]
            while len(self._pool) < min(self._count, len(jobs)):
                self._pool.append(_Worker(self._python, self._events))
            _Run(self._pool, self._events, self._python, jobs, done, progress).follow()
        finally:
            for worker in self._pool:
                worker.close()
            for worker in self._pool:
                worker.join()
            self._pool = []

    def _first_worker(self, progress: Progress) -> _Worker:
        said = "none was found"
        for python in _pythons():
            try:
                worker = _Worker(python, self._events)
            except OSError as error:
                said = f"{python}: {error.strerror}"
                continue
            self._pool = [worker]
            event = self._first_event(progress)
            if event is not None and event.get("ready") == list(sys.version_info[:2]):
                self._python = python
                return worker
            worker.close()
            said = f"{python}: {worker.last_words() if event is None else 'another version'}"
            worker.join()
        raise MissingDependencyError(
            f"no Python that can run workers ({' '.join(said.split())}). Take one worker"
        )

    def _first_event(self, progress: Progress) -> dict[str, Any] | None:
        for _ in range(int(_START_S / _POLL_S)):
            if progress.cancelled():
                raise OperationCancelled("cancelled by the user")
            try:
                return self._events.get(timeout=_POLL_S)[1]
            except queue.Empty:
                continue
        self._pool[0].process.kill()
        return None


class _Run:
    """One list of jobs on a pool."""

    def __init__(
        self,
        pool: list[_Worker],
        events: Events,
        python: str,
        jobs: Sequence[Job],
        done: Done,
        progress: Progress,
    ) -> None:
        self._pool, self._events, self._python = pool, events, python
        self._jobs, self._done, self._progress = jobs, done, progress
        self._waiting = deque(range(len(jobs)))
        self._attempts = [0] * len(jobs)
        self._finished = 0

    def follow(self) -> None:
        """Hand out jobs and take results until all are done."""
        for worker in self._pool:
            self._hand(worker)
        while self._finished < len(self._jobs):
            if self._progress.cancelled():
                raise OperationCancelled("cancelled by the user")
            try:
                worker, event = self._events.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if event is None:
                self._died(worker)
            else:
                self._take(worker, event)

    def _hand(self, worker: _Worker) -> None:
        if self._waiting:
            index = self._waiting.popleft()
            self._attempts[index] += 1
            worker.hand(index, self._jobs[index])

    def _take(self, worker: _Worker, event: Mapping[str, Any]) -> None:
        if "result" in event and worker.job is not None:
            index, worker.job, worker.fraction = worker.job, None, 0.0
            warn_of(event["result"])
            self._finish(index, dict(event["result"]))
            self._hand(worker)
        elif "progress" in event:
            worker.fraction = max(worker.fraction, float(event["progress"]))
            self._tell(worker, str(event["message"]))

    def _finish(self, index: int, result: Result) -> None:
        self._finished += 1
        self._done(index, {**result, "attempts": self._attempts[index]})

    def _tell(self, worker: _Worker, message: str) -> None:
        share = (self._finished + sum(w.fraction for w in self._pool)) / len(self._jobs)
        number = "" if worker.job is None else f"[{worker.job + 1}/{len(self._jobs)}] "
        self._progress.update(share, number + message)

    def _died(self, worker: _Worker) -> None:
        self._pool.remove(worker)
        how = worker.last_words()
        worker.close()
        worker.join()
        index = worker.job
        if index is not None and self._attempts[index] < MOST_ATTEMPTS:
            self._waiting.appendleft(index)
        elif index is not None:
            argument = SceneArgument(tuple(map(Path, self._jobs[index]["files"])))
            message = f"{MOST_ATTEMPTS} workers ended while they worked on it, the last by {how}"
            self._finish(index, failed(argument, f"{message}. Is there memory enough for it?"))
        if self._waiting:
            self._pool.append(_Worker(self._python, self._events))
            self._hand(self._pool[-1])
