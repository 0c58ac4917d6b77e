"""Compare products with stations on the ground and write the report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from akkd_core.operations.catalogue_stations import VALIDATE_STATIONS
from akkd_core.operations.comparison import command_text, report_folder, report_outcome
from akkd_core.operations.outputs import check_file
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress, SilentProgress, SubProgress

if TYPE_CHECKING:
    from akkd_core.readers.stations import StationSeries
    from akkd_core.validation.station_scenes import ProductScene
    from akkd_core.validation.stations import StationRules

_COMPARING = 0.4
"""Share of the progress that goes to comparing; the rest to the report."""

_LISTED = 10


def run(
    products: Sequence[str],
    stations: Sequence[str],
    output: str | None = None,
    window: str = "1x1",
    emissivity: float | None = None,
    time_limit: float = 5.0,
    max_sd: float = 1.5,
    dem: str | None = None,
    max_slope: float = 5.0,
    precision: float | None = None,
    seed: int = 0,
    json: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Compare, and write the report.

    Raises
    ------
    InputError
        If a path holds no product or no measurements, or nothing is left to compare.
    ParameterError
        If a value is out of range, or a report exists already.
    GranuleReadError
        If a file can't be read.
    MissingDependencyError
        If a file needs pvlib and it isn't installed.
    ProductWriteError, OperationCancelled
    """
    from akkd_core.readers.stations import read_stations
    from akkd_core.validation.comparison_report import check_folder, write_report
    from akkd_core.validation.station_scenes import find_scenes
    from akkd_core.validation.stations import StationRules, compare_with_stations

    values = {
        "products": products, "stations": stations, "output": output, "window": window,
        "emissivity": emissivity, "time_limit": time_limit, "max_sd": max_sd, "dem": dem,
        "max_slope": max_slope, "precision": precision, "seed": seed,
    }  # fmt: skip
    VALIDATE_STATIONS.check(**values)
    folder = Path(output) if output else report_folder(products[0], "stations")
    check_folder(folder, overwrite)
    check_file(json, overwrite)
    rules = StationRules(window, time_limit, emissivity, max_sd, dem, max_slope, precision)
    series = read_stations(stations)
    scenes = find_scenes(products)
    whole = progress or SilentProgress()
    found = compare_with_stations(scenes, series, rules, SubProgress(whole, 0.0, _COMPARING))
    report = write_report(
        found,
        folder,
        title="Surface temperature against stations",
        facts=_facts(stations, series, scenes, rules),
        command=command_text(VALIDATE_STATIONS, values),
        seed=seed,
        overwrite=overwrite,
        progress=SubProgress(whole, _COMPARING, 1.0),
    )
    return report_outcome(report, json)


def _facts(
    files: Sequence[str],
    series: Sequence[StationSeries],
    scenes: Sequence[ProductScene],
    rules: StationRules,
) -> dict[str, str]:
    places = [
        f"{one.station} ({abs(one.latitude):.3f} {'N' if one.latitude >= 0 else 'S'}, "
        f"{abs(one.longitude):.3f} {'E' if one.longitude >= 0 else 'W'})"
        for one in series[:_LISTED]
    ]
    more = [f"and {len(series) - _LISTED} more"] if len(series) > _LISTED else []
    slope = "not looked at (no elevation model)"
    if rules.elevation:
        slope = f"at most {rules.max_slope_deg:g} deg by {Path(rules.elevation).name}"
    emissivity = "the station's own, else from the product's LSE (Cheng et al. 2013)"
    if rules.emissivity is not None:
        emissivity = f"{rules.emissivity:g} for all"
    precision = "the product's own 1-sigma error of each pixel"
    if rules.precision_k is not None:
        precision = f"{rules.precision_k:g} K"
    window = rules.window.replace("x", " x ")
    return {
        "products": f"{len(scenes)}, of {len({one.scene_id for one in scenes})} scenes",
        "stations": ", ".join([*places, *more]),
        "station files": ", ".join(Path(file).name for file in files),
        "compared": f"{window} pixels with the station's measurements interpolated to the scene's "
        f"time, at most {rules.time_limit_min:g} min away",
        "broadband emissivity": emissivity,
        "homogeneity": f"SD of 3 x 3 pixels at most {rules.max_spread_k:g} K",
        "slope": slope,
        "precision for the 3-sigma rule": precision,
    }
