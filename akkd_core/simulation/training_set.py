"""Training sets: many simulated scenes, each with its statistics and a sample of its pixels."""

from __future__ import annotations

import os
import signal
import zipfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, replace
from multiprocessing import active_children
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import InputError, ParameterError
from akkd_core.physics.planck import brightness_temperature
from akkd_core.physics.scene_statistics import STATISTIC_NAMES, scene_statistics
from akkd_core.progress import Progress, SilentProgress, checkpoint
from akkd_core.raster.temporary import whole_file
from akkd_core.simulation.atmospheres import AtmosphereTable
from akkd_core.simulation.materials import MaterialTable
from akkd_core.simulation.scenes import Atmosphere, dn_to_radiance, observe
from akkd_core.simulation.surfaces import draw_surface


@dataclass(frozen=True)
class SceneRecipe:
    """How scenes of a set are drawn.

    Parameters
    ----------
    shape : (rows, cols)
        Size of a scene, pixels.
    pixels : int
        Pixels kept of each scene (its statistics use all of them).
    nedt_k : (low, high)
        Noise of a scene, uniform, K at 300 K.
    kelvin_noise_share : float
        Share of scenes whose noise is constant in K instead of radiance, 0-1.
    engine_error : bool
        Vary the atmosphere as another radiative transfer engine might.
    n_materials : (low, high)
        Inclusive.
    crop_share : float
        Share of scenes whose statistics come from a random part of them, 0-1.
    offset_shift_k : float
        Added to every surface temperature, K: tests the temperature prior.
    rte : {'full', 'paper'}
        Radiative transfer equation, see `akkd_core.physics.rte`.
    vary_materials : bool
        Draw new materials around the library's.
    """

    shape: tuple[int, int] = (48, 48)
    pixels: int = 96
    nedt_k: tuple[float, float] = (0.2, 0.34)
    kelvin_noise_share: float = 0.5
    engine_error: bool = True
    n_materials: tuple[int, int] = (1, 12)
    crop_share: float = 0.25
    offset_shift_k: float = 0.0
    rte: str = "full"
    vary_materials: bool = True

    def __post_init__(self) -> None:
        if self.pixels > self.shape[0] * self.shape[1] or self.pixels < 1:
            raise ParameterError(f"{self.pixels} pixels of a {self.shape} scene can't be kept")
        if not 1 <= self.n_materials[0] <= self.n_materials[1]:
            raise ParameterError(f"number of materials {self.n_materials} is no range")


JUDGE_RECIPE = SceneRecipe(
    shape=(96, 96),
    pixels=2304,
    nedt_k=(0.3, 0.3),
    kelvin_noise_share=0.0,
    engine_error=False,
    n_materials=(2, 12),
    crop_share=0.0,
    vary_materials=False,
)
"""How the scenes are drawn on which networks are scored."""


