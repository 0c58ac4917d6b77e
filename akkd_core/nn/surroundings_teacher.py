"""The teacher that sees pixels' surroundings: four networks, trained as one model.

The scene network guesses the atmosphere from the scene's statistics and what is known of the air.
The sample network looks at a sample of the scene's pixels under that guess, the refinement network
at the mean and spread of what it says: the air found so is closer to the truth, since pixels whose
air is wrong don't look like ground. The pixel network sees a pixel with its surroundings under the
refined air, and tells the error of each of its outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from akkd_core.bundle.network import Network
from akkd_core.nn.options import SurroundingsArchitectures, SurroundingsOptions
from akkd_core.nn.teacher import dense_layers, hidden_layers
from akkd_core.physics.features import (
    ATMOSPHERE_NAMES,
    LOG_SIGMA_NAMES,
    OUTPUT_NAMES,
    decode_atmosphere,
    encode_atmosphere,
)
from akkd_core.physics.local_features import (
    LOCAL_NAMES,
    SAMPLE_FEATURES,
    SPATIAL_FEATURES,
    pooled_codes,
    pooled_names,
    sample_features,
    spatial_features,
)
from akkd_core.physics.scene_statistics import PROFILE_NAMES, SCENE_INPUTS
from akkd_core.simulation.training_set import TrainingSet

SURROUNDINGS_INPUTS = SCENE_INPUTS + PROFILE_NAMES
"""Inputs of the scene network."""

ERROR_UNITS = np.array([1.0, *(0.02,) * 5], dtype=np.float32)
"""In which errors are compared: 1 K, and an emissivity of 0.02."""

_AIR = len(ATMOSPHERE_NAMES)
_BASE = SPATIAL_FEATURES.index("ground_bt_13")
_SCALED_SCENES, _SCALED_PIXELS = 8000, 32
_SCALE_FLOOR = 1e-3


@dataclass(frozen=True)
class SurroundingsScaling:
    """Means and scales of inputs and outputs, float32, from the training set.

    Parameters
    ----------
    scene_mean, scene_scale : ndarray, (95,)
        Of the scene network's inputs.
    atmosphere_mean, atmosphere_scale : ndarray, (15,)
    sample_mean, sample_scale : ndarray, (16,)
    pixel_mean, pixel_scale : ndarray, (35,)
    target_mean, target_scale : ndarray, (6,)
        LST as departure from the ground-leaving BT of band 13, K; emissivities.
    """

    scene_mean: NDArray[np.float32]
    scene_scale: NDArray[np.float32]
    atmosphere_mean: NDArray[np.float32]
    atmosphere_scale: NDArray[np.float32]
    sample_mean: NDArray[np.float32]
    sample_scale: NDArray[np.float32]
    pixel_mean: NDArray[np.float32]
    pixel_scale: NDArray[np.float32]
    target_mean: NDArray[np.float32]
    target_scale: NDArray[np.float32]

    @classmethod
    def of(cls, data: TrainingSet) -> SurroundingsScaling:
        """Scaling of a training set, its pixels' from some of them under the true air."""
        part = np.s_[:_SCALED_SCENES, :_SCALED_PIXELS]
        own = data.transmittance, data.path_radiance, data.downwelling_radiance
        air = encode_atmosphere(*own)
        under = [values[:_SCALED_SCENES, None] for values in own]
        pixel = spatial_features(data.bt[part], data.local[part], *under)
        sample = sample_features(data.bt[part], data.local[part], *under)
        departure = data.lst[part] - pixel[..., _BASE]
        target = np.concatenate([departure[..., None], data.lse[part]], axis=-1)
        known = [data.tcwv_kg_m2, data.air_temperature_k]
        half = np.array([0.5])
        columns = {
            "scene_mean": [data.statistics.mean(0), *_flagged(known, np.mean), air.mean(0), half],
            "scene_scale": [data.statistics.std(0), *_flagged(known, np.std), air.std(0), half],
            "atmosphere_mean": [air.mean(0)],
            "atmosphere_scale": [air.std(0)],
        }
        for name, values in (("sample", sample), ("pixel", pixel), ("target", target)):
            columns[f"{name}_mean"] = [values.mean((0, 1), dtype=np.float64)]
            columns[f"{name}_scale"] = [values.std((0, 1), dtype=np.float64)]
        joined = {name: np.concatenate(parts) for name, parts in columns.items()}
        return cls(
            **{
                name: np.maximum(values, _SCALE_FLOOR if name.endswith("scale") else -np.inf)
                .astype(np.float32)
                for name, values in joined.items()
            }
        )  # fmt: skip


