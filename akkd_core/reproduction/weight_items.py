"""Table 4, Figs. 8 and 9: how the teacher's weight is selected by the paper's t test."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from akkd_core.distillation.t_test import normalised_utilities
from akkd_core.distillation.weights import METRICS, Quartiles, Series, WeightSelection
from akkd_core.distillation.weights_table import PAPER_REPETITIONS, PAPER_TABLE4, PAPER_TARGET
from akkd_core.errors import DistillationError
from akkd_core.figures.boxes import build_box_plot
from akkd_core.figures.palette import palette_png
from akkd_core.figures.radar import RadarPanel, build_radar
from akkd_core.progress import Progress
from akkd_core.reproduction.distillation_run import DistillationRun, shared_run
from akkd_core.reproduction.items import Request
from akkd_core.reproduction.model_scores import LABELS, TITLES, TRUTH, cell
from akkd_core.reproduction.published import BEST_WEIGHTS, CHOSEN_WEIGHT, WEIGHT_QUARTILES
from akkd_core.reproduction.result import Cell, Column, Content, ResultImage, ResultTable
from akkd_core.reproduction.run_size import MODELS
from akkd_core.reproduction.run_words import run_note

ByReference = Mapping[str, WeightSelection]


def _selections(run: DistillationRun, model: int) -> ByReference:
    return {reference: run.selection(model, reference) for reference in (LABELS, TRUTH)}


def _series(selection: WeightSelection, target: str, metric: str) -> Series:
    found = selection.find(target, metric)
    if found is None:
        raise DistillationError(f"no trials of {target} by {metric}")
    return found


def _intro(run: DistillationRun) -> str:
    size = run.size
    return (
        f"With each weight of {size.weights[0]:g}-{size.weights[-1]:g} each of the networks of "
        f"small models 1 and 2 was trained on under the GOC, on original labels, "
        f"{size.repetitions} times (paper: {PAPER_REPETITIONS}). {run_note(run)}"
    )


def table4(request: Request, progress: Progress) -> Content:
    """Make Table 4: t and p of small model 1's LST by weight."""
    run = shared_run(request, progress)
    found = _selections(run, 1)
    lowest = {
        metric: _series(found[LABELS], PAPER_TARGET, metric).lowest_t_weight for metric in METRICS
    }
    return Content(
        (
            f"{_intro(run)} The test is the one-sample t test of eq. (10) against the small "
            "model's score before. A t is positive where the scores got better, of PCC and of MAE.",
        ),
        (*(_t_table(run, found, metric) for metric in METRICS), _error_table(run, found)),
        _table4_notes(run, found),
        {f"lowest_t_weight_{name}": w for name, w in lowest.items() if w is not None},
    )


def _t_table(run: DistillationRun, found: ByReference, metric: str) -> ResultTable:
    columns = [Column("w", 1)]
    for source in ("paper", "ours (labels)", "ours (truth)"):
        columns += [Column(f"{source}: t"), Column(f"{source}: p")]
    rows = []
    for weight in run.size.weights:
        t, p = PAPER_TABLE4[metric].get(weight, (math.nan, math.nan))
        row: list[Cell] = [weight, cell(t), _p(p)]
        for reference in (LABELS, TRUTH):
            series = _series(found[reference], PAPER_TARGET, metric)
            row += [cell(series.improvement_t(weight)), _p(series.tests[weight].p)]
        rows.append(tuple(row))
    name = "" if metric == "pcc" else metric
    caption = f"By {metric.upper()}, LST of small model 1:"
    return ResultTable(name, caption, tuple(columns), tuple(rows))


def _p(value: float) -> Cell:
    return None if math.isnan(value) else f"{value:.2E}"


