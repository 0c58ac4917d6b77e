"""The catalogue's part that makes the paper's tables and figures anew. Standard library only."""

from __future__ import annotations

from akkd_core.operations.spec import Operation, Parameter, ParamKind
from akkd_core.reproduction.items import ACCURACY, ACCURACY_SCENES, ALL, BUDGETS, ITEMS

REPRODUCE = Operation(
    "reproduce",
    "Reproduce the paper's tables and figures",
    "Validation",
    "Make tables and figures of the AK-KD paper anew, its values beside ours.\n\n"
    + " ".join(f"{item.id}: {item.title.split(': ')[1]}." for item in ITEMS)
    + "\n\nFor each writes <item>.md, .csv, .json and charts as .png, then a report of all that "
    "are in the folder. Table 4 and the figures share one distillation, kept in its subfolder "
    "distillation. An item that is there already is kept, so an interrupted run goes on. Needs the "
    "training extra (TensorFlow).\n\n"
    f"{ACCURACY.id} is not of the paper, and not among {ALL}: it judges a bundle, from the file "
    "alone and with what can be known of the air, beside single-pixel network, regressions and "
    "TES, on air and materials never trained on: errors, coverage and likelihood of the stated "
    "errors, poor scenes, sharp borders, granules. Prints its tables. Finished parts are kept in "
    "the subfolder accuracy_parts. Needs no extra.",
    (
        Parameter(
            "items", ParamKind.TEXT, "Tables and figures",
            f"What to make: {', '.join(item.id for item in ITEMS)}, or {ALL} of these; or "
            f"{ACCURACY.id}.",
            multiple=True, required=True, positional=True,
        ),
        Parameter(
            "output", ParamKind.OUTPUT_FOLDER, "Output folder",
            "Folder for the items; without it, reproduction in the working folder.", short="o",
        ),
        Parameter(
            "budget", ParamKind.CHOICE, "Budget",
            "Minutes on one core, or the paper's: 30 trials of 30 epochs for each search, a search "
            "for every set of bands, 9.6 million samples and 30 repetitions of each distillation "
            "(days without a GPU).",
            default="small", choices=BUDGETS,
        ),
        Parameter(
            "seed", ParamKind.INTEGER, "Seed",
            "Of split, weights and noise.",
            default=1, minimum=0,
        ),
        Parameter(
            "rte", ParamKind.CHOICE, "Radiative transfer equation",
            "Of Tables 1-3: the full equation, or the paper's eq. (1) with one effective air "
            "temperature.",
            default="full", choices=("full", "paper"), advanced=True,
        ),
        Parameter(
            "scenes", ParamKind.INTEGER, "Scenes",
            "Of the accuracy: simulated judging scenes, evenly over 129 profiles.",
            default=ACCURACY_SCENES, minimum=1, maximum=100000,
        ),
        Parameter(
            "model", ParamKind.BUNDLE, "Model",
            "Of the accuracy: bundle to judge; without it the shipped one.",
        ),
        Parameter(
            "pixel_model", ParamKind.BUNDLE, "Single-pixel model",
            "Of the accuracy: bundle that sees single pixels only; without it that of the source "
            "tree, where there is one.",
        ),
        Parameter(
            "report", ParamKind.OUTPUT_FILE, "Report",
            "Markdown file of all items in the folder; without it, reproduction.md in the folder.",
        ),
        Parameter(
            "overwrite", ParamKind.FLAG, "Overwrite",
            "Make items anew that are there already.",
            default=False,
        ),
    ),
    "akkd_core.operations.reproduce:run",
)  # fmt: skip

REPRODUCTION_OPERATIONS: tuple[Operation, ...] = (REPRODUCE,)
"""Operations that reproduce the paper."""
