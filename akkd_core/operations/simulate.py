"""Simulate atmospheres, scenes for training, and whole granules with their truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from akkd_core.errors import ParameterError
from akkd_core.operations.outputs import refuse_existing
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress, SilentProgress

if TYPE_CHECKING:
    from akkd_core.grid import Grid
    from akkd_core.simulation.atmospheres import AtmosphereTable
    from akkd_core.simulation.granule_scene import SimulatedScene

_SCENE_TIME = datetime(2019, 7, 4, 3, 15, 0, tzinfo=timezone.utc)


def _air(split: str, table: str | None) -> AtmosphereTable:
    """Air of a split, or ``climates``: the shipped table's, or a given one's."""
    from akkd_core.simulation.atmospheres import load_atmospheres, shipped_atmospheres

    if table is not None:
        return load_atmospheres(Path(table))
    if split == "climates":
        return shipped_atmospheres(split)
    shipped = shipped_atmospheres("judge" if split == "judge" else "train")
    return shipped.of_split(split)


def run_atmospheres(
    output: str,
    count: int = 1000,
    seed: int = 0,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Atmospheres from AFGL and MIPAS profiles, varied at random, through LOWTRAN7.

    Raises
    ------
    ParameterError
        If the file exists.
    MissingDependencyError
        Without the simulation extra.
    """
    from akkd_core.simulation.atmosphere_draws import TRAINING_WEIGHTS, simulate_atmospheres
    from akkd_core.simulation.profiles import reference_profile

    path = Path(output)
    refuse_existing(path, overwrite)
    profiles = [reference_profile(name) for name in TRAINING_WEIGHTS]
    table = simulate_atmospheres(profiles, count, seed, progress=progress)
    if path.suffix == ".csv":
        table.save_csv(path)
    else:
        table.save_npz(path)
    low, high = table.tcwv_kg_m2.min(), table.tcwv_kg_m2.max()
    return Outcome(
        (f"{path}: {len(table)} atmospheres, water vapour {low:.1f}-{high:.1f} kg m-2",),
        {"path": str(path), "atmospheres": len(table)},
    )


def _told_air(split: str, table: str | None) -> AtmosphereTable | None:
    """Return the same air as profiles with errors tell it, where that is shipped."""
    from akkd_core.simulation.profile_errors import SHIPPED, shipped_told_air

    known = table is None and split in SHIPPED
    return shipped_told_air(split) if known else None


