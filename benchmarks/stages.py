"""Where the time of a scene goes: seconds by stage, of a cold start and of a second scene.

    python benchmarks/stages.py SCENE.hdf [--model BUNDLE] [--json FILE]

Retrieves the scene twice in this process. Functions of the core are wrapped; a stage's seconds are
its own, without those of stages inside it, wall and CPU (all threads).
"""

from __future__ import annotations

import time

_BORN = 0.0, time.perf_counter()  # CPU time counts from the start of the process

import argparse  # noqa: E402
import builtins  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import threading  # noqa: E402
from collections.abc import Callable  # noqa: E402
from functools import wraps  # noqa: E402
from importlib import import_module  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

REST = "everything else"
IMPORTS = "Python and imports"

STAGES = (
    ("opening the granule", "akkd_core.readers.opening", "open_path"),
    ("opening the bundle", "akkd_core.operations.retrieval_model", "open_model"),
    ("reading pixels", "akkd_core.images", "Scene.read"),
    ("calibration", "akkd_core.calibration.lookup", "Calibration.from_ucc"),
    ("calibration", "akkd_core.calibration.lookup", "Calibration.brightness_temperature"),
    ("scene statistics and context", "akkd_core.inference.scene_contexts", "_context"),
    ("sample of pixels and refinement", "akkd_core.inference.refinement", "refine"),
    ("sample of pixels and refinement", "akkd_core.inference.pixel_sample", "_taken"),
    ("cloud mask", "akkd_core.inference.scene_contexts", "mask_tile"),
    ("surroundings (local features)", "akkd_core.inference.surroundings", "local_of_kinds"),
    ("pixel network, its features, checks", "akkd_core.inference.retriever", "Retriever.pixels"),
    ("quality layer", "akkd_core.inference.tile_pixels", "quality_layer"),
    ("taking tiles into the rasters", "akkd_core.raster.cog", "CogWriter.write"),
    ("overviews, compression, fsync", "akkd_core.raster.cog", "CogWriter.finish"),
    ("preview", "akkd_core.inference.preview", "Preview.draw"),
    ("preview", "akkd_core.inference.product", "prepare_png"),
)
"""Stage, module, and the function that is wrapped there."""


class Clock:
    """Own seconds of nested stages on one thread, wall and CPU of all threads."""

    def __init__(self) -> None:
        self.found: dict[str, list[float]] = {}
        self._running = [REST]
        self._last = _BORN
        self._thread = threading.get_ident()

    def start_anew(self) -> None:
        """Forget what was counted."""
        self.found, self._last = {}, (time.process_time(), time.perf_counter())

    def turn(self, enter: str | None) -> None:
        """Enter a stage, or leave the innermost one."""
        now = time.process_time(), time.perf_counter()
        cpu_wall = self.found.setdefault(self._running[-1], [0.0, 0.0])
        for i in range(2):
            cpu_wall[i] += now[i] - self._last[i]
        self._last = now
        if enter is None:
            self._running.pop()
        else:
            self._running.append(enter)

    def wrap(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, counted to a stage where it runs on the first thread."""

        @wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            if threading.get_ident() != self._thread:
                return function(*args, **kwargs)
            self.turn(stage)
            try:
                return function(*args, **kwargs)
            finally:
                self.turn(None)

        return timed


def watch_imports(clock: Clock) -> None:
    """Count imports that load something."""
    plain = builtins.__import__
    timed = clock.wrap(IMPORTS, plain)

    def importing(name: str, *args: Any, **kwargs: Any) -> Any:
        return plain(name, *args, **kwargs) if name in sys.modules else timed(name, *args, **kwargs)

    builtins.__import__ = importing


def watch(clock: Clock) -> None:
    """Wrap the functions of `STAGES`, in every module that holds them by name."""
    for stage, module, path in STAGES:
        owner = import_module(module)
        *holder, name = path.split(".")
        for part in holder:
            owner = getattr(owner, part)
        held = vars(owner)[name]
        bare = held.__func__ if isinstance(held, classmethod) else held
        timed = clock.wrap(stage, bare)
        setattr(owner, name, classmethod(timed) if isinstance(held, classmethod) else timed)


def retrieve_once(scene: str, model: str | None) -> None:
    from akkd_core.operations.retrieve import retrieve

    with tempfile.TemporaryDirectory() as folder:
        retrieve(scene, folder, model=model)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scene")
    parser.add_argument("--model")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    clock = Clock()
    watch_imports(clock)
    clock.turn(IMPORTS)
    watch(clock)
    clock.turn(None)
    found = {}
    for which in ("first", "second"):
        retrieve_once(options.scene, options.model)
        clock.turn(REST)
        found[which] = {stage: {"cpu_s": cpu, "wall_s": wall}
                        for stage, (cpu, wall) in clock.found.items()}  # fmt: skip
        clock.start_anew()
    print(f"{'':42}{'first scene':>18}{'second scene':>18}")
    print(f"{'':42}" + f"{'CPU s':>9}{'wall s':>9}" * 2)
    zero = {"cpu_s": 0.0, "wall_s": 0.0}
    by_cost = sorted(found["first"], key=lambda stage: -found["first"][stage]["cpu_s"])
    for stage in by_cost:
        cells = [found[which].get(stage, zero) for which in found]
        print(f"{stage:42}" + "".join(f"{c['cpu_s']:9.3f}{c['wall_s']:9.3f}" for c in cells))
    total = [sum(row[k] for row in rows.values()) for rows in found.values() for k in zero]
    print(f"{'all':42}" + "".join(f"{value:9.3f}" for value in total))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
