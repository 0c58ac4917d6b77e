"""Columns that match-ups with MODIS have in the table, and kinds of ground scored beside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.readers.modis_lst import ModisLst
from akkd_core.validation.modis_cells import CellMeans, ModisCells

ARID_EMISSIVITY = 0.90
"""Ground whose emissivity at 9.1 um (ASTER band 12) is below is bare and sandy."""


def table_columns(
    cells: ModisCells, means: CellMeans, reference: ModisLst, chosen: NDArray[np.intp]
) -> dict[str, NDArray[Any]]:
    """Return further columns of the table of match-ups.

    Parameters
    ----------
    cells : ModisCells
    means : CellMeans
    reference : ModisLst
    chosen : ndarray of intp
        Cells that are match-ups.

    Returns
    -------
    dict of str to ndarray, (n,)
        Places, degrees and numbers of cells; times, UTC; angles, deg; emissivities, 0-1.
    """
    layer = cells.layer
    columns: dict[str, NDArray[Any]] = {
        "row": cells.rows[chosen],
        "col": cells.cols[chosen],
        "lon": cells.lon[chosen],
        "lat": cells.lat[chosen],
        "valid_fraction": means.valid_fraction[chosen].astype(np.float32),
        "spread_in_cell_k": means.spread_k[chosen].astype(np.float32),
    }
    if layer.solar_hour is not None and cells.minutes_apart is not None:
        seen = cells.of(layer.solar_hour)[chosen]
        columns["view_time_utc"] = reference.view_times(seen, cells.lon[chosen])
        columns["minutes_apart"] = cells.minutes_apart[chosen].astype(np.float32)
    if layer.view_zenith_deg is not None:
        columns["modis_view_zenith_deg"] = cells.of(layer.view_zenith_deg)[chosen]
    if layer.quality is not None:
        columns["modis_qc"] = cells.of(layer.quality.stored)[chosen]
        if layer.quality.scheme.lst_error_bit is not None:
            columns["modis_lst_error_k"] = cells.of(layer.quality.lst_error_k)[chosen]
        if layer.quality.scheme.cloud_bit is not None:
            columns["modis_near_cloud"] = cells.of(layer.quality.near_cloud)[chosen]
    for band, values in reference.emissivity.items():
        columns[f"modis_emis_{band}"] = cells.of(values)[chosen]
    return columns


def kinds_of_ground(emissivity_12: NDArray[np.float64]) -> Mapping[str, NDArray[np.bool_]]:
    """Part cells by the products' emissivity, as MOD11's error follows it.

    Parameters
    ----------
    emissivity_12 : ndarray of float64, (n,)
        Of ASTER band 12; NaN where unknown.

    Returns
    -------
    mapping of str to ndarray of bool, (n,)
        Empty where all ground is of one kind.
    """
    arid = emissivity_12 < ARID_EMISSIVITY
    if not arid.any() or arid.all():
        return {}
    name = f"bare sandy ground (emissivity at 9.1 um < {ARID_EMISSIVITY:g})"
    return {name: arid, f"other ground (>= {ARID_EMISSIVITY:g})": ~arid}
