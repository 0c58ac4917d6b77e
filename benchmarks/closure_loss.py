"""What a physics-informed loss would do for the teacher that sees pixels' surroundings.

    python benchmarks/closure_loss.py --data train.npz --validation validation.npz
        [--start BUNDLE] [--scenes 6016] [--epochs 6] [--rate 0.002] [--seeds 2]
        [--closures refined:0.1,true:0.1]

Closure: the brightness temperature that LST, emissivity and air give by the radiative transfer
equation, less the one measured, over the noise of 0.3 K. Its Huber loss, mean over pixels and
bands, is added to what the teacher minimises, times the weight after the colon; the air is the
refined one or the true one. Teachers are trained from scratch, or on from a bundle's weights, with
each closure and without, each seed with the same batches. Printed are means over 258 judging scenes
from the file alone; differences to no closure are paired by scene, their errors by profile. For a
bundle it also prints how much of its errors a regression on its closure takes away.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import ops  # noqa: E402

from akkd_core.bundle import load_bundle  # noqa: E402
from akkd_core.bundle.architecture import Architecture  # noqa: E402
from akkd_core.constants import C1_RADIANCE_W_UM4, C2_UM_K  # noqa: E402
from akkd_core.nn.batches import scene_inputs  # noqa: E402
from akkd_core.nn.objective import absolute_error_of  # noqa: E402
from akkd_core.nn.options import (  # noqa: E402
    DEFAULT_ARCHITECTURES,
    DEFAULT_LEARNING_RATE,
    SurroundingsArchitectures,
    SurroundingsOptions,
)
from akkd_core.nn.surroundings_batches import held_scene, with_profiles  # noqa: E402
from akkd_core.nn.surroundings_restore import restore_surroundings  # noqa: E402
from akkd_core.nn.surroundings_teacher import (  # noqa: E402
    ERROR_UNITS,
    SurroundingsScaling,
    SurroundingsTeacher,
    build_surroundings_teacher,
)
from akkd_core.nn.surroundings_training import (  # noqa: E402
    error_of,
    fit_surroundings,
    told_error,
)
from akkd_core.physics.features import (  # noqa: E402
    OUTPUT_NAMES,
    decode_atmosphere,
    encode_atmosphere,
)
from akkd_core.sensors import aster_tir  # noqa: E402
from akkd_core.simulation.training_set import TrainingSet  # noqa: E402
from akkd_core.validation.heldout import bootstrap_standard_error, held_out_scenes  # noqa: E402

NEDT_K = 0.3
JUDGED, PIXELS, SAMPLE, VALIDATED = 258, 576, 512, 192
NO_CLOSURE = ("none", 0.0)

_WAVELENGTH = aster_tir().effective_wavelength_um
_K1 = (C1_RADIANCE_W_UM4 / _WAVELENGTH**5).astype(np.float32)
_K2 = (C2_UM_K / _WAVELENGTH).astype(np.float32)
_COUNT = len(OUTPUT_NAMES)
_LEAST_RADIANCE = 0.05

Found = dict[str, np.ndarray]


def closure(bt: Any, found: Any, air: tuple[Any, Any, Any], xp: Any = np) -> Any:
    """Closure in `NEDT_K`, by Planck's law at the bands' effective wavelengths."""
    transmittance, path, sky = air
    emitted = _K1 / (xp.exp(_K2 / found[..., :1]) - 1.0)
    lse = found[..., 1:]
    radiance = transmittance * (lse * emitted + (1.0 - lse) * sky) + path
    again = _K2 / xp.log(_K1 / xp.maximum(radiance, _LEAST_RADIANCE) + 1.0)
    return (again - bt) / NEDT_K


def huber(x: Any) -> Any:
    """Half the square up to 1, then linear."""
    size = ops.abs(x)
    return ops.where(size < 1.0, 0.5 * size * size, size - 0.5)


def begun(start: Path | None, data: TrainingSet, options: SurroundingsOptions) -> Any:
    """A teacher to train: with a bundle's weights, or untrained."""
    if start:
        return restore_surroundings(load_bundle(start))
    scaling = SurroundingsScaling.of(data)
    return build_surroundings_teacher(scaling, options, DEFAULT_ARCHITECTURES)


