"""Fit the cloud mask's classifier on simulated scenes; writes its file in the package.

    python tools/fit_cloud_mask.py [--scenes 4000] [--epochs 40] [--output FILE]

Air and materials are of the training split; what is printed is of the validation split, on which
features, size and length of training were chosen. Numbers of the judging split come from
`akkd validate cloud`. Needs numpy alone; about 10 minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from akkd_core.inference.cloud_classifier import CloudClassifier  # noqa: E402
from akkd_core.physics.cloud_features import pixel_features, window_features  # noqa: E402
from akkd_core.simulation.cloud_scenes import cloud_air, draw_cloudy_scene  # noqa: E402
from akkd_core.simulation.surfaces import SNOW_AIR_LIMIT_K  # noqa: E402

HIDDEN, SECOND, WINDOW = 32, 24, 48
PIXELS, BATCH_SCENES, BATCH_PIXELS = 256, 32, 96
SIZES, SIZE_SHARES = (96, 160, 240), (0.4, 0.4, 0.2)
RATE, DECAY = 3e-3, 1e-4
TRAPS = ("water", "snow")
FROM_DEPTH = 0.2  # thinner cloud is neither cloud nor clear when fitting


def simulate(split: str, count: int, seed: int) -> dict[str, np.ndarray]:
    """Sample pixels of scenes: features, window features, labels and their weights."""
    air, table = cloud_air(split)
    cold = air.select(air.air_temperature_k < SNOW_AIR_LIMIT_K)
    kept: dict[str, list] = {name: [] for name in ("pixels", "window", "label", "weight", "depth")}
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        size = int(rng.choice(SIZES, p=SIZE_SHARES))
        # the traps more often than they are drawn; the validation split has no water
        trap = TRAPS[number % 10] if split == "train" and number % 10 < len(TRAPS) else None
        scene = draw_cloudy_scene(
            rng, cold if trap == "snow" else air, table, (size, size), land_cover=trap,
            nedt_k=rng.uniform(0.15, 0.34), varied=split == "train",
        )  # fmt: skip
        features, valid = pixel_features(scene.bt)
        features = features[:, valid]
        chosen = rng.choice(features.shape[1], PIXELS, replace=False)
        depth, water, snow = (
            plane[valid][chosen]
            for plane in (scene.optical_depth, scene.water_fraction, scene.snow_fraction)
        )
        label = np.stack([depth >= FROM_DEPTH, (water > 0.9) & (depth == 0),
                          (snow > 0.9) & (depth == 0)], axis=1)  # fmt: skip
        sure = (depth == 0) | (depth >= FROM_DEPTH)
        mixed = [((f > 0.1) & (f <= 0.9)) for f in (water, snow)]
        weight = np.stack([sure, sure & ~mixed[0], sure & ~mixed[1]], axis=1)
        kept["pixels"].append(features[:, chosen].T)
        kept["window"].append(
            window_features(features, scene.daytime, scene.atmosphere.air_temperature_k)
        )
        kept["label"].append(label)
        kept["weight"].append(weight)
        kept["depth"].append(depth)
    return {name: np.array(values, dtype=np.float32) for name, values in kept.items()}


def start(rng: np.random.Generator, n_pixel: int, n_window: int) -> dict[str, np.ndarray]:
    """Draw the network's first weights."""
    sizes = {
        "window_weight": (n_window, WINDOW, 1.0), "first_weight": (n_pixel, HIDDEN, 1.0),
        "first_window": (WINDOW, HIDDEN, 0.3), "second_weight": (HIDDEN, SECOND, 1.0),
        "second_window": (WINDOW, SECOND, 0.3), "last_weight": (SECOND, 3, 0.5),
    }  # fmt: skip
    made = {
        name: (rng.normal(0.0, gain * np.sqrt(2.0 / rows), (rows, cols))).astype(np.float32)
        for name, (rows, cols, gain) in sizes.items()
    }
    for name, count in (
        ("window_bias", WINDOW), ("first_bias", HIDDEN), ("second_bias", SECOND), ("last_bias", 3)
    ):  # fmt: skip
        made[name] = np.zeros(count, dtype=np.float32)
    return made


def forward(p: dict, x: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, ...]:
    """Layers' outputs for scenes of pixels, (scene, pixel, input)."""
    h0 = np.maximum(w @ p["window_weight"] + p["window_bias"], 0.0)
    h1 = np.maximum(
        x @ p["first_weight"] + (h0 @ p["first_window"] + p["first_bias"])[:, None], 0.0
    )
    h2 = np.maximum(
        h1 @ p["second_weight"] + (h0 @ p["second_window"] + p["second_bias"])[:, None], 0.0
    )
    return h0, h1, h2, h2 @ p["last_weight"] + p["last_bias"]


def gradients(
    p: dict, x: np.ndarray, w: np.ndarray, y: np.ndarray, weight: np.ndarray
) -> tuple[float, dict[str, np.ndarray]]:
    """Cross entropy and its gradients."""
    h0, h1, h2, out = forward(p, x, w)
    chance = 1.0 / (1.0 + np.exp(-np.clip(out, -30.0, 30.0)))
    share = weight / weight.sum()
    loss = -(share * np.log(np.where(y > 0.5, chance, 1.0 - chance) + 1e-6)).sum()
    d3 = ((chance - y) * share).astype(np.float32)
    d2 = (d3 @ p["last_weight"].T) * (h2 > 0)
    d1 = (d2 @ p["second_weight"].T) * (h1 > 0)
    s1, s2 = d1.sum(axis=1), d2.sum(axis=1)
    d0 = (s1 @ p["first_window"].T + s2 @ p["second_window"].T) * (h0 > 0)

    def flat(a: np.ndarray) -> np.ndarray:
        return a.reshape(-1, a.shape[-1])

    return float(loss), {
        "last_weight": flat(h2).T @ flat(d3), "last_bias": flat(d3).sum(axis=0),
        "second_weight": flat(h1).T @ flat(d2), "second_bias": s2.sum(axis=0),
        "second_window": h0.T @ s2,
        "first_weight": flat(x).T @ flat(d1), "first_bias": s1.sum(axis=0),
        "first_window": h0.T @ s1,
        "window_weight": w.T @ d0, "window_bias": d0.sum(axis=0),
    }  # fmt: skip


