"""Select the teacher's weight: repeated trainings, the paper's test, tables and charts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from akkd_core.errors import MissingDependencyError, ParameterError
from akkd_core.operations.distill_dates import select_by_dates
from akkd_core.operations.distill_setup import (
    TrainingOptions,
    archive_hash,
    beside,
    choose_scenes,
    read_weights,
    require_training,
)
from akkd_core.operations.distill_teacher import Teacher, find_teachers
from akkd_core.operations.outputs import write_text
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress, SilentProgress, SubProgress, checkpoint

if TYPE_CHECKING:
    from akkd_core.distillation.plan import DistillationPlan
    from akkd_core.distillation.records import RecordFile
    from akkd_core.distillation.weights import WeightSelection
    from akkd_core.simulation.archive import Archive

TRIALS = "trials.jsonl"
_SCENES_BY_DEFAULT = 2
_METRIC_NAMES = {"pcc": "PCC", "mae": "MAE"}


@dataclass(frozen=True)
class _Run:
    """What is tried."""

    archive: Archive
    folder: Path
    plans: tuple[DistillationPlan, ...]
    teachers: Mapping[tuple[str, ...], Teacher]
    scenes: tuple[str, ...]
    weights: tuple[float, ...]
    repetitions: int
    seed: int

    def header(self) -> dict[str, Any]:
        """Return what trials must share; scenes, weights and repetitions may be added to."""
        plans = [plan.to_json() for plan in self.plans]
        for plan in plans:
            del plan["teacher_weight"], plan["dataset_epochs"]
        return {
            "what": "akkd distill select-weight",
            "archive_sha256": archive_hash(self.archive),
            "teachers": [self.teachers[plan.targets].bundle for plan in self.plans],
            "plans": plans,
            "seed": self.seed,
        }


def run(
    archive: str,
    output: str | None = None,
    scenes: str | None = None,
    target: str = "joint",
    teacher: str | None = None,
    weights: str = "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9",
    repetitions: int = 30,
    small_architecture: str = "64,64,64",
    small_epochs: int = 40,
    goc_epochs: int = 20,
    teacher_architecture: str = "128,128,128",
    teacher_epochs: int = 15,
    most_per_scene: int = 9216,
    batch_size: int = 256,
    seed: int = 1,
    overwrite: bool = False,
    teacher_members: int = 1,
    teacher_inputs: str = "pixel",
    rule: str = "repetitions",
    progress: Progress | None = None,
) -> Outcome:
    """Select the weight; trials that are on disk are not run again.

    Raises
    ------
    ParameterError
        If the folder holds the trials of something else, or options contradict the rule.
    InputError, GranuleReadError
        If the archive can't be used.
    MissingDependencyError
        Without TensorFlow.
    DistillationError, TrainingError, OperationCancelled
    """
    from akkd_core.distillation.records import RecordFile
    from akkd_core.simulation.archive import load_archive

    loaded = load_archive(archive)
    report = progress or SilentProgress()
    options = TrainingOptions(
        target, seed, teacher_architecture, teacher_epochs, most_per_scene, batch_size,
        small_architecture, small_epochs, goc_epochs,
        teacher_members=teacher_members, teacher_inputs=teacher_inputs,
    )  # fmt: skip
    tried = read_weights(weights)
    folder = Path(output) if output else beside(archive, "weight")
    if rule == "dates" and (scenes is not None or teacher is not None):
        raise ParameterError(
            "--rule dates trains teachers of its own on training places: leave --scenes and "
            "--teacher away"
        )
    require_training()
    if rule == "dates":
        return select_by_dates(loaded, options.plans(), folder, seed, overwrite, report)
    names = choose_scenes(loaded, scenes, _SCENES_BY_DEFAULT)
    teachers = find_teachers(loaded, teacher, options, SubProgress(report, 0.0, 0.2))
    asked = _Run(loaded, folder, options.plans(), teachers, names, tried, repetitions, seed)
    folder.mkdir(parents=True, exist_ok=True)
    record = RecordFile(folder / TRIALS, asked.header(), overwrite)
    for number, name in enumerate(names):
        span = (0.2 + 0.8 * number / len(names), 0.2 + 0.8 * (number + 1) / len(names))
        _try_scene(asked, record, name, SubProgress(report, *span, f"{name}: "))
    report.update(1.0, "done")
    return _outcome(asked, record)


def _try_scene(asked: _Run, record: RecordFile, name: str, progress: Progress) -> None:
    """Run what is missing of a scene's trials."""
    from akkd_core.distillation.weight_trials import TrialPart, run_trials

    def start() -> list[TrialPart]:
        from akkd_core.distillation.chain import predict, train_small
        from akkd_core.distillation.samples import split_scene

        scene = asked.archive.scene(name)
        parts = []
        for plan in asked.plans:
            learn, held_out = split_scene(
                scene, plan.targets, block=plan.block, share=plan.held_out_share, seed=asked.seed
            )
            checkpoint(progress, 0.0, "small model")
            small = train_small(learn, plan, asked.seed, SubProgress(progress, 0.0, 0.02))
            taught = predict(asked.teachers[plan.targets].of_scene(scene)[0], learn.x)
            parts.append(TrialPart(small, learn, taught, held_out, plan))
        return parts

    run_trials(
        record, name, start, asked.weights, asked.repetitions, asked.seed,
        SubProgress(progress, 0.02, 1.0),
    )  # fmt: skip