def train(
    sets: tuple[TrainingSet, TrainingSet],
    start: Path | None,
    rate: float,
    options: SurroundingsOptions,
    added: tuple[str, float],
) -> SurroundingsTeacher:
    """Train a teacher, otherwise as `train_surroundings_teacher`, with closure in its loss."""
    air, weight = added
    keras.backend.clear_session()
    keras.utils.set_random_seed(options.seed)
    teacher = begun(start, sets[0], options)
    scaling = teacher.scaling
    inputs, outputs = dict(teacher.model.input), dict(teacher.model.output)
    # with the atmosphere goes what its closure is made of
    refined = outputs["atmosphere"][:, None, :] + ops.zeros_like(inputs["bt"][..., :1])
    found = outputs["targets"][..., :_COUNT]
    outputs["atmosphere"] = ops.concatenate([refined, found, inputs["bt"]], axis=-1)

    def targets(truth: Any, predicted: Any) -> Any:
        departure = (truth - predicted[..., :_COUNT]) / ERROR_UNITS
        told = told_error(departure, predicted[..., _COUNT:])
        return error_of(departure) + options.error_weight * told

    def atmosphere(truth: Any, predicted: Any) -> Any:
        size = truth.shape[-1]
        error = ops.mean(ops.square(truth - predicted[:, 0, :size]))
        if not weight:
            return error
        known = truth[:, None, :] if air == "true" else predicted[..., :size]
        known = known * scaling.atmosphere_scale + scaling.atmosphere_mean
        away = closure(
            predicted[..., size + _COUNT :],
            predicted[..., size : size + _COUNT],
            decode_atmosphere(known, xp=ops),
            xp=ops,
        )
        return error + weight * ops.mean(huber(away))

    with tempfile.TemporaryDirectory() as folder:
        fit_surroundings(
            keras.Model(inputs, outputs),
            sets,
            Path(folder),
            scaling=scaling,
            options=options,
            architectures=SurroundingsArchitectures(
                pixel=Architecture.of((256, 256, 256), "relu", learning_rate=rate)
            ),
            losses={"targets": targets, "atmosphere": atmosphere, "first_guess": "mse"},
            metrics=[absolute_error_of(i, name) for i, name in enumerate(OUTPUT_NAMES)],
        )
    return teacher


def judge(teacher: SurroundingsTeacher, scenes: TrainingSet) -> tuple[Found, Found]:
    """By scene: mean absolute errors and closures, K, 1 and (air) SD; by pixel: what they're of."""
    scaling = teacher.scaling
    raw = with_profiles(scene_inputs(scenes), np.full_like(scenes.profile_atmosphere, np.nan))
    feeds = {
        "scene": held_scene(raw, scaling, SurroundingsOptions().limit_sd),
        "bt": scenes.bt[:, :PIXELS],
        "local": scenes.local[:, :PIXELS],
        "sample_bt": scenes.bt[:, :SAMPLE],
        "sample_local": scenes.local[:, :SAMPLE],
    }
    given = teacher.model.predict(feeds, batch_size=16, verbose=0)
    found = given["targets"][..., :_COUNT]
    truth = np.concatenate([scenes.lst[..., None], scenes.lse], axis=-1)[:, :PIXELS]
    error = found - truth
    true = encode_atmosphere(
        scenes.transmittance, scenes.path_radiance, scenes.downwelling_radiance
    )
    refined = given["atmosphere"] * scaling.atmosphere_scale + scaling.atmosphere_mean
    airs = {name: decode_atmosphere(a[:, None]) for name, a in (("own", refined), ("true", true))}
    own = NEDT_K * closure(feeds["bt"], found, airs["own"])
    by_scene = {
        "lst": np.abs(error[..., 0]).mean(1),
        "lse": np.abs(error[..., 1:]).mean((1, 2)),
        "air": np.abs((refined - true) / scaling.atmosphere_scale).mean(1),
        "closure": np.abs(own).mean((1, 2)),
        "closure, true air": NEDT_K
        * np.abs(closure(feeds["bt"], found, airs["true"])).mean((1, 2)),
        "closure of the truth": NEDT_K
        * np.abs(closure(feeds["bt"], truth, airs["true"])).mean((1, 2)),
    }
    return by_scene, {"error": error, "closure": own}