def run_scenes(
    output: str,
    scenes: int = 2000,
    pixels: int = 64,
    split: str = "train",
    air: str = "usual",
    materials: str = "split",
    side: int = 48,
    cloud_share: float = 0.0,
    atmospheres: str | None = None,
    nedt: float | None = None,
    rte: str = "full",
    seed: int = 0,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Simulate a training set: scenes of pixels with truth.

    Raises
    ------
    ParameterError
        If the file exists, a value is out of range, or climates or wide materials are asked for
        of another split than train.
    """
    from akkd_core.simulation import materials as material_tables
    from akkd_core.simulation.training_set import SceneRecipe, simulate_training_set

    path = Path(output)
    refuse_existing(path, overwrite)
    if air == "climates" and (split != "train" or atmospheres is not None):
        raise ParameterError(
            "climates are air of the split train. leave --air out, or --split and --atmospheres"
        )
    if materials == "wide" and split != "train":
        raise ParameterError(
            "wide materials are those of a last training. leave --materials out, or --split"
        )
    recipe = SceneRecipe(
        shape=(side, side),
        pixels=pixels,
        rte=rte,
        vary_materials=split == "train",
        cloud_share=cloud_share,
    )
    if nedt is not None:
        recipe = replace(recipe, nedt_k=(nedt, nedt))
    source = "climates" if air == "climates" else split
    sky = _air(source, atmospheres)
    wide = materials == "wide"
    table = material_tables.wide_materials() if wide else material_tables.materials(split)
    told = _told_air(source, atmospheres)
    made = simulate_training_set(
        sky, table, scenes, recipe=recipe, seed=seed, told_air=told, progress=progress
    )
    made.save(path)
    return Outcome(
        (
            f"{path}: {len(made)} scenes of {pixels} pixels, {len(set(made.profile.tolist()))} "
            f"base profiles, {len(table)} materials ({'wide' if wide else split})",
            *([] if told is None else ["each scene's air also as a profile with errors tells it"]),
            *_rte_lines(sky, split, seed),
        ),
        {
            "path": str(path),
            "scenes": len(made),
            "pixels": pixels,
            "split": split,
            "profiles_known": told is not None,
        },
    )


def _rte_lines(air: AtmosphereTable, split: str, seed: int) -> tuple[str, ...]:
    from akkd_core.simulation.materials import materials
    from akkd_core.simulation.rte_comparison import paper_minus_full

    difference = paper_minus_full(air, materials(split), count=300, seed=seed)
    mean, rms = difference.mean(axis=0), np.sqrt((difference**2).mean(axis=0))
    return (
        "paper's equation minus the full one, BT of bands 10-14: mean "
        + ", ".join(f"{v:+.2f}" for v in mean)
        + " K; rms "
        + ", ".join(f"{v:.2f}" for v in rms)
        + " K",
    )


def run_granule(
    output: str,
    truth: str | None = None,
    rows: int = 700,
    cols: int = 830,
    latitude: float = 40.0,
    longitude: float = 117.0,
    split: str = "judge",
    atmospheres: str | None = None,
    tcwv: float | None = None,
    land_cover: str | None = None,
    materials: int | None = None,
    cloud_cover: float = 0.0,
    cloud_kind: str | None = None,
    nedt: float = 0.3,
    rte: str = "full",
    seed: int = 0,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Simulate an ASTER L1T granule (HDF4), and write the truth beside it.

    Raises
    ------
    ParameterError
        If a file exists or a value is out of range.
    """
    from akkd_core.simulation import materials as material_tables
    from akkd_core.simulation.granule import write_l1t_granule
    from akkd_core.simulation.granule_scene import simulate_scene
    from akkd_core.simulation.placement import utm_grid

    report = progress or SilentProgress()
    path = Path(output)
    truth_path = Path(truth) if truth else path.with_name(f"{path.stem}_truth.tif")
    for target in (path, truth_path):
        refuse_existing(target, overwrite)
    air = _air(split, atmospheres)
    report.update(0.05, "simulating the scene")
    scene = simulate_scene(
        air,
        material_tables.materials(split),
        rows=rows,
        cols=cols,
        nedt_k=nedt,
        rte=rte,
        tcwv_kg_m2=tcwv,
        land_cover=land_cover,
        n_materials=materials,
        cloud_cover=cloud_cover,
        cloud_kind=cloud_kind,
        seed=seed,
    )
    grid = utm_grid(latitude, longitude, *scene.lst.shape)
    report.update(0.7, "writing the granule")
    write_l1t_granule(
        path,
        scene.dn,
        grid,
        acquired_at=_SCENE_TIME,
        daytime=scene.daytime,
        view_zenith_deg=scene.view_zenith_deg,
        cloud_cover_percent=100.0 * scene.cloud_cover,
        overwrite=overwrite,
    )
    report.update(0.8, "writing the truth")
    _write_truth(truth_path, scene, grid, overwrite)
    report.update(1.0, "done")
    sky = scene.atmosphere
    return Outcome(
        (
            f"{path}: {scene.dn.shape[1]} x {scene.dn.shape[2]} pixels, {scene.land_cover}, "
            f"{scene.n_materials} materials, {'day' if scene.daytime else 'night'}, air "
            f"{scene.profile} ({sky.tcwv_kg_m2:.1f} kg m-2, {sky.air_temperature_k:.1f} K)",
            f"{truth_path}: its true temperature and emissivity",
            *_cloud_lines(scene),
            *_rte_lines(air, split, seed),
        ),
        {
            "granule": str(path),
            "truth": str(truth_path),
            "profile": scene.profile,
            "tcwv_kg_m2": sky.tcwv_kg_m2,
            "air_temperature_k": sky.air_temperature_k,
            "land_cover": scene.land_cover,
            "n_materials": scene.n_materials,
            "cloud_cover": scene.cloud_cover,
            "cloud_kinds": list(scene.cloud_kinds),
        },
    )


def _cloud_lines(scene: SimulatedScene) -> tuple[str, ...]:
    if not scene.cloud_kinds:
        return ()
    return (f"cloud: {', '.join(scene.cloud_kinds)}, cover {scene.cloud_cover:.2f}",)


def _write_truth(path: Path, scene: SimulatedScene, grid: Grid, overwrite: bool) -> None:
    from akkd_core.raster import create_cog

    names = ["LST", *(f"Emis{band}" for band in range(10, 15))]
    planes = [scene.lst[None], scene.lse]
    if scene.cloud_optical_depth is not None:
        names.append("cloud_optical_depth")
        planes.append(scene.cloud_optical_depth[None])
    writer = create_cog(
        path,
        grid=grid,
        count=len(names),
        dtype="float32",
        nodata=float("nan"),
        descriptions=names,
        tags={
            "title": "truth of a simulated granule",
            "profile": scene.profile,
            "tcwv_kg_m2": f"{scene.atmosphere.tcwv_kg_m2:.3f}",
            "air_temperature_k": f"{scene.atmosphere.air_temperature_k:.2f}",
            "land_cover": scene.land_cover,
            "n_materials": str(scene.n_materials),
            "cloud_kinds": ", ".join(scene.cloud_kinds) or "none",
        },
        units=["K", *["1"] * (len(names) - 1)],
        overwrite=overwrite,
    )
    try:
        writer.write(np.concatenate(planes), 0, 0)
        writer.commit()
    except BaseException:
        writer.abort()
        raise
