"""Worker processes for LOWTRAN7, since its Fortran ends the whole process on bad input.

Each worker has a folder of its own; a worker that dies or hangs is noticed, named by the
atmosphere it was busy with, and takes nothing else down.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from akkd_core.errors import ParameterError, SimulationError
from akkd_core.progress import Progress, SilentProgress, checkpoint
from akkd_core.simulation.lowtran_engine import (
    AtmosphereCase,
    Lowtran7,
    SpectralAtmosphere,
    require_lowtran,
)

PATIENCE_S = 120.0
"""An atmosphere takes 10 ms; a pool silent for this long hangs."""


class _Worker:
    """One process, the pipe to it, and the case it is busy with."""

    def __init__(self, context: Any, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.pipe, remote = context.Pipe()
        self.process = context.Process(target=_serve, args=(remote, str(folder)), daemon=True)
        self.process.start()
        # Only the child may hold this end, or its death would not close the pipe.
        remote.close()
        self.busy: int | None = None

    def hand(self, index: int, case: AtmosphereCase) -> None:
        self.busy = index
        try:
            self.pipe.send((index, case))
        except OSError:
            # The child is gone: receiving will say so, with the name of the case.
            return

    def stop(self) -> None:
        self.pipe.close()
        self.process.join(timeout=2.0)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def _serve(pipe: Connection, folder: str) -> None:
    """Body of a worker: cases in, spectra or an error's text out, until the pipe closes."""
    os.chdir(folder)
    # Fortran's last words go to standard error; the parent reads them from here.
    log = os.open(str(Path(folder) / "messages"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    engine = Lowtran7(Path(folder))
    while True:
        try:
            index, case = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send((index, engine.simulate(case), ""))
        except SimulationError as error:
            pipe.send((index, None, str(error)))


def simulate_spectra(
    cases: Sequence[AtmosphereCase],
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[SpectralAtmosphere]:
    """Run LOWTRAN7 on many atmospheres, on all cores.

    Parameters
    ----------
    cases : sequence of AtmosphereCase
    workers : int, optional
        Processes; the number of usable cores if None. The result does not depend on it.
    progress : Progress, optional

    Returns
    -------
    list of SpectralAtmosphere
        In the order of ``cases``.

    Raises
    ------
    MissingDependencyError
        If LOWTRAN7 can't be used.
    SimulationError
        If an atmosphere fails, or the worker that computes it dies or hangs; it is named.
    OperationCancelled
        If ``progress`` says so.
    """
    if workers is not None and workers < 1:
        raise ParameterError(f"workers {workers} is below 1: give 1 or more, or none for all cores")
    if not cases:
        return []
    require_lowtran()
    count = min(workers or _usable_cores(), len(cases))
    # A fresh interpreter: forking a process that runs threads (BLAS, Qt) is not safe.
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="akkd-lowtran-") as root:
        pool: list[_Worker] = []
        try:
            for number in range(count):
                pool.append(_Worker(context, Path(root) / str(number)))
            return _drive(pool, cases, progress or SilentProgress())
        finally:
            for worker in pool:
                worker.stop()


def _usable_cores() -> int:
    """Cores that this process may run on (fewer than the machine's in a container)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _drive(
    pool: list[_Worker], cases: Sequence[AtmosphereCase], progress: Progress
) -> list[SpectralAtmosphere]:
    results: list[SpectralAtmosphere | None] = [None] * len(cases)
    waiting = iter(range(len(cases)))
    for worker in pool:
        index = next(waiting)
        worker.hand(index, cases[index])
    done = 0
    while done < len(cases):
        busy = [worker for worker in pool if worker.busy is not None]
        ready = wait([worker.pipe for worker in busy], timeout=PATIENCE_S)
        if not ready:
            names = ", ".join(cases[w.busy].profile.name for w in busy if w.busy is not None)
            raise SimulationError(
                f"LOWTRAN7 has been silent for {PATIENCE_S:.0f} s on {names}: check the profile"
            )
        for worker in [w for w in busy if w.pipe in ready]:
            index, spectrum = _receive(worker, cases)
            results[index] = spectrum
            done += 1
            worker.busy = None
            following = next(waiting, None)
            if following is not None:
                worker.hand(following, cases[following])
        checkpoint(progress, done / len(cases), f"{done} of {len(cases)} atmospheres")
    return [spectrum for spectrum in results if spectrum is not None]


def _receive(worker: _Worker, cases: Sequence[AtmosphereCase]) -> tuple[int, SpectralAtmosphere]:
    try:
        index, spectrum, message = worker.pipe.recv()
    except (EOFError, OSError) as error:
        worker.process.join(timeout=5.0)
        name = cases[worker.busy].profile.name if worker.busy is not None else "none"
        raise SimulationError(
            f"LOWTRAN7 stopped its process on atmosphere {name} "
            f"(exit code {worker.process.exitcode}; {_last_words(worker.folder)}): "
            "check the profile"
        ) from error
    if spectrum is None:
        raise SimulationError(message)
    return index, spectrum


def _last_words(folder: Path) -> str:
    """Last line that the dead worker wrote."""
    path = folder / "messages"
    lines = path.read_text(errors="replace").split("\n") if path.exists() else []
    spoken = [line.strip() for line in lines if line.strip()]
    return spoken[-1] if spoken else "no message"
