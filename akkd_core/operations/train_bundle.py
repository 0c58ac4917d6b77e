"""A bundle of what was trained, with its held-out errors and scores."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from akkd_core.bundle import (
    Architecture,
    ModelBundle,
    Network,
    Score,
    Training,
    Uncertainty,
    make_manifest,
)
from akkd_core.physics.features import OUTPUT_NAMES, unit_of
from akkd_core.progress import Progress, SubProgress
from akkd_core.provenance import training_software

if TYPE_CHECKING:
    from akkd_core.nn.teacher import Teacher
    from akkd_core.simulation.training_set import TrainingSet


def assemble_bundle(
    name: str,
    teacher: Teacher,
    pixel_architecture: Architecture,
    train_set: TrainingSet,
    facts: Training,
    held_out: int,
    progress: Progress,
) -> tuple[ModelBundle, tuple[str, ...]]:
    """Bundle of a trained teacher, with its error table and scores from held-out scenes.

    Parameters
    ----------
    name : str
    teacher : Teacher
    pixel_architecture : Architecture
    train_set : TrainingSet
        What it was trained on: gives the domain of validity.
    facts : Training
    held_out : int
        Held-out scenes for errors and scores; 0 for none of either.
    progress : Progress

    Returns
    -------
    bundle : ModelBundle
    lines : tuple of str
        Scores in words.
    """
    from akkd_core.nn.teacher import export_networks

    scene, pixel = export_networks(teacher)
    manifest = make_manifest(
        name,
        pixel_network=pixel,
        scene_network=scene,
        pixel_architecture=pixel_architecture,
        units={n: unit_of(n) for network in (scene, pixel) if network for n in _names(network)},
        description="scene-aware teacher" if scene else "pixel network on five BTs",
        training=facts,
        domain=domain_of(train_set),
        software=training_software(),
    )
    return judged_bundle(ModelBundle(manifest, pixel, scene), held_out, progress)


def judged_bundle(
    bare: ModelBundle, held_out: int, progress: Progress
) -> tuple[ModelBundle, tuple[str, ...]]:
    """Give a bundle its error table and scores from held-out scenes.

    Parameters
    ----------
    bare : ModelBundle
        Without either.
    held_out : int
        Number of scenes; 0 leaves it as it is.
    progress : Progress

    Returns
    -------
    bundle : ModelBundle
    lines : tuple of str
        Scores in words.
    """
    if held_out == 0:
        return bare, ()
    from akkd_core.validation.error_calibration import coverage, error_table
    from akkd_core.validation.heldout import held_out_scenes

    part = max(held_out // 3, 1)
    made_from = held_out_scenes(
        part, profiles="ecmwf52", seed=1, progress=SubProgress(progress, 0.0, 0.2)
    )
    table = error_table(bare, made_from)
    checked_on = held_out_scenes(
        max(held_out - part, 1),
        profiles="ecmwf83",
        seed=2,
        progress=SubProgress(progress, 0.2, 0.5),
    )
    covered = coverage(table, bare, checked_on)
    scores = scores_of(bare, held_out, SubProgress(progress, 0.5, 1.0))
    method = (
        f"root mean square residuals on {len(made_from)} held-out scenes (ecmwf52 air, judging "
        "materials) by retrieved temperature and band 13 transmittance; on ecmwf83 air "
        f"{covered[0].one_sigma:.2f} of LST errors lie within it"
    )
    n_out, n_t, n_tau = table.sigma.shape
    uncertainty = Uncertainty(method, (n_out, n_t, n_tau))
    scored = replace(bare.manifest, scores=scores, uncertainty=uncertainty)
    lines = tuple(f"{s.name}: {s.value:.4f} {s.unit} ({s.measured_on})" for s in scores)
    return ModelBundle(scored, bare.pixel_network, bare.scene_network, table), lines


def _names(network: Network) -> tuple[str, ...]:
    return network.input_names + network.output_names


def scores_of(bundle: ModelBundle, count: int, progress: Progress) -> tuple[Score, ...]:
    """Score a bundle on held-out scenes, from the file alone; nothing if it lacks an output."""
    from akkd_core.validation.heldout import held_out_scenes, score_method
    from akkd_core.validation.methods import BundleMethod

    if set(OUTPUT_NAMES) - set(bundle.pixel_network.output_names):
        return ()
    scenes = held_out_scenes(count, seed=0, progress=progress)
    found = score_method(BundleMethod(bundle), scenes)
    where = f"simulation: {count} scenes of held-out air and materials, NEdT 0.3 K, file alone"
    return (
        Score("lst mae", found.lst_mae, "K", where),
        Score("lse mae", found.lse_mae, "1", where),
        Score("lst bias", found.lst.bias, "K", where),
        Score("lst rmse", found.lst.rmse, "K", where),
        Score("lst mean absolute scene bias", found.mean_absolute_scene_bias, "K", where),
    )


def domain_of(train_set: TrainingSet) -> dict[str, tuple[float, float]]:
    """Range of the training set's temperatures, but for a thousandth at either end."""
    import numpy as np

    named = {f"bt_{band}": train_set.bt[..., i] for i, band in enumerate(range(10, 15))}
    named["lst"] = train_set.lst
    ranges = {}
    for name, values in named.items():
        low, high = np.quantile(values, (0.001, 0.999))
        ranges[name] = (round(float(low), 1), round(float(high), 1))
    return ranges
