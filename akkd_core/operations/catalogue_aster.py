"""The catalogue's comparison with AST_08 and AST_05. Standard library only."""

from __future__ import annotations

from akkd_core.operations.spec import Operation, Parameter, ParamKind

VALIDATE_ASTER = Operation(
    "validate aster",
    "Compare products with AST_08 and AST_05",
    "Validation",
    "Compare products with ASTER's own: temperature with AST_08, emissivity with AST_05.\n\n"
    "Takes granules of V003 (HDF) and V004 (GeoTIFFs) of the same seconds. The reference is taken "
    "where the centre of a pixel lies in its rotated grid. Several products of one scene are "
    "compared on the same pixels. Each filter is reported with the number of pixels before and "
    "after it.\n\n"
    "Writes report.html, metrics.json, match_ups.csv, charts as PNG, and "
    "<product>_minus_<reference>.tif with a QGIS style.",
    (
        Parameter(
            "products", ParamKind.INPUT_PATH, "Products",
            "Folders of products as akkd retrieve writes them, or their G_LST.tif.",
            multiple=True, required=True, positional=True,
        ),
        Parameter(
            "reference", ParamKind.INPUT_PATH, "Reference",
            "AST_08 or AST_05 granule: .hdf, or the stem or a file of V004's, or a folder of them; "
            "the option may be given several times.",
            multiple=True, required=True,
        ),
        Parameter(
            "output", ParamKind.OUTPUT_FOLDER, "Output folder",
            "Folder for the report; without it, <first product>_vs_<reference>.",
            short="o",
        ),
        Parameter(
            "label", ParamKind.TEXT, "Labels",
            "What the report calls the products, one for each in their order; without it, scene or "
            "model, whichever tells them apart.",
            multiple=True,
        ),
        Parameter(
            "seconds", ParamKind.FLOAT, "Time",
            "Largest difference of acquisition times.",
            default=4.0, minimum=0.0, maximum=1e10, unit="s",
        ),
        Parameter(
            "qa", ParamKind.CHOICE, "QA of the reference",
            "strict: its first QA plane is 0; cloud: neither cloud nor adjacency in it; none: "
            "not asked.",
            default="strict", choices=("strict", "cloud", "none"),
        ),
        Parameter(
            "quality", ParamKind.CHOICE, "Quality of the product",
            "clear: produced and not flagged as cloud; good: of these the ones of mandatory QA 0; "
            "produced: all.",
            default="clear", choices=("clear", "good", "produced"),
        ),
        Parameter(
            "resampling", ParamKind.CHOICE, "Resampling",
            "How the reference is taken from its grid; bilinear never across what has no value.",
            default="nearest", choices=("nearest", "bilinear"), advanced=True,
        ),
        Parameter(
            "block", ParamKind.INTEGER, "Blocks",
            "Side of the blocks of pixels that are resampled as wholes for confidence intervals.",
            default=20, minimum=1, maximum=10000, unit="pixels", advanced=True,
        ),
        Parameter(
            "seed", ParamKind.INTEGER, "Seed",
            "Start of the random numbers of the confidence intervals.",
            default=0, minimum=0, advanced=True,
        ),
        Parameter(
            "json", ParamKind.OUTPUT_FILE, "JSON report", "File for the report as JSON.",
        ),
        Parameter(
            "overwrite", ParamKind.FLAG, "Overwrite",
            "Replace a report that exists.",
            default=False,
        ),
    ),
    "akkd_core.operations.validate_aster:run",
)  # fmt: skip
