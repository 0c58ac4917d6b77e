"""A small training set and small options for searches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from akkd_core.physics.features import ATMOSPHERE_NAMES
from akkd_core.physics.local_features import LOCAL_NAMES
from akkd_core.physics.scene_statistics import STATISTIC_NAMES
from akkd_core.simulation.training_set import TrainingSet

SMALL: dict[str, Any] = {
    "epochs": 2,
    "layers": "1-3",
    "units": "4-16:4",
    "learning_rates": "1e-3,1e-2",
    "batch_size": 64,
    "samples": 256,
}
"""Options of a search whose trials take a second."""


def options(**more: Any) -> list[str]:
    """`SMALL` and more, as words of the command line."""
    words = []
    for name, value in {**SMALL, **more}.items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    return words


def training_set(path: Path, scenes: int = 10, pixels: int = 32, seed: int = 0) -> Path:
    """Write scenes with temperatures that follow from the bands, and a little noise."""
    rng = np.random.default_rng(seed)
    lst = rng.normal(300.0, 10.0, (scenes, pixels))
    lse = rng.uniform(0.9, 0.99, (scenes, pixels, 5))
    bt = lst[..., None] - 60.0 * (1.0 - lse) + rng.normal(0.0, 0.3, lse.shape)
    one = np.ones((scenes, 5))
    arrays = {
        "statistics": np.zeros((scenes, len(STATISTIC_NAMES))),
        "bt": bt,
        "lst": lst,
        "lse": lse,
        "transmittance": 0.8 * one,
        "path_radiance": one,
        "downwelling_radiance": one,
        "tcwv_kg_m2": one[:, 0],
        "air_temperature_k": 290.0 * one[:, 0],
        "local": np.zeros((scenes, pixels, len(LOCAL_NAMES))),
        "profile_atmosphere": np.full((scenes, len(ATMOSPHERE_NAMES)), np.nan),
    }
    TrainingSet(
        **{name: values.astype(np.float32) for name, values in arrays.items()},
        n_materials=np.ones(scenes, np.int16),
        profile=np.full(scenes, "a"),
        land_cover=np.full(scenes, "rock"),
    ).save(path)
    return path
