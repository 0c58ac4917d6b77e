"""The catalogue's part on cloud, water and snow. Standard library only."""

from __future__ import annotations

from akkd_core.operations.catalogue_report import JSON_REPORT, OVERWRITE
from akkd_core.operations.spec import Operation, Parameter, ParamKind

VNIR_SWIR = Parameter(
    "vnir_swir", ParamKind.CHOICE, "Bands 1-4",
    "Whether bands 1, 2, 3N and 4 help the cloud mask where an L1T granule of the day has them "
    "(band 4 until March 2008): auto or none.",
    default="auto", choices=("auto", "none"), advanced=True,
)  # fmt: skip
CLOUD_OPTIONS = (
    Parameter(
        "cloud_distance", ParamKind.FLAG, "Distance to cloud",
        "Write the distance to the nearest cloud, too: G_CDIST.tif, m, up to 5000.",
        default=False,
    ),
    Parameter(
        "water_snow_prior", ParamKind.FLAG, "Known emissivity of water and snow",
        "Give pixels that surely are water or snow the emissivity that is known of them, and solve "
        "band 13 for their temperature under the scene's retrieved atmosphere.",
        default=False,
    ),
    Parameter(
        "closure", ParamKind.FLAG, "Closure",
        "Write the closure, too: G_CLOSURE.tif, brightness temperature recomputed from what was "
        "retrieved, air and all, minus that measured, K. Needs a model that retrieves an "
        "atmosphere.",
        default=False,
    ),
)  # fmt: skip
"""Options of a retrieval."""

VALIDATE_CLOUD = Operation(
    "validate cloud",
    "Score the cloud mask",
    "Validation",
    "Score the cloud mask on simulated scenes of known cloud, by day and by night.\n\n"
    "Hit rate by kind of cloud, false-alarm rate by land cover, on air and materials that nothing "
    "was fitted on; then a bundle's error in the clear part of half-cloudy scenes, with scene "
    "statistics of a perfect mask, of this mask, of a screen for cold outliers, and of all pixels.",
    (
        Parameter(
            "model", ParamKind.BUNDLE, "Model bundle",
            "Folder or zip of the model bundle, or name of an installed or shipped one; "
            "without it, the default one.",
            short="m",
        ),
        Parameter(
            "scenes", ParamKind.INTEGER, "Scenes",
            "Scenes of any cover, and as many again that are half under cloud.",
            default=200, minimum=1, maximum=100000,
        ),
        Parameter(
            "air_known", ParamKind.FLAG, "Air temperature known",
            "Tell the mask the air temperature near the ground.",
            default=False,
        ),
        Parameter(
            "seed", ParamKind.INTEGER, "Seed",
            "Start of the random numbers; the same seed gives the same scenes.",
            default=0, minimum=0,
        ),
        JSON_REPORT,
        OVERWRITE,
    ),
    "akkd_core.operations.validate_cloud:run",
)  # fmt: skip
