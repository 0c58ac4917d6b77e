"""Use-case: scenes to calibrated radiance and brightness temperature."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from akkd_core.images import TIR_BANDS, Scene
from akkd_core.inference.product import ProductSummary, provenance_tags
from akkd_core.operations.batch import Claims, SceneArgument, group_scenes, run_batch
from akkd_core.operations.catalogue import PREPROCESS
from akkd_core.operations.spec import Outcome
from akkd_core.progress import Progress, SilentProgress, checkpoint
from akkd_core.raster import RasterWriter, create_cog
from akkd_core.raster.temporary import write_error

if TYPE_CHECKING:
    from akkd_core.calibration import Calibration

_IMAGES = (
    ("radiance_toa", "W m-2 sr-1 um-1", "top-of-atmosphere radiance", (0.0, 30.0)),
    ("bt", "K", "top-of-atmosphere brightness temperature", (150.0, 450.0)),
)
_WRITING_SHARE = 0.8


def _create(
    path: Path,
    scene: Scene,
    tags: Mapping[str, str],
    unit: str,
    long_name: str,
    span: tuple[float, float],
) -> RasterWriter:
    band_tags = [
        {
            "units": unit,
            "long_name": f"{long_name}, ASTER band {band}",
            "valid_min": f"{span[0]:g}",
            "valid_max": f"{span[1]:g}",
        }
        for band in TIR_BANDS
    ]
    return create_cog(
        path,
        grid=scene.grid,
        count=len(TIR_BANDS),
        dtype="float32",
        nodata=float("nan"),
        descriptions=[f"band {band}" for band in TIR_BANDS],
        tags={**provenance_tags(scene.metadata), **tags},
        band_tags=band_tags,
        units=[unit] * len(TIR_BANDS),
        overwrite=True,
    )


def _write(
    scene: Scene,
    calibration: Calibration,
    paths: Sequence[Path],
    tags: Mapping[str, str],
    tile: int,
    progress: Progress,
) -> None:
    rows, cols = scene.grid.shape
    with ExitStack() as cleanup:
        writers = []
        for path, (_, unit, long_name, span) in zip(paths, _IMAGES, strict=True):
            writers.append(_create(path, scene, tags, unit, long_name, span))
            cleanup.callback(writers[-1].abort)
        for row in range(0, rows, tile):
            for col in range(0, cols, tile):
                done = (row * cols + col * min(tile, rows - row)) / (rows * cols)
                checkpoint(progress, _WRITING_SHARE * done, scene.metadata.granule_id)
                dn = scene.read(row, col, min(tile, rows - row), min(tile, cols - col))
                writers[0].write(calibration.radiance(dn), row, col)
                writers[1].write(calibration.brightness_temperature(dn), row, col)
        for writer in writers:
            checkpoint(progress, _WRITING_SHARE, "compressing")
            writer.finish()
        for writer in writers:
            writer.publish()


def preprocess(
    scenes: str | Path | Sequence[str | Path],
    output: str | Path | None = None,
    overwrite: bool = False,
    tile_size: int = 512,
    gain_offset: str | Path | None = None,
    progress: Progress | None = None,
) -> list[ProductSummary]:
    """Write calibrated radiance and brightness temperature of scenes.

    Parameters
    ----------
    scenes : path or sequence of path
        As in :func:`akkd_core.operations.retrieve.retrieve`.
    output : path, optional
        Folder; by default ``<scene>_akkd`` beside each scene.
    overwrite : bool
    tile_size : int
        Pixels, 64-8192.
    gain_offset : path, optional
        Recalibration table.
    progress : Progress, optional

    Returns
    -------
    list of ProductSummary
        Files ``G_radiance_toa.tif`` (W m-2 sr-1 um-1) and ``G_bt.tif`` (K), NaN where invalid.

    Raises
    ------
    AkkdError
        If the only scene fails, or the parameters can't be used.
    """
    from akkd_core.calibration import Calibration, read_gain_offset

    PREPROCESS.check(tile_size=tile_size)
    if gain_offset is not None:
        read_gain_offset(gain_offset)
    tags = {} if gain_offset is None else {"RECALIBRATION": Path(gain_offset).name}
    claims = Claims()

    def work(argument: SceneArgument, part: Progress) -> ProductSummary:
        started = time.monotonic()
        scene = argument.open()
        scene_id = scene.metadata.granule_id
        folder = Path(output) if output is not None else argument.default_folder
        claims.take(folder, scene_id, argument.label)
        paths = tuple(folder / f"{scene_id}_{name}.tif" for name, *_ in _IMAGES)
        if not overwrite and all(path.exists() for path in paths):
            return ProductSummary(scene_id, folder, "skipped", paths)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise write_error(paths[0], error) from error
        calibration = Calibration.for_scene(scene.metadata, gain_offset)
        _write(scene, calibration, paths, tags, tile_size, part)
        seconds = time.monotonic() - started
        return ProductSummary(scene_id, folder, "written", paths, seconds=seconds)

    arguments = group_scenes([scenes] if isinstance(scenes, (str, Path)) else scenes)
    return run_batch(arguments, work, progress if progress is not None else SilentProgress())


def run(*, progress: Progress, **values: Any) -> Outcome:
    """Run the operation ``preprocess`` of the catalogue; values as in :func:`preprocess`."""
    from akkd_core.operations.retrieve import summary_data

    summaries = preprocess(progress=progress, **values)
    words = {"written": "written to", "skipped": "kept, files are in"}
    return Outcome(
        lines=tuple(
            f"{s.scene_id}: {words[s.status]} {s.folder}" for s in summaries if s.error is None
        ),
        data={"scenes": [summary_data(summary) for summary in summaries]},
        failures=tuple(str(s.error) for s in summaries if s.error is not None),
    )