def _flagged(known: list[NDArray[np.float32]], of: Any) -> list[NDArray[np.float64]]:
    """Mean or deviation of what may be known, each followed by its flag's, a half."""
    return [np.array([of(values), 0.5]) for values in known]


@keras.saving.register_keras_serializable("akkd")
class _UnderAir(keras.layers.Layer):
    """Standardised features of pixels under a standardised atmosphere, and the raw base of LST."""

    def __init__(self, kind: str, arrays: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind
        self.constants = tuple(
            np.asarray(arrays[name], dtype=np.float32)
            for name in ("atmosphere_mean", "atmosphere_scale", f"{kind}_mean", f"{kind}_scale")
        )

    def get_config(self) -> dict[str, Any]:
        """Return the layer's arguments with the arrays as lists, for .keras files."""
        names = ("atmosphere_mean", "atmosphere_scale", f"{self.kind}_mean", f"{self.kind}_scale")
        arrays = {n: v.tolist() for n, v in zip(names, self.constants, strict=True)}
        return {**super().get_config(), "kind": self.kind, "arrays": arrays}

    def call(self, bt: Any, local: Any, atmosphere: Any) -> tuple[Any, Any]:
        air_mean, air_scale, mean, scale = self.constants
        air = decode_atmosphere((atmosphere * air_scale + air_mean)[:, None, :], xp=ops)
        make = sample_features if self.kind == "sample" else spatial_features
        raw = make(bt, local, *air, xp=ops)
        return (raw - mean) / scale, raw[..., _BASE]


@keras.saving.register_keras_serializable("akkd")
class _Pooled(keras.layers.Layer):
    """Mean and spread over the pixels of a sample."""

    def call(self, codes: Any) -> Any:
        return pooled_codes(codes, xp=ops)


@dataclass(frozen=True)
class SurroundingsTeacher:
    """A Keras model under training with what is needed to export it.

    Parameters
    ----------
    model : keras.Model
        Inputs ``scene`` (standardised), ``bt``, ``local``, ``sample_bt``, ``sample_local``; outputs
        ``targets`` (in their units, then the logarithms of the errors' scales in `ERROR_UNITS`),
        ``atmosphere`` and ``first_guess`` (standardised).
    scaling : SurroundingsScaling
    """

    model: Any
    scaling: SurroundingsScaling


def build_surroundings_teacher(
    scaling: SurroundingsScaling,
    options: SurroundingsOptions,
    architectures: SurroundingsArchitectures,
) -> SurroundingsTeacher:
    """Build the model, untrained: layers ``scene_0`` to ``scene_out`` and so on."""
    scene = keras.Input((len(SURROUNDINGS_INPUTS),), name="scene")
    feeds = {"scene": scene}
    for name in ("bt", "local", "sample_bt", "sample_local"):
        width = len(LOCAL_NAMES) if name.endswith("local") else 5
        feeds[name] = keras.Input((None, width), name=name)
    dense = keras.layers.Dense
    first = dense(_AIR + options.first_vector_size, name="scene_out")(
        hidden_layers(scene, architectures.scene, "scene")
    )
    guess = first[:, :_AIR]
    arrays = vars(scaling)
    look, _ = _UnderAir("sample", arrays, name="sample_features")(
        feeds["sample_bt"], feeds["sample_local"], guess
    )
    codes = hidden_layers(_joined(look, guess), architectures.sample, "sample")
    pooled = _Pooled(name="pooled")(codes)
    second = dense(_AIR + options.vector_size, name="refinement_out")(
        hidden_layers(
            ops.concatenate([pooled, first], axis=-1), architectures.refinement, "refinement"
        )
    )
    refined = guess + second[:, :_AIR]
    features, base = _UnderAir("pixel", arrays, name="pixel_features")(
        feeds["bt"], feeds["local"], refined
    )
    shared = ops.concatenate([refined, second[:, _AIR:]], axis=-1)
    hidden = hidden_layers(_joined(features, shared), architectures.pixel, "pixel")
    y = dense(2 * len(OUTPUT_NAMES), name="pixel_out")(hidden)
    # in standardised units the base differs from the true atmosphere's: add it in K
    is_lst = np.array([name == "lst" for name in OUTPUT_NAMES], dtype=np.float32)
    physical = y[..., : len(OUTPUT_NAMES)] * scaling.target_scale + scaling.target_mean
    physical = physical + base[..., None] * is_lst
    targets = ops.concatenate([physical, y[..., len(OUTPUT_NAMES) :]], axis=-1)
    outputs = {"targets": targets, "atmosphere": refined, "first_guess": guess}
    return SurroundingsTeacher(keras.Model(feeds, outputs), scaling)


def _joined(features: Any, shared: Any) -> Any:
    """Features with one copy of what a scene's pixels share for each."""
    return ops.concatenate(
        [features, shared[:, None, :] + ops.zeros_like(features[..., :1])], axis=-1
    )


@dataclass(frozen=True, eq=False)
class SurroundingsNetworks:
    """The four networks of a bundle; see `akkd_core.bundle.ModelBundle`."""

    scene: Network
    sample: Network
    refinement: Network
    pixel: Network


def export_surroundings(
    teacher: SurroundingsTeacher, sigma_factor: NDArray[np.floating] | float = 1.0
) -> SurroundingsNetworks:
    """Return a teacher's networks.

    Parameters
    ----------
    teacher : SurroundingsTeacher
    sigma_factor : ndarray of float64, (6,), optional
        1: from the heads' Laplace scales to one-sigma errors, see
        `akkd_core.validation.told_errors`; it goes into the mean of the outputs `LOG_SIGMA_NAMES`.
    """
    s = teacher.scaling
    air = s.atmosphere_mean, s.atmosphere_scale
    layers = {
        part: dense_layers(teacher.model, part)
        for part in ("scene", "sample", "refinement", "pixel")
    }
    n_first = len(layers["scene"]["biases"][-1]) - _AIR
    n_codes = len(layers["sample"]["biases"][-1])
    n_last = len(layers["refinement"]["biases"][-1]) - _AIR
    # a network's last layer is linear, what is pooled isn't: an identity follows
    layers["sample"] = {
        "kernels": (*layers["sample"]["kernels"], np.eye(n_codes, dtype=np.float32)),
        "biases": (*layers["sample"]["biases"], np.zeros(n_codes, dtype=np.float32)),
        "activations": (*layers["sample"]["activations"], "linear"),
    }
    codes = tuple(f"code_{i}" for i in range(n_codes))
    first = ATMOSPHERE_NAMES + tuple(f"scene_vector_{i}" for i in range(n_first))
    last = ATMOSPHERE_NAMES + tuple(f"refined_vector_{i}" for i in range(n_last))
    zeros_after = _plain(0.0)
    ones_after = _plain(1.0)
    scene = Network(
        **layers["scene"],
        input_names=SURROUNDINGS_INPUTS,
        n_pixel_inputs=len(SURROUNDINGS_INPUTS),
        input_mean=s.scene_mean,
        input_scale=s.scene_scale,
        output_names=first,
        output_mean=zeros_after(air[0], n_first),
        output_scale=ones_after(air[1], n_first),
    )
    sample = Network(
        **layers["sample"],
        input_names=SAMPLE_FEATURES + ATMOSPHERE_NAMES,
        n_pixel_inputs=len(SAMPLE_FEATURES),
        input_mean=np.concatenate([s.sample_mean, air[0]]),
        input_scale=np.concatenate([s.sample_scale, air[1]]),
        output_names=codes,
        output_mean=np.zeros(n_codes, dtype=np.float32),
        output_scale=np.ones(n_codes, dtype=np.float32),
    )
    pooled = np.zeros(2 * n_codes, dtype=np.float32)
    refinement = Network(
        **layers["refinement"],
        input_names=pooled_names(codes) + first,
        n_pixel_inputs=2 * n_codes + len(first),
        input_mean=np.concatenate([pooled, zeros_after(air[0], n_first)]),
        input_scale=np.concatenate([pooled + 1.0, ones_after(air[1], n_first)]),
        output_names=last,
        output_mean=np.zeros(len(last), dtype=np.float32),
        output_scale=ones_after(air[1], n_last),
        output_add=ATMOSPHERE_NAMES + (None,) * n_last,
    )
    told = np.log(ERROR_UNITS * sigma_factor).astype(np.float32)
    pixel = Network(
        **layers["pixel"],
        input_names=SPATIAL_FEATURES + last,
        n_pixel_inputs=len(SPATIAL_FEATURES),
        input_mean=np.concatenate([s.pixel_mean, zeros_after(air[0], n_last)]),
        input_scale=np.concatenate([s.pixel_scale, ones_after(air[1], n_last)]),
        output_names=OUTPUT_NAMES + LOG_SIGMA_NAMES,
        output_mean=np.concatenate([s.target_mean, told]),
        output_scale=ones_after(s.target_scale, len(told)),
        output_add=tuple(
            "ground_bt_13" if name == "lst" else None for name in OUTPUT_NAMES + LOG_SIGMA_NAMES
        ),
    )
    return SurroundingsNetworks(scene, sample, refinement, pixel)


def _plain(value: float) -> Any:
    """Return a function that appends so many of a value to an array."""

    def appended(array: NDArray[np.float32], count: int) -> NDArray[np.float32]:
        return np.concatenate([array, np.full(count, value, dtype=np.float32)])

    return appended
