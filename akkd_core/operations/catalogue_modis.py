"""The catalogue's comparison with MODIS. Standard library only."""

from __future__ import annotations

from akkd_core.operations.catalogue_report import (
    INTERVAL_SEED,
    JSON_REPORT,
    LABEL,
    OVERWRITE,
    PRODUCTS,
    REPORT_FOLDER,
)
from akkd_core.operations.spec import Operation, Parameter, ParamKind

VALIDATE_MODIS = Operation(
    "validate modis",
    "Compare products with MODIS",
    "Validation",
    "Compare temperatures of products with MODIS.\n\n"
    "Takes MOD11A1, A2, B1-B3, MOD11_L2, MOD21, MOD21A1D, A1N, A2 (HDF) or GeoTIFFs of them. Each "
    "cell gets the mean of the product's pixels by exact area of overlap, in emitted radiance. "
    "Several products of one scene are compared on the same cells. Each filter is reported with "
    "the number of cells before and after it.\n\n"
    "Writes report.html, metrics.json, match_ups.csv, charts as PNG, and "
    "<product>_minus_<reference>.tif with a QGIS style.",
    (
        PRODUCTS,
        Parameter(
            "reference", ParamKind.INPUT_PATH, "Reference",
            "MODIS granule (.hdf), or GeoTIFF of its LST in K or in counts of 0.02 K. Where a "
            "scene lies across a border of tiles, the option may be given several times.",
            multiple=True, required=True,
        ),
        REPORT_FOLDER,
        LABEL,
        Parameter(
            "valid_fraction", ParamKind.FLOAT, "Valid fraction",
            "Least share of a cell's area that must have a valid temperature in the product.",
            default=0.8, minimum=0.01, maximum=1.0,
        ),
        Parameter(
            "minutes", ParamKind.FLOAT, "View time",
            "Largest difference of MODIS's view time and the scene's.",
            default=30.0, minimum=0.0, maximum=720.0, unit="min",
        ),
        Parameter(
            "view_zenith", ParamKind.FLOAT, "View zenith",
            "Largest view zenith angle of MODIS.",
            default=15.0, minimum=0.0, maximum=90.0, unit="deg",
        ),
        Parameter(
            "quality", ParamKind.CHOICE, "MODIS quality",
            "good takes cells whose QC bits 0-1 are 00, produced those of other quality, too.",
            default="good", choices=("good", "produced"),
        ),
        Parameter(
            "mean", ParamKind.FLAG, "Plain mean",
            "Average temperature itself over a cell, not emitted radiance.",
            default=False,
        ),
        Parameter(
            "aqua", ParamKind.FLAG, "Aqua",
            "Take a MYD product of Aqua, which passes hours from the scene.",
            default=False,
        ),
        Parameter(
            "other_date", ParamKind.FLAG, "Other date",
            "Take MODIS of another day than the scene's.",
            default=False,
        ),
        Parameter(
            "reference_qc", ParamKind.INPUT_PATH, "QC of the reference",
            "QC layer of a GeoTIFF reference; without it, a band of it or the file named alike.",
            advanced=True,
        ),
        Parameter(
            "reference_product", ParamKind.TEXT, "Product of the reference",
            "Short name as MOD11A1, of a GeoTIFF whose name and tags don't tell.",
            advanced=True,
        ),
        Parameter(
            "reference_date", ParamKind.TEXT, "Date of the reference",
            "Day as 2019-11-01 (UTC), of a GeoTIFF whose name and tags don't tell.",
            advanced=True,
        ),
        Parameter(
            "block", ParamKind.INTEGER, "Blocks",
            "Side of the blocks of cells that are resampled as wholes for confidence intervals.",
            default=5, minimum=1, maximum=1000, unit="cells", advanced=True,
        ),
        INTERVAL_SEED,
        JSON_REPORT,
        OVERWRITE,
    ),
    "akkd_core.operations.validate_modis:run",
)  # fmt: skip
