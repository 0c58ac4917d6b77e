"""The teacher: a scene network that predicts the atmosphere, and a pixel network that uses it.

The two are trained as one model. The scene network sees the scene's statistics (and water vapour
and air temperature where known) and gives the atmosphere (auxiliary loss) and a scene vector; the
pixel network, a plain fully connected network, sees the pixel's brightness temperatures, the
physics features made with that atmosphere, and the scene network's outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from akkd_core.bundle.architecture import Architecture
from akkd_core.bundle.network import Network
from akkd_core.physics.features import (
    ATMOSPHERE_NAMES,
    OUTPUT_NAMES,
    PHYSICS_FEATURES,
    PIXEL_ONLY_FEATURES,
    decode_atmosphere,
    encode_atmosphere,
    physics_features,
)
from akkd_core.physics.scene_statistics import SCENE_INPUTS
from akkd_core.simulation.training_set import TrainingSet

TARGETS = OUTPUT_NAMES


@dataclass(frozen=True)
class Scaling:
    """Means and scales of inputs and outputs, from the training set.

    Parameters
    ----------
    scene_mean, scene_scale : ndarray of float32, (79,)
        Of the scene network's inputs.
    atmosphere_mean, atmosphere_scale : ndarray of float32, (15,)
    pixel_mean, pixel_scale : ndarray of float32
        Of the pixel features.
    target_mean, target_scale : ndarray of float32, (6,)
        LST as departure from the input it is added to, K; emissivities.
    """

    scene_mean: NDArray[np.float32]
    scene_scale: NDArray[np.float32]
    atmosphere_mean: NDArray[np.float32]
    atmosphere_scale: NDArray[np.float32]
    pixel_mean: NDArray[np.float32]
    pixel_scale: NDArray[np.float32]
    target_mean: NDArray[np.float32]
    target_scale: NDArray[np.float32]

    @classmethod
    def of(cls, data: TrainingSet, inputs: str) -> Scaling:
        """Scaling of a training set for ``inputs`` 'scene' or 'pixel'."""
        flags = np.array([0.5, 0.5], dtype=np.float32)
        air = (data.tcwv_kg_m2, data.air_temperature_k)
        ancillary_mean = [air[0].mean(), flags[0], air[1].mean(), flags[1]]
        ancillary_scale = [air[0].std(), flags[0], air[1].std(), flags[1]]
        truth = encode_atmosphere(data.transmittance, data.path_radiance, data.downwelling_radiance)
        if inputs == "scene":
            features = physics_features(
                data.bt,
                data.transmittance[:, None],
                data.path_radiance[:, None],
                data.downwelling_radiance[:, None],
            )
        else:
            features = data.bt
        first = features[..., _base_index(inputs)]
        targets = np.concatenate([(data.lst - first)[..., None], data.lse], axis=-1)
        columns = {
            "scene_mean": np.concatenate([data.statistics.mean(0), ancillary_mean]),
            "scene_scale": np.concatenate([data.statistics.std(0), ancillary_scale]),
            "atmosphere_mean": truth.mean(0),
            "atmosphere_scale": truth.std(0),
            "pixel_mean": features.mean((0, 1), dtype=np.float64),
            "pixel_scale": features.std((0, 1), dtype=np.float64),
            "target_mean": targets.mean((0, 1), dtype=np.float64),
            "target_scale": targets.std((0, 1), dtype=np.float64),
        }
        return cls(
            **{
                name: np.asarray(
                    np.maximum(value, 1e-6) if name.endswith("scale") else value, dtype=np.float32
                )
                for name, value in columns.items()
            }
        )


def _base_index(inputs: str) -> int:
    """Column of the pixel feature that LST departs from: (ground-leaving) BT of band 13."""
    if inputs == "scene":
        return PHYSICS_FEATURES.index("ground_bt_13")
    return PIXEL_ONLY_FEATURES.index("bt_13")


@keras.saving.register_keras_serializable("akkd")
class _Features(keras.layers.Layer):
    """Standardised physics features of pixels, and the raw base of LST."""

    def __init__(self, scaling: Scaling, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scaling = scaling

    def get_config(self) -> dict[str, Any]:
        """Return the layer's arguments with the scaling as lists, for .keras files."""
        scaling = {name: values.tolist() for name, values in vars(self.scaling).items()}
        return {**super().get_config(), "scaling": scaling}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> _Features:
        """Make the layer of `get_config`'s arguments."""
        arrays = {k: np.asarray(v, dtype=np.float32) for k, v in config["scaling"].items()}
        return cls(**{**config, "scaling": Scaling(**arrays)})

    def call(self, bt: Any, atmosphere: Any) -> tuple[Any, Any]:
        s = self.scaling
        encoded = atmosphere * s.atmosphere_scale + s.atmosphere_mean
        tau, up, down = decode_atmosphere(encoded[:, None, :], xp=ops)
        raw = physics_features(bt, tau, up, down, xp=ops)
        base = raw[..., _base_index("scene")]
        return (raw - s.pixel_mean) / s.pixel_scale, base


def hidden_layers(x: Any, architecture: Architecture, name: str) -> Any:
    """Lay an architecture's hidden layers, called ``name_0`` and so on, upon a tensor."""
    for i, layer in enumerate(architecture.layers):
        x = keras.layers.Dense(layer.units, activation=layer.activation, name=f"{name}_{i}")(x)
        if layer.dropout:
            x = keras.layers.Dropout(layer.dropout, name=f"{name}_{i}_dropout")(x)
    return x


