"""Select the teacher's weight by labels of other dates."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from akkd_core.errors import ParameterError
from akkd_core.operations.distill_setup import archive_hash
from akkd_core.operations.outputs import write_text
from akkd_core.operations.spec import Outcome
from akkd_core.physics.features import OUTPUT_NAMES
from akkd_core.progress import Progress, SubProgress

if TYPE_CHECKING:
    from akkd_core.distillation.plan import DistillationPlan
    from akkd_core.simulation.archive import Archive

LEFT_OUT = "left_out.jsonl"
_QUANTITIES = (("lst", "LST", "K", 3), ("lse", "LSE", "", 5))


def select_by_dates(
    archive: Archive,
    plans: Sequence[DistillationPlan],
    folder: Path,
    seed: int,
    overwrite: bool,
    progress: Progress,
) -> Outcome:
    """Train teachers without a third of the places each, and judge there by other dates.

    Parameters
    ----------
    archive : Archive
    plans : sequence of DistillationPlan
        One, of all six targets.
    folder : Path
    seed : int
    overwrite : bool
    progress : Progress

    Raises
    ------
    ParameterError
        If the plan is of other targets, or the folder holds the results of something else.
    DistillationError, TrainingError, OperationCancelled
    """
    from akkd_core.distillation.cross_date import FOLDS, CrossDate
    from akkd_core.distillation.records import RecordFile

    plan = plans[0]
    if plan.targets != OUTPUT_NAMES:
        raise ParameterError("--rule dates judges one network of all targets: leave --target away")
    facts = plan.to_json()
    for name in ("teacher_weight", "goc_epochs", "dataset_epochs"):
        del facts[name]
    header = {
        "what": "akkd distill select-weight --rule dates",
        "archive_sha256": archive_hash(archive),
        "plan": facts,
        "seed": seed,
    }
    record = RecordFile(folder / LEFT_OUT, header, overwrite)
    missing = [number for number in range(FOLDS) if record.find(fold=number) is None]
    if missing:
        judge = CrossDate(lambda: archive.scenes("training"), plan, seed)
        folder.mkdir(parents=True, exist_ok=True)
        for done, number in enumerate(missing):
            part = SubProgress(progress, done / len(missing), (done + 1) / len(missing))

            def make(number: int = number, part: Progress = part) -> dict[str, Any]:
                return {"scenes": judge.fold(number, part)}

            record.get(make, fold=number)
    folds = sorted(record.rows, key=lambda row: int(row["fold"]))
    rows = [scene for row in folds for scene in row["scenes"]]
    progress.update(1.0, "done")
    return _outcome(folder, rows)


def _outcome(folder: Path, rows: Sequence[dict[str, Any]]) -> Outcome:
    from akkd_core.distillation import cross_date
    from akkd_core.distillation.mixing import GRID

    weight = cross_date.mixing_weight(rows)
    low, high = cross_date.weight_interval(rows)
    recommended = round(cross_date.teacher_weight_of(weight), 2)
    own, taught, together = cross_date.scene_biases(rows)
    places = len({row["place"] for row in rows})
    lines = [
        f"{len(rows)} scenes of {places} places, each judged by emissivity on its other dates "
        "and taught by a teacher that never saw the place:",
        f"scene biases of emissivity: labels {own:.4f}, teachers {taught:.4f}, correlation "
        f"{together:+.2f}",
        f"best weight of the teacher in a mixture with labels: {weight:.3f} (95 % over places "
        f"{low:.3f}-{high:.3f})",
        f"Weight to use: {recommended:g}. Its student keeps {(1 - recommended) ** 2:.3g} of the "
        "labels.",
    ]
    shown: dict[str, Any] = {}
    for name, title, unit, digits in _QUANTITIES:
        off = cross_date.mean_labels(rows, name)
        line = f"{title} of these teachers: MAE {off:.{digits}f} {unit}".rstrip() + " to labels"
        mae = cross_date.mean_truth(rows, name)
        if mae is not None:
            best, near = int(mae.argmin()), int(np.abs(np.array(GRID) - weight).argmin())
            line += (
                f". Shown, not used: to the truth labels {mae[0]:.{digits}f}, teachers "
                f"{mae[-1]:.{digits}f}, the best mixture ({GRID[best]:g}) "
                f"{mae[best]:.{digits}f}, that of the weight found {mae[near]:.{digits}f}"
            )
            shown[name] = mae.tolist()
        lines.append(line)
    data = {
        "recommended": recommended,
        "selected_on": [],
        "rule": "dates",
        "mixing_weight": weight,
        "mixing_weight_interval": [low, high],
        "scenes": len(rows),
        "places": places,
        "notes": lines,
        "truth_shown_but_not_used": shown,
    }
    write_text(
        str(folder / "weights.json"), json.dumps(data, indent=1, allow_nan=False) + "\n"
    )
    write_text(str(folder / "weights.txt"), "\n".join([*lines, ""]))
    last = f"{folder}: weights.txt, weights.json, {LEFT_OUT}"
    return Outcome((*lines, last), {"folder": str(folder), **data})
