"""The catalogue's comparison with stations. Standard library only."""

from __future__ import annotations

from akkd_core.operations.catalogue_report import (
    OVERWRITE,
)
from akkd_core.operations.spec import Operation, Parameter, ParamKind

VALIDATE_STATIONS = Operation(
    "validate stations",
    "Compare products with stations",
    "Validation",
    "Compare temperatures of products with stations on the ground.\n\n"
    "Stations that measure longwave radiation give T = ((up - (1 - eps) down) / (eps sigma))^0.25; "
    "eps is --emissivity, else the station's own, else that of 8-13.5 um from the product's bands "
    "(Cheng et al. 2013). Products of one model are judged together, those of several beside each "
    "other. Each filter is reported with what it left; the paper's 3-sigma rule, with the metrics "
    "before and after it.\n\n"
    "Writes report.html, metrics.json, match_ups.csv (every match-up) and charts as PNG.",
    (
        Parameter(
            "products", ParamKind.INPUT_PATH, "Products",
            "Folders of products as akkd retrieve writes them, of one scene or many, or their "
            "G_LST.tif.",
            multiple=True, required=True, positional=True,
        ),
        Parameter(
            "stations", ParamKind.INPUT_PATH, "Stations",
            "Measurements: SURFRAD .dat or BSRN station-to-archive files; CSV with station, lat, "
            "lon, time (UTC) and lst_k, or longwave_up, longwave_down and perhaps emissivity; or a "
            "GeoPackage of points with these columns. May be given several times.",
            multiple=True, required=True,
        ),
        Parameter(
            "output", ParamKind.OUTPUT_FOLDER, "Output folder",
            "Folder for the report; without it, <first product>_vs_stations.",
            short="o",
        ),
        Parameter(
            "window", ParamKind.CHOICE, "Window",
            "Pixels whose mean is compared.",
            default="1x1", choices=("1x1", "3x3"),
        ),
        Parameter(
            "emissivity", ParamKind.FLOAT, "Emissivity",
            "Broadband emissivity of every station, instead of what the file or the product says.",
            minimum=0.5, maximum=1.0,
        ),
        Parameter(
            "time_limit", ParamKind.FLOAT, "Time limit",
            "Farthest measurement before and after a scene that its value is interpolated from; "
            "half the interval of the measurements or more.",
            default=5.0, minimum=0.1, maximum=180.0, unit="min",
        ),
        Parameter(
            "max_sd", ParamKind.FLOAT, "Homogeneity",
            "Largest standard deviation of the 3 x 3 pixels around a station.",
            default=1.5, minimum=0.01, maximum=50.0, unit="K",
        ),
        Parameter(
            "dem", ParamKind.INPUT_PATH, "Elevation model",
            "GeoTIFF of elevation in m, for the slope at the stations; without it, slopes aren't "
            "looked at.",
        ),
        Parameter(
            "max_slope", ParamKind.FLOAT, "Slope",
            "With --dem, steepest ground at the scale of the pixels.",
            default=5.0, minimum=0.1, maximum=90.0, unit="deg",
        ),
        Parameter(
            "precision", ParamKind.FLOAT, "Precision",
            "Theoretical precision of the algorithm for the 3-sigma rule; without it, the "
            "product's own 1-sigma error at each pixel.",
            minimum=0.01, maximum=20.0, unit="K",
        ),
        Parameter(
            "seed", ParamKind.INTEGER, "Seed",
            "Start of the bootstrap's random numbers.",
            default=0, minimum=0, advanced=True,
        ),
        Parameter("json", ParamKind.OUTPUT_FILE, "JSON report", "File for the numbers as JSON."),
        OVERWRITE,
    ),
    "akkd_core.operations.validate_stations:run",
)  # fmt: skip
