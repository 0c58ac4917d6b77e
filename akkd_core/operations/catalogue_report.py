"""What operations that write a report of a comparison ask for alike. Standard library only."""

from __future__ import annotations

from akkd_core.operations.spec import Parameter, ParamKind

PRODUCTS = Parameter(
    "products", ParamKind.INPUT_PATH, "Products",
    "Folders of products as akkd retrieve writes them, or their G_LST.tif.",
    multiple=True, required=True, positional=True,
)  # fmt: skip
REPORT_FOLDER = Parameter(
    "output", ParamKind.OUTPUT_FOLDER, "Output folder",
    "Folder for the report; without it, <first product>_vs_<reference>.",
    short="o",
)  # fmt: skip
LABEL = Parameter(
    "label", ParamKind.TEXT, "Labels",
    "What the report calls the products, one for each in their order; without it, scene or "
    "model, whichever tells them apart.",
    multiple=True,
)  # fmt: skip
PIXEL_BLOCK = Parameter(
    "block", ParamKind.INTEGER, "Blocks",
    "Side of the blocks of pixels that are resampled as wholes for confidence intervals.",
    default=20, minimum=1, maximum=10000, unit="pixels", advanced=True,
)  # fmt: skip
INTERVAL_SEED = Parameter(
    "seed", ParamKind.INTEGER, "Seed",
    "Start of the random numbers of the confidence intervals.",
    default=0, minimum=0, advanced=True,
)  # fmt: skip
JSON_REPORT = Parameter(
    "json", ParamKind.OUTPUT_FILE, "JSON report", "File for the report as JSON.",
)  # fmt: skip
OVERWRITE = Parameter(
    "overwrite", ParamKind.FLAG, "Overwrite",
    "Replace a report that exists.",
    default=False,
)  # fmt: skip
