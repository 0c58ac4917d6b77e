"""What a bundle makes of a training set's pixels: inputs of its pixel network, and its outputs.

The same arithmetic as at retrieval, for many scenes at once; a teacher labels any pixels, so none
of this needs the truth. Imports no Keras.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.model import ModelBundle
from akkd_core.bundle.network import Network
from akkd_core.errors import BundleMismatchError
from akkd_core.physics.features import (
    ATMOSPHERE_NAMES,
    OUTPUT_NAMES,
    PHYSICS_FEATURES,
    decode_atmosphere,
    physics_features,
)
from akkd_core.physics.scene_statistics import SCENE_INPUTS
from akkd_core.progress import Progress, SilentProgress, checkpoint
from akkd_core.simulation.training_set import TrainingSet

_CHUNK_PIXELS = 1 << 11


@dataclass(frozen=True, eq=False)
class TeacherSamples:
    """Pixels of scenes as a bundle's pixel network sees them.

    Parameters
    ----------
    pixel : ndarray of float32, (scene, pixel, n_pixel_inputs)
        Per-pixel inputs in their own units.
    scene : ndarray of float32, (scene, n_scene_inputs)
        Inputs that the pixels of a scene share, in their own units.
    teacher, truth : ndarray of float32, (scene, pixel, n_out)
        What the bundle's pixel network gives, and what is true: LST in K, emissivity 0-1.
    """

    pixel: NDArray[np.float32]
    scene: NDArray[np.float32]
    teacher: NDArray[np.float32]
    truth: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.pixel)


def label(
    bundle: ModelBundle,
    data: TrainingSet,
    scene_inputs: NDArray[np.float32],
    *,
    limit_sd: float,
    progress: Progress | None = None,
) -> TeacherSamples:
    """Run a bundle over the pixels of a training set.

    Parameters
    ----------
    bundle : ModelBundle
        Scene-aware, of single pixels. (One that sees their surroundings labels beside its student,
        see `akkd_core.nn.surroundings_student`.)
    data : TrainingSet
    scene_inputs : ndarray of float32, (scene, 79)
        Raw inputs of the scene network, unknown ancillary NaN; see
        `akkd_core.nn.batches.draw_scene_inputs`.
    limit_sd : float
        Statistics are held within so many SD of the training mean, as at retrieval.
    progress : Progress, optional

    Raises
    ------
    BundleMismatchError
        If the bundle has no scene network, or other inputs or outputs than this software makes.
    OperationCancelled
        If the user cancelled.
    """
    report, network = progress or SilentProgress(), bundle.pixel_network
    atmosphere, scene = _scene_outputs(bundle, scene_inputs, limit_sd)
    targets = np.concatenate([data.lst[..., None], data.lse], axis=-1)
    truth = targets[..., [OUTPUT_NAMES.index(name) for name in network.output_names]]
    shape = data.lst.shape
    pixel = np.empty((*shape, network.n_pixel_inputs), dtype=np.float32)
    teacher = np.empty(truth.shape, dtype=np.float32)
    step = max(_CHUNK_PIXELS // shape[1], 1)
    for start in range(0, len(data), step):
        part = slice(start, start + step)
        checkpoint(report, start / len(data), "teacher's labels")
        tau, path, down = decode_atmosphere(atmosphere[part, None])
        pixel[part] = physics_features(data.bt[part], tau, path, down)
        wide = np.broadcast_to(scene[part, None], (*pixel[part].shape[:2], scene.shape[1]))
        rows = np.concatenate([pixel[part], wide], axis=-1).reshape(-1, network.n_inputs)
        teacher[part] = network.forward(rows).reshape(teacher[part].shape)
    return TeacherSamples(pixel, scene, teacher, truth.astype(np.float32))


def _scene_outputs(
    bundle: ModelBundle, scene_inputs: NDArray[np.float32], limit_sd: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Atmosphere (scene, 15) and scene inputs of the pixel network, both of the scene network."""
    network = _checked_scene_network(bundle)
    raw = np.where(np.isnan(scene_inputs), network.input_mean, scene_inputs)
    scaled = np.clip((raw - network.input_mean) / network.input_scale, -limit_sd, limit_sd)
    output = network.forward(scaled * network.input_scale + network.input_mean)
    columns = [network.output_names.index(n) for n in bundle.pixel_network.scene_input_names]
    return output[:, : len(ATMOSPHERE_NAMES)], output[:, columns]


def _checked_scene_network(bundle: ModelBundle) -> Network:
    scene, pixel = bundle.scene_network, bundle.pixel_network
    if scene is None:
        raise BundleMismatchError(
            f"bundle {bundle.name}: has no scene network. give one of akkd train --inputs scene"
        )
    fits = (
        bundle.refinement_network is None
        and scene.input_names == SCENE_INPUTS
        and scene.output_names[: len(ATMOSPHERE_NAMES)] == ATMOSPHERE_NAMES
        and pixel.pixel_input_names == PHYSICS_FEATURES
        and set(pixel.scene_input_names) <= set(scene.output_names)
        and set(pixel.output_names) <= set(OUTPUT_NAMES)
    )
    if not fits:
        raise BundleMismatchError(
            f"bundle {bundle.name}: its networks have other inputs or outputs than this version of "
            "AKKD makes. use the version that wrote the bundle"
        )
    return scene
