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
    LOG_SIGMA_NAMES,
    PHYSICS_FEATURES,
    encode_atmosphere,
    unit_of,
)
from akkd_core.physics.local_features import SAMPLE_FEATURES, SPATIAL_FEATURES, pooled_names
from akkd_core.physics.scene_statistics import SCENE_INPUTS
from akkd_core.sensors import aster_tir
from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.granule_scene import SimulatedScene, simulate_scene
from akkd_core.simulation.materials import materials

_TARGETS = (1.0, 0.95, 0.95, 0.95, 0.96, 0.97), (2.0, 0.02, 0.02, 0.02, 0.01, 0.01)
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
        output_mean=np.array(_TARGETS[0], dtype=np.float32),
        output_scale=np.array(_TARGETS[1], dtype=np.float32),
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


def refined_bundle(seed: int = 1, *, codes: int = 8, hidden: int = 16) -> ModelBundle:
    """A bundle of four networks, with arbitrary small weights, that tells its own errors."""
    rng = np.random.default_rng(seed)
    plain = scene_aware_bundle(seed)
    scene = plain.scene_network
    assert scene is not None
    air_mean, air_scale = scene.output_mean[:15], scene.output_scale[:15]
    code_names = tuple(f"code_{i}" for i in range(codes))
    sample = _network(
        rng,
        {name: _scaling(name) for name in SAMPLE_FEATURES}
        | dict(zip(ATMOSPHERE_NAMES, zip(air_mean, air_scale, strict=True), strict=True)),
        len(SAMPLE_FEATURES),
        {name: (0.5, 0.3) for name in code_names},
        hidden,
    )
    pooled = {name: (0.5, 0.3) for name in pooled_names(code_names)}
    scaling = zip(scene.output_mean, scene.output_scale, strict=True)
    guess = dict(zip(scene.output_names, scaling, strict=True))
    refined = {f"refined_vector_{i}": (0.0, 1.0) for i in range(4)}
    refinement = _network(
        rng,
        pooled | guess,
        len(pooled | guess),
        {name: (0.0, 0.4) for name in ATMOSPHERE_NAMES} | refined,
        hidden,
        add=(*ATMOSPHERE_NAMES, *(None for _ in refined)),
    )
    outputs = dict(zip(OUTPUTS, zip(*_TARGETS, strict=True), strict=True))
    pixel = _network(
        rng,
        {name: _scaling(name) for name in SPATIAL_FEATURES}
        | {name: guess[name] for name in ATMOSPHERE_NAMES}
        | refined,
        len(SPATIAL_FEATURES),
        outputs | {name: (-0.5 if "lst" in name else -4.0, 0.2) for name in LOG_SIGMA_NAMES},
        hidden,
        add=("ground_bt_13", *(None,) * 11),
    )
    networks = {
        "pixel_network": pixel,
        "scene_network": scene,
        "sample_network": sample,
        "refinement_network": refinement,
    }
    names = {n for net in networks.values() for n in (*net.input_names, *net.output_names)}
    manifest = make_manifest(
        "refined",
        **networks,
        units={name: unit_of(name) for name in names},
        description="arbitrary weights, for tests",
        training=Training("none"),
        domain={"bt_13": (200.0, 340.0), "lst": (210.0, 350.0)},
    )
    return ModelBundle(manifest, **networks)


def _scaling(name: str) -> tuple[float, float]:
    level = name.removeprefix("alike_") in ("bt_13", "ground_bt_13")
    return (290.0, 10.0) if level else (0.0, 1.0 if name.startswith("log_") else 5.0)


def _network(
    rng: np.random.Generator,
    inputs: dict[str, tuple[float, float]],
    n_pixel_inputs: int,
    outputs: dict[str, tuple[float, float]],
    hidden: int,
    add: tuple[str | None, ...] = (),
) -> Network:
    """A network with a hidden layer; means and scales by name."""
    kernels, biases = _weights(rng, (len(inputs), hidden, len(outputs)), 0.7)
    means, scales = (np.array(v, dtype=np.float32) for v in zip(*inputs.values(), strict=True))
    out_means, out_scales = (np.array(v, "f4") for v in zip(*outputs.values(), strict=True))
    return Network(
        kernels=kernels,
        biases=biases,
        activations=("relu", "linear"),
        input_names=tuple(inputs),
        n_pixel_inputs=n_pixel_inputs,
        input_mean=means,
        input_scale=scales,
        output_names=tuple(outputs),
        output_mean=out_means,
        output_scale=out_scales,
        output_add=add,
    )


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
