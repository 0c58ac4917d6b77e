"""A process that is killed in the midst of writing a product, a given number of times."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from akkd_core.inference import product
from akkd_core.progress import Progress


def arm(name: str, notes: str, kills: int) -> None:
    """Have this process killed by SIGKILL when a product's files are made, but not yet named.

    Parameters
    ----------
    name : str
        Id of the scene that kills.
    notes : str
        File of one line for each kill: the process, and the number of files in the folder.
    kills : int
        In all processes together.
    """
    finish = product._ProductWriter.finish

    def killed(writer: product._ProductWriter, progress: Progress) -> None:
        finish(writer, progress)
        item, told = writer._paths.item, Path(notes)
        before = told.read_text().splitlines() if told.exists() else []
        if item.stem == name and len(before) < kills:
            told.write_text("\n".join([*before, f"{os.getpid()} {len(os.listdir(item.parent))}"]))
            os.kill(os.getpid(), signal.SIGKILL)

    product._ProductWriter.finish = killed  # type: ignore[method-assign]
