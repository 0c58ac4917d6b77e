"""Figs. 3-7, 10, 11: predictions against held-out labels, as in the paper, and against truth."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from akkd_core.figures.palette import palette_png
from akkd_core.figures.scatter import ScatterPanel, build_density_scatter
from akkd_core.physics.features import OUTPUT_NAMES
from akkd_core.progress import Progress
from akkd_core.reproduction.distillation_run import DistillationRun, shared_run
from akkd_core.reproduction.items import Request
from akkd_core.reproduction.model_scores import (
    LABELS,
    TITLES,
    TRUTH,
    change,
    compare,
    compare_labels,
    lse_score,
    lst_score,
    model_table,
)
from akkd_core.reproduction.published import LARGE_LSE_MAE, MODELS
from akkd_core.reproduction.result import Content, ResultImage
from akkd_core.reproduction.run_words import run_note

Maker = Callable[[Request, Progress], Content]


def _make(key: str, request: Request, progress: Progress) -> Content:
    run = shared_run(request, progress)
    lst, lse = lst_score(run, key, LABELS), lse_score(run, key, LABELS)
    true_lst, true_lse = lst_score(run, key, TRUTH), lse_score(run, key, TRUTH)
    return Content(
        (f"{_what(run, key)} {run_note(run)}",),
        (model_table(run, key),),
        (*_notes(run, key), _labels_note(run, key)),
        {
            "lst_mae_labels_k": lst.mae,
            "lst_mae_truth_k": true_lst.mae,
            "lse_mae_labels": lse.mae,
            "lse_mae_truth": true_lse.mae,
        },
        (
            ResultImage("", f"{_CAPTIONS[key]}, against held-out labels.", _draw(run, key, LABELS)),
            ResultImage(
                "truth", f"{_CAPTIONS[key]}, the same pixels against the truth.",
                _draw(run, key, TRUTH),
            ),
        ),
    )  # fmt: skip


fig3: Maker = partial(_make, "LMI")
fig4: Maker = partial(_make, "SMI_1")
fig5: Maker = partial(_make, "SMI_2")
fig6: Maker = partial(_make, "LMIS_1")
fig7: Maker = partial(_make, "LMIS_2")
fig10: Maker = partial(_make, "KSMI_1")
fig11: Maker = partial(_make, "KSMI_2")

_CAPTIONS = {
    "LMI": "Large model",
    "SMI_1": "Small model 1",
    "SMI_2": "Small model 2",
    "LMIS_1": "Large model on the data of small model 1",
    "LMIS_2": "Large model on the data of small model 2",
    "KSMI_1": "Student 1, w = 0.3",
    "KSMI_2": "Student 2, w = 0.3",
}


def _draw(run: DistillationRun, key: str, reference: str) -> bytes:
    panels = []
    for target in OUTPUT_NAMES:
        found = compare(run, key, target, reference)
        panels.append(
            ScatterPanel(
                TITLES[target],
                found.reference,
                found.estimate,
                found.metrics,
                TITLES[target],
                "K" if target == "lst" else "1",
            )
        )
    names = ("labelled" if reference == LABELS else "true", "predicted")
    return palette_png(build_density_scatter(panels, axes_names=names))


def _what(run: DistillationRun, key: str) -> str:
    count = len(run.evaluations[key].held_out)
    if key == "LMI":
        return (
            f"The large model learnt {run.learnt_from['large']:,} labelled pixels of "
            f"{run.size.training_scenes} scenes; shown are {count:,} held-out ones of the same "
            "scenes, whose air and ground it knows."
        )
    number = int(key[-1])
    scene = f"the scene {run.scenes[number - 1]}"
    learnt = run.learnt_from[str(number)]
    return {
        "SMI": f"Small model {number} learnt {learnt:,} labelled pixels of {scene}",
        "LMIS": f"The large model has seen no pixel of {scene}, small model {number}'s",
        "KSMI": f"Student {number} goes on from small model {number} with the same {learnt:,} "
        f"pixels of {scene}, teacher weight 0.3",
    }[key.split("_")[0]] + f"; shown are {count:,} held-out ones."


def _notes(run: DistillationRun, key: str) -> tuple[str, ...]:
    kind = key.split("_")[0]
    return {"LMI": _large, "SMI": _small, "LMIS": _large_on_small, "KSMI": _student}[kind](run, key)


def _large(run: DistillationRun, key: str) -> tuple[str, ...]:
    low, high = LARGE_LSE_MAE
    return (
        f"Of the emissivities the paper gives PCC by band and MAE as {low} to {high}, without "
        "naming bands; ours are in the table.",
        "The paper doesn't say whether its pixels are held out. Held-out blocks of known scenes "
        "tell how well the large model does on scenes that it has seen: Figs. 6 and 7 tell how "
        "well on others.",
    )


def _small(run: DistillationRun, key: str) -> tuple[str, ...]:
    labels, truth = lst_score(run, key, LABELS), lst_score(run, key, TRUTH)
    return (
        "Of the emissivities the paper's text gives the means alone (section 4.3.2).",
        f"Against labels a small model's LST is off by {labels.mae:.2f} K, against the truth by "
        f"{truth.mae:.2f} K. The labels' error is one of the air, the same all over the scene: "
        "a model that learns them learns it too, and held-out labels of the scene can't show it.",
        _beside_paper(MODELS[key].lst.mae_k, labels.mae),
    )


def _beside_paper(paper: float, ours: float) -> str:
    if ours < paper:
        return (
            f"The paper's small model is worse against its labels, {paper} K: its scene holds more "
            "that five brightness temperatures don't tell than a simulated one, or it learnt less."
        )
    return f"The paper's small model is better against its labels, {paper} K."


def _large_on_small(run: DistillationRun, key: str) -> tuple[str, ...]:
    own = f"SMI_{key[-1]}"
    paper, paper_own = MODELS[key].lst.mae_k, MODELS[own].lst.mae_k
    parts = []
    for reference in (LABELS, TRUTH):
        here, there = lst_score(run, key, reference).mae, lst_score(run, own, reference).mae
        parts.append(f"{here:.2f} K beside {there:.2f} K against {reference}")
    return (
        "The paper's text has no emissivities for this figure; it says that they go the same way.",
        f"Large model beside small model {key[-1]}, MAE of LST: in the paper {paper} K beside "
        f"{paper_own} K; here {' and '.join(parts)}. {_where_worse(run, key, own)} From five "
        "brightness temperatures it can't tell a new scene's air.",
    )


def _where_worse(run: DistillationRun, key: str, own: str) -> str:
    worse = [
        reference
        for reference in (LABELS, TRUTH)
        if lst_score(run, key, reference).mae > lst_score(run, own, reference).mae
    ]
    if not worse:
        return "Unlike in the paper the large model isn't worse than the scene's own."
    where = "" if len(worse) == 2 else f", but against {worse[0]} alone"
    return f"As in the paper the large model is worse than the scene's own{where}."


def _student(run: DistillationRun, key: str) -> tuple[str, ...]:
    own = f"SMI_{key[-1]}"
    paper = change(MODELS[own].lst.mae_k, MODELS[key].lst.mae_k)
    ours = [
        change(lst_score(run, own, reference).mae, lst_score(run, key, reference).mae)
        for reference in (LABELS, TRUTH)
    ]
    return (
        f"MAE of LST from small model to student: in the paper {paper}; here {ours[0]} against "
        f"labels and {ours[1]} against the truth. Why, and other weights: Fig. 12.",
        "The paper doesn't say whether its students are scored against original or composite "
        "labels; against composite ones, which a student was trained on, a score rises by itself. "
        "Ours are against original labels.",
    )


def _labels_note(run: DistillationRun, key: str) -> str:
    lst = compare_labels(run, key, "lst").metrics
    lse = [compare_labels(run, key, name).metrics.mae for name in OUTPUT_NAMES[1:]]
    return (
        f"These labels themselves are off the truth by {lst.mae:.2f} K (bias {lst.bias:+.2f} K) "
        f"and {sum(lse) / len(lse):.4f}."
    )
