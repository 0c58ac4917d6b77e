"""Training sets: many simulated scenes, each with its statistics and a sample of its pixels."""

from __future__ import annotations

import os
import signal
import zipfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, replace
from multiprocessing import active_children
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import InputError, ParameterError
from akkd_core.physics.features import ATMOSPHERE_NAMES, encode_atmosphere
from akkd_core.physics.local_features import LOCAL_NAMES, local_features
from akkd_core.physics.planck import brightness_temperature
from akkd_core.physics.scene_statistics import STATISTIC_NAMES, scene_statistics
from akkd_core.progress import Progress, SilentProgress, checkpoint
from akkd_core.raster.temporary import whole_file
from akkd_core.simulation.atmospheres import AtmosphereTable
from akkd_core.simulation.materials import MaterialTable
from akkd_core.simulation.scenes import Atmosphere, dn_to_radiance, observe
from akkd_core.simulation.surfaces import draw_surface, fractal_field


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
    cloud_share : float
        Share of scenes that are partly hidden, by a tenth to four fifths, 0-1: as a cloud mask
        does. What is hidden is neither kept nor seen by statistics and local features.
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
    cloud_share: float = 0.0

    def __post_init__(self) -> None:
        if self.pixels > self.shape[0] * self.shape[1] or self.pixels < 1:
            raise ParameterError(f"{self.pixels} pixels of a {self.shape} scene can't be kept")
        if not 1 <= self.n_materials[0] <= self.n_materials[1]:
            raise ParameterError(f"number of materials {self.n_materials} is no range")
        if not 0.0 <= self.cloud_share <= 1.0:
            raise ParameterError(f"share of cloudy scenes {self.cloud_share} is outside 0-1")


