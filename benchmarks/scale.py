"""Workers killed by chance: a batch of small granules, compared with one process byte by byte.

    python benchmarks/scale.py [--granules 60] [--different 40] [--side 60] [--workers 2]
                               [--kill-every 20] [--compare 0] [--model compact] [--seed 0]
                               [--result results/scale.json]

A scene whose worker is killed three times is given up by design; the same command, run again and
left in peace, does those. Run a third time it must find nothing to do. Needs Linux (children are
found in /proc). Not part of the test suite. Exit code 1 if a scene isn't whole at the end or any
file differs. What was measured is kept in ``results/scale.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from measuring import ONE_THREAD, RESULTS, Goal, clean_environment, keep, machine, run_process

from akkd_core.operations.simulate import run_granule

AKKD = str(Path(sys.executable).parent / "akkd")


def granules(count: int, different: int, side: int, folder: Path) -> list[str]:
    """Granules with names of their own; beyond ``different`` the first ones come again."""
    made: list[Path] = []
    for number in range(count):
        path = folder / f"G{number:05d}.hdf"
        if number < different:
            run_granule(str(path), rows=side, cols=side, seed=number)
        else:
            shutil.copyfile(made[number % different], path)
        made.append(path)
    return [str(path) for path in made]


def children(pid: int) -> list[int]:
    """Processes that a process has started and that still run."""
    text = "".join(
        path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")
    )
    return [int(word) for word in text.split()]


def killed_run(
    command: Sequence[str], manifest: Path, every: float, draw: np.random.Generator
) -> dict[str, Any]:
    """Run with a worker killed every so many scenes; what it took, its exit code, the killed.

    By scenes, not seconds: on a busy machine workers could be killed sooner than they start.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    run = subprocess.Popen(command, env=clean_environment(1))
    killed, following = 0, draw.uniform(0.5, 1.5) * every
    while run.poll() is None:
        time.sleep(draw.uniform(0.0, 0.3))
        if lines_of(manifest) < following:
            continue
        try:
            os.kill(int(draw.choice(children(run.pid))), signal.SIGKILL)
        except (ProcessLookupError, FileNotFoundError, ValueError):
            # It has just ended, or none is there at the moment.
            continue
        killed += 1
        following = lines_of(manifest) + draw.uniform(0.5, 1.5) * every
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "exit_code": run.returncode,
        "killed": killed,
        "wall_s": time.monotonic() - start,
        "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    }


def records(manifest: Path) -> dict[str, Mapping[str, Any]]:
    """Last line of each scene, by its id."""
    lines = map(json.loads, manifest.read_text().splitlines())
    return {line["scene_id"]: line for line in lines}


def lines_of(manifest: Path) -> int:
    """Scenes that were done while the manifest was kept."""
    return manifest.read_bytes().count(b"\n") if manifest.exists() else 0


def chosen(
    found: Mapping[str, Mapping[str, Any]], most: int, draw: np.random.Generator
) -> set[str]:
    """Scenes to do in one process too: all that were begun again, and others by chance."""
    again = {name for name, record in found.items() if record["attempts"] > 1}
    others = sorted(set(found) - again)
    wanted = len(others) if most == 0 else min(len(others), max(0, most - len(again)))
    return again | {str(name) for name in draw.choice(others, wanted, replace=False)}


def different_files(one: Path, two: Path, scenes: set[str]) -> list[str]:
    """Names of files of scenes that only one folder has, or that differ."""
    names = {
        path.name
        for folder in (one, two)
        for path in folder.iterdir()
        if re.split(r"[._]", path.name)[0] in scenes
    }
    return [
        name
        for name in sorted(names)
        if not (one / name).is_file()
        or not (two / name).is_file()
        or content(one / name) != content(two / name)
    ]


def content(path: Path) -> bytes:
    """Bytes of a file, but for the time at which it was made, which the STAC item tells."""
    return re.sub(rb'"created": "[^"]*"', b"", path.read_bytes())


def trial(asked: argparse.Namespace, root: Path) -> dict[str, Any]:
    """Make, run on workers that are killed, again, and in one process; what came of it."""
    draw = np.random.default_rng(asked.seed)
    scenes = granules(asked.granules, asked.different, asked.side, root)
    # A file of arguments would be kinder than thousands of words, but the system takes 2 MB.
    words = ["-m", asked.model, "-q"]
    manifest = root / "run.jsonl"
    spread = ["--workers", str(asked.workers), "--manifest", str(manifest)]
    command = [AKKD, "retrieve", *scenes, *words, "-o", str(root / "two"), *spread]
    run = killed_run(command, manifest, asked.kill_every, draw)
    found = records(manifest)
    again = run_process(command, root, 1)
    end, lines = records(manifest), lines_of(manifest)
    third = run_process(command, root, 1)
    compared = chosen(found, asked.compare, draw)
    sources = sorted(found[name]["source"] for name in compared)
    alone = run_process([AKKD, "retrieve", *sources, *words, "-o", str(root / "one")], root, 1)
    product = [path.stat().st_size for path in (root / "one").iterdir()]
    return {
        "asked": {name: value for name, value in vars(asked).items() if name != "result"},
        "workers": run,
        "states": dict(Counter(record["state"] for record in found.values())),
        "attempts": dict(sorted(Counter(str(r["attempts"]) for r in found.values()).items())),
        "given_up": sorted({Path(r["error"]).name for r in found.values() if r["error"]}),
        "same_command_again": {
            **vars(again),
            "scenes_done": lines - len(found),
            "states": dict(Counter(record["state"] for record in end.values())),
        },
        "third_time": {**vars(third), "scenes_done": lines_of(manifest) - lines},
        "one_process": {**vars(alone), "scenes": len(compared)},
        "cpu_s_a_scene": {
            "one process": alone.cpu_s / len(compared),
            "workers": run["cpu_s"] / len(found),
        },
        "bytes_a_product": sum(product) / len(compared),
        "files_compared": len(product),
        "files_that_differ": different_files(root / "one", root / "two", compared),
    }


def main() -> int:
    """Try, tell, keep."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--granules", type=int, default=60)
    parser.add_argument("--different", type=int, default=40, help="the others are copies")
    parser.add_argument("--side", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kill-every", type=float, default=20.0, help="scenes")
    parser.add_argument("--compare", type=int, default=0, help="scenes; 0: all")
    parser.add_argument("--model", default="compact")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--result", type=Path, default=RESULTS / "scale.json")
    asked = parser.parse_args()
    os.environ |= ONE_THREAD
    facts = machine()
    with tempfile.TemporaryDirectory(prefix="akkd-scale-") as text:
        results = trial(asked, Path(text))
    # Skipped: its worker was killed between the product's last file and the word of it.
    states = results["same_command_again"]["states"]
    whole = sum(states.get(state, 0) for state in ("written", "skipped"))
    goals = [
        Goal("scenes whole at the end", whole, asked.granules, ">="),
        Goal("files that differ from one process's", len(results["files_that_differ"]), 0, "<="),
        Goal("scenes done by the third run", results["third_time"]["scenes_done"], 0, "<="),
    ]
    print(json.dumps(results, indent=1))
    keep("scale", results, goals, facts, asked.result)
    return 0 if all(goal.reached for goal in goals) else 1


if __name__ == "__main__":
    sys.exit(main())
