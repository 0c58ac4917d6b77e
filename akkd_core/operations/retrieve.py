"""Use-case: scenes to products of land surface temperature and emissivity."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from akkd_core.inference.cloud_mask import NOTHING_MORE, MaskOptions
from akkd_core.inference.layers import CLOSURE_LAYER, CLOUD_DISTANCE_LAYER, Layer
from akkd_core.inference.product import (
    ProductProvenance,
    ProductSummary,
    kept_product,
    write_product,
)
from akkd_core.inference.product_files import NETWORK
from akkd_core.operations.batch import Claims, SceneArgument, group_scenes, run_batch
from akkd_core.operations.catalogue import RETRIEVE
from akkd_core.operations.known_air import AirSources, SceneAirFacts, as_text, read_air
from akkd_core.operations.retrieve_batch import Spread, retrieve_spread
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress, SilentProgress, SubProgress

if TYPE_CHECKING:
    from akkd_core.calibration import SampleCalibration
    from akkd_core.images import Scene
    from akkd_core.operations.retrieval_model import RetrievalModel

_LOG = logging.getLogger(__name__)

DEFAULT_TILE_SIZE: int = next(p.default for p in RETRIEVE.parameters if p.name == "tile_size")
_AIR_SHARE, _RETRIEVAL_SHARE = 0.05, 0.8


@dataclass(frozen=True)
class RetrievalOptions:
    """How scenes are retrieved; parameters as in :func:`retrieve`."""

    output: Path | None
    tile_size: int
    air: AirSources
    gain_offset: Path | None
    overwrite: bool
    clouds: MaskOptions = NOTHING_MORE
    vnir_swir: bool = True
    closure: bool = False


def check_options(options: RetrievalOptions) -> None:
    """Refuse what would fail in every scene before the first one is worked on.

    Parameters
    ----------
    options : RetrievalOptions

    Raises
    ------
    AkkdError
        If a file is absent or not as it should be, or a number is out of range.
    """
    from akkd_core.calibration import read_gain_offset

    if options.gain_offset is not None:
        read_gain_offset(options.gain_offset)
    options.air.check()


def check_model(model: RetrievalModel, options: RetrievalOptions) -> None:
    """Refuse a profile or a closure where a bundle can't do it, before any scene is read.

    Parameters
    ----------
    model : RetrievalModel
    options : RetrievalOptions

    Raises
    ------
    BundleMismatchError
    """
    from akkd_core.inference.closure import require_atmosphere
    from akkd_core.inference.context import require_profile_inputs

    if options.air.profile is not None:
        for bundle in model.bundles:
            require_profile_inputs(bundle)
    if options.closure:
        require_atmosphere(model.bundles)


def _provenance(
    model: RetrievalModel,
    known: SceneAirFacts,
    options: RetrievalOptions,
    facts: Mapping[str, str],
    reflective: bool,
) -> ProductProvenance:
    extra = {"runtime": model.retriever.predictor.runtime, **model.facts, **facts}
    if options.gain_offset is not None:
        extra["recalibration"] = options.gain_offset.name
    if reflective:
        extra["cloud_mask_bands"] = "1, 2, 3N, 4 and 10-14, where the granule has them"
    if options.clouds.water_snow_prior:
        extra["water_snow_prior"] = "emissivity of water and snow is that of the ECOSTRESS library"
    return ProductProvenance(
        model_name=model.name,
        model_sha256=model.sha256,
        error_method=model.error_method,
        ancillary=known.ancillary,
        extra={**extra, **known.facts},
    )


class SceneRetrieval:
    """What is done with each scene of a batch.

    Parameters
    ----------
    model : RetrievalModel
    options : RetrievalOptions
    """

    def __init__(self, model: RetrievalModel, options: RetrievalOptions) -> None:
        self._model, self._options = model, options
        self._claims = Claims()

    def __call__(self, argument: SceneArgument, progress: Progress) -> ProductSummary:
        """Retrieve one scene."""
        from akkd_core.calibration import Calibration

        options = self._options
        progress.update(0.0, f"opening {argument.files[0].name}")
        scene = argument.open()
        if not options.vnir_swir:
            scene = replace(scene, reflective=None)
        scene_id = scene.metadata.granule_id
        folder = options.output if options.output is not None else argument.default_folder
        self._claims.take(folder, scene_id, argument.label)

        def calibrate() -> SampleCalibration:
            return Calibration.for_scene(scene.metadata, options.gain_offset)

        return retrieve_scene(self._model, scene, calibrate, folder, options, progress)


def retrieve_scene(
    model: RetrievalModel,
    scene: Scene,
    calibrate: Callable[[], SampleCalibration],
    folder: Path,
    options: RetrievalOptions,
    progress: Progress,
    facts: Mapping[str, str] | None = None,
) -> ProductSummary:
    """Retrieve an opened scene and write its product, or keep the complete one that is there.

    Parameters
    ----------
    model : RetrievalModel
    scene : Scene
    calibrate : callable
        Gives the calibration of the scene's samples; called where a product is made.
    folder : Path
    options : RetrievalOptions
    progress : Progress
        That never goes back.
    facts : mapping of str to str, optional
        Further ones for the provenance.

    Raises
    ------
    AkkdError
        As of :func:`retrieve`.
    OperationCancelled
        If the user cancelled.
    """
    scene_id = scene.metadata.granule_id
    if not options.overwrite:
        kept = kept_product(scene_id, folder, NETWORK)
        if kept is not None:
            return kept
    calibration = calibrate()
    known = read_air(options.air, scene, SubProgress(progress, 0.0, _AIR_SHARE))
    _LOG.info("%s: %d x %d pixels, to %s", scene_id, *scene.grid.shape, folder)
    tiles = model.retriever.tiles(
        scene,
        calibration,
        ancillary=known.air,
        tile_size=options.tile_size,
        options=options.clouds,
        with_closure=options.closure,
        progress=SubProgress(progress, _AIR_SHARE, _RETRIEVAL_SHARE, f"{scene_id}: "),
    )
    return write_product(
        tiles,
        scene,
        folder=folder,
        provenance=_provenance(
            model, known, options, facts or {}, scene.reflective is not None
        ),
        layers=(*model.layers, *_layers_asked_for(options)),
        overwrite=options.overwrite,
        progress=progress,
    )


def _layers_asked_for(options: RetrievalOptions) -> list[Layer]:
    asked = (CLOUD_DISTANCE_LAYER, options.clouds.distance), (CLOSURE_LAYER, options.closure)
    return [layer for layer, wanted in asked if wanted]


def options_of(
    output: str | Path | None,
    tile_size: int,
    tcwv: float | str | Path | None,
    t_air: float | str | Path | None,
    profile: str | Path | None,
    elevation: float | str | Path | None,
    gain_offset: str | Path | None,
    cloud_distance: bool,
    water_snow_prior: bool,
    closure: bool,
    vnir_swir: str,
    overwrite: bool,
) -> RetrievalOptions:
    """Options of the parameters of :func:`retrieve`."""
    air = AirSources(as_text(tcwv), as_text(t_air), _path(profile), as_text(elevation))
    clouds = MaskOptions(cloud_distance, water_snow_prior)
    return RetrievalOptions(
        _path(output), tile_size, air, _path(gain_offset), overwrite, clouds, vnir_swir == "auto",
        closure,
    )  # fmt: skip


def _path(value: str | Path | None) -> Path | None:
    return None if value is None else Path(value)


def retrieve(
    scenes: str | Path | Sequence[str | Path],
    output: str | Path | None = None,
    model: str | Path | None = None,
    runtime: str = "auto",
    device: str = "auto",
    tile_size: int = DEFAULT_TILE_SIZE,
    tcwv: float | str | Path | None = None,
    t_air: float | str | Path | None = None,
    profile: str | Path | None = None,
    elevation: float | str | Path | None = None,
    gain_offset: str | Path | None = None,
    cloud_distance: bool = False,
    water_snow_prior: bool = False,
    closure: bool = False,
    vnir_swir: str = "auto",
    overwrite: bool = False,
    workers: int = 1,
    scheduler: str | None = None,
    manifest: str | Path | None = None,
    progress: Progress | None = None,
) -> list[ProductSummary]:
    """Retrieve land surface temperature and emissivity of scenes and write their products.

    Parameters
    ----------
    scenes : path or sequence of path
        ``.hdf`` files, folders or band files of L1T V004; band files of one granule make one
        scene.
    output : path, optional
        Folder of the products; by default ``<scene>_akkd`` beside each scene.
    model : path, optional
        Model bundle or joint model, a folder or zip; by default the bundle that is shipped.
    runtime : {"auto", "onnxruntime", "numpy", "tensorflow"}
    device : str
        ``auto``, ``cpu`` or ``gpu:0``.
    tile_size : int
        Pixels, 64-8192.
    tcwv : float or path, optional
        Total column water vapour: a number in kg m-2, a raster, MOD05_L2, MOD07_L2, or netCDF of
        ERA5 or MERRA-2.
    t_air : float or path, optional
        Air temperature near the ground: 180-340 K, a raster, MOD07_L2, or netCDF of ERA5 or
        MERRA-2.
    profile : path, optional
        Profile for a full correction, by a bundle trained with profiles: netCDF of ERA5 or
        MERRA-2 on pressure levels, MOD07_L2, or a table. Needs the simulation extra.
    elevation : float or path, optional
        Of the ground, m: a number or a raster; where the profile begins.
    gain_offset : path, optional
        Recalibration table.
    cloud_distance : bool
        Whether the distance to cloud is written, too.
    water_snow_prior : bool
        Whether what surely is water or snow gets the emissivity that is known of it.
    closure : bool
        Whether brightness temperature recomputed from what was retrieved, minus that measured, is
        written, too.
    vnir_swir : {"auto", "none"}
        Whether bands 1-4 help the cloud mask where a granule has them.
    overwrite : bool
        Whether complete products are made anew; otherwise they are kept and reported as skipped.
    workers : int
        Processes among which scenes are shared out, 1-1024.
    scheduler : str, optional
        Address of a Dask scheduler, ``tcp://host:8786``, on whose workers scenes are done.
    manifest : path, optional
        File of JSON lines that records every scene; scenes that it tells of, and whose products
        still have their SHA-256, are skipped.
    progress : Progress, optional

    Returns
    -------
    list of ProductSummary
        One per scene. Of several scenes, one that fails has the status ``failed`` and carries
        its error; the others go on.

    Raises
    ------
    AkkdError
        If the only scene fails, or the parameters or the bundle can't be used.
    OperationCancelled
        If the user cancelled.
    """
    from akkd_core.operations.retrieval_model import open_model

    numbers = {"tile_size": tile_size, "workers": workers}
    RETRIEVE.check(runtime=runtime, vnir_swir=vnir_swir, **numbers)
    values: dict[str, Any] = {
        "output": as_text(output), "tile_size": tile_size, "tcwv": as_text(tcwv),
        "t_air": as_text(t_air), "profile": as_text(profile), "elevation": as_text(elevation),
        "gain_offset": as_text(gain_offset), "cloud_distance": cloud_distance,
        "water_snow_prior": water_snow_prior, "closure": closure, "vnir_swir": vnir_swir,
        "overwrite": overwrite,
    }  # fmt: skip
    options = options_of(**values)
    arguments = group_scenes([scenes] if isinstance(scenes, (str, Path)) else scenes)
    check_options(options)
    opened = open_model(model, runtime, device)
    check_model(opened, options)
    predictor = opened.retriever.predictor
    _LOG.info("model %s, %s on %s", opened.name, predictor.runtime, predictor.device)
    report = progress if progress is not None else SilentProgress()
    if (spread := Spread(workers, scheduler, _path(manifest))).plain:
        return run_batch(arguments, SceneRetrieval(opened, options), report)
    values |= {"model": as_text(model), "runtime": runtime, "device": device}
    return retrieve_spread(arguments, values, opened, spread, report)


def _line(summary: ProductSummary) -> str:
    if summary.status == "skipped":
        return f"{summary.scene_id}: kept, a complete product is in {summary.folder}"
    if summary.lst_mean_k is None:
        return f"{summary.scene_id}: written to {summary.folder}, no pixel has a temperature"
    return (
        f"{summary.scene_id}: LST {summary.lst_min_k:.1f}-{summary.lst_max_k:.1f} K, "
        f"mean {summary.lst_mean_k:.1f} K, {summary.valid_percent:.1f} % valid, "
        f"{summary.seconds:.1f} s, in {summary.folder}"
    )


def summary_data(summary: ProductSummary) -> dict[str, Any]:
    """Plain JSON values of a summary.

    Parameters
    ----------
    summary : ProductSummary
    """
    return {
        "scene": summary.scene_id,
        "status": summary.status,
        "folder": str(summary.folder),
        "files": [str(path) for path in summary.files],
        "valid_percent": summary.valid_percent,
        "lst_mean_k": summary.lst_mean_k,
        "lst_min_k": summary.lst_min_k,
        "lst_max_k": summary.lst_max_k,
        "seconds": round(summary.seconds, 3),
        "error": None if summary.error is None else str(summary.error),
    }


def run(*, progress: Progress, **values: Any) -> Outcome:
    """Run the operation ``retrieve`` of the catalogue; values as in :func:`retrieve`."""
    return retrieval_outcome(retrieve(progress=progress, **values))


def retrieval_outcome(summaries: Sequence[ProductSummary]) -> Outcome:
    """Tell what became of scenes, for people and for machines.

    Parameters
    ----------
    summaries : sequence of ProductSummary
    """
    good = [summary for summary in summaries if summary.error is None]
    return Outcome(
        lines=tuple(_line(summary) for summary in good),
        data={"scenes": [summary_data(summary) for summary in summaries]},
        failures=tuple(str(s.error) for s in summaries if s.error is not None),
    )
