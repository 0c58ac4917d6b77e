"""Make an archive of a user's scenes and products, and report how its samples were selected."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from akkd_core.errors import (
    AkkdError,
    InputError,
    MissingDependencyError,
    OperationCancelled,
    ParameterError,
)
from akkd_core.operations.label_evaluation import (
    COMPLEX,
    TRAINING,
    Evaluation,
    Limits,
    evaluate,
)
from akkd_core.operations.label_scenes import (
    Labelled,
    Triple,
    acquisition_time,
    find_triple,
    read_labelled,
)
from akkd_core.operations.label_selection import (
    Selected,
    Step,
    agreement,
    balance,
    clusters,
    ground_agreement,
    land_cover,
    main_class,
    select_good,
)
from akkd_core.operations.outputs import write_text
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress, SilentProgress, SubProgress, checkpoint

if TYPE_CHECKING:
    from akkd_core.readers.ground_lst import GroundMeasurement
    from akkd_core.readers.reference_raster import CellsUnder
    from akkd_core.simulation.archive_scene import ArchiveScene

REPORT_JSON, REPORT_TEXT = "selection.json", "selection.txt"
"""Names of the report, beside the archive's index."""

_STOP = (MissingDependencyError, OperationCancelled, ParameterError)


@dataclass(frozen=True)
class SelectionOptions:
    """What samples are selected by.

    Parameters
    ----------
    qa, resampling : str
    modis, reanalysis : tuple of str
        Paths of GeoTIFFs of temperature, K, or of daily MODIS tiles.
    modis_limit, reanalysis_limit, ground_limit : float
        K.
    ground, land_cover : str, optional
        Paths.
    most_per_class, least_pixels, evaluation_epochs, seed : int
    limits : Limits
    """

    qa: str
    resampling: str
    modis: tuple[str, ...]
    modis_limit: float
    reanalysis: tuple[str, ...]
    reanalysis_limit: float
    ground: str | None
    ground_limit: float
    land_cover: str | None
    most_per_class: int
    least_pixels: int
    evaluation_epochs: int
    limits: Limits
    seed: int

    def to_json(self) -> dict[str, Any]:
        """Return as a JSON object, files by their names."""
        found = asdict(self)
        for name in ("modis", "reanalysis"):
            found[name] = [Path(path).name for path in found[name]]
        for name in ("ground", "land_cover"):
            found[name] = Path(found[name]).name if found[name] else None
        return found


@dataclass(frozen=True)
class Judged:
    """A scene after the selection.

    Parameters
    ----------
    name : str
    sources : dict of str to str
    steps : tuple of Step
    kind : str or None
        None where it was left out.
    land_cover : str
    evaluation : Evaluation or None
    packed : bytes
        The selected pixels, one bit each.
    """

    name: str
    sources: dict[str, str]
    steps: tuple[Step, ...]
    kind: str | None
    land_cover: str
    evaluation: Evaluation | None
    packed: bytes

    def to_json(self) -> dict[str, Any]:
        """Return as a JSON object."""
        return {
            "name": self.name,
            "kind": self.kind,
            "land_cover": self.land_cover,
            "sources": self.sources,
            "steps": [asdict(step) for step in self.steps],
            "evaluation": self.evaluation.to_json() if self.evaluation else None,
        }