def left_after_regression(by_pixel: Found, profile: np.ndarray) -> None:
    """Print what is left of errors after regression on closure, fitted to other profiles."""
    error, own = by_pixel["error"].astype(np.float64), by_pixel["closure"].astype(np.float64)
    own = np.clip(own, -6.0, 6.0)
    scene = own.mean(axis=1, keepdims=True)
    one = np.ones((*own.shape[:2], 1))
    full = np.concatenate([one, own - scene, np.broadcast_to(scene, own.shape)], axis=-1)
    names, label = np.unique(profile, return_inverse=True)
    fold = np.random.default_rng(0).integers(0, 5, len(names))[label]
    left = {}
    for name, columns in (("a constant", one), ("closure, pixel and scene mean", full)):
        rest = error.copy()
        for part in range(5):
            fitted = columns[fold != part].reshape(-1, columns.shape[-1])
            slope = np.linalg.lstsq(fitted, error[fold != part].reshape(-1, _COUNT), rcond=None)[0]
            rest[fold == part] -= columns[fold == part] @ slope
        left[name] = np.abs(rest)
        lst, lse = left[name][..., 0].mean(), left[name][..., 1:].mean()
        print(f"  after regression on {name}: LST {lst:.4f} K, LSE {lse:.5f}")
    before, after = (values[..., 0].mean(1) for values in left.values())
    error_of_it = bootstrap_standard_error(after - before, profile)
    print(f"  difference of the two: {(after - before).mean():+.4f} +- {error_of_it:.4f} K")


def shown(name: str, means: dict[str, float]) -> None:
    """Print a line of means."""
    digits = {"lse": 5}
    text = "  ".join(f"{key} {value:.{digits.get(key, 4)}f}" for key, value in means.items())
    print(f"{name:20} {text}", flush=True)


def report(results: dict[tuple[str, float], list[Found]], profile: np.ndarray) -> None:
    """Print means over seeds and differences to no closure."""
    none = results[NO_CLOSURE]
    for (air, weight), runs in results.items():
        keys = runs[0]
        shown(f"{air} {weight:g}", {k: float(np.mean([r[k] for r in runs])) for k in keys})
        if (air, weight) == NO_CLOSURE:
            for what in ("lst", "lse"):
                means = [float(run[what].mean()) for run in runs]
                print(f"  {what} by seed: {np.round(means, 5).tolist()}")
            continue
        for what in ("lst", "lse"):
            change = np.array([r[what] - n[what] for r, n in zip(runs, none, strict=True)])
            error = bootstrap_standard_error(change.mean(axis=0), profile)
            seeds = ", ".join(f"{c:+.5f}" for c in change.mean(axis=1))
            print(f"  {what} less none: {change.mean():+.5f} +- {error:.5f}; by seed {seeds}")


def main() -> None:
    """Train, judge and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--validation", required=True)
    parser.add_argument("--start", type=Path)
    parser.add_argument("--scenes", type=int, default=6016)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--rate", type=float, default=DEFAULT_LEARNING_RATE)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--closures", default="refined:0.1,true:0.1")
    options = parser.parse_args()
    sets = tuple(
        TrainingSet(**{k: v[:n] for k, v in vars(TrainingSet.load(path)).items()})
        for path, n in ((options.data, options.scenes), (options.validation, VALIDATED))
    )
    scenes = held_out_scenes(JUDGED)
    if options.start:
        by_scene, by_pixel = judge(restore_surroundings(load_bundle(options.start)), scenes)
        shown("before", {k: float(v.mean()) for k, v in by_scene.items()})
        left_after_regression(by_pixel, scenes.profile)
    asked = [part.split(":") for part in options.closures.split(",")]
    results: dict[tuple[str, float], list[Found]] = {
        added: [] for added in (NO_CLOSURE, *((air, float(weight)) for air, weight in asked))
    }
    for seed in range(1, options.seeds + 1):
        for added, runs in results.items():
            told = SurroundingsOptions(epochs=options.epochs, patience=0, seed=seed)
            teacher = train((sets[0], sets[1]), options.start, options.rate, told, added)
            runs.append(judge(teacher, scenes)[0])
    report(results, scenes.profile)


if __name__ == "__main__":
    main()
