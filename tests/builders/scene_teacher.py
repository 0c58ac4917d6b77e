"""A bundle of a scene-aware teacher, as it is before any training."""

from __future__ import annotations

from akkd_core.bundle import ModelBundle
from akkd_core.simulation.training_set import TrainingSet
from tests.builders.surroundings import bundle_of


def untrained_scene_bundle(data: TrainingSet) -> ModelBundle:
    """Of the default architectures, without an error table. Needs Keras."""
    import keras

    from akkd_core.nn.options import DEFAULT_PIXEL_ARCHITECTURE, DEFAULT_SCENE_ARCHITECTURE
    from akkd_core.nn.teacher import Scaling, build_teacher, export_networks

    keras.utils.set_random_seed(5)
    scaling = Scaling.of(data, "scene")
    scene, pixel = export_networks(
        build_teacher(scaling, DEFAULT_PIXEL_ARCHITECTURE, DEFAULT_SCENE_ARCHITECTURE)
    )
    assert scene is not None
    return bundle_of({"scene": scene, "pixel": pixel})
