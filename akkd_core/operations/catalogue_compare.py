"""The catalogue's comparison of any two rasters. Standard library only."""

from __future__ import annotations

from akkd_core.operations.catalogue_report import (
    INTERVAL_SEED,
    JSON_REPORT,
    OVERWRITE,
    PIXEL_BLOCK,
)
from akkd_core.operations.spec import Operation, Parameter, ParamKind

_UNIT = (
    "auto takes the file's own, else what its values fit; K, degC, or 1 of emissivity."
)  # fmt: skip

COMPARE = Operation(
    "compare",
    "Compare two rasters",
    "Validation",
    "Compare two rasters of one quantity: temperature, emissivity, or another of one unit.\n\n"
    "The grids and coordinate systems may be any. The reference is brought to the first raster's "
    "pixels: averaged by exact area of overlap where its own are finer, else between its four "
    "nearest. So give the coarser raster first. Temperatures are compared in K.\n\n"
    "Writes report.html, metrics.json, match_ups.csv, charts as PNG, and "
    "<raster>_minus_<reference>.tif with a QGIS style.",
    (
        Parameter(
            "raster", ParamKind.INPUT_PATH, "Raster", "GeoTIFF on whose pixels is compared.",
            required=True, positional=True,
        ),
        Parameter(
            "reference", ParamKind.INPUT_PATH, "Reference", "GeoTIFF to compare it with.",
            required=True, positional=True,
        ),
        Parameter(
            "output", ParamKind.OUTPUT_FOLDER, "Output folder",
            "Folder for the report; without it, <raster>_vs_<reference> beside the raster.",
            short="o",
        ),
        Parameter(
            "band", ParamKind.INTEGER, "Band", "Band of the raster.",
            default=1, minimum=1, maximum=65535,
        ),
        Parameter(
            "reference_band", ParamKind.INTEGER, "Band of the reference",
            "Band of the reference.", default=1, minimum=1, maximum=65535,
        ),
        Parameter(
            "unit", ParamKind.CHOICE, "Unit", f"Of the raster: {_UNIT}",
            default="auto", choices=("auto", "K", "degC", "1"),
        ),
        Parameter(
            "reference_unit", ParamKind.CHOICE, "Unit of the reference",
            f"Of the reference: {_UNIT}",
            default="auto", choices=("auto", "K", "degC", "1"),
        ),
        Parameter(
            "scale", ParamKind.FLOAT, "Scale",
            "By which the raster's stored values are multiplied to be in its unit.",
            default=1.0, minimum=1e-6, maximum=1e6, advanced=True,
        ),
        Parameter(
            "reference_scale", ParamKind.FLOAT, "Scale of the reference",
            "The same of the reference; 0.02 of MODIS LST in counts.",
            default=1.0, minimum=1e-6, maximum=1e6, advanced=True,
        ),
        Parameter(
            "resampling", ParamKind.CHOICE, "Resampling",
            "How the reference is brought to the raster's pixels; auto is mean where the "
            "reference's are less than half as large, else bilinear.",
            default="auto", choices=("auto", "mean", "bilinear", "nearest"), advanced=True,
        ),
        Parameter(
            "valid_fraction", ParamKind.FLOAT, "Valid share",
            "Least share of a pixel's area in which an averaged reference has values.",
            default=0.8, minimum=0.01, maximum=1.0, advanced=True,
        ),
        PIXEL_BLOCK,
        INTERVAL_SEED,
        JSON_REPORT,
        OVERWRITE,
    ),
    "akkd_core.operations.compare:run",
)  # fmt: skip
