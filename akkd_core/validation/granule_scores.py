"""Simulated granules through files: written, opened, retrieved, written, read, compared.

The same counts are retrieved in memory by the same code, which must tell the same; and judged as
other held-out scenes are, whose statistics are of all pixels: the retrieval's leave out what its
mask takes for cloud.
"""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akkd_core.calibration import Calibration
from akkd_core.inference.product import ProductProvenance, write_product
from akkd_core.physics.features import encode_atmosphere
from akkd_core.physics.local_features import LOCAL_NAMES, local_features
from akkd_core.physics.planck import brightness_temperature
from akkd_core.physics.scene_statistics import scene_statistics
from akkd_core.progress import Progress, SilentProgress, SubProgress
from akkd_core.raster import open_raster
from akkd_core.readers import open_scene
from akkd_core.simulation.atmospheres import shipped_atmospheres
from akkd_core.simulation.granule import write_l1t_granule
from akkd_core.simulation.granule_scene import SimulatedScene, simulate_scene
from akkd_core.simulation.materials import materials
from akkd_core.simulation.placement import utm_grid
from akkd_core.simulation.scenes import dn_to_radiance
from akkd_core.simulation.training_set import TrainingSet
from akkd_core.validation.judged_methods import JudgedBundle
from akkd_core.validation.scene_images import image_scene, retrieve_image

GRANULE_TCWV_KG_M2 = (4.0, 12.0, 25.0, 45.0)
"""Water vapour of the granules; the judging air nearest to it is taken."""

SHAPE = (350, 415)
"""Size of a granule's swath, pixels: half of a real one's sides."""

_MEMORY_PIXELS = 4096


@dataclass(frozen=True)
class GranuleScore:
    """A granule by three ways.

    Parameters
    ----------
    tcwv_kg_m2 : float
    land_cover : str
    file_lst_mae, file_lse_mae, file_in_sigma : float
        Of the product's files: K, 1, share 0-1 (NaN without errors).
    image_lst_mae, image_lse_mae : float
        Of the same counts in memory: K and 1.
    memory_lst_mae, memory_lse_mae : float
        Judged as held-out scenes: K and 1.
    """

    tcwv_kg_m2: float
    land_cover: str
    file_lst_mae: float
    file_lse_mae: float
    file_in_sigma: float
    image_lst_mae: float
    image_lse_mae: float
    memory_lst_mae: float
    memory_lse_mae: float


def score_granule(
    method: JudgedBundle,
    tcwv_kg_m2: float,
    *,
    shape: tuple[int, int] = SHAPE,
    seed: int = 0,
    progress: Progress | None = None,
) -> GranuleScore:
    """Simulate a granule and judge a bundle on it.

    Parameters
    ----------
    method : JudgedBundle
    tcwv_kg_m2 : float
        The judging air of the nearest is taken.
    shape : (rows, cols)
        Of its swath.
    seed : int
    progress : Progress, optional

    Raises
    ------
    ProductWriteError
        If temporary files can't be written.
    OperationCancelled
        If the user cancelled.
    """
    report = progress or SilentProgress()
    scene = simulate_scene(
        shipped_atmospheres("judge"), materials("judge"), rows=shape[0], cols=shape[1],
        tcwv_kg_m2=tcwv_kg_m2, seed=seed,
    )  # fmt: skip
    truth = np.concatenate([scene.lst[None], scene.lse])
    with tempfile.TemporaryDirectory(prefix="akkd_") as folder:
        found, sigma = _through_files(method, scene, Path(folder), SubProgress(report, 0.1, 0.9))
    error = np.abs(found.astype(np.float64) - truth)
    told = np.isfinite(sigma[0]) & np.isfinite(error[0])
    inside = float((error[0][told] <= sigma[0][told]).mean()) if told.any() else float("nan")
    image = np.abs(retrieve_image(method.retriever, scene.dn, scene.daytime).values - truth)
    judged, _ = method.judge(_in_memory(scene, seed), 0)
    chosen = _chosen(scene, seed)
    apart = np.abs(judged - truth.reshape(6, -1)[:, chosen].T)
    return GranuleScore(
        scene.atmosphere.tcwv_kg_m2,
        scene.land_cover,
        float(np.nanmean(error[0])),
        float(np.nanmean(error[1:])),
        inside,
        float(np.nanmean(image[0])),
        float(np.nanmean(image[1:])),
        float(apart[:, 0].mean()),
        float(apart[:, 1:].mean()),
    )


def _through_files(
    method: JudgedBundle, scene: SimulatedScene, folder: Path, progress: Progress
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    place = image_scene(scene.dn, scene.daytime)
    path = write_l1t_granule(
        folder / "AST_L1T_simulated.hdf",
        scene.dn,
        utm_grid(40.0, 117.0, *scene.lst.shape),
        acquired_at=place.metadata.acquired_at,
        daytime=scene.daytime,
        view_zenith_deg=scene.view_zenith_deg,
    )
    opened = open_scene(path)
    calibration = Calibration.for_scene(opened.metadata)
    bundle = method.bundle
    digest = hashlib.sha256(bundle.manifest.to_bytes()).hexdigest()
    provenance = ProductProvenance(bundle.name, digest, "as of the bundle", {})
    summary = write_product(
        method.retriever.tiles(opened, calibration, progress=progress),
        opened,
        folder=folder / "product",
        provenance=provenance,
        progress=SilentProgress(),
    )
    layers = []
    for names in (("LST", "LSE"), ("LST_err", "LSE_err")):
        planes = []
        for name in names:
            with open_raster(summary.folder / f"{summary.scene_id}_{name}.tif") as raster:
                planes.append(raster.read(0, 0, *raster.shape))
        layers.append(np.concatenate(planes))
    return layers[0], layers[1]


def _chosen(scene: SimulatedScene, seed: int) -> NDArray[np.intp]:
    seen = np.flatnonzero(np.isfinite(scene.lst))
    rng = np.random.default_rng([seed, 5])
    chosen: NDArray[np.intp] = rng.choice(seen, min(_MEMORY_PIXELS, len(seen)), replace=False)
    return chosen


def _in_memory(scene: SimulatedScene, seed: int) -> TrainingSet:
    """Set of one scene, made as other judging scenes are."""
    radiance = dn_to_radiance(scene.dn)
    radiance[:, ~np.isfinite(scene.lst)] = np.nan
    bt = brightness_temperature(radiance).astype(np.float32)
    chosen = _chosen(scene, seed)
    seen = bt.reshape(5, -1).T
    local = local_features(bt).reshape(len(LOCAL_NAMES), -1).T[chosen]
    sky = scene.atmosphere
    air = (sky.transmittance, sky.path_radiance, sky.downwelling_radiance)
    return TrainingSet(
        statistics=scene_statistics(seen[np.isfinite(scene.lst).ravel()])[None],
        bt=seen[chosen][None],
        local=local[None],
        lst=scene.lst.ravel()[chosen][None],
        lse=scene.lse.reshape(5, -1).T[chosen][None],
        transmittance=np.asarray(air[0], dtype=np.float32)[None],
        path_radiance=np.asarray(air[1], dtype=np.float32)[None],
        downwelling_radiance=np.asarray(air[2], dtype=np.float32)[None],
        profile_atmosphere=encode_atmosphere(*air)[None],
        tcwv_kg_m2=np.array([sky.tcwv_kg_m2], dtype=np.float32),
        air_temperature_k=np.array([sky.air_temperature_k], dtype=np.float32),
        n_materials=np.array([scene.n_materials], dtype=np.int16),
        profile=np.array([scene.profile]),
        land_cover=np.array([scene.land_cover]),
    )
