"""Scenes in memory and scene-aware bundles with small random weights and real scaling."""

from __future__ import annotations

from datetime import datetime, timezone

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle import ErrorTable, ModelBundle, Network, Training, make_manifest
from akkd_core.grid import Grid
from akkd_core.images import GranuleMetadata, Scene
from akkd_core.physics.features import (
    ATMOSPHERE_NAMES,
    PHYSICS_FEATURES,
    encode_atmosphere,
    unit_of,
)
from akkd_core.physics.scene_statistics import SCENE_INPUTS
from akkd_core.sensors import aster_tir
from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.granule_scene import SimulatedScene, simulate_scene
from akkd_core.simulation.materials import materials

OUTPUTS = ("lst", *(f"lse_{band}" for band in range(10, 15)))


def _weights(
    rng: np.random.Generator, sizes: tuple[int, ...], gain: float
) -> tuple[tuple[NDArray[np.float32], ...], tuple[NDArray[np.float32], ...]]:
    kernels = tuple(
        (gain * rng.normal(size=(a, b)) / np.sqrt(a)).astype(np.float32)
        for a, b in zip(sizes[:-1], sizes[1:], strict=True)
    )
    return kernels, tuple(np.zeros(b, dtype=np.float32) for b in sizes[1:])


def scene_aware_bundle(seed: int = 1, names: tuple[str, ...] = SCENE_INPUTS) -> ModelBundle:
    """A bundle that works on real brightness temperatures, with arbitrary small weights.

    ``names`` are the scene network's inputs: a set of `SCENE_INPUT_SETS`, or what tests refuse.
    """
    rng = np.random.default_rng(seed)
    air = shipped_atmospheres("train")
    encoded = encode_atmosphere(air.transmittance, air.path_radiance, air.downwelling_radiance)
    vector = tuple(f"scene_vector_{i}" for i in range(3))
    mean = np.zeros(len(names), dtype=np.float32)
    for i, name in enumerate(names):
        if name.startswith(("mean_bt_13", "q")) and name.endswith("bt_13") and "minus" not in name:
            mean[i] = 290.0
    mean[names.index("air_temperature_k")] = 290.0
    mean[names.index("tcwv_kg_m2")] = 20.0
    if "profile_known" in names:
        mean[names.index("profile_known") - 15 : names.index("profile_known")] = encoded.mean(0)
    kernels, biases = _weights(rng, (len(names), 12, 15 + 3), 0.5)
    scene = Network(
        kernels=kernels,
        biases=biases,
        activations=("tanh", "linear"),
        input_names=names,
        n_pixel_inputs=len(names),
        input_mean=mean,
        input_scale=np.array(
            [1.0 if n.startswith("profile_") else 15.0 for n in names], dtype=np.float32
        ),
        output_names=ATMOSPHERE_NAMES + vector,
        output_mean=np.concatenate([encoded.mean(0), np.zeros(3)]).astype(np.float32),
        output_scale=np.concatenate([0.2 * encoded.std(0), np.ones(3)]).astype(np.float32),
    )
    kernels, biases = _weights(rng, (len(PHYSICS_FEATURES) + 18, 16, 6), 0.7)
    pixel_mean = [290.0 if n in ("bt_13", "ground_bt_13") else 0.0 for n in PHYSICS_FEATURES]
    pixel = Network(
        kernels=kernels,
        biases=biases,
        activations=("relu", "linear"),
        input_names=PHYSICS_FEATURES + scene.output_names,
        n_pixel_inputs=len(PHYSICS_FEATURES),
        input_mean=np.concatenate([pixel_mean, scene.output_mean]).astype(np.float32),
        input_scale=np.concatenate([np.full(16, 10.0), scene.output_scale]).astype(np.float32),
        output_names=OUTPUTS,
        output_mean=np.array([1.0, 0.95, 0.95, 0.95, 0.96, 0.97], dtype=np.float32),
        output_scale=np.array([2.0, 0.02, 0.02, 0.02, 0.01, 0.01], dtype=np.float32),
        output_add=("ground_bt_13", None, None, None, None, None),
    )
    sigma = np.array([0.8, 0.02, 0.02, 0.02, 0.01, 0.01])[:, None, None]
    growth = np.array([[1.6, 1.0], [1.4, 0.9], [1.8, 1.1]])[None]
    table = ErrorTable(np.array([240.0, 280, 300, 330]), np.array([0.3, 0.7, 1.0]), sigma * growth)
    manifest = make_manifest(
        "arbitrary",
        pixel_network=pixel,
        scene_network=scene,
        units={n: unit_of(n) for n in (*names, *scene.output_names, *pixel.input_names, *OUTPUTS)},
        description="arbitrary weights, for tests",
        training=Training("none"),
        domain={"bt_13": (200.0, 340.0), "lst": (210.0, 350.0)},
        error_table=table,
        uncertainty_method="arbitrary",
    )
    return ModelBundle(manifest, pixel, scene, table)


def metadata(granule_id: str = "AST_L1T_TEST") -> GranuleMetadata:
    """Metadata of a granule in memory."""
    return GranuleMetadata(
        granule_id=granule_id,
        product="AST_L1T",
        collection="003",
        acquired_at=datetime(2019, 7, 4, 10, 30, tzinfo=timezone.utc),
        daytime=True,
        cloud_cover_percent=0.0,
        view_zenith_deg=2.8,
        radiometric_version="05.00",
        ucc=aster_tir().ucc,
        source_files=("memory",),
    )


def scene_in_memory(dn: NDArray[np.uint16]) -> Scene:
    """Scene of digital numbers, UTM 50 north, 90 m."""
    grid = Grid(32650, (300000.0, 90.0, 0.0, 4400000.0, 0.0, -90.0), dn.shape[1], dn.shape[2])
    return Scene.from_array(dn, grid, metadata())


def simulated(rows: int = 90, cols: int = 110, seed: int = 5, **options: object) -> SimulatedScene:
    """A simulated scene of training air and materials."""
    air = shipped_atmospheres("train").of_split("train")
    return simulate_scene(air, materials("train"), rows=rows, cols=cols, seed=seed, **options)  # type: ignore[arg-type]
