"""Match-ups with known differences, on a UTM grid or in MODIS's sinusoidal system."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from akkd_core.grid import Grid
from akkd_core.validation.bootstrap import spatial_blocks
from akkd_core.validation.match_up import ComparisonMaps, FilterStep, MatchUp

SINUSOIDAL = (
    'PROJCRS["Sinusoidal",BASEGEOGCRS["Sphere",DATUM["Sphere",ELLIPSOID["Sphere",6371007.181,0]]],'
    'CONVERSION["Sinusoidal",METHOD["Sinusoidal"],PARAMETER["Longitude of natural origin",0],'
    'PARAMETER["False easting",0],PARAMETER["False northing",0]],CS[Cartesian,2],'
    'AXIS["easting",east],AXIS["northing",north],LENGTHUNIT["metre",1]]'
)
"""MODIS's coordinate system."""

CELL_M = 926.625433055556
MODIS = Grid(0, (-4447802.079, CELL_M, 0.0, -1111950.52, 0.0, -CELL_M), 60, 70)
UTM = Grid(32650, (300000.0, 90.0, 0.0, 4400000.0, 0.0, -90.0), 60, 70)
REFERENCE = "MOD11A1.A2019305.h14v09.061"


def lst(
    product: str = "G1", bias: float = 0.5, sd: float = 1.0, *, seed: int = 0, grid: Grid = MODIS,
    **changes: Any,
) -> MatchUp:  # fmt: skip
    """Temperatures with a gap in the middle, a planted bias and spread."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: grid.rows, : grid.cols]
    truth = 300.0 + 5.0 * np.sin(x / 9.0) + 4.0 * np.cos(y / 11.0)
    estimate = truth + bias + sd * rng.standard_normal(truth.shape)
    valid = np.hypot(y - 30, x - 30) > 8.0
    row, col = np.nonzero(valid)
    found = MatchUp(
        product, REFERENCE, "LST", "K", estimate[valid], truth[valid],
        spatial_blocks(row, col, 10), {"row": row, "col": col},
        (FilterStep("valid fraction 0.8 or more", 4200, 4100),
         FilterStep("good QC", 4100, row.size)),
        ComparisonMaps(
            grid, None if grid.epsg else SINUSOIDAL,
            np.where(valid, estimate, np.nan).astype(np.float32),
            np.where(valid, truth, np.nan).astype(np.float32),
        ),
        facts={"acquired_at": "2019-11-01 10:55:55 UTC"},
    )  # fmt: skip
    return replace(found, **changes)


def lse(product: str = "G1", band: int = 10, bias: float = 0.004) -> MatchUp:
    """Emissivity of a band on the UTM grid."""
    made = lst(product, 0.0, 0.0, grid=UTM)
    assert made.maps is not None
    values = 0.9 + (made.values - 290.0) / 200.0
    estimate = values + bias
    reference = (0.9 + (made.maps.reference - 290.0) / 200.0).astype(np.float32)
    maps = ComparisonMaps(UTM, None, reference + np.float32(bias), reference)
    return replace(
        made, quantity=f"Emis{band}", unit="", reference="AST_05_00411012019105555_1",
        estimate=estimate, values=values, maps=maps,
    )  # fmt: skip
