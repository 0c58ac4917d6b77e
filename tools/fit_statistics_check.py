"""Fit the check of a scene's statistics on simulated scenes; writes its file in the package.

    akkd simulate scenes train.npz --air climates ..., akkd simulate scenes validation.npz ...
    python tools/fit_statistics_check.py train.npz [more.npz] --validation validation.npz

The same scenes are seen as they are, and with one band 2-4 K off. As they are means with all bands
off by 0.2 K (SD) and one of them, in every second scene, by up to 1 K: so much no sensor keeps, and
no simulation either. The limit lets two in a thousand validation scenes fail. Needs numpy
alone; a minute on one core.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from akkd_core.inference.statistics_check import HELD_SD, StatisticsCheck  # noqa: E402
from akkd_core.physics.scene_statistics import STATISTIC_NAMES  # noqa: E402

HIDDEN, SECOND = 64, 32
BATCH, RATE, DECAY = 512, 2e-3, 2e-4
OFF_K, TOLERATED_K, EVERY_BAND_K = (2.0, 4.0), 1.0, 0.2
FAIL_SHARE, DIGITS = 0.002, 5
BANDS, REFERENCE = range(10, 15), 13


def moved() -> np.ndarray:
    """Tell what 1 K more in a band does to the statistics, (5, 75): spreads stay."""
    out = np.zeros((5, len(STATISTIC_NAMES)), dtype=np.float32)
    for column, name in enumerate(STATISTIC_NAMES):
        if name.startswith(("log_", "correlation")):
            continue
        for row, band in enumerate(BANDS):
            if band == REFERENCE:
                out[row, column] = -1.0 if "minus" in name else 1.0
            elif name.endswith(f"bt_{band}_minus_13"):
                out[row, column] = 1.0
    return out


def errors(rng: np.random.Generator, count: int, off: bool) -> np.ndarray:
    """Draw errors of the five bands, K."""
    found = rng.normal(0.0, EVERY_BAND_K, (count, 5))
    if off:
        size = rng.uniform(*OFF_K, count) * rng.choice([-1.0, 1.0], count)
    else:
        size = rng.uniform(-TOLERATED_K, TOLERATED_K, count) * (rng.random(count) < 0.5)
    found[np.arange(count), rng.integers(0, 5, count)] += size
    return found.astype(np.float32)


def forward(p: dict, x: np.ndarray) -> tuple[np.ndarray, ...]:
    """Layers' outputs."""
    h1 = np.maximum(x @ p["first_weight"] + p["first_bias"], 0.0)
    h2 = np.maximum(h1 @ p["second_weight"] + p["second_bias"], 0.0)
    return h1, h2, h2 @ p["last_weight"] + p["last_bias"]


def gradients(p: dict, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Gradients of the cross entropy."""
    h1, h2, out = forward(p, x)
    d3 = (1.0 / (1.0 + np.exp(-np.clip(out, -30.0, 30.0))) - y) / len(y)
    d2 = d3[:, None] * p["last_weight"] * (h2 > 0)
    d1 = (d2 @ p["second_weight"].T) * (h1 > 0)
    return {
        "last_weight": h2.T @ d3, "last_bias": d3.sum(), "second_weight": h1.T @ d2,
        "second_bias": d2.sum(axis=0), "first_weight": x.T @ d1, "first_bias": d1.sum(axis=0),
    }  # fmt: skip


def fit(statistics: np.ndarray, epochs: int, seed: int) -> dict[str, np.ndarray]:
    """Adam with a cosine; the average of the weights is kept."""
    rng = np.random.default_rng(seed)
    n = statistics.shape[1]
    mean, scale, shift = statistics.mean(axis=0), statistics.std(axis=0), moved()
    p = {
        "first_weight": rng.normal(0.0, np.sqrt(2.0 / n), (n, HIDDEN)),
        "second_weight": rng.normal(0.0, np.sqrt(2.0 / HIDDEN), (HIDDEN, SECOND)),
        "last_weight": rng.normal(0.0, np.sqrt(1.0 / SECOND), SECOND),
        "first_bias": np.zeros(HIDDEN), "second_bias": np.zeros(SECOND), "last_bias": np.zeros(()),
    }  # fmt: skip
    p = {name: v.astype(np.float32) for name, v in p.items()}
    first, second = ({name: np.zeros_like(v) for name, v in p.items()} for _ in range(2))
    kept = {name: v.copy() for name, v in p.items()}
    half = BATCH // 2
    steps, step = epochs * (len(statistics) // half), 0
    y = np.repeat([0.0, 1.0], half).astype(np.float32)
    for _ in range(epochs):
        order = rng.permutation(len(statistics))
        for at in range(0, len(order) - half + 1, half):
            seen = statistics[order[at : at + half]]
            raw = np.concatenate([seen + errors(rng, half, off) @ shift for off in (False, True)])
            slope = gradients(p, np.clip((raw - mean) / scale, -HELD_SD, HELD_SD), y)
            step += 1
            rate = RATE * 0.5 * (1.0 + np.cos(np.pi * step / steps))
            for name in p:
                first[name] = 0.9 * first[name] + 0.1 * slope[name]
                second[name] = 0.999 * second[name] + 0.001 * slope[name] ** 2
                ahead = first[name] / (1.0 - 0.9**step)
                spread = np.sqrt(second[name] / (1.0 - 0.999**step)) + 1e-8
                decay = DECAY * p[name] if name.endswith("weight") else 0.0
                p[name] = (p[name] - rate * (ahead / spread + decay)).astype(np.float32)
                kept[name] += (0.005 if step > 200 else 1.0) * (p[name] - kept[name])
    return {"mean": mean, "scale": scale, **kept}


def report(check: StatisticsCheck, held: np.ndarray, seed: int) -> None:
    """Print shares of validation scenes that fail, as they are and with a band off."""
    shift = moved()

    def failing(values: np.ndarray) -> float:
        return float((check.logit(values) > check.limit).mean())

    rng = np.random.default_rng(seed)
    noisy = failing(held + errors(rng, len(held), False) @ shift)
    print(f"as they are {failing(held):.4f}, with tolerated errors {noisy:.4f}")
    for size in (1.0, 2.0, 3.0):
        shares = [failing(held + sign * size * line) for line in shift for sign in (1.0, -1.0)]
        print(f"{size:g} K:", " ".join(f"{share:.3f}" for share in shares), flush=True)


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="+")
    parser.add_argument("--validation", required=True)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--output", default=str(ROOT / "akkd_core" / "inference" / "statistics_check.json")
    )
    given = parser.parse_args()
    sets = [np.load(path, allow_pickle=False)["statistics"] for path in given.data]
    held = np.load(given.validation, allow_pickle=False)["statistics"]
    numbers = fit(np.concatenate(sets), given.epochs, given.seed)
    plain = StatisticsCheck(**numbers, limit=np.float32(0.0))
    numbers["limit"] = np.quantile(plain.logit(held), 1.0 - FAIL_SHARE)
    rounded = {k: [float(f"{x:.{DIGITS}g}") for x in np.ravel(v)] for k, v in numbers.items()}
    stored = {k: np.reshape(rounded[k], np.shape(v)).tolist() for k, v in numbers.items()}
    check = StatisticsCheck(**{k: np.array(v, dtype=np.float32) for k, v in stored.items()})
    report(check, held, given.seed)
    Path(given.output).write_text(json.dumps(stored, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main()
