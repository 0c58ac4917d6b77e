"""Score the cloud mask on simulated scenes of known cloud."""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING

from akkd_core.operations.catalogue_cloud import VALIDATE_CLOUD
from akkd_core.operations.outputs import refuse_existing, write_text
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress

if TYPE_CHECKING:
    from akkd_core.validation.cloud_scores import CloudScores


def run(
    model: str | None = None,
    scenes: int = 200,
    air_known: bool = False,
    seed: int = 0,
    json: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Score the mask and the bundle, and write the report where asked.

    Raises
    ------
    ParameterError
        If the report exists already, or a value is out of range.
    BundleError
        If the bundle can't be used.
    OperationCancelled
        If the user cancelled.
    """
    from akkd_core.bundle import bundle_path, default_bundle_path, load_bundle
    from akkd_core.inference.retriever import Retriever
    from akkd_core.validation.cloud_scores import score_clouds

    VALIDATE_CLOUD.check(scenes=scenes, seed=seed)
    refuse_existing(json, overwrite)
    retriever = Retriever(load_bundle(bundle_path(model) if model else default_bundle_path()))
    scores = score_clouds(retriever, scenes, seed=seed, air_known=air_known, progress=progress)
    data = scores.to_json()
    if json:
        write_text(json, dumps(data, indent=1) + "\n")
    return Outcome(tuple(score_lines(scores)), data)


def score_lines(scores: CloudScores) -> list[str]:
    """Lines of the tables that people read.

    Parameters
    ----------
    scores : CloudScores
    """
    lines = [
        "cloud: visible optical depth >= 0.3, thin: less, clear: none. hit: cloud or thin cloud "
        "that is called cloudy or probably cloudy; false alarm: clear that is",
        f"{'':22}{'scenes':>15}{'hit':>15}{'thin hit':>15}{'false alarm':>15}",
        f"{'':22}" + f"{'day':>8}{'night':>7}" * 4,
    ]
    seen = sorted({(kind, name) for kind, name, _ in scores.groups}, key=_order)
    for kind, name in seen:
        row = f"{name:22}"
        for value in ("scenes", "hit_rate", "thin_hit_rate", "false_alarm_rate"):
            for width, day in ((8, True), (7, False)):
                counts = scores.groups.get((kind, name, day))
                row += _cell(None if counts is None else getattr(counts, value), width)
        lines.append(row)
    told = sum(c.told for (kind, _, _), c in scores.groups.items() if kind == "all")
    right = sum(c.right for (kind, _, _), c in scores.groups.items() if kind == "all")
    water = sum(c.water for (kind, _, _), c in scores.groups.items() if kind == "all")
    if told and water:
        lines.append(
            f"water, snow and ice that are told: {right / water:.1%} of what is clear; "
            f"{right / told:.1%} of what is told is right"
        )
    if scores.scene_lst_mae:
        lines.append("clear pixels of half-cloudy scenes, by which pixels make the statistics")
        lines.append(f"{'':22}{'scenes':>8}{'LST MAE K':>12}{'LSE MAE':>10}")
    for name, errors in scores.scene_lst_mae.items():
        lst, lse = sum(errors) / len(errors), scores.scene_lse_mae[name]
        lines.append(f"{name:22}{len(errors):>8}{lst:>12.3f}{sum(lse) / len(lse):>10.4f}")
    return lines


def _order(group: tuple[str, str]) -> tuple[int, str]:
    return ("all", "cloud", "land cover").index(group[0]), group[1]


def _cell(value: float | None, width: int) -> str:
    if value is None or value != value:
        return f"{'-':>{width}}"
    return f"{value:>{width}}" if isinstance(value, int) else f"{value:>{width}.3f}"
