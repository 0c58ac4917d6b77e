"""Make the atmosphere tables that the package ships.

    python tools/make_atmospheres.py train OUT.npz [--count 24000] [--seed 20260101]
    python tools/make_atmospheres.py climates OUT.npz [--count 14000] [--seed 11]
    python tools/make_atmospheres.py told-climates OUT.npz
    python tools/make_atmospheres.py told-validation OUT.npz
    python tools/make_atmospheres.py told-judge OUT.npz --profiles DIR
    python tools/make_atmospheres.py judge OUT.npz --profiles DIR
    python tools/make_atmospheres.py judge-humidity OUT.npz --profiles DIR
    python tools/make_atmospheres.py paper OUT.csv
    python tools/make_atmospheres.py archive OUT.npz

judge-humidity holds the judging atmospheres with water vapour wrong by a tenth: all of them with
0.9 times the humidity at every level, then all with 1.1 times, else as in ``judge``, row by row.
A told table is another one's air as profiles with errors tell it, row by row; counts and seeds must
be those that the other was made with.
DIR holds ECMWF_83P_91L.dat and diverse_52profiles_101L.dat (JCSDA/crtm, CC0).
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from akkd_core.simulation import atmosphere_draws, atmospheres, profiles
from akkd_core.simulation.archive_air import simulate_archive_air
from akkd_core.simulation.climates import draw_climate_cases
from akkd_core.simulation.lowtran_engine import AtmosphereCase
from akkd_core.simulation.paper_setting import simulate_paper_atmospheres
from akkd_core.simulation.profile_errors import as_told

VALIDATION_SHARE = 0.125
WRONG_HUMIDITY = (0.9, 1.1)
COUNT, SEED = 24000, 20260101
CLIMATES_COUNT, CLIMATES_SEED = 14000, 11
TOLD_SEED, TOLD_CLIMATES_STREAM = 77, 7


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


def train_cases(count: int, seed: int, split: str) -> list[AtmosphereCase]:
    """Training or validation atmospheres; the two have disjoint sets of base profiles."""
    validation = round(count * VALIDATION_SHARE)
    if split == "train":
        weights, number = atmosphere_draws.TRAINING_WEIGHTS, count - validation
    else:
        weights, number, seed = atmosphere_draws.VALIDATION_WEIGHTS, validation, seed + 1
    base = [profiles.reference_profile(name) for name in weights]
    return atmosphere_draws.draw_varied_cases(base, number, seed, list(weights.values()))


def climate_cases(count: int, seed: int) -> list[AtmosphereCase]:
    """Training atmospheres flat over classes of water vapour."""
    base = [profiles.reference_profile(name) for name in atmosphere_draws.TRAINING_WEIGHTS]
    return draw_climate_cases(base, count, seed)


def judge_cases(
    folder: Path, draws: int, seed: int, humidity: float = 1.0
) -> list[AtmosphereCase]:
    """Judging atmospheres from the ECMWF profiles, not varied but for a factor of humidity."""
    base = [
        replace(profile, water_vapour_ppmv=humidity * profile.water_vapour_ppmv)
        for profile in (
            *profiles.read_ecmwf83(folder / "ECMWF_83P_91L.dat"),
            *profiles.read_ecmwf52(folder / "diverse_52profiles_101L.dat"),
        )
    ]
    return atmosphere_draws.draw_judging_cases(base, draws, seed)


def plan(options: argparse.Namespace) -> list[tuple[str, list[AtmosphereCase]]]:
    """List splits and atmospheres of a table, in the order of its rows."""
    table = options.table
    if table.endswith("climates"):
        seed = CLIMATES_SEED if options.seed is None else options.seed
        cases = climate_cases(options.count or CLIMATES_COUNT, seed)
        told = as_told(cases, (seed, TOLD_CLIMATES_STREAM)) if table != "climates" else cases
        return [("train", told)]
    count, seed = options.count or COUNT, SEED if options.seed is None else options.seed
    if table == "train":
        return [(split, train_cases(count, seed, split)) for split in ("train", "validation")]
    if table == "told-validation":
        return [("validation", as_told(train_cases(count, seed, "validation"), (TOLD_SEED,)))]
    if table == "told-judge":
        cases = judge_cases(options.profiles, options.draws, seed)
        return [("judge", as_told(cases, (TOLD_SEED,)))]
    factors = (1.0,) if table == "judge" else WRONG_HUMIDITY
    return [
        ("judge", judge_cases(options.profiles, options.draws, seed, factor))
        for factor in factors
    ]


TABLES = (
    "train", "climates", "told-climates", "told-validation", "judge", "told-judge",
    "judge-humidity", "paper", "archive",
)  # fmt: skip


def main() -> None:
    """Parse and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("output", type=Path)
    parser.add_argument("--count", type=int, help="atmospheres (train, climates and as told)")
    parser.add_argument("--draws", type=int, default=3, help="draws per profile (judge)")
    parser.add_argument("--profiles", type=Path, help="folder of the ECMWF profiles (judge)")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--workers", type=int, default=None, help="processes (all cores)")
    options = parser.parse_args()
    report = _StderrProgress()
    if options.table == "paper":
        # eight rows: text is small enough, and keeps all digits
        simulate_paper_atmospheres(report).save_csv(options.output)
        return
    if "judge" in options.table and options.profiles is None:
        parser.error(f"{options.table} needs --profiles DIR")
    if options.table == "archive":
        table = simulate_archive_air(options.workers, report)
    else:
        table = atmospheres.concatenate(
            [
                atmosphere_draws.simulate_cases(cases, split, options.workers, report)
                for split, cases in plan(options)
            ]
        )
    table.save_npz(options.output, packed=True)


if __name__ == "__main__":
    main()