def _error_table(run: DistillationRun, found: ByReference) -> ResultTable:
    columns = [Column("w", 1)]
    for reference in (LABELS, TRUTH):
        columns += [
            Column(f"MAE ({reference}), K"),
            Column(f"its sd over repetitions ({reference}), K", 4),
            Column(f"PCC ({reference})", 4),
        ]
    rows: list[tuple[Cell, ...]] = []
    for weight in (None, *run.size.weights):
        row: list[Cell] = ["before" if weight is None else f"{weight:g}"]
        for reference in (LABELS, TRUTH):
            row += _means(found[reference], weight)
        rows.append(tuple(row))
    caption = "The scores behind these t, means over repetitions:"
    return ResultTable("scores", caption, tuple(columns), tuple(rows))


def _means(selection: WeightSelection, weight: float | None) -> list[Cell]:
    mae, pcc = (_series(selection, PAPER_TARGET, metric).tests for metric in ("mae", "pcc"))
    if weight is None:
        first = selection.weights[0]
        return [mae[first].before, None, pcc[first].before]
    return [cell(mae[weight].mean), cell(mae[weight].sd), cell(pcc[weight].mean)]


def _table4_notes(run: DistillationRun, found: ByReference) -> tuple[str, ...]:
    df = run.size.repetitions - 1
    by_labels, by_truth = (found[reference] for reference in (LABELS, TRUTH))
    mae = {ref: _series(found[ref], PAPER_TARGET, "mae") for ref in found}
    least = {ref: one.best_mean_weight for ref, one in mae.items()}
    return (
        f"The paper's p are those of 29 degrees of freedom, ours of {df}. t grows with the root of "
        "the number of repetitions, so that the sizes of both can't be compared, their signs and "
        "the weight at which they change can.",
        "In the paper both t fall from large positive values through zero at w = 0.2-0.4: a "
        "student under weak guidance gains, one under strong guidance loses. Here t of the MAE "
        f"{_course(mae[LABELS])} against labels and {_course(mae[TRUTH])} against the truth.",
        f"Least mean MAE of LST: w = {least[LABELS]:g} against labels, {least[TRUTH]:g} against "
        "the truth. The lowest |t| is at the weight that changes the scores least: "
        f"{_series(by_labels, PAPER_TARGET, 'mae').lowest_t_weight or math.nan:g} by MAE and "
        f"{_series(by_labels, PAPER_TARGET, 'pcc').lowest_t_weight or math.nan:g} by PCC here.",
        "Repetitions go on from one small model and differ in the order of pixels alone; they "
        "spread little (third table), so |t| is large nearly everywhere and every p small, in the "
        "paper as here. A small p says that the change is no chance of training, not that it is "
        "large.",
        f"Weight of least held-out error over targets: {by_labels.least_error_weight:g} by labels, "
        f"{by_truth.least_error_weight:g} by the truth (which selects nothing).",
    )


def _course(series: Series) -> str:
    """How t goes with the weight."""
    better = [w for w in series.tests if series.improvement_t(w) > 0]
    if not better:
        return "is negative at every weight"
    if len(better) == len(series.tests):
        return "is positive at every weight"
    return f"is positive at w = {', '.join(f'{w:g}' for w in better)} alone"


def fig8(request: Request, progress: Progress) -> Content:
    """Make Fig. 8: radar charts of each weight's relative utility."""
    run = shared_run(request, progress)
    found = {model: _selections(run, model) for model in MODELS}
    rows = []
    for model in MODELS:
        for metric in ("mae", "pcc"):
            paper = ", ".join(f"{weight:g}" for weight in BEST_WEIGHTS[metric])
            ours = [_listed(found[model][ref], metric) for ref in (LABELS, TRUTH)]
            rows.append((f"small model {model}", metric.upper(), paper, *ours))
    columns = (
        Column("model"), Column("metric"), Column("paper: best weights"),
        Column("ours (labels): weight of the lowest |t|, LST, LSE 10-14"),
        Column("ours (truth): the same"),
    )  # fmt: skip
    return Content(
        (
            f"{_intro(run)} The utility of a weight is f(t) = 1 / ln(|t| + e), eq. (11), over the "
            "largest of its series, which the paper doesn't tell how it normalises.",
        ),
        (ResultTable("", "Best weights by eq. (11):", columns, tuple(rows)),),
        (
            "The paper's text gives no number for a single target, only where the best weights "
            "lie mainly.",
            "Utility is highest where |t| is lowest: where training on under this weight changes "
            "the scores least, for better or worse. Of a series whose scores get worse with every "
            "weight that is the lowest weight.",
        ),
        {},
        (
            ResultImage("", "Relative utility by weight, scores against held-out labels.",
                        _radar(found, LABELS)),
            ResultImage("truth", "The same of scores against the truth.", _radar(found, TRUTH)),
        ),
    )  # fmt: skip


