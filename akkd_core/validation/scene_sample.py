"""The sample of pixels of a simulated scene, for bundles that refine the air by one."""

from __future__ import annotations

from akkd_core.inference.pixel_sample import PixelSample, TakeSample, evenly
from akkd_core.simulation.training_set import TrainingSet


def sample_of_scene(scenes: TrainingSet, index: int) -> TakeSample:
    """Prepare to take a sample of a scene's kept pixels.

    Parameters
    ----------
    scenes : TrainingSet
    index : int
    """

    def take() -> PixelSample:
        chosen = evenly(scenes.bt.shape[1])
        return PixelSample(scenes.bt[index, chosen], scenes.local[index, chosen])

    return take
