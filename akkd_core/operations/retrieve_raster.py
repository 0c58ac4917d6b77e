"""Use-case: rasters of counts, radiance or brightness temperature to a product."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import InputError, ParameterError
from akkd_core.inference.cloud_mask import MaskOptions
from akkd_core.inference.product import ProductSummary
from akkd_core.operations.batch import SteadyProgress
from akkd_core.operations.catalogue import RETRIEVE_RASTER
from akkd_core.operations.known_air import AirSources, as_text
from akkd_core.operations.retrieve import (
    DEFAULT_TILE_SIZE,
    RetrievalOptions,
    check_model,
    check_options,
    retrieval_outcome,
    retrieve_scene,
)
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress, SilentProgress

if TYPE_CHECKING:
    from akkd_core.calibration import SampleCalibration
    from akkd_core.images import Scene

_LOG = logging.getLogger(__name__)
_SAMPLE_ROWS = 24


def _bands(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    words = re.split(r"[,;\s]+", text.strip(" ,;"))
    if not all(word.isdecimal() for word in words):
        raise ParameterError(f"bands {text!r}: give the numbers of five bands, as 1,2,3,4,5")
    return tuple(map(int, words))


def _moment(text: str | datetime | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = (
            text if isinstance(text, datetime)
            else datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
        )  # fmt: skip
    except ValueError:
        raise ParameterError(
            f"acquired_at {text!r}: not a time. Give it as 2019-07-04T10:30:00Z"
        ) from None
    return found if found.tzinfo is not None else found.replace(tzinfo=timezone.utc)


def _samples(scene: Scene) -> NDArray[Any]:
    """Read valid values of some rows, in all bands, as they stand in the files."""
    from akkd_core.readers.band_rasters import BandRasters

    source, (rows, cols) = scene.source, scene.grid.shape
    assert isinstance(source, BandRasters)
    chosen = np.unique(np.linspace(0, rows - 1, min(rows, _SAMPLE_ROWS)).round().astype(int))
    found = np.concatenate([source.values(int(row), 0, 1, cols).ravel() for row in chosen])
    kept: NDArray[Any] = found[found != 0]
    return kept


def _calibration(scene: Scene, quantity: str) -> SampleCalibration:
    """Check the samples, and say how they become temperatures."""
    from akkd_core.calibration import CalibratedSamples, Calibration, check_quantity

    check_quantity(scene.metadata.source_files[0], _samples(scene), quantity)
    if quantity == "dn":
        return Calibration.from_ucc(scene.metadata.ucc)
    return CalibratedSamples(quantity)


def retrieve_raster(
    rasters: str | Path | Sequence[str | Path],
    quantity: str,
    output: str | Path | None = None,
    bands: str | None = None,
    acquired_at: str | datetime | None = None,
    view_zenith: float | None = None,
    model: str | Path | None = None,
    tcwv: float | str | Path | None = None,
    t_air: float | str | Path | None = None,
    profile: str | Path | None = None,
    elevation: float | str | Path | None = None,
    cloud_distance: bool = False,
    water_snow_prior: bool = False,
    closure: bool = False,
    overwrite: bool = False,
    runtime: str = "auto",
    device: str = "auto",
    tile_size: int = DEFAULT_TILE_SIZE,
    progress: Progress | None = None,
) -> ProductSummary:
    """Retrieve temperature and emissivity from rasters of the thermal bands; write the product.

    Parameters
    ----------
    rasters : path or sequence of path
        One GeoTIFF with bands 10-14, or five with one band each.
    quantity : {"dn", "radiance", "bt"}
        Counts, calibrated with the sensor's coefficients; W m-2 sr-1 um-1; K.
    output : path, optional
        Folder of the product; by default ``<raster>_akkd`` beside the raster.
    bands : str, optional
        Numbers of bands 10-14 within one file, separated by commas.
    acquired_at : str or datetime, optional
        ISO 8601, UTC unless it says otherwise; needed where tags and name don't tell.
    view_zenith : float, optional
        0-60 degrees.
    model, tcwv, t_air, profile, elevation, cloud_distance, water_snow_prior, closure, overwrite,
    runtime, device, tile_size
        As in :func:`akkd_core.operations.retrieve.retrieve`.
    progress : Progress, optional

    Returns
    -------
    ProductSummary

    Raises
    ------
    InputError
        If the rasters can't be used, or the values can't be of the quantity.
    AkkdError
        If parameters or bundle can't be used, or the product can't be written.
    OperationCancelled
        If the user cancelled.
    """
    from akkd_core.operations.retrieval_model import open_model
    from akkd_core.readers.band_rasters import read_band_rasters

    RETRIEVE_RASTER.check(
        quantity=quantity, runtime=runtime, tile_size=tile_size, view_zenith=view_zenith
    )
    files = [Path(p) for p in ([rasters] if isinstance(rasters, (str, Path)) else rasters)]
    if not files:
        raise InputError("no raster was given. Name one GeoTIFF of five bands, or five of one")
    folder = None if output is None else Path(output)
    air = AirSources(
        as_text(tcwv), as_text(t_air), None if profile is None else Path(profile),
        as_text(elevation),
    )  # fmt: skip
    clouds = MaskOptions(cloud_distance, water_snow_prior)
    options = RetrievalOptions(folder, tile_size, air, None, overwrite, clouds, closure=closure)
    check_options(options)
    report = SteadyProgress(progress if progress is not None else SilentProgress())
    report.update(0.0, f"opening {files[0].name}")
    scene = read_band_rasters(files, quantity, _bands(bands), _moment(acquired_at), view_zenith)
    if folder is None:
        folder = files[0].absolute().with_name(f"{scene.metadata.granule_id}_akkd")
    calibration = _calibration(scene, quantity)
    opened = open_model(model, runtime, device)
    check_model(opened, options)
    _LOG.info("model %s on rasters of %s", opened.name, quantity)
    facts = {"quantity": quantity, **scene.metadata.extra}
    return retrieve_scene(opened, scene, lambda: calibration, folder, options, report, facts)


def run(*, progress: Progress, **values: Any) -> Outcome:
    """Run the operation ``retrieve-raster``; values as in :func:`retrieve_raster`."""
    return retrieval_outcome([retrieve_raster(progress=progress, **values)])
