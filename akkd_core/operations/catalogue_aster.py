"""The catalogue's comparison with AST_08 and AST_05. Standard library only."""

from __future__ import annotations

from akkd_core.operations.catalogue_report import (
    INTERVAL_SEED,
    JSON_REPORT,
    LABEL,
    OVERWRITE,
    PIXEL_BLOCK,
    PRODUCTS,
    REPORT_FOLDER,
)
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
        PRODUCTS,
        Parameter(
            "reference", ParamKind.INPUT_PATH, "Reference",
            "AST_08 or AST_05 granule: .hdf, or the stem or a file of V004's, or a folder of them; "
            "the option may be given several times.",
            multiple=True, required=True,
        ),
        REPORT_FOLDER,
        LABEL,
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
        PIXEL_BLOCK,
        INTERVAL_SEED,
        JSON_REPORT,
        OVERWRITE,
    ),
    "akkd_core.operations.validate_aster:run",
)  # fmt: skip