@dataclass(frozen=True)
class TrainingSet:
    """Scenes of pixels with truth.

    Parameters
    ----------
    statistics : ndarray of float32, (scene, 75)
        See `akkd_core.physics.scene_statistics`.
    bt : ndarray of float32, (scene, pixel, 5)
        Brightness temperature, K.
    lst : ndarray of float32, (scene, pixel)
        True land surface temperature, K.
    lse : ndarray of float32, (scene, pixel, 5)
        True emissivity, 0-1.
    transmittance, path_radiance, downwelling_radiance : ndarray of float32, (scene, 5)
        0-1; W m-2 sr-1 um-1.
    tcwv_kg_m2, air_temperature_k : ndarray of float32, (scene,)
    n_materials : ndarray of int16, (scene,)
    profile : ndarray of str, (scene,)
        Base profile of the atmosphere.
    land_cover : ndarray of str, (scene,)
    """

    statistics: NDArray[np.float32]
    bt: NDArray[np.float32]
    lst: NDArray[np.float32]
    lse: NDArray[np.float32]
    transmittance: NDArray[np.float32]
    path_radiance: NDArray[np.float32]
    downwelling_radiance: NDArray[np.float32]
    tcwv_kg_m2: NDArray[np.float32]
    air_temperature_k: NDArray[np.float32]
    n_materials: NDArray[np.int16]
    profile: NDArray[np.str_]
    land_cover: NDArray[np.str_]

    def __post_init__(self) -> None:
        scenes = len(self.bt)
        if any(len(getattr(self, f.name)) != scenes for f in fields(self)):
            raise InputError("training set: arrays differ in their number of scenes")
        if self.statistics.shape[1:] != (len(STATISTIC_NAMES),):
            raise InputError(
                f"training set: {self.statistics.shape[1]} statistics, expected "
                f"{len(STATISTIC_NAMES)}; make it anew with this version of AKKD"
            )
        if self.bt.shape != (*self.lst.shape, 5) or self.lse.shape != self.bt.shape:
            raise InputError("training set: pixels of bt, lst and lse differ")
        for name in ("statistics", "bt", "lst", "lse", "transmittance"):
            if not np.isfinite(getattr(self, name)).all():
                raise InputError(f"training set: {name} holds values that are not finite")

    def __len__(self) -> int:
        return len(self.bt)

    def save(self, path: str | Path) -> None:
        """Write as .npz, whole or not at all. Raises ProductWriteError."""
        with whole_file(path) as temporary, open(temporary, "wb") as handle:
            np.savez(handle, **{f.name: getattr(self, f.name) for f in fields(self)})

    @classmethod
    def load(cls, path: str | Path) -> TrainingSet:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If the file is absent, damaged, or not a training set.
        """
        try:
            with np.load(path, allow_pickle=False) as archive:
                return cls(**{f.name: archive[f.name] for f in fields(cls)})
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{path}: not a training set ({error}). make one with `akkd simulate`"
            ) from error


def _part(rng: np.random.Generator, recipe: SceneRecipe) -> tuple[slice, slice, slice]:
    """All bands of the whole scene, or of a random part of at least a sixteenth."""
    rows, cols = recipe.shape
    if rng.random() >= recipe.crop_share:
        return slice(None), slice(0, rows), slice(0, cols)
    high, wide = (int(rng.integers(max(n // 4, 1), n + 1)) for n in (rows, cols))
    top, left = int(rng.integers(rows - high + 1)), int(rng.integers(cols - wide + 1))
    return slice(None), slice(top, top + high), slice(left, left + wide)


def _one_scene(
    rng: np.random.Generator, atmosphere: Atmosphere, table: MaterialTable, recipe: SceneRecipe
) -> dict[str, object]:
    if recipe.engine_error:
        atmosphere = atmosphere.with_engine_error(rng)
    low, high = recipe.n_materials
    surface = draw_surface(
        rng,
        table,
        recipe.shape,
        atmosphere.air_temperature_k,
        n_materials=int(rng.integers(low, high + 1)),
        varied=recipe.vary_materials,
    )
    shifted = surface.temperature_offset_k + np.float32(recipe.offset_shift_k)
    surface = replace(surface, temperature_offset_k=shifted)
    dn, lst = observe(
        surface,
        atmosphere,
        rng,
        nedt_k=float(rng.uniform(*recipe.nedt_k)),
        constant_in_kelvin=bool(rng.random() < recipe.kelvin_noise_share),
        rte=recipe.rte,
    )
    bt = brightness_temperature(dn_to_radiance(dn))
    bt = np.where(np.isfinite(bt), bt, 150.0).astype(np.float32)
    window = _part(rng, recipe)
    seen = bt[window].reshape(5, -1).T
    keep = rng.choice(len(seen), recipe.pixels, replace=len(seen) < recipe.pixels)
    return {
        "statistics": scene_statistics(seen),
        "bt": seen[keep],
        "lst": lst[window[1:]].ravel()[keep],
        "lse": surface.lse[window].reshape(5, -1).T[keep],
        "transmittance": np.float32(atmosphere.transmittance),
        "path_radiance": np.float32(atmosphere.path_radiance),
        "downwelling_radiance": np.float32(atmosphere.downwelling_radiance),
        "tcwv_kg_m2": np.float32(atmosphere.tcwv_kg_m2),
        "air_temperature_k": np.float32(atmosphere.air_temperature_k),
        "n_materials": np.int16(surface.n_materials),
        "land_cover": surface.land_cover,
    }


_CHUNK = 64


def _chunk(
    seed: np.random.SeedSequence,
    rows: NDArray[np.intp],
    air: AtmosphereTable,
    table: MaterialTable,
    recipe: SceneRecipe,
) -> list[dict[str, object]]:
    rng = np.random.default_rng(seed)
    scenes = []
    for row in rows:
        scene = _one_scene(rng, Atmosphere.of(air, int(row)), table, recipe)
        scene["profile"] = str(air.profile[row])
        scenes.append(scene)
    return scenes


def _end_at_once() -> None:
    """In a worker: take the signal of its end as such, whatever the parent does with it."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def simulate_training_set(
    air: AtmosphereTable,
    table: MaterialTable,
    scenes: int,
    *,
    recipe: SceneRecipe = SceneRecipe(),
    seed: int = 0,
    workers: int | None = None,
    progress: Progress | None = None,
) -> TrainingSet:
    """Simulate a set of scenes: same seed, same bytes, whatever the number of workers.

    Parameters
    ----------
    air : AtmosphereTable
        Each atmosphere is used ``scenes / len(air)`` times, in random order.
    table : MaterialTable
    scenes : int
        Number of scenes, >= 1.
    recipe : SceneRecipe
    seed : int
    workers : int, optional
        Processes; default: one per core.
    progress : Progress, optional

    Raises
    ------
    ParameterError
        If ``scenes`` is not positive.
    OperationCancelled
        If the user cancelled.
    """
    if scenes < 1:
        raise ParameterError(f"number of scenes is {scenes}, must be at least 1")
    report = progress or SilentProgress()
    rng = np.random.default_rng([seed, 1])
    rounds = -(-scenes // len(air.profile))
    order = np.concatenate([rng.permutation(len(air.profile)) for _ in range(rounds)])[:scenes]
    parts = [order[i : i + _CHUNK] for i in range(0, scenes, _CHUNK)]
    seeds = np.random.SeedSequence([seed, 2]).spawn(len(parts))
    done: list[dict[str, object]] = []
    others = set(active_children())
    with ProcessPoolExecutor(workers or os.cpu_count(), initializer=_end_at_once) as pool:
        jobs = [
            pool.submit(_chunk, part_seed, part, air, table, recipe)
            for part_seed, part in zip(seeds, parts, strict=True)
        ]
        try:
            for i, job in enumerate(jobs):
                done.extend(job.result())
                checkpoint(report, (i + 1) / len(jobs), f"{len(done)} of {scenes} scenes")
        except BaseException:
            # Cancelled, or asked to end by a signal: a chunk takes seconds, nobody waits for it.
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in set(active_children()) - others:
                worker.terminate()
            raise
    return TrainingSet(
        **{f.name: np.array([scene[f.name] for scene in done]) for f in fields(TrainingSet)}
    )