@dataclass(frozen=True)
class Teacher:
    """A Keras model under training with what is needed to export it.

    Parameters
    ----------
    model : keras.Model
        Inputs ``scene`` (standardised), ``bt``; outputs ``targets``, ``atmosphere``
        (standardised). With ``inputs='pixel'`` only ``bt`` and ``targets``.
    scaling : Scaling
    inputs : {'scene', 'pixel'}
    targets : tuple of str
        Of `TARGETS`.
    vector_size : int
        Length of the scene vector.
    """

    model: Any
    scaling: Scaling
    inputs: str
    targets: tuple[str, ...]
    vector_size: int


def build_teacher(
    scaling: Scaling,
    pixel_architecture: Architecture,
    scene_architecture: Architecture,
    *,
    inputs: str = "scene",
    targets: tuple[str, ...] = TARGETS,
    vector_size: int = 16,
) -> Teacher:
    """Build the model, untrained. Parameters as in `Teacher`."""
    columns = [TARGETS.index(t) for t in targets]
    mean, scale = scaling.target_mean[columns], scaling.target_scale[columns]
    bt = keras.Input((None, 5), name="bt")
    if inputs == "scene":
        scene = keras.Input((len(SCENE_INPUTS),), name="scene")
        hidden = hidden_layers(scene, scene_architecture, "scene")
        out = keras.layers.Dense(len(ATMOSPHERE_NAMES) + vector_size, name="scene_out")(hidden)
        atmosphere = out[:, : len(ATMOSPHERE_NAMES)]
        features, base = _Features(scaling, name="features")(bt, atmosphere)
        # one copy of the scene's outputs for each pixel
        spread = out[:, None, :] + ops.zeros_like(features[..., :1])
        x = ops.concatenate([features, spread], axis=-1)
    else:
        x = (bt - scaling.pixel_mean) / scaling.pixel_scale
        base = bt[..., _base_index("pixel")]
    hidden = hidden_layers(x, pixel_architecture, "pixel")
    y = keras.layers.Dense(len(targets), name="pixel_out")(hidden)
    # in standardised units the base differs from the true atmosphere's: add it in K
    physical = y * scale + mean
    is_lst = np.array([t == "lst" for t in targets], dtype=np.float32)
    physical = physical + base[..., None] * is_lst
    outputs = {"targets": physical}
    if inputs == "scene":
        outputs["atmosphere"] = atmosphere
    feeds = {"scene": scene, "bt": bt} if inputs == "scene" else {"bt": bt}
    return Teacher(keras.Model(feeds, outputs), scaling, inputs, targets, vector_size)


def export_networks(teacher: Teacher) -> tuple[Network | None, Network]:
    """Return the scene network (None for ``inputs='pixel'``) and the pixel network."""
    s = teacher.scaling
    columns = [TARGETS.index(t) for t in teacher.targets]
    vector = tuple(f"scene_vector_{i}" for i in range(teacher.vector_size))
    scene_outputs = ATMOSPHERE_NAMES + vector
    if teacher.inputs == "scene":
        out_mean = np.concatenate([s.atmosphere_mean, np.zeros(len(vector), np.float32)])
        out_scale = np.concatenate([s.atmosphere_scale, np.ones(len(vector), np.float32)])
        scene = Network(
            **dense_layers(teacher.model, "scene"),
            input_names=SCENE_INPUTS,
            n_pixel_inputs=len(SCENE_INPUTS),
            input_mean=s.scene_mean,
            input_scale=s.scene_scale,
            output_names=scene_outputs,
            output_mean=out_mean,
            output_scale=out_scale,
        )
        names: tuple[str, ...] = PHYSICS_FEATURES
        base = "ground_bt_13"
    else:
        scene, names, base = None, PIXEL_ONLY_FEATURES, "bt_13"
        scene_outputs, out_mean, out_scale = (), np.zeros(0), np.zeros(0)
    pixel = Network(
        **dense_layers(teacher.model, "pixel"),
        input_names=names + scene_outputs,
        n_pixel_inputs=len(names),
        input_mean=np.concatenate([s.pixel_mean, out_mean]).astype(np.float32),
        input_scale=np.concatenate([s.pixel_scale, out_scale]).astype(np.float32),
        output_names=teacher.targets,
        output_mean=s.target_mean[columns],
        output_scale=s.target_scale[columns],
        output_add=tuple(base if t == "lst" else None for t in teacher.targets),
    )
    return scene, pixel


def dense_layers(model: Any, prefix: str) -> dict[str, tuple[Any, ...]]:
    """Return kernels, biases and activations of a part of a model, as `Network` takes them.

    Parameters
    ----------
    model : keras.Model
    prefix : str
        Name of the part: its layers are ``prefix_0`` and so on, the last ``prefix_out``.
    """
    dense = [
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.Dense) and layer.name.split("_")[0] == prefix
    ]
    dense.sort(key=lambda item: (item.name.endswith("_out"), item.name.split("_")[1].zfill(3)))
    weights = [layer.get_weights() for layer in dense]
    return {
        "kernels": tuple(w[0] for w in weights),
        "biases": tuple(w[1] for w in weights),
        "activations": tuple(layer.activation.__name__ for layer in dense),
    }
