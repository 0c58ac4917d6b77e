"""The whole chain at small size: archive, teacher, weight, students, joint model, retrieval."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress, SilentProgress, SubProgress

if TYPE_CHECKING:
    from akkd_core.simulation.archive_scene import ArchiveScene

_SMALL_MODELS = 2
_MEMBERS, _MEMBERS_FROM = 3, 12
"""Members of the teacher, which then tells its error, and the training scenes that this takes."""


def run(
    output: str,
    pixels_per_side: int = 64,
    training_scenes: int = 27,
    repetitions: int = 5,
    seed: int = 1,
    progress: Progress | None = None,
) -> Outcome:
    """Run the chain, or go on with it.

    Raises
    ------
    AkkdError
        As the operations that it is made of.
    """
    from akkd_core.operations import (
        distill,
        distill_weight,
        join,
        retrieve,
        simulate_archive,
    )
    from akkd_core.operations.distill_setup import beside, require_training
    from akkd_core.simulation.archive import load_archive

    require_training()
    report = progress or SilentProgress()
    folder = Path(output)
    archive, chosen = folder / "archive", str(_SMALL_MODELS)
    members = _MEMBERS if training_scenes >= _MEMBERS_FROM else 1
    lines: list[str] = []

    def say(title: str, outcome: Outcome) -> None:
        lines.extend((title, *(f"   {line}" for line in outcome.lines)))

    say(
        "1. the archive",
        simulate_archive.run(
            str(archive),
            training_scenes=training_scenes,
            complex_scenes=_SMALL_MODELS,
            pixels_per_side=pixels_per_side,
            progress=SubProgress(report, 0.0, 0.1, "archive: "),
        ),
    )
    say(
        "2. the teacher, two small models, and the teacher's weight",
        selected := distill_weight.run(
            str(archive),
            scenes=chosen,
            repetitions=repetitions,
            teacher_members=members,
            seed=seed,
            progress=SubProgress(report, 0.1, 0.75, "weight: "),
        ),
    )
    say(
        "3. the students",
        distilled := distill.run(
            str(archive),
            scenes=chosen,
            weight_from=str(Path(selected.data["folder"]) / "weights.json"),
            keep_small=True,
            teacher_members=members,
            seed=seed,
            progress=SubProgress(report, 0.75, 0.9, "students: "),
        ),
    )
    joint = folder / "joint.zip"
    say(
        "4. the joint model",
        join.run(
            teacher=str(beside(str(archive), "teacher")),
            students=distilled.data["students"],
            output=str(joint),
            name="akkd-chain",
            blend=500.0,
            domain_ramp=1.5,
            overwrite=True,
            progress=SubProgress(report, 0.9, 0.92, "join: "),
        ),
    )
    loaded = load_archive(archive)
    scene = loaded.scene(loaded.names("complex")[0])
    granule = _granule(folder, scene)
    retrieved = retrieve.run(
        scenes=[str(granule)],
        output=str(folder / "products"),
        model=str(joint),
        overwrite=True,
        progress=SubProgress(report, 0.92, 1.0, "retrieve: "),
    )
    say(f"5. retrieval of {granule}, the radiances of {scene.name} as a granule", retrieved)
    report.update(1.0, "done")
    return Outcome(
        tuple(lines),
        {
            "archive": str(archive),
            "recommended_weight": selected.data["recommended"],
            "students": list(distilled.data["students"]),
            "joint": str(joint),
            "granule": str(granule),
            "products": str(folder / "products"),
        },
        retrieved.failures,
    )


def _granule(folder: Path, scene: ArchiveScene) -> Path:
    """Write a scene's measured radiances as a granule."""
    from akkd_core.simulation.granule import write_l1t_granule
    from akkd_core.simulation.scenes import radiance_to_dn

    return write_l1t_granule(
        folder / "granule.hdf",
        radiance_to_dn(scene.radiance),
        scene.grid,
        acquired_at=scene.acquired_at,
        daytime=True,
        view_zenith_deg=0.0 if scene.air is None else scene.air.view_zenith_deg,
        overwrite=True,
    )
