"""The catalogue's third part: operations that judge products and bundles. Standard library only."""

from __future__ import annotations

from akkd_core.operations.catalogue_aster import VALIDATE_ASTER
from akkd_core.operations.catalogue_cloud import VALIDATE_CLOUD
from akkd_core.operations.catalogue_compare import COMPARE
from akkd_core.operations.catalogue_modis import VALIDATE_MODIS
from akkd_core.operations.catalogue_report import JSON_REPORT, OVERWRITE
from akkd_core.operations.catalogue_stations import VALIDATE_STATIONS
from akkd_core.operations.spec import Operation, Parameter, ParamKind

VALIDATE_TRUTH = Operation(
    "validate truth",
    "Compare a product with simulated truth",
    "Validation",
    "Compare a product with the truth of a simulated granule.\n\n"
    "Bias, MAE, RMSE, robust standard deviation, correlation and coefficient of determination of "
    "temperature and of the emissivity of each band, and how often the true value lies within the "
    "product's 1-sigma error. With -o, a report with maps and charts, too.",
    (
        Parameter(
            "product", ParamKind.INPUT_PATH, "Product",
            "Folder of a product, or its G_LST.tif.",
            required=True, positional=True,
        ),
        Parameter(
            "truth", ParamKind.INPUT_PATH, "Truth",
            "GeoTIFF of LST (K) and emissivity, as akkd simulate granule writes it.",
            required=True,
        ),
        Parameter(
            "output", ParamKind.OUTPUT_FOLDER, "Output folder",
            "Folder for a report with maps, charts, match-ups and the difference raster; without "
            "it, none is written.",
            short="o",
        ),
        JSON_REPORT,
        Parameter(
            "csv", ParamKind.OUTPUT_FILE, "CSV report",
            "File for the report as CSV, one row per band.",
        ),
        OVERWRITE,
    ),
    "akkd_core.operations.validate_truth:run",
)  # fmt: skip

VALIDATE_SCORES = Operation(
    "validate scores",
    "Score a model bundle on held-out scenes",
    "Validation",
    "Score a model bundle on simulated scenes of air and materials that nothing was trained on.\n\n"
    "Beside it, on the same scenes: the same net without scene statistics if given, a quadratic "
    "regression, generalised split windows, and TES with the true atmosphere (also as AST_08 does "
    "it), with water vapour 10 % off, and with air that can be had; and the bundle with noise "
    "constant in kelvins, with surfaces 5 K warmer and colder, and with the air's optical depth "
    "off as between two radiative transfer engines.",
    (
        Parameter(
            "model", ParamKind.BUNDLE, "Model bundle",
            "Folder or zip of the model bundle, or name of an installed or shipped one; "
            "without it, the default one.",
            short="m",
        ),
        Parameter(
            "pixel_model", ParamKind.BUNDLE, "Pixel-only bundle",
            "A bundle of the same net without scene statistics, for comparison.",
        ),
        Parameter(
            "scenes", ParamKind.INTEGER, "Scenes",
            "Number of scenes; up to 387 each is of another atmosphere.",
            default=387, minimum=1, maximum=100000,
        ),
        Parameter(
            "seed", ParamKind.INTEGER, "Seed",
            "Start of the random numbers; the same seed gives the same scenes.",
            default=0, minimum=0,
        ),
        Parameter(
            "workers", ParamKind.INTEGER, "Processes",
            "Processes that simulate; without it, one per core.",
            minimum=1, maximum=256, advanced=True,
        ),
        JSON_REPORT,
        OVERWRITE,
    ),
    "akkd_core.operations.scores:run",
)  # fmt: skip

VALIDATION_OPERATIONS: tuple[Operation, ...] = (
    VALIDATE_MODIS,
    VALIDATE_ASTER,
    VALIDATE_STATIONS,
    COMPARE,
    VALIDATE_TRUTH,
    VALIDATE_CLOUD,
    VALIDATE_SCORES,
)
"""Operations that judge, in the order in which faces list them."""
