"""All benchmarks of speed and memory, one after the other, and one table of what they should reach.

    python benchmarks/bench.py [--only scene,inference] [--model BUNDLE]

What `make bench` runs, in less than a quarter of an hour on two idle cores. Each writes its JSON to
`benchmarks/results`, and `report.py` makes docs/performance.md of them. Other work on the machine
makes times worse, and ratios of times taken in turns less so: the load before each is in the JSON.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from measuring import Goal, clean_environment, kept, print_goals

BENCHMARKS = ("scene", "inference", "training", "simulation", "growth")
WITH_MODEL = ("scene", "growth")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(BENCHMARKS), help="some of them, by commas")
    parser.add_argument("--model", default="default", help="bundle of the whole retrievals")
    options = parser.parse_args()
    chosen = [name for name in BENCHMARKS if name in options.only.split(",")]
    start, failed = time.perf_counter(), []
    for name in chosen:
        begun = time.perf_counter()
        print(f"== benchmarks/{name}.py", flush=True)
        command = [sys.executable, str(Path(__file__).with_name(f"{name}.py"))]
        model = ["--model", options.model] if name in WITH_MODEL else []
        if subprocess.run([*command, *model], env=clean_environment()).returncode:
            failed.append(name)
        print(f"   {time.perf_counter() - begun:.0f} s", flush=True)
    print(f"\n== all of it, {time.perf_counter() - start:.0f} s")
    goals = []
    for name in chosen:
        found = kept(name)
        if name not in failed and found is not None:
            rows = [{key: row[key] for key in row if key != "reached"} for row in found["goals"]]
            goals += [Goal(**row) for row in rows]
    print_goals(goals)
    print(f"{sum(goal.reached for goal in goals)} of {len(goals)} reached")
    subprocess.run([sys.executable, str(Path(__file__).with_name("report.py"))], check=True)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
