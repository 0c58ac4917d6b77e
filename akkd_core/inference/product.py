"""Writing a product: GeoTIFFs, a preview and a STAC item, visible only when whole.

Every file is made under a temporary name; when all are whole they are renamed, the STAC item
last. So the item's presence, with the sizes it lists, says that the product is complete, and a
process killed at any moment leaves no file under a final name that is not whole.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from akkd_core.errors import AkkdError, InputError
from akkd_core.images import GranuleMetadata, Scene
from akkd_core.inference.layers import LAYERS, Layer, qc_bit_tags
from akkd_core.inference.preview import Preview
from akkd_core.inference.product_files import (
    ProductPaths,
    ProductProvenance,
    ProductSummary,
    is_complete,
    keep,
    kept_product,
    product_paths,
    refuse_foreign,
    remove_unwritten,
    summarise,
)
from akkd_core.inference.stac import RasterAsset, make_item, write_item
from akkd_core.inference.tile import RetrievalTile
from akkd_core.progress import Progress, SilentProgress, SubProgress, checkpoint
from akkd_core.provenance import SOFTWARE
from akkd_core.raster import RasterWriter, create_cog, prepare_png
from akkd_core.raster.category_names import write_category_names
from akkd_core.raster.temporary import remove_leftovers, remove_own, write_error

__all__ = [
    "ProductPaths",
    "ProductProvenance",
    "ProductSummary",
    "is_complete",
    "keep",
    "kept_product",
    "product_paths",
    "provenance_tags",
    "summarise",
    "write_product",
]

_WRITING_SHARE = 0.8
"""Share of the progress that goes to the tiles; the rest to compressing the files."""


def provenance_tags(metadata: GranuleMetadata) -> dict[str, str]:
    """Tags that say which granule a raster comes from, and what made it.

    Parameters
    ----------
    metadata : GranuleMetadata

    Returns
    -------
    dict of str to str
    """
    acquired = metadata.acquired_at.isoformat().replace("+00:00", "Z")
    tags = {
        "TIFFTAG_SOFTWARE": SOFTWARE,
        "SOFTWARE": SOFTWARE,
        "SOURCE_ID": metadata.granule_id,
        "SOURCE_PRODUCT": f"{metadata.product} {metadata.collection}",
        "SOURCE_FILES": ", ".join(Path(name).name for name in metadata.source_files),
        "ACQUIRED_AT": acquired,
        "PLATFORM": "Terra",
        "INSTRUMENT": "ASTER TIR",
    }
    optional = {
        "RADIOMETRIC_VERSION": metadata.radiometric_version or None,
        "VIEW_ZENITH_DEG": metadata.view_zenith_deg,
        "DAYTIME": metadata.daytime,
    }
    tags.update({key: str(value) for key, value in optional.items() if value is not None})
    return tags


def _layer_tags(
    layer: Layer, common: Mapping[str, str], source: ProductProvenance
) -> dict[str, str]:
    tags = {**common, "TITLE": layer.title}
    tags["METHOD"] = source.method
    if source.model_name is not None and source.model_sha256 is not None:
        tags |= {"MODEL": source.model_name, "MODEL_SHA256": source.model_sha256}
    for name, value in source.ancillary.items():
        tags[f"ANCILLARY_{name.upper()}"] = "not given" if value is None else f"{value:g}"
    for name, text in source.extra.items():
        tags[name.upper()] = text
    if layer.suffix.endswith("_err"):
        tags["ERROR_METHOD"] = source.error_method
    if layer.suffix == "QC":
        tags.update(qc_bit_tags())
    return tags


class _ProductWriter:
    """The open files of one product."""

    def __init__(
        self,
        scene: Scene,
        paths: ProductPaths,
        source: ProductProvenance,
        layers: Sequence[Layer],
    ) -> None:
        self._scene, self._paths, self._layers = scene, paths, layers
        self._preview = Preview(scene.grid)
        self._writers: dict[str, RasterWriter] = {}
        self._covered = 0
        self._picture: Path | None = None
        common = provenance_tags(scene.metadata)
        try:
            for layer in layers:
                self._writers[layer.suffix] = create_cog(
                    paths.layers[layer.suffix],
                    grid=scene.grid,
                    count=len(layer.bands),
                    dtype=layer.dtype,
                    nodata=layer.nodata,
                    descriptions=layer.bands,
                    tags=_layer_tags(layer, common, source),
                    band_tags=layer.band_tags(),
                    units=[layer.unit] * len(layer.bands),
                    palette=[category.colour for category in layer.categories],
                    overwrite=True,
                )
        except BaseException:
            self.abort()
            raise

    def add(self, tile: RetrievalTile) -> None:
        """Write a tile into all layers."""
        for layer in self._layers:
            array = getattr(tile, layer.field)
            if array is None:
                raise InputError(f"tile has no {layer.field}, which the product should hold")
            block = array if array.ndim == 3 else array[np.newaxis]
            self._writers[layer.suffix].write(block, tile.row, tile.col)
        self._preview.add(tile)
        self._covered += tile.lst.size

    @property
    def covered(self) -> float:
        """Share of the raster that was written, 0-1."""
        return self._covered / (self._scene.grid.rows * self._scene.grid.cols)

    def finish(self, progress: Progress) -> None:
        """Make every file whole under its temporary name."""
        if self.covered != 1.0:
            raise InputError(
                f"{self._scene.metadata.granule_id}: tiles cover {self.covered:.2%} of the scene"
            )
        for index, (suffix, writer) in enumerate(self._writers.items()):
            checkpoint(progress, index / len(self._writers), f"compressing {suffix}")
            writer.finish()
        self._picture = prepare_png(self._paths.preview, *self._preview.draw())

    def publish(self, source: ProductProvenance) -> None:
        """Give every file its final name, the STAC item last."""
        assert self._picture is not None
        assets = [
            RasterAsset(
                key=layer.suffix,
                file_name=self._paths.layers[layer.suffix].name,
                title=layer.title,
                role=layer.role,
                size=self._writers[layer.suffix].size,
                bands=layer.bands,
                long_names=layer.long_names,
                unit=layer.unit,
                dtype=layer.dtype,
                nodata=layer.nodata,
                statistics=self._writers[layer.suffix].statistics,
                categories=layer.categories,
            )
            for layer in self._layers
        ]
        picture = (self._paths.preview.name, self._picture.stat().st_size)
        scene = self._scene
        item = make_item(scene.metadata, scene.grid, assets, picture, source.facts())
        # From here until the new item is there, the product counts as incomplete.
        self._paths.item.unlink(missing_ok=True)
        remove_unwritten(scene.metadata.granule_id, self._paths.item.parent, self._writers)
        for layer in self._layers:
            if layer.categories:
                names = [category.name for category in layer.categories]
                write_category_names(self._paths.layers[layer.suffix], names)
            self._writers[layer.suffix].publish()
        os.replace(self._picture, self._paths.preview)
        write_item(self._paths.item, item)

    def abort(self) -> None:
        """Leave no temporary file."""
        for writer in self._writers.values():
            writer.abort()
        if self._picture is not None:
            remove_own(self._picture)


def _write(
    tiles: Iterable[RetrievalTile],
    scene: Scene,
    paths: ProductPaths,
    provenance: ProductProvenance,
    layers: Sequence[Layer],
    report: Progress,
) -> None:
    writer = _ProductWriter(scene, paths, provenance, layers)
    try:
        for tile in tiles:
            writer.add(tile)
            del tile  # or it would stand in memory while the next is made
            checkpoint(report, _WRITING_SHARE * writer.covered, scene.metadata.granule_id)
        writer.finish(SubProgress(report, _WRITING_SHARE, 1.0))
        writer.publish(provenance)
    except BaseException:
        writer.abort()
        raise


def write_product(
    tiles: Iterable[RetrievalTile],
    scene: Scene,
    *,
    folder: str | Path,
    provenance: ProductProvenance,
    layers: Sequence[Layer] = LAYERS,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> ProductSummary:
    """Write the product of a scene.

    Parameters
    ----------
    tiles : iterable of RetrievalTile
        Covers the raster exactly once; memory stays flat if it is a generator.
    scene : Scene
        Its grid and metadata.
    folder : path
        Made if it isn't there.
    provenance : ProductProvenance
    layers : sequence of Layer
        Those that the tiles have.
    overwrite : bool
        Whether a complete product is made anew, and files of other origin are replaced; an
        incomplete product of AKKD's always is made anew.
    progress : Progress, optional

    Returns
    -------
    ProductSummary
        With status ``skipped`` if a complete product was kept.

    Raises
    ------
    ParameterError
        If a file of the product's name is there that AKKD did not write, or a complete product of
        another method.
    ProductWriteError
        If a file can't be written; then nothing half-written is left.
    InputError
        If the tiles don't cover the scene.
    OperationCancelled
        If the user cancelled.
    """
    started = time.monotonic()
    scene_id, folder = scene.metadata.granule_id, Path(folder)
    report = progress if progress is not None else SilentProgress()
    if not overwrite:
        kept = kept_product(scene_id, folder, provenance.method, time.monotonic() - started)
        if kept is not None:
            return kept
        refuse_foreign(scene_id, folder, layers)
    paths = product_paths(scene_id, folder, layers)
    made_folder = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_error(paths.item, error) from error
    remove_leftovers(paths.item)
    try:
        _write(tiles, scene, paths, provenance, layers, report)
    except BaseException as error:
        if made_folder:
            with suppress(OSError):
                folder.rmdir()
        if isinstance(error, OSError) and not isinstance(error, AkkdError):
            raise write_error(paths.item, error) from error
        raise
    report.update(1.0, f"{scene_id} done")
    return summarise(scene_id, folder, "written", time.monotonic() - started)
