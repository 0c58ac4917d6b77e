"""Use-case: scenes to products of temperature and emissivity by TES, the baseline."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from akkd_core.inference.layers import LAYERS_WITHOUT_ERRORS
from akkd_core.inference.product import ProductSummary, kept_product, write_product
from akkd_core.inference.product_files import TES
from akkd_core.operations import catalogue_baseline
from akkd_core.operations.batch import Claims, SceneArgument, group_scenes, run_batch
from akkd_core.operations.known_air import as_text
from akkd_core.operations.retrieve import retrieval_outcome
from akkd_core.operations.spec import Outcome
from akkd_core.operations.tes_air import Known, choose_air, profile_air
from akkd_core.progress import Progress, SilentProgress, SubProgress

if TYPE_CHECKING:
    from akkd_core.operations.tes_air import Air

_LOG = logging.getLogger(__name__)
_AIR_SHARE, _TES_SHARE = 0.1, 0.8


@dataclass(frozen=True)
class TesOptions:
    """How scenes are separated; parameters as in :func:`tes`."""

    output: Path | None
    variant: str
    nedt: float
    tile_size: int
    gain_offset: Path | None
    overwrite: bool


class _SceneSeparation:
    """What is done with each scene of a batch."""

    def __init__(self, air: Air, options: TesOptions) -> None:
        self._air, self._options = air, options
        self._claims = Claims()

    def __call__(self, argument: SceneArgument, progress: Progress) -> ProductSummary:
        """Separate one scene."""
        from akkd_core.calibration import Calibration
        from akkd_core.inference.tes_retriever import TesRetriever
        from akkd_core.physics.tes import TES_VARIANTS

        options = self._options
        progress.update(0.0, f"opening {argument.files[0].name}")
        scene = argument.open()
        scene_id = scene.metadata.granule_id
        folder = options.output if options.output is not None else argument.folder("tes")
        self._claims.take(folder, scene_id, argument.label)
        if not options.overwrite:
            kept = kept_product(scene_id, folder, TES)
            if kept is not None:
                return kept
        calibration = Calibration.for_scene(scene.metadata, options.gain_offset)
        air = self._air.of_scene(scene, SubProgress(progress, 0.0, _AIR_SHARE))
        _LOG.info("%s: atmosphere %s, to %s", scene_id, air.text, folder)
        tiles = TesRetriever(air.source, options.nedt, TES_VARIANTS[options.variant]).tiles(
            scene,
            calibration,
            tile_size=options.tile_size,
            progress=SubProgress(progress, _AIR_SHARE, _TES_SHARE, f"{scene_id}: "),
        )
        extra = {"variant": options.variant, "nedt_k": f"{options.nedt:g}"}
        if options.gain_offset is not None:
            extra["recalibration"] = options.gain_offset.name
        return write_product(
            tiles,
            scene,
            folder=folder,
            provenance=air.provenance(extra),
            layers=LAYERS_WITHOUT_ERRORS,
            overwrite=options.overwrite,
            progress=progress,
        )


def tes(
    scenes: str | Path | Sequence[str | Path],
    output: str | Path | None = None,
    atmosphere: str | Path = "retrieved",
    tcwv: float | str | Path | None = None,
    t_air: float | str | Path | None = None,
    profile: str | Path | None = None,
    elevation: float | str | Path | None = None,
    model: str | Path | None = None,
    variant: str = "standard",
    nedt: float = 0.3,
    overwrite: bool = False,
    tile_size: int = 512,
    gain_offset: str | Path | None = None,
    progress: Progress | None = None,
) -> list[ProductSummary]:
    """Separate temperature and emissivity of scenes by TES and write their products.

    Parameters
    ----------
    scenes : path or sequence of path
        As in :func:`akkd_core.operations.retrieve.retrieve`.
    output : path, optional
        Folder of the products; by default ``<scene>_tes`` beside each scene.
    atmosphere : str or path
        ``retrieved``, ``tcwv=NUMBER``, a reference profile's name, an atmosphere table, or an
        AST_09T granule.
    tcwv : float or path, optional
        Water vapour, kg m-2, for ``retrieved`` and for tables.
    t_air : float or path, optional
        Air temperature near the ground, 180-340 K, for ``retrieved`` and ``tcwv=``.
    profile : path, optional
        In place of an atmosphere: netCDF of ERA5 or MERRA-2 on pressure levels, MOD07_L2, or a
        table. Needs the simulation extra.
    elevation : float or path, optional
        Of the ground, m, for a profile or a reference profile.
    model : path, optional
        Model bundle, for ``retrieved``.
    variant : {"standard", "product", "paper"}
    nedt : float
        Noise that the contrast is corrected for, K at 300 K, 0-5.
    overwrite : bool
        Whether complete products are made anew; otherwise they are kept and reported as skipped.
    tile_size : int
        Pixels, 64-8192.
    gain_offset : path, optional
        Recalibration table.
    progress : Progress, optional

    Returns
    -------
    list of ProductSummary
        One per scene. Of several scenes, one that fails has the status ``failed`` and carries
        its error; the others go on.

    Raises
    ------
    AkkdError
        If the only scene fails, or the parameters or the atmosphere can't be used.
    OperationCancelled
        If the user cancelled.
    """
    from akkd_core.calibration import read_gain_offset

    catalogue_baseline.TES.check(
        variant=variant, nedt=nedt, tile_size=tile_size
    )
    table = None if gain_offset is None else Path(gain_offset)
    options = TesOptions(
        None if output is None else Path(output), variant, nedt, tile_size, table, overwrite
    )
    arguments = group_scenes([scenes] if isinstance(scenes, (str, Path)) else scenes)
    if table is not None:
        read_gain_offset(table)
    known = Known(as_text(tcwv), as_text(t_air), as_text(elevation))
    if profile is None:
        air = choose_air(str(atmosphere), known, model)
    else:
        air = profile_air(Path(profile), str(atmosphere), known, model)
    work = _SceneSeparation(air, options)
    return run_batch(arguments, work, progress if progress is not None else SilentProgress())


def run(*, progress: Progress, **values: Any) -> Outcome:
    """Run the operation ``tes`` of the catalogue; values as in :func:`tes`."""
    return retrieval_outcome(tes(progress=progress, **values))
