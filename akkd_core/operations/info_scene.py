"""What a scene is, in words: product, date, footprint, bands, cloud, missing data."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from akkd_core.errors import AkkdWarning
from akkd_core.images import TIR_BANDS, Scene
from akkd_core.inference.footprint import footprint
from akkd_core.operations.spec import Outcome
from akkd_core.quality import PixelFlag

_STRIP_ROWS = 512
_SAMPLE_STEP = 4
"""Every fourth pixel both ways is enough for the median temperature."""


def _bands(scene: Scene) -> list[dict[str, Any]]:
    from akkd_core.calibration import Calibration

    calibration = Calibration.for_scene(scene.metadata)
    rows, cols = scene.grid.shape
    counts = np.zeros((len(TIR_BANDS), 3))
    kinds = (PixelFlag.FILL, PixelFlag.SATURATED, PixelFlag.INVALID)
    samples = []
    for row in range(0, rows, _STRIP_ROWS):
        dn = scene.read(row, 0, min(_STRIP_ROWS, rows - row), cols)
        flags = calibration.flag_table[dn]
        for k, kind in enumerate(kinds):
            counts[:, k] += ((flags & int(kind)) > 0).sum(axis=(1, 2))
        part = np.ascontiguousarray(dn[:, ::_SAMPLE_STEP, ::_SAMPLE_STEP])
        samples.append(calibration.brightness_temperature(part).reshape(len(TIR_BANDS), -1))
    bt = np.concatenate(samples, axis=1)
    bands = []
    for index, band in enumerate(TIR_BANDS):
        valid = bt[index][np.isfinite(bt[index])]
        fill, saturated, invalid = (100 * counts[index] / (rows * cols)).tolist()
        low, middle, high = (
            np.percentile(valid, (2, 50, 98)).tolist() if valid.size else (None, None, None)
        )
        bands.append(
            {
                "band": band, "fill_percent": fill, "saturated_percent": saturated,
                "invalid_percent": invalid, "bt_p2_k": low, "bt_median_k": middle, "bt_p98_k": high,
            }
        )  # fmt: skip
    return bands


def _band_line(band: dict[str, Any]) -> str:
    text = (
        f"    {band['band']}  missing {band['fill_percent']:5.1f} %  "
        f"saturated {band['saturated_percent']:.2f} %  invalid {band['invalid_percent']:.2f} %"
    )
    if band["bt_median_k"] is not None:
        text += (
            f"  BT {band['bt_p2_k']:.1f} / {band['bt_median_k']:.1f} / {band['bt_p98_k']:.1f} K"
        )
    return text


def describe_scene(path: Path) -> Outcome:
    """Tell what a scene is.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Outcome

    Raises
    ------
    AkkdError
        If it is no scene that AKKD reads.
    """
    from akkd_core.readers import open_scene

    scene = open_scene(path)
    metadata, grid = scene.metadata, scene.grid
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", AkkdWarning)
        bands = _bands(scene)
    doubts = sorted({str(w.message) for w in caught if issubclass(w.category, AkkdWarning)})
    geometry, bbox = footprint(grid)
    day = {True: "day", False: "night", None: "unknown"}[metadata.daytime]
    cloud, view = metadata.cloud_cover_percent, metadata.view_zenith_deg
    lines = [
        f"{metadata.product} {metadata.collection} {metadata.granule_id}",
        f"  acquired     {metadata.acquired_at:%Y-%m-%d %H:%M:%S} UTC ({day})",
        f"  cloud        {'unknown' if cloud is None else f'{cloud:g} %'} (granule's own figure)",
        f"  view zenith  {'unknown' if view is None else f'{view:g} degrees'}",
        f"  radiometric version {metadata.radiometric_version or 'unknown'}",
        f"  grid         {grid.rows} x {grid.cols} pixels of {grid.pixel_size_m:g} m, "
        f"EPSG:{grid.epsg}",
        f"  footprint    {bbox[0]:.4f} to {bbox[2]:.4f} E, {bbox[1]:.4f} to {bbox[3]:.4f} N",
        "  bands (brightness temperature: 2 %, median, 98 %)",
        *(_band_line(band) for band in bands),
        *(f"  caution      {doubt}" for doubt in doubts),
    ]
    data = {
        "kind": "scene",
        "granule_id": metadata.granule_id,
        "product": metadata.product,
        "collection": metadata.collection,
        "acquired_at": metadata.acquired_at.isoformat(),
        "daytime": metadata.daytime,
        "cloud_cover_percent": cloud,
        "view_zenith_deg": view,
        "radiometric_version": metadata.radiometric_version,
        "epsg": grid.epsg,
        "geotransform": list(grid.geotransform),
        "shape": [grid.rows, grid.cols],
        "bbox": bbox,
        "geometry": geometry,
        "bands": bands,
        "source_files": list(metadata.source_files),
        "doubts": doubts,
        "extra": dict(metadata.extra),
    }
    return Outcome(tuple(lines), data)
