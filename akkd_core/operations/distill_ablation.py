"""Ablation of the distillation over scenes, seeds and teacher weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from akkd_core.operations.distill_setup import (
    SelectedWeight,
    TrainingOptions,
    archive_hash,
    beside,
    choose_scenes,
    read_selected,
    read_weights,
    require_training,
)
from akkd_core.operations.distill_teacher import find_teachers
from akkd_core.operations.outputs import write_text
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress, SilentProgress, SubProgress, checkpoint

if TYPE_CHECKING:
    from akkd_core.distillation.records import RecordFile

RESULTS = "results.jsonl"


def run(
    archive: str,
    output: str | None = None,
    scenes: str | None = None,
    target: str = "joint",
    teacher: str | None = None,
    weights: str = "0.3,0.7",
    weight_from: str | None = None,
    seeds: int = 5,
    small_architecture: str = "64,64,64",
    small_epochs: int = 40,
    goc_epochs: int = 20,
    dataset_epochs: int = 20,
    teacher_architecture: str = "128,128,128",
    teacher_epochs: int = 15,
    most_per_scene: int = 9216,
    batch_size: int = 256,
    seed: int = 1,
    overwrite: bool = False,
    teacher_members: int = 1,
    teacher_inputs: str = "pixel",
    ceiling: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Run the ablation; scenes and seeds that are on disk are not run again.

    Raises
    ------
    ParameterError
        If the folder holds the results of something else.
    InputError, GranuleReadError
        If the archive can't be used.
    MissingDependencyError
        Without TensorFlow.
    DistillationError, TrainingError, OperationCancelled
    """
    from akkd_core.distillation.ablation import ablate_scene
    from akkd_core.distillation.ceiling import with_known_air
    from akkd_core.distillation.records import RecordFile
    from akkd_core.simulation.archive import load_archive

    loaded = load_archive(archive)
    report = progress or SilentProgress()
    options = TrainingOptions(
        target, seed, teacher_architecture, teacher_epochs, most_per_scene, batch_size,
        small_architecture, small_epochs, goc_epochs, dataset_epochs,
        teacher_members, teacher_inputs,
    )  # fmt: skip
    selected = read_selected(weight_from) if weight_from else None
    tried = tuple(sorted({*read_weights(weights), *([selected.weight] if selected else [])}))
    names = choose_scenes(loaded, scenes, None)
    folder = Path(output) if output else beside(archive, "ablation")
    require_training()
    teachers = find_teachers(loaded, teacher, options, SubProgress(report, 0.0, 0.1))
    plans = options.plans()
    plan_facts = [plan.to_json() for plan in plans]
    for plan in plan_facts:
        del plan["teacher_weight"]
    header = {
        "what": "akkd distill ablation",
        "archive_sha256": archive_hash(loaded),
        "teachers": [teachers[plan.targets].bundle for plan in plans],
        "plans": plan_facts,
        "weights": list(tried),
        **({"ceiling": True} if ceiling else {}),
    }
    folder.mkdir(parents=True, exist_ok=True)
    record = RecordFile(folder / RESULTS, header, overwrite)
    # all scenes with the first seed first, so that a run that is cut short has all of them
    runs = [(name, seed + more) for more in range(seeds) for name in names]
    for number, (name, own_seed) in enumerate(runs):
        span = (0.1 + 0.9 * number / len(runs), 0.1 + 0.9 * (number + 1) / len(runs))
        within = SubProgress(report, *span, f"{name}, seed {own_seed}: ")
        checkpoint(within, 0.0)

        def make(name: str = name, own_seed: int = own_seed, within: Progress = within) -> Any:
            scene = loaded.scene(name)
            known_air = with_known_air(scene, loaded.description) if ceiling else None
            merged: dict[str, dict[str, Any]] = {"scores": {}, "mixing": {}}
            for plan in plans:
                teacher = teachers[plan.targets]
                found = ablate_scene(
                    scene, teacher.network, plan, tried, own_seed, within, teacher.errors, known_air
                )
                merged["mixing"] |= found["mixing"]
                for part in ("scores", "told"):
                    for variant, by_target in found.get(part, {}).items():
                        merged.setdefault(part, {}).setdefault(variant, {}).update(by_target)
            return merged

        record.get(make, scene=name, seed=own_seed)
    report.update(1.0, "done")
    return _outcome(folder, record, runs, selected)


def _outcome(
    folder: Path,
    record: RecordFile,
    runs: list[tuple[str, int]],
    selected: SelectedWeight | None,
) -> Outcome:
    from akkd_core.distillation import ablation_report as texts

    rows = [row for row in record.rows if (row["scene"], row["seed"]) in runs]
    report = texts.make_report(rows, selected.scenes if selected else ())
    facts = {
        "scenes": list(dict.fromkeys(name for name, _ in runs)),
        "selected_weight": selected.weight if selected else None,
        "selected_on": list(selected.scenes) if selected else [],
    }
    text = texts.to_text(report)
    shown = texts.to_text(replace(report, unselected=()))
    for name, content in (
        ("ablation.txt", text),
        ("ablation.md", texts.to_markdown(report)),
        ("ablation.csv", texts.to_csv(rows)),
        ("ablation.json", texts.to_json_text(report, facts)),
    ):
        write_text(str(folder / name), content)
    last = f"{folder}: ablation.txt, .md, .csv, .json, {RESULTS}"
    return Outcome((*shown.splitlines(), last), {"folder": str(folder), **texts.to_json(report)})