def _listed(selection: WeightSelection, metric: str) -> str:
    weights = [s.lowest_t_weight for s in selection.series if s.metric == metric]
    return ", ".join("-" if weight is None else f"{weight:g}" for weight in weights)


def _radar(found: Mapping[int, ByReference], reference: str) -> bytes:
    panels = []
    for model in MODELS:
        selection = found[model][reference]
        for metric in ("mae", "pcc"):
            lines = {
                TITLES[one.target]: normalised_utilities(one.utilities())
                for one in selection.series
                if one.metric == metric
            }
            spokes = [f"{weight:g}" for weight in selection.weights]
            title = f"Small model {model}, {metric.upper()} ({reference})"
            panels.append(RadarPanel(title, spokes, lines))
    return palette_png(build_radar(panels, spoke_name="teacher weight w"))


def fig9(request: Request, progress: Progress) -> Content:
    """Make Fig. 9: box plots of the optimal weights."""
    run = shared_run(request, progress)
    found = {model: _selections(run, model) for model in MODELS}
    rows = []
    for model in MODELS:
        ours = [found[model][ref].quartiles for ref in (LABELS, TRUTH)]
        paper = WEIGHT_QUARTILES[model]
        for name, printed, values in zip(
            ("lower quartile", "median", "upper quartile"),
            paper,
            zip(*(_three(q) for q in ours), strict=True),
            strict=True,
        ):
            rows.append((f"small model {model}", name, printed, *values))
    columns = (
        Column("model"), Column("of the optimal weights"), Column("paper"),
        Column("ours (labels)"), Column("ours (truth)"),
    )  # fmt: skip
    selected = run.selected_weight
    return Content(
        (
            f"{_intro(run)} Of six targets and two metrics each model has twelve optimal weights, "
            "those of the lowest |t|.",
        ),
        (ResultTable("", "Quartiles over targets and metrics:", columns, tuple(rows)),),
        (
            f"The paper takes w = {CHOSEN_WEIGHT:g}. By its rule ours would be "
            f"{_chosen(found, LABELS)}; the weight of least held-out error against labels, over "
            f"both models, is {selected:g}. Students of all of these, and of the other reading of "
            "alpha, stand under Fig. 12.",
        ),
        {f"median_weight_model_{m}": found[m][LABELS].quartiles.median for m in MODELS},
        (
            ResultImage("", "Weights of the lowest |t|: six targets by two metrics for each model.",
                        _boxes(found)),
        ),
    )  # fmt: skip


def _three(quartiles: Quartiles) -> tuple[float, float, float]:
    return quartiles.lower, quartiles.median, quartiles.upper


def _chosen(found: Mapping[int, ByReference], reference: str) -> str:
    weights = [found[model][reference].lowest_t_weight for model in MODELS]
    return " and ".join(
        f"{weight:g} (model {model})" for model, weight in zip(MODELS, weights, strict=True)
    )


def _boxes(found: Mapping[int, ByReference]) -> bytes:
    values: dict[str, dict[str, Sequence[float]]] = {
        f"small model {model}": {
            f"ours ({ref})": [
                weight for s in selection.series if (weight := s.lowest_t_weight) is not None
            ]
            for ref, selection in by_reference.items()
        }
        for model, by_reference in found.items()
    }
    figure = build_box_plot(
        values, y="teacher weight w of the lowest |t|", line=("paper's choice", CHOSEN_WEIGHT)
    )
    return palette_png(figure)
