"""Figs. 12 and 13: small models before and after distillation, and all models in one picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from akkd_core.figures.bars import BarPanel, build_grouped_bars
from akkd_core.figures.palette import palette_png
from akkd_core.figures.taylor import TaylorPanel, TaylorPoint, build_taylor_diagram
from akkd_core.physics.features import OUTPUT_NAMES
from akkd_core.progress import Progress
from akkd_core.reproduction.distillation_run import (
    READINGS,
    DistillationRun,
    shared_run,
    student_key,
)
from akkd_core.reproduction.items import Request
from akkd_core.reproduction.model_scores import (
    LABELS,
    LSE_NAMES,
    TITLES,
    TRUTH,
    Comparison,
    MeanScore,
    cell,
    change,
    compare,
    compare_labels,
    lse_score,
    lst_score,
)
from akkd_core.reproduction.published import MODELS as PUBLISHED
from akkd_core.reproduction.published import PublishedModel
from akkd_core.reproduction.result import Cell, Column, Content, ResultImage, ResultTable
from akkd_core.reproduction.run_size import MODELS
from akkd_core.reproduction.run_words import run_note

_BOTH = (LABELS, TRUTH)
_SCORES: dict[str, Callable[[DistillationRun, str, str], MeanScore]] = {
    "LST": lst_score,
    "LSE, mean of bands": lse_score,
}


def fig12(request: Request, progress: Progress) -> Content:
    """Make Fig. 12: bars of the small models' scores before and after distillation."""
    run = shared_run(request, progress)
    return Content(
        (
            "Small models before, students after distillation, on the same held-out pixels. "
            f"{run_note(run)}",
        ),
        (_before_after(run), _all_models(run)),
        _gain_notes(run),
        {
            f"model_{m}_{name}_gain_{ref}": _gain(run, m, name, ref)
            for m in MODELS
            for name in ("lst", "lse")
            for ref in _BOTH
        },
        (
            ResultImage(
                "", "MAE before and after distillation: the paper's (against labels) and ours.",
                _mae_bars(run),
            ),
            ResultImage("pcc", "PCC by target before and after distillation.", _pcc_bars(run)),
        ),
    )  # fmt: skip


def _gain(run: DistillationRun, model: int, name: str, reference: str) -> float:
    """Part of the MAE that the student of the paper's weight takes away."""
    score = lst_score if name == "lst" else lse_score
    before, after = (score(run, f"{key}_{model}", reference).mae for key in ("SMI", "KSMI"))
    return 1.0 - after / before


