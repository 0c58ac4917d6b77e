"""Make the atmosphere tables that the package ships.

    python tools/make_atmospheres.py train OUT.npz [--count 24000] [--seed 20260101]
    python tools/make_atmospheres.py judge OUT.npz --profiles DIR
    python tools/make_atmospheres.py judge-humidity OUT.npz --profiles DIR
    python tools/make_atmospheres.py paper OUT.csv
    python tools/make_atmospheres.py archive OUT.npz

judge-humidity holds the judging atmospheres with water vapour wrong by a tenth: all of them with
0.9 times the humidity at every level, then all with 1.1 times, else as in ``judge``, row by row.
DIR holds ECMWF_83P_91L.dat and diverse_52profiles_101L.dat (JCSDA/crtm, CC0).
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from akkd_core.simulation import atmosphere_draws, atmospheres, profiles
from akkd_core.simulation.archive_air import simulate_archive_air
from akkd_core.simulation.paper_setting import simulate_paper_atmospheres

VALIDATION_SHARE = 0.125
WRONG_HUMIDITY = (0.9, 1.1)


class _StderrProgress:
    """One line on standard error every five percent."""

    def __init__(self) -> None:
        self._next = 0.0

    def update(self, fraction: float, message: str = "") -> None:
        if fraction >= self._next:
            sys.stderr.write(f"{fraction:5.0%} {message}\n")
            self._next = fraction + 0.05

    def cancelled(self) -> bool:
        return False


def make_train(count: int, seed: int, workers: int | None) -> atmospheres.AtmosphereTable:
    """Training and validation atmospheres from disjoint sets of base profiles."""
    validation = round(count * VALIDATION_SHARE)
    parts = []
    plan = (
        ("train", atmosphere_draws.TRAINING_WEIGHTS, count - validation, seed),
        ("validation", atmosphere_draws.VALIDATION_WEIGHTS, validation, seed + 1),
    )
    for split, weights, number, part_seed in plan:
        base = [profiles.reference_profile(name) for name in weights]
        cases = atmosphere_draws.draw_varied_cases(base, number, part_seed, list(weights.values()))
        parts.append(atmosphere_draws.simulate_cases(cases, split, workers, _StderrProgress()))
    return atmospheres.concatenate(parts)


def make_judge(
    folder: Path, draws: int, seed: int, workers: int | None, humidity: float = 1.0
) -> atmospheres.AtmosphereTable:
    """Judging atmospheres from the ECMWF profiles, not varied but for a factor of humidity."""
    base = [
        replace(profile, water_vapour_ppmv=humidity * profile.water_vapour_ppmv)
        for profile in (
            *profiles.read_ecmwf83(folder / "ECMWF_83P_91L.dat"),
            *profiles.read_ecmwf52(folder / "diverse_52profiles_101L.dat"),
        )
    ]
    cases = atmosphere_draws.draw_judging_cases(base, draws, seed)
    return atmosphere_draws.simulate_cases(cases, "judge", workers, _StderrProgress())


def main() -> None:
    """Parse and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", choices=("train", "judge", "judge-humidity", "paper", "archive"))
    parser.add_argument("output", type=Path)
    parser.add_argument("--count", type=int, default=24000, help="atmospheres (train)")
    parser.add_argument("--draws", type=int, default=3, help="draws per profile (judge)")
    parser.add_argument("--profiles", type=Path, help="folder of the ECMWF profiles (judge)")
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--workers", type=int, default=None, help="processes (all cores)")
    options = parser.parse_args()
    if options.table == "train":
        table = make_train(options.count, options.seed, options.workers)
    elif options.table == "archive":
        table = simulate_archive_air(options.workers, _StderrProgress())
    elif options.table == "paper":
        # eight rows: text is small enough, and keeps all digits
        simulate_paper_atmospheres(_StderrProgress()).save_csv(options.output)
        return
    elif options.profiles is None:
        parser.error(f"{options.table} needs --profiles DIR")
    else:
        factors = (1.0,) if options.table == "judge" else WRONG_HUMIDITY
        table = atmospheres.concatenate(
            [
                make_judge(options.profiles, options.draws, options.seed, options.workers, factor)
                for factor in factors
            ]
        )
    table.save_npz(options.output, packed=True)


if __name__ == "__main__":
    main()