def run(
    scenes: Sequence[str],
    labels: Sequence[str],
    output: str,
    qa: str = "strict",
    resampling: str = "bilinear",
    modis: Sequence[str] = (),
    modis_limit: float = 2.0,
    reanalysis: Sequence[str] = (),
    reanalysis_limit: float = 6.0,
    ground: str | None = None,
    ground_limit: float = 3.0,
    land_cover: str | None = None,
    most_per_class: int = 20000,
    least_pixels: int = 500,
    evaluation_epochs: int = 10,
    complex_lst_mae: float = 1.0,
    complex_lse_mae: float = 0.0075,
    complex_pcc: float = 0.83,
    seed: int = 1,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Select samples, write the archive and the report.

    Raises
    ------
    InputError
        If no scene is left.
    ParameterError
        If the folder holds an archive made otherwise.
    MissingDependencyError
        Without TensorFlow, unless scenes aren't evaluated.
    ProductWriteError, OperationCancelled
    """
    from akkd_core.operations.distill_setup import require_training
    from akkd_core.readers.aster_l2_layout import find_products
    from akkd_core.readers.ground_lst import read_ground_lst
    from akkd_core.simulation.archive_writing import write_archive

    report = progress or SilentProgress()
    options = SelectionOptions(
        qa, resampling, tuple(modis), modis_limit, tuple(reanalysis), reanalysis_limit,
        ground, ground_limit, land_cover, most_per_class, least_pixels, evaluation_epochs,
        Limits(complex_lst_mae, complex_lse_mae, complex_pcc), seed,
    )  # fmt: skip
    if evaluation_epochs:
        require_training()
    products = find_products(labels)
    stations = read_ground_lst(ground) if ground else ()
    judged: list[tuple[Triple, Judged]] = []
    failures = []
    for number, path in enumerate(scenes):
        share = 0.8 / len(scenes)
        part = SubProgress(report, share * number, share * (number + 1), f"{Path(path).name}: ")
        try:
            triple = find_triple(path, acquisition_time(path), products)
            judged.append((triple, _judge(triple, options, stations, part)))
        except AkkdError as error:
            if isinstance(error, _STOP):
                raise
            failures.append(str(error))
    kept = _kept(judged, failures)
    plan: list[tuple[str, Callable[[], ArchiveScene]]] = [
        (scene.name, partial(_make, triple, scene, options)) for triple, scene in kept
    ]
    description = {
        "made_of": "products of a user",
        "options": options.to_json(),
        "scenes": [{"name": s.name, "kind": s.kind, **s.sources} for _, s in kept],
    }
    archive = write_archive(
        output, plan, description, overwrite, SubProgress(report, 0.8, 1.0, "writing: ")
    )
    every = [scene for _, scene in judged]
    lines = report_lines(every, failures)
    data = {
        "options": options.to_json(),
        "scenes": [scene.to_json() for scene in every],
        "failures": failures,
    }
    write_text(str(archive.folder / REPORT_JSON), json.dumps(data, indent=1) + "\n")
    write_text(str(archive.folder / REPORT_TEXT), "\n".join(lines) + "\n")
    return Outcome(
        (f"{archive.folder}: {len(archive)} scenes", *lines),
        {"path": str(archive.folder), **data},
        tuple(failures),
    )


def _kept(
    judged: Sequence[tuple[Triple, Judged]], failures: Sequence[str]
) -> list[tuple[Triple, Judged]]:
    kept = [(triple, scene) for triple, scene in judged if scene.kind is not None]
    names = [scene.name for _, scene in kept]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InputError(f"{sorted(twice)[0]}: was given twice as a scene. Give each scene once")
    if not kept:
        if judged:
            steps = judged[0][1].steps
            worst = min(steps, key=lambda step: step.after - step.before)
            why = f"{judged[0][1].name} lost most at '{worst.name}'"
        else:
            why = failures[0] if failures else "none was given"
        raise InputError(f"no scene is left for the archive: {why}. Loosen the limits or add data")
    return kept


def _judge(
    triple: Triple,
    options: SelectionOptions,
    stations: Sequence[GroundMeasurement],
    report: Progress,
) -> Judged:
    """Select a scene's samples and tell its kind."""
    checkpoint(report, 0.0, "selecting samples")
    labelled = read_labelled(triple, options.qa, options.resampling)
    selected = select_good(labelled, options.qa)
    for name, paths, limit in (
        ("agreement with MODIS", options.modis, options.modis_limit),
        ("agreement with reanalysis", options.reanalysis, options.reanalysis_limit),
    ):
        if paths:
            cells = _cells(paths, labelled)
            if cells is None:
                nothing = np.zeros(labelled.grid.shape, dtype=bool)
                selected = selected.then(name, nothing, "no file covers the scene on its day")
            else:
                selected = agreement(labelled, selected, cells, name, limit)
    if options.ground:
        selected = ground_agreement(labelled, selected, stations, options.ground_limit)
    selected, cover = _balanced(labelled, selected, options)
    count = int(selected.chosen.sum())
    kind: str | None = TRAINING
    evaluation = None
    if count < options.least_pixels:
        kind = None
    elif options.evaluation_epochs:
        checkpoint(report, 0.3, "evaluating before training")
        scene = labelled.scene(TRAINING, cover, selected.chosen)
        within = SubProgress(report, 0.3, 1.0)
        evaluation = evaluate(scene, options.evaluation_epochs, options.seed, within)
        kind = evaluation.kind(options.limits)
    packed = np.packbits(selected.chosen).tobytes()
    return Judged(
        labelled.name, triple.sources, selected.steps, kind, cover, evaluation, packed
    )


def _balanced(
    labelled: Labelled, selected: Selected, options: SelectionOptions
) -> tuple[Selected, str]:
    """Balance over land cover, or over clusters where none is given; and name the main class."""
    cells = _cells((options.land_cover,), labelled) if options.land_cover else None
    if cells is None:
        classes, name = clusters(labelled), "clusters of emissivity and brightness temperature"
    else:
        classes, name = land_cover(cells), f"land cover ({cells.path.name})"
    selected = balance(selected, classes, options.most_per_class, name, options.seed)
    main = main_class(selected, classes) if cells is not None else None
    return selected, "unknown" if main is None else f"class {main}"


def _cells(paths: Sequence[str], labelled: Labelled) -> CellsUnder | None:
    """Return the cells of the raster that covers most of the scene."""
    from akkd_core.readers.modis_under import read_modis_under
    from akkd_core.readers.reference_raster import read_under
    from akkd_core.readers.sniff import FileKind, sniff

    def under(path: str) -> CellsUnder | None:
        if sniff(Path(path)) is FileKind.HDF4:
            return read_modis_under(path, labelled.grid, labelled.acquired_at)
        return read_under(path, labelled.grid)

    found = [cells for path in paths if (cells := under(path)) is not None]
    return max(found, key=lambda c: int(np.isfinite(c.of_pixels()).sum()), default=None)


def _make(triple: Triple, judged: Judged, options: SelectionOptions) -> ArchiveScene:
    """Read a scene again: holding all of them would take memory that grows with their number."""
    labelled = read_labelled(triple, options.qa, options.resampling)
    bits = np.unpackbits(np.frombuffer(judged.packed, np.uint8), count=labelled.lst.size)
    chosen = bits.astype(bool).reshape(labelled.grid.shape)
    return labelled.scene(judged.kind or TRAINING, judged.land_cover, chosen)


def report_lines(scenes: Sequence[Judged], failures: Sequence[str]) -> list[str]:
    """Tell each step of the selection with pixels before and after, in all and by scene."""
    lines = ["selection of samples, pixels before and after each step:"]
    total: dict[str, list[int]] = {}
    for scene in scenes:
        for step in scene.steps:
            both = total.setdefault(step.name, [0, 0])
            both[0] += step.before
            both[1] += step.after
    lines += [f"  {name:<64} {before:>10} {after:>10}" for name, (before, after) in total.items()]
    for scene in scenes:
        lines.append(f"{scene.name}: {scene.kind or 'left out, too few pixels'}")
        lines += [f"  from {name}: {file}" for name, file in scene.sources.items()]
        for step in scene.steps:
            lines.append(f"  {step.name:<64} {step.before:>10} {step.after:>10}")
            if step.note:
                lines.append(f"    {step.note}")
        if scene.evaluation:
            e = scene.evaluation
            lines.append(
                f"  evaluation before training, {e.held_out} held-out pixels: LST MAE "
                f"{e.lst_mae_k:.2f} K, LSE MAE {e.lse_mae:.4f}, PCC {e.pcc:.3f}"
            )
    kinds = [scene.kind for scene in scenes]
    lines.append(
        f"{kinds.count(TRAINING)} training scenes, {kinds.count(COMPLEX)} complex, "
        f"{kinds.count(None)} left out, {len(failures)} failed"
    )
    return lines