def _outcome(asked: _Run, record: RecordFile) -> Outcome:
    from akkd_core.distillation import weights_table as table
    from akkd_core.distillation.weight_trials import (
        named_after_scene,
        relative_truth_errors,
        repeated_scores,
    )
    from akkd_core.distillation.weights import select_weight

    rows = [
        row
        for row in record.rows
        if row["scene"] in asked.scenes
        and (row["weight"] is None or _asked_for(asked, row["weight"], row["repetition"]))
    ]
    scores = {name: repeated_scores(rows, name) for name in asked.scenes}
    by_scene = {name: select_weight(found) for name, found in scores.items()}
    overall = select_weight(
        [one for name, found in scores.items() for one in named_after_scene(found, name)]
    )
    truth = relative_truth_errors(rows, asked.scenes)
    notes = [*table.notes(overall), *_truth_notes(truth)]
    folder = asked.folder
    text, markdown = [], []
    for number, (name, found) in enumerate(by_scene.items()):
        # the paper's Table 4 is of its small model 1
        text.append(f"{name}\n\n" + table.to_text(found, paper=number == 0))
        markdown.append(f"{name}\n\n" + table.to_markdown(found, paper=number == 0))
    together = f"all {len(by_scene)} scenes"
    write_text(
        str(folder / "weights.txt"), "\n".join([*text, "\n".join([together, *notes, ""])])
    )
    write_text(
        str(folder / "weights.md"),
        "\n".join([*markdown, f"{together}\n", *(f"- {note}" for note in notes), ""]),
    )
    write_text(str(folder / "weights.csv"), table.to_csv(overall))
    facts = {
        "recommended": overall.recommended,
        "selected_on": list(asked.scenes),
        "repetitions": asked.repetitions,
        "targets": [list(plan.targets) for plan in asked.plans],
        "notes": notes,
        "truth_shown_but_not_used": {
            "relative_mae": [
                {"teacher_weight": weight, "value": value} for weight, value in truth.items()
            ]
        },
        "all_scenes": json.loads(table.to_json(overall)),
        "scenes": {name: json.loads(table.to_json(found)) for name, found in by_scene.items()},
    }
    write_text(
        str(folder / "weights.json"), json.dumps(facts, indent=1, allow_nan=False) + "\n"
    )
    charts = _draw(folder, by_scene, overall.recommended)
    lines = [
        *table.to_text(by_scene[asked.scenes[0]], paper=True).split("\n\n")[0].splitlines(),
        *notes,
        f"{folder}: weights.txt, .md, .csv, .json, {TRIALS}{charts}",
    ]
    return Outcome(
        tuple(lines),
        {
            "folder": str(folder),
            "recommended": overall.recommended,
            "lowest_t": overall.lowest_t_weight,
            "least_error": overall.least_error_weight,
            "median": overall.quartiles.median,
            "lower_quartile": overall.quartiles.lower,
            "upper_quartile": overall.quartiles.upper,
        },
    )


def _asked_for(asked: _Run, weight: float, repetition: int) -> bool:
    return weight in asked.weights and repetition < asked.repetitions


def _truth_notes(truth: Mapping[float, float]) -> list[str]:
    if not truth:
        return []
    best = min(truth, key=lambda weight: truth[weight])
    return [
        f"Shown, not used, since only a simulation knows it: against the truth the least MAE is at "
        f"weight {best:g}, {100 * truth[best]:.1f} % of the one before."
    ]


def _draw(folder: Path, by_scene: Mapping[str, WeightSelection], chosen: float) -> str:
    """Draw Figs. 8 and 9; words on it for the last line."""
    try:
        _draw_charts(folder, by_scene, chosen)
    except MissingDependencyError as error:
        return f"; no charts: {error}"
    return ", radar.png, boxes.png"


def _draw_charts(
    folder: Path, by_scene: Mapping[str, WeightSelection], chosen: float
) -> None:
    from akkd_core.distillation.t_test import normalised_utilities
    from akkd_core.figures.boxes import box_plot
    from akkd_core.figures.radar import RadarPanel, radar

    panels = []
    boxes: dict[str, dict[str, Sequence[float]]] = {}
    for name, found in by_scene.items():
        boxes[name] = {}
        for metric, title in _METRIC_NAMES.items():
            series = [one for one in found.series if one.metric == metric]
            lines = {one.target: normalised_utilities(one.utilities()) for one in series}
            if len(found.weights) > 2 and any(v == v for values in lines.values() for v in values):
                spokes = [f"{weight:g}" for weight in found.weights]
                panels.append(RadarPanel(f"{name}, {title}", spokes, lines))
            boxes[name][title] = [
                weight for one in series if (weight := one.lowest_t_weight) is not None
            ]
    if panels:
        radar(folder / "radar.png", panels, spoke_name="teacher weight")
    box_plot(
        folder / "boxes.png", boxes, y="teacher weight of the lowest |t|",
        line=("weight to use", chosen),
    )  # fmt: skip