def unknown(window: np.ndarray, rng: np.random.Generator | None) -> np.ndarray:
    """Hide the air temperature (6 of 10 scenes, else 2 K off) and day or night (8 of 100)."""
    window = window.copy()
    if rng is None:
        window[:, -2:] = 0.0
        return window
    window[:, -2] += rng.normal(0.0, 2.0, len(window))
    window[rng.random(len(window)) < 0.6, -2:] = 0.0
    window[rng.random(len(window)) < 0.08, -3] = 0.0
    return window


def fit(data: dict, held: dict, epochs: int, seed: int) -> CloudClassifier:
    """Adam with a cosine; the average of the weights is kept."""
    rng = np.random.default_rng(seed)
    flat = data["pixels"].reshape(-1, data["pixels"].shape[2])
    scaling = {
        "pixel_mean": flat.mean(axis=0), "pixel_scale": flat.std(axis=0),
        "window_mean": data["window"].mean(axis=0), "window_scale": data["window"].std(axis=0),
    }  # fmt: skip
    scaling["window_mean"][-3:], scaling["window_scale"][-3:] = 0.0, (1.0, 15.0, 1.0)

    def scaled(values: np.ndarray, what: str) -> np.ndarray:
        z = (values - scaling[f"{what}_mean"]) / scaling[f"{what}_scale"]
        return np.clip(z, -8.0, 8.0).astype(np.float32)

    p = start(rng, flat.shape[1], data["window"].shape[1])
    first = {name: np.zeros_like(v) for name, v in p.items()}
    second = {name: np.zeros_like(v) for name, v in p.items()}
    mean = {name: v.copy() for name, v in p.items()}
    pixels = scaled(data["pixels"], "pixel")
    steps, step = epochs * (len(pixels) // BATCH_SCENES), 0
    for epoch in range(epochs):
        window = scaled(unknown(data["window"], rng), "window")
        order = rng.permutation(len(pixels))
        for at in range(0, len(order) - BATCH_SCENES + 1, BATCH_SCENES):
            here = order[at : at + BATCH_SCENES]
            some = rng.choice(PIXELS, BATCH_PIXELS, replace=False)
            step += 1
            _, slope = gradients(
                p, pixels[here][:, some], window[here],
                data["label"][here][:, some], data["weight"][here][:, some],
            )  # fmt: skip
            rate = RATE * min(1.0, step / 300) * 0.5 * (1.0 + np.cos(np.pi * step / steps))
            for name in p:
                first[name] = 0.9 * first[name] + 0.1 * slope[name]
                second[name] = 0.999 * second[name] + 0.001 * slope[name] ** 2
                ahead = first[name] / (1.0 - 0.9**step)
                spread = np.sqrt(second[name] / (1.0 - 0.999**step)) + 1e-8
                decay = DECAY * p[name] if name.endswith(("weight", "_window")) else 0.0
                p[name] = (p[name] - rate * (ahead / spread + decay)).astype(np.float32)
                mean[name] += (0.005 if step > 200 else 1.0) * (p[name] - mean[name])
        if epoch % 10 == 9 or epoch == epochs - 1:
            report(epoch + 1, mean, scaled, held)
    numbers = {**scaling, **mean}
    return CloudClassifier(**{f.name: numbers[f.name] for f in fields(CloudClassifier)})


def report(epoch: int, p: dict, scaled, held: dict) -> None:
    """Print the validation split's scores."""
    x, w = scaled(held["pixels"], "pixel"), scaled(unknown(held["window"], None), "window")
    loss, _ = gradients(p, x, w, held["label"], held["weight"])
    out = forward(p, x, w)[3]
    hit = (out[..., 0] > 0)[held["depth"] >= 0.3].mean()
    false = (out[..., 0] > 0)[held["depth"] == 0].mean()
    line = f"epoch {epoch}: loss {loss:.4f}, cloud hit {hit:.3f}, false alarm {false:.3f}"
    for index, name in ((1, "water"), (2, "snow")):
        told, sure = out[..., index] > np.log(9.0), held["weight"][..., index] > 0
        truth = held["label"][..., index] > 0
        precision = truth[told & sure].mean() if (told & sure).any() else float("nan")
        line += f"; {name} at 0.9: found {told[truth].mean():.2f}, right {precision:.3f}"
    print(line, flush=True)


def main() -> None:
    """Simulate, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=4000)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    default = ROOT / "akkd_core" / "inference" / "cloud_classifier.json"
    parser.add_argument("--output", type=Path, default=default)
    given = parser.parse_args()
    half = given.scenes // 2
    parts = [simulate("train", half, seed) for seed in (given.seed, given.seed + 1)]
    training = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    network = fit(training, simulate("validation", 700, 0), given.epochs, given.seed)
    numbers = {
        f.name: [[float(f"{v:.5g}") for v in row] if row.ndim else float(f"{row:.5g}")
                 for row in getattr(network, f.name)]
        for f in fields(network)
    }  # fmt: skip
    given.output.write_text(json.dumps(numbers, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
