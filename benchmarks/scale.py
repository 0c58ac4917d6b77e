"""Workers killed at random: a batch of small granules, compared with one process byte by byte.

    python benchmarks/scale.py [--granules 60] [--side 60] [--workers 2] [--kill-every 20]
                               [--model compact] [--seed 0]

Needs Linux (children are found in /proc). Not part of the test suite. Exit code 1 if any file of
the two runs differs, or a scene failed though it was given up by no design of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

AKKD = str(Path(sys.executable).parent / "akkd")


def granules(count: int, side: int, folder: Path) -> list[str]:
    """Granules that differ, each with a name of its own."""
    made = []
    for number in range(count):
        path = folder / f"G{number:05d}.hdf"
        size = ["--rows", str(side), "--cols", str(side), "--seed", str(number), "-q"]
        subprocess.run([AKKD, "simulate", "granule", str(path), *size], check=True)
        made.append(str(path))
    return made


def children(pid: int) -> list[int]:
    """Processes that a process has started and that still run."""
    text = "".join(
        path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")
    )
    return [int(word) for word in text.split()]


def killed_run(command: list[str], every: float, draw: np.random.Generator) -> tuple[int, int]:
    """Run with a worker killed every so many seconds; the exit code and the number killed."""
    run = subprocess.Popen(command)
    killed = 0
    following = time.monotonic() + draw.uniform(0.5, 1.5) * every
    while run.poll() is None:
        time.sleep(0.2)
        workers = children(run.pid)
        if time.monotonic() < following or not workers:
            continue
        try:
            os.kill(int(draw.choice(workers)), signal.SIGKILL)
        except ProcessLookupError:
            continue
        killed += 1
        following = time.monotonic() + draw.uniform(0.5, 1.5) * every
    return run.returncode, killed


def different(one: Path, two: Path) -> list[str]:
    """Names of files that only one folder has, or that differ."""
    names = {path.name for folder in (one, two) for path in folder.iterdir()}
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


def main() -> int:
    """Make, run twice, compare."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--granules", type=int, default=60)
    parser.add_argument("--side", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kill-every", type=float, default=20.0, help="seconds")
    parser.add_argument("--model", default="compact")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="akkd-scale-") as text:
        root = Path(text)
        scenes = granules(asked.granules, asked.side, root)
        # A file of arguments would be kinder than thousands of words, but the system takes 2 MB.
        command = [AKKD, "retrieve", *scenes, "-m", asked.model, "-q"]
        subprocess.run([*command, "-o", str(root / "one")], check=True)
        spread = ["--workers", str(asked.workers), "--manifest", str(root / "run.jsonl")]
        code, killed = killed_run(
            [*command, "-o", str(root / "two"), *spread], asked.kill_every,
            np.random.default_rng(asked.seed),
        )  # fmt: skip
        records = [json.loads(line) for line in (root / "run.jsonl").read_text().splitlines()]
        states = Counter(record["state"] for record in records)
        differing = different(root / "one", root / "two")
    print(
        f"{asked.granules} granules, {asked.workers} workers, {killed} killed: exit code {code}, "
        f"{dict(states)}, {sum(record['attempts'] > 1 for record in records)} begun again, "
        f"{len(differing)} files differ"
    )
    return 1 if code or differing else 0


if __name__ == "__main__":
    sys.exit(main())
