"""Simulation: atmospheres a second of a core beside LOWTRAN7's Fortran alone, and scenes.

    python benchmarks/simulation.py [--atmospheres 700] [--scenes 600] [--json FILE]

AKKD's rate is what further atmospheres take of a whole command, `akkd simulate atmospheres`: the
difference between a run of all and one of a seventh. What is left, the start with the packages that
hold the reference profiles, is told as seconds. The Fortran alone is the CPU time inside the
compiled routine, called in turn for the same atmospheres in one process. CPU seconds of all
processes together, the least of two turns.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measuring import Goal, clean_environment, keep, machine, run_process

GOAL = 0.8
PART = 7
AKKD, FORTRAN = "akkd simulate atmospheres", "LOWTRAN7's Fortran alone"


def fortran_alone(count: int, seed: int) -> float:
    """CPU seconds inside the compiled routine; the working directory must be an empty folder."""
    from akkd_core.simulation.atmosphere_draws import TRAINING_WEIGHTS, draw_varied_cases
    from akkd_core.simulation.lowtran_engine import Lowtran7
    from akkd_core.simulation.profiles import reference_profile

    profiles = [reference_profile(name) for name in TRAINING_WEIGHTS]
    cases = draw_varied_cases(profiles, count, seed, list(TRAINING_WEIGHTS.values()))
    engine, inside = Lowtran7(Path.cwd()), 0.0
    routine = engine._routine

    def timed(*arguments: Any) -> Any:
        nonlocal inside
        start = time.process_time()
        answer = routine(*arguments)
        inside += time.process_time() - start
        return answer

    engine._routine = timed
    for case in cases:
        engine.simulate(case)
    return inside


def peer(folder: Path, count: int, seed: int) -> float:
    """`fortran_alone` in a process of its own: its Fortran writes to standard output."""
    folder.mkdir()
    script = [sys.executable, str(Path(__file__).resolve()), "--alone", "inside.json"]
    subprocess.run(
        [*script, "--atmospheres", str(count), "--seed", str(seed)], cwd=folder, check=True,
        env=clean_environment(1), stdout=subprocess.DEVNULL,
    )  # fmt: skip
    found: float = json.loads((folder / "inside.json").read_text())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--atmospheres", type=int, default=700)
    parser.add_argument("--scenes", type=int, default=600)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        seconds = fortran_alone(options.atmospheres, options.seed)
        Path(options.alone).write_text(json.dumps(seconds))
        os._exit(0)  # the Fortran's own end of the process may complain
    facts = machine()
    akkd = str(Path(sys.executable).parent / "akkd")
    seed = ["--seed", str(options.seed), "-q", "--overwrite"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # once before: the first call may compile the Fortran
        run_process([akkd, "simulate", "atmospheres", "a.npz", "--count", "2", *seed], folder)
        few, all_of_them = options.atmospheres // PART, options.atmospheres
        ours: dict[int, list[float]] = {few: [], all_of_them: []}
        alone = []
        for turn in range(2):
            for count, found in ours.items():
                command = [akkd, "simulate", "atmospheres", "a.npz", "--count", str(count), *seed]
                found.append(run_process(command, folder, 1).cpu_s)
            alone.append(peer(folder / str(turn), options.atmospheres, options.seed))
        made = run_process(
            [akkd, "simulate", "scenes", "s.npz", "--scenes", str(options.scenes), *seed], folder, 1
        )
        granule = run_process([akkd, "simulate", "granule", "g.hdf", *seed], folder, 1)
    short, long = min(ours[few]), min(ours[all_of_them])
    rates = {
        AKKD: (all_of_them - few) / max(long - short, 1e-9),
        FORTRAN: options.atmospheres / min(alone),
    }
    start = long - all_of_them / rates[AKKD]
    ratio = rates[AKKD] / rates[FORTRAN]
    for who, rate in rates.items():
        print(f"{who:28}{rate:8.1f} atmospheres a CPU second")
    print(f"{'start of the command':28}{start:8.1f} CPU seconds")
    print(f"{'akkd simulate scenes':28}{options.scenes / made.cpu_s:8.1f} scenes of 48 x 48 pixels "
          f"a CPU second; a granule of 700 x 830 takes {granule.cpu_s:.1f} s")  # fmt: skip
    results = {
        "atmospheres": options.atmospheres,
        "command_cpu_s": long,
        "start_cpu_s": start,
        "atmospheres_per_cpu_s": rates,
        "ratio": ratio,
        "scenes_per_cpu_s": options.scenes / made.cpu_s,
        "granule_cpu_s": granule.cpu_s,
    }
    goals = [Goal("simulation: atmospheres/s of a core over the Fortran alone", ratio, GOAL, ">=")]
    keep("simulation", results, goals, facts, options.json)


if __name__ == "__main__":
    main()
