"""Make the simulated archive and tell how far its labels are from the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from akkd_core.errors import ParameterError
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress, SilentProgress, SubProgress, checkpoint

if TYPE_CHECKING:
    from akkd_core.simulation.archive import Archive
    from akkd_core.simulation.archive_scene import ArchiveScene

_DEFAULT_SIDE = 96
_HEADER = (
    f"{'scenes':<29} {'n':>3} {'samples':>9} {'LST bias':>9} {'LST MAE':>8} {'LSE MAE':>8}"
)


@dataclass(frozen=True)
class LabelErrors:
    """Labels of a scene against its truth, where they are valid.

    Parameters
    ----------
    kind, land_cover : str
    samples : int
    lst_bias_k, lst_mae_k, lse_mae : float
        Label minus truth; emissivity over the five bands.
    """

    kind: str
    land_cover: str
    samples: int
    lst_bias_k: float
    lst_mae_k: float
    lse_mae: float


def label_errors(scene: ArchiveScene) -> LabelErrors:
    """Compare the valid labels of a simulated scene with its truth.

    Raises
    ------
    InputError
        If its truth is unknown.
    """
    lst, lse = scene.truth()
    valid = scene.label_valid
    if not valid.any():
        return LabelErrors(scene.kind, scene.land_cover, 0, np.nan, np.nan, np.nan)
    difference = (scene.label_lst - lst)[valid].astype(np.float64)
    return LabelErrors(
        scene.kind,
        scene.land_cover,
        int(valid.sum()),
        float(difference.mean()),
        float(np.abs(difference).mean()),
        float(np.abs(scene.label_lse - lse)[:, valid].astype(np.float64).mean()),
    )


def run(
    output: str,
    training_scenes: int = 27,
    complex_scenes: int = 20,
    pixels_per_side: int = _DEFAULT_SIDE,
    full: bool = False,
    dates: int = 1,
    seed: int = 0,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Make the archive, or finish making it.

    Raises
    ------
    ParameterError
        If options contradict each other, or the folder holds an archive made otherwise.
    MissingDependencyError
        If further dates are asked for and LOWTRAN7 can't be used.
    ProductWriteError, OperationCancelled
    """
    from akkd_core.simulation.archive_recipe import FULL_SIDE, ArchiveRecipe
    from akkd_core.simulation.archive_writing import simulate_archive

    if full and pixels_per_side not in (_DEFAULT_SIDE, FULL_SIDE):
        raise ParameterError("full is a size of its own: leave out pixels_per_side")
    report = progress or SilentProgress()
    recipe = ArchiveRecipe(
        seed=seed,
        training_scenes=training_scenes,
        complex_scenes=complex_scenes,
        pixels_per_side=FULL_SIDE if full else pixels_per_side,
        dates=dates,
    )
    archive = simulate_archive(
        output, recipe, overwrite=overwrite, progress=SubProgress(report, 0.0, 0.9)
    )
    errors = _all_errors(archive, report)
    report.update(1.0, "done")
    return Outcome(
        (f"{archive.folder}: {len(archive)} scenes of {_side(archive)}", *_table(errors)),
        {"path": str(archive.folder), "scenes": len(archive), "labels": _summary(errors)},
    )


def _side(archive: Archive) -> str:
    grid = archive.entries[0].grid
    return f"{grid.rows} x {grid.cols} pixels"


def _all_errors(archive: Archive, report: Progress) -> list[LabelErrors]:
    found = []
    for number, scene in enumerate(archive.scenes()):
        checkpoint(report, 0.9 + 0.1 * number / len(archive), "comparing labels with the truth")
        found.append(label_errors(scene))
    return found


def _groups(errors: list[LabelErrors]) -> dict[str, list[LabelErrors]]:
    """Scenes by kind, and by land cover within it."""
    groups: dict[str, list[LabelErrors]] = {}
    for kind in dict.fromkeys(e.kind for e in errors):
        groups[kind] = [e for e in errors if e.kind == kind]
        for cover in sorted({e.land_cover for e in groups[kind]}):
            groups[f"{kind}: {cover}"] = [e for e in groups[kind] if e.land_cover == cover]
    return groups


def _means(scenes: list[LabelErrors]) -> tuple[float, float, float]:
    """Mean over scenes of LST bias, LST MAE and LSE MAE."""
    table = np.array([(e.lst_bias_k, e.lst_mae_k, e.lse_mae) for e in scenes if e.samples])
    bias, mae, lse = table.mean(axis=0) if table.size else (np.nan,) * 3
    return float(bias), float(mae), float(lse)


def _table(errors: list[LabelErrors]) -> tuple[str, ...]:
    lines = ["labels against truth, mean over scenes, K and emissivity:", _HEADER]
    for name, scenes in _groups(errors).items():
        bias, mae, lse = _means(scenes)
        title = f"  {name.split(': ')[1]}" if ":" in name else name
        samples = sum(e.samples for e in scenes)
        lines.append(
            f"{title:<29} {len(scenes):>3} {samples:>9} {bias:>+9.2f} {mae:>8.2f} {lse:>8.4f}"
        )
    return tuple(lines)


def _summary(errors: list[LabelErrors]) -> dict[str, dict[str, Any]]:
    summary = {}
    for name, scenes in _groups(errors).items():
        bias, mae, lse = _means(scenes)
        summary[name] = {
            "scenes": len(scenes),
            "samples": sum(e.samples for e in scenes),
            "lst_bias_k": _or_none(bias),
            "lst_mae_k": _or_none(mae),
            "lse_mae": _or_none(lse),
        }
    return summary


def _or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None