def _before_after(run: DistillationRun) -> ResultTable:
    columns = (
        Column("model"), Column("target"), Column("metric"),
        *(
            Column(f"{source}: {when}", 4)
            for source in ("paper", "ours (labels)", "ours (truth)")
            for when in ("before", "after")
        ),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for model in MODELS:
        keys = (f"SMI_{model}", f"KSMI_{model}")
        for target, score in _SCORES.items():
            for metric in ("pcc", "mae"):
                paper = [_printed(PUBLISHED[key], target, metric) for key in keys]
                ours = [
                    cell(getattr(score(run, key, ref), metric)) for ref in _BOTH for key in keys
                ]
                rows.append((f"small model {model}", target, metric.upper(), *paper, *ours))
    caption = "Before: small model; after: student, w = 0.3. MAE in K (LST) and 1 (LSE):"
    return ResultTable("", caption, columns, tuple(rows))


def _printed(model: PublishedModel, target: str, metric: str) -> float | None:
    if target == "LST":
        return model.lst.pcc if metric == "pcc" else model.lst.mae_k
    return model.mean_lse_pcc if metric == "pcc" else model.mean_lse_mae


def _all_models(run: DistillationRun) -> ResultTable:
    columns = (
        Column("data of"), Column("estimate"),
        Column("LST MAE (labels), K"), Column("LST MAE (truth), K"),
        Column("LST bias (truth), K"),
        Column("LSE MAE (labels)", 4), Column("LSE MAE (truth)", 4),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for model in MODELS:
        data = f"small model {model}"
        lst = compare_labels(run, f"SMI_{model}", "lst").metrics
        lse = [compare_labels(run, f"SMI_{model}", name).metrics.mae for name in LSE_NAMES]
        rows.append((data, "labels themselves", None, lst.mae, lst.bias, None, float(np.mean(lse))))
        named = {"large model": f"LMIS_{model}", "small model": f"SMI_{model}"}
        named |= {f"student, w = {w:g}": student_key(model, w) for w in run.student_weights}
        for title, key in named.items():
            temperature = [lst_score(run, key, ref) for ref in _BOTH]
            emissivity = [lse_score(run, key, ref) for ref in _BOTH]
            rows.append(
                (data, title, *(s.mae for s in temperature), temperature[1].bias,
                 *(s.mae for s in emissivity))
            )  # fmt: skip
    caption = "All models and both readings of the paper's alpha on the same pixels (LSE: means):"
    return ResultTable("models", caption, columns, tuple(rows))


def _gain_notes(run: DistillationRun) -> tuple[str, ...]:
    notes = []
    for model in MODELS:
        before, after = (PUBLISHED[f"{key}_{model}"] for key in ("SMI", "KSMI"))
        paper = change(before.lst.mae_k, after.lst.mae_k)
        words = []
        for title, score, unit in (("LST", lst_score, "K"), ("LSE", lse_score, "")):
            for ref in _BOTH:
                mae = [score(run, f"{key}_{model}", ref).mae for key in ("SMI", "KSMI")]
                words.append(f"{title} {change(mae[0], mae[1], unit)} against {ref}")
        notes.append(f"Model {model}, MAE: in the paper LST {paper}; here {', '.join(words)}.")
    return (
        *notes,
        "A small model that fits its labels can't gain against them by guidance: that draws it "
        "away, towards the teacher. Against the truth it gains where the errors of labels and "
        "teacher point to different sides, and loses where the teacher is further off; the second "
        "table has both errors. A gain against labels as the paper's needs small models that "
        "haven't learnt their labels yet, or scores against other labels; its text tells neither "
        "the epochs nor which labels it scores against.",
        f"w = {READINGS[0]:g} and {READINGS[1]:g} are both readings of the paper's alpha; the "
        f"weight that held-out labels select is {run.selected_weight:g}.",
        "Two scenes are few. Over 20 scenes and 5 seeds `docs/method.md` has each step's gain with "
        "its interval.",
    )


def _mae_bars(run: DistillationRun) -> bytes:
    panels = []
    for model in MODELS:
        for target, score in _SCORES.items():
            lst = target == "LST"
            values = {}
            for title, key in _bar_sources(model).items():
                printed = PUBLISHED.get(key)
                paper = _printed(printed, target, "mae") if printed else None
                ours = [score(run, key, ref).mae for ref in _BOTH]
                shown = [math.nan if paper is None else paper, *ours]
                values[title] = shown if lst else [1000.0 * value for value in shown]
            quantity = "MAE of LST (K)" if lst else "MAE of LSE, mean of bands (0.001)"
            panels.append(
                BarPanel(
                    f"Model {model}", quantity, ("paper", "ours, labels", "ours, truth"), values,
                    digits=2 if lst else 1,
                )
            )  # fmt: skip
    return palette_png(build_grouped_bars(panels, columns=2))


def _pcc_bars(run: DistillationRun) -> bytes:
    panels = []
    for model in MODELS:
        for reference in _BOTH:
            values = {
                title: [compare(run, key, target, reference).metrics.pcc for target in OUTPUT_NAMES]
                for title, key in _bar_sources(model).items()
            }
            panels.append(
                BarPanel(
                    f"Model {model}, against {reference}", "PCC (1)",
                    [TITLES[target] for target in OUTPUT_NAMES], values, from_zero=False,
                )
            )  # fmt: skip
    return palette_png(build_grouped_bars(panels, columns=2))


def _bar_sources(model: int) -> dict[str, str]:
    students = {f"student, w = {weight:g}": student_key(model, weight) for weight in READINGS}
    return {"small model": f"SMI_{model}", **students}


def fig13(request: Request, progress: Progress) -> Content:
    """Make Fig. 13: Taylor diagrams of all models."""
    run = shared_run(request, progress)
    return Content(
        (
            "Names as in the paper: LMI, large model on its own held-out pixels; SMI, small "
            "models; LMIS, large model on the small models' data; KSMI, students (w = 0.3). The "
            "reference's standard deviation is 1; it differs by data, so LMI shares a picture "
            f"with the others and not their pixels. {run_note(run)}",
        ),
        (
            _taylor_table(run, "", "LST:", ("lst",)),
            _taylor_table(run, "lse", "LSE, means over bands:", LSE_NAMES),
        ),
        (
            "Of Fig. 13 the paper's text gives no standard deviation and no RMSE; the PCC are "
            "those of Figs. 3-7, 10 and 11.",
            "A Taylor diagram shows no bias: an error that is the same all over a scene, as the "
            "labels' error here mostly is, doesn't show against the truth. The tables of Figs. "
            "4-11 have it.",
        ),
        {f"pcc_lst_labels_{key.lower()}": _one(run, key, LABELS) for key in PUBLISHED},
        (
            ResultImage("", "Against held-out labels, each beside its zoom.",
                        _taylor(run, LABELS)),
            ResultImage("truth", "Against the truth, each beside its zoom.", _taylor(run, TRUTH)),
        ),
    )  # fmt: skip


def _one(run: DistillationRun, key: str, reference: str) -> float:
    return lst_score(run, key, reference).pcc


def _taylor(run: DistillationRun, reference: str) -> bytes:
    panels = []
    for target in OUTPUT_NAMES:
        found = {key: compare(run, key, target, reference) for key in PUBLISHED}
        points = [
            TaylorPoint(key, one.sd_ratio, one.metrics.pcc)
            for key, one in found.items()
            if math.isfinite(one.sd_ratio) and math.isfinite(one.metrics.pcc)
        ]
        panels.append(TaylorPanel(TITLES[target], points))
    zoom = all(point.pcc > 0 for panel in panels for point in panel.points)
    return palette_png(build_taylor_diagram(panels, columns=4, zoom=zoom))


def _taylor_table(
    run: DistillationRun, name: str, caption: str, targets: Sequence[str]
) -> ResultTable:
    columns = (
        Column("model"), Column("paper: PCC"),
        Column("ours (labels): PCC"), Column("ours (truth): PCC"),
        Column("ours (labels): SD"), Column("ours (truth): SD"),
        Column("ours (labels): centred RMSE"), Column("ours (truth): centred RMSE"),
    )  # fmt: skip
    rows = []
    for key, published in PUBLISHED.items():
        printed = published.lst.pcc if targets == ("lst",) else _mean_pcc(published)
        ours = [
            np.mean([_taylor_numbers(compare(run, key, t, ref)) for t in targets], axis=0)
            for ref in _BOTH
        ]
        pairs = [cell(float(values[i])) for i in range(3) for values in ours]
        rows.append((key, printed, *pairs))
    return ResultTable(name, caption, columns, tuple(rows))


def _mean_pcc(published: PublishedModel) -> float | None:
    by_band = list(published.lse_pcc.values())
    return sum(by_band) / len(by_band) if by_band else published.mean_lse_pcc


def _taylor_numbers(found: Comparison) -> tuple[float, float, float]:
    sd, pcc = found.sd_ratio, found.metrics.pcc
    return pcc, sd, math.sqrt(max(1.0 + sd**2 - 2.0 * sd * pcc, 0.0))