SURROUNDINGS_RECIPE = SceneRecipe(shape=(64, 64), pixels=192, cloud_share=0.15)
"""How the scenes are drawn on which networks learn that see a pixel's surroundings."""

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
    local : ndarray of float32, (scene, pixel, 14)
        What the pixel's surroundings tell, see `akkd_core.physics.local_features`.
    lst : ndarray of float32, (scene, pixel)
        True land surface temperature, K.
    lse : ndarray of float32, (scene, pixel, 5)
        True emissivity, 0-1.
    transmittance, path_radiance, downwelling_radiance : ndarray of float32, (scene, 5)
        0-1; W m-2 sr-1 um-1.
    profile_atmosphere : ndarray of float32, (scene, 15)
        The air as a profile with errors tells it, encoded (`ATMOSPHERE_NAMES`); NaN where no
        profile is known. See `akkd_core.simulation.profile_errors`.
    tcwv_kg_m2, air_temperature_k : ndarray of float32, (scene,)
    n_materials : ndarray of int16, (scene,)
    profile : ndarray of str, (scene,)
        Base profile of the atmosphere.
    land_cover : ndarray of str, (scene,)
    """

    statistics: NDArray[np.float32]
    bt: NDArray[np.float32]
    local: NDArray[np.float32]
    lst: NDArray[np.float32]
    lse: NDArray[np.float32]
    transmittance: NDArray[np.float32]
    path_radiance: NDArray[np.float32]
    downwelling_radiance: NDArray[np.float32]
    profile_atmosphere: NDArray[np.float32]
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
        if self.local.shape != (*self.lst.shape, len(LOCAL_NAMES)):
            raise InputError("training set: local features are not of its pixels")
        if self.profile_atmosphere.shape != (scenes, len(ATMOSPHERE_NAMES)):
            raise InputError("training set: air of profiles is not of its scenes")
        for name in ("statistics", "bt", "local", "lst", "lse", "transmittance"):
            if not np.isfinite(getattr(self, name)).all():
                raise InputError(f"training set: {name} holds values that are not finite")

    def __len__(self) -> int:
        return len(self.bt)

    def save(self, path: str | Path) -> None:
        """Write as .npz, whole or not at all. Raises ProductWriteError."""
        with whole_file(path) as temporary, open(temporary, "wb") as handle:
            np.savez(handle, **{f.name: getattr(self, f.name) for f in fields(self)})

    @classmethod
    def joined(cls, sets: Sequence[TrainingSet]) -> TrainingSet:
        """Return the scenes of several sets, one set after the other.

        Raises
        ------
        InputError
            If there is none, or sets differ in their pixels a scene.
        """
        if len({one.lst.shape[1] for one in sets}) != 1:
            sizes = ", ".join(str(one.lst.shape[1]) for one in sets) or "no set"
            raise InputError(
                f"training sets of {sizes} pixels a scene; simulate them with the same --pixels"
            )
        if len(sets) == 1:
            return sets[0]
        names = [f.name for f in fields(cls)]
        return cls(**{n: np.concatenate([getattr(one, n) for one in sets]) for n in names})

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
                missing = [f.name for f in fields(cls) if f.name not in archive.files]
                if missing and "bt" in archive.files:
                    raise InputError(
                        f"training set of an earlier version of AKKD, without {', '.join(missing)}."
                        " make it anew with `akkd simulate scenes`"
                    )
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


def _hide(
    rng: np.random.Generator, shape: tuple[int, int], recipe: SceneRecipe
) -> NDArray[np.bool_]:
    """Pixels that aren't hidden; nothing is drawn where the recipe hides none."""
    if not recipe.cloud_share or rng.random() >= recipe.cloud_share:
        return np.ones(shape, dtype=np.bool_)
    field = fractal_field(rng, shape, 2.8)[0]
    shown: NDArray[np.bool_] = field > np.quantile(field, rng.uniform(0.1, 0.8))
    return shown


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
    image = bt[window]
    shown = _hide(rng, image.shape[1:], recipe)
    clear = np.flatnonzero(shown)
    seen = image.reshape(5, -1).T[clear]
    keep = rng.choice(len(seen), recipe.pixels, replace=len(seen) < recipe.pixels)
    kept = clear[keep]
    local = local_features(np.where(shown, image, np.float32(np.nan)))
    return {
        "statistics": scene_statistics(seen),
        "bt": seen[keep],
        "local": local.reshape(len(LOCAL_NAMES), -1).T[kept],
        "lst": lst[window[1:]].ravel()[kept],
        "lse": surface.lse[window].reshape(5, -1).T[kept],
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
    return [_one_scene(rng, Atmosphere.of(air, int(row)), table, recipe) for row in rows]


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
    told_air: AtmosphereTable | None = None,
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
    told_air : AtmosphereTable, optional
        Row by row ``air`` as profiles with errors tell it; nothing is known without it.
    workers : int, optional
        Processes; default: one per core.
    progress : Progress, optional

    Raises
    ------
    ParameterError
        If ``scenes`` is not positive, or ``told_air`` is of other air.
    OperationCancelled
        If the user cancelled.
    """
    if scenes < 1:
        raise ParameterError(f"number of scenes is {scenes}, must be at least 1")
    if told_air is not None and len(told_air) != len(air):
        raise ParameterError(
            f"air of profiles has {len(told_air)} rows for {len(air)} atmospheres; give one each"
        )
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
    drawn = {name: np.array([scene[name] for scene in done]) for name in done[0]}
    names = np.array(air.profile[order].tolist())
    return TrainingSet(**drawn, profile=names, profile_atmosphere=_encoded(told_air, order))


def _encoded(told: AtmosphereTable | None, order: NDArray[np.intp]) -> NDArray[np.float32]:
    """Air of profiles for each scene; NaN where nothing is known."""
    if told is None:
        return np.full((len(order), len(ATMOSPHERE_NAMES)), np.nan, dtype=np.float32)
    every = encode_atmosphere(told.transmittance, told.path_radiance, told.downwelling_radiance)
    return every[order]
