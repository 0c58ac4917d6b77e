"""A product's files by name, whether they are whole, and what became of a scene."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from akkd_core.errors import AkkdError, GranuleReadError, ParameterError
from akkd_core.inference.layers import ALL_LAYERS, LAYERS, LAYERS_WITHOUT_ERRORS, Layer
from akkd_core.inference.stac import assets_present, read_item
from akkd_core.raster.category_names import category_file
from akkd_core.raster.temporary import remove_leftovers

NETWORK, TES = "network", "TES"
"""Methods of retrieval, as products name them."""


@dataclass(frozen=True)
class ProductProvenance:
    """Where a product's numbers come from.

    Parameters
    ----------
    model_name, model_sha256 : str or None
        Of the bundle (SHA-256 of its manifest); None if no bundle was used.
    error_method : str
        How LST_err and LSE_err were made, in words; goes into their tags.
    ancillary : mapping of str to float or None
        Ancillary data by name with unit, None where not given.
    extra : mapping of str to str
        Further facts.
    method : str
        What retrieved: `NETWORK` or `TES`.
    """

    model_name: str | None
    model_sha256: str | None
    error_method: str
    ancillary: Mapping[str, float | None] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)
    method: str = NETWORK

    def facts(self) -> dict[str, Any]:
        """Plain values for the STAC item."""
        model = {"model": self.model_name, "model_sha256": self.model_sha256}
        return {
            "method": self.method,
            **{name: value for name, value in model.items() if value is not None},
            "error_method": self.error_method,
            "ancillary": dict(self.ancillary),
            **self.extra,
        }


@dataclass(frozen=True)
class ProductPaths:
    """Final names of a product's files.

    Parameters
    ----------
    layers : mapping of str to Path
        GeoTIFF by suffix, e.g. ``LST``.
    preview, item : Path
    """

    layers: Mapping[str, Path]
    preview: Path
    item: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """All files, the STAC item last."""
        return (*self.layers.values(), self.preview, self.item)


@dataclass(frozen=True)
class ProductSummary:
    """What became of one scene.

    Parameters
    ----------
    scene_id : str
    folder : Path
    status : str
        ``written``, ``skipped`` (a complete product was there) or ``failed``.
    files : tuple of Path
    valid_percent : float or None
        Share of pixels with a temperature, 0-100.
    lst_mean_k, lst_min_k, lst_max_k : float or None
        K.
    seconds : float
        Time taken.
    error : AkkdError or None
        Why it failed.
    """

    scene_id: str
    folder: Path
    status: str
    files: tuple[Path, ...] = ()
    valid_percent: float | None = None
    lst_mean_k: float | None = None
    lst_min_k: float | None = None
    lst_max_k: float | None = None
    seconds: float = 0.0
    error: AkkdError | None = None


def product_paths(
    scene_id: str, folder: str | Path, layers: Sequence[Layer] = LAYERS
) -> ProductPaths:
    """Name a product's files.

    Parameters
    ----------
    scene_id : str
    folder : path
    layers : sequence of Layer

    Returns
    -------
    ProductPaths
    """
    folder = Path(folder)
    return ProductPaths(
        {layer.suffix: folder / f"{scene_id}_{layer.suffix}.tif" for layer in layers},
        folder / f"{scene_id}_preview.png",
        folder / f"{scene_id}.json",
    )


def is_complete(scene_id: str, folder: str | Path) -> bool:
    """Whether a whole product of a scene lies in a folder.

    Parameters
    ----------
    scene_id : str
    folder : path

    Returns
    -------
    bool
        True if the STAC item can be read, belongs to the scene, lists every layer that isn't
        optional, and each listed file is there with its size.
    """
    paths = product_paths(scene_id, folder)
    item = read_item(paths.item)
    if item is None or item.get("id") != scene_id:
        return False
    wanted = {layer.suffix for layer in LAYERS_WITHOUT_ERRORS} | {"preview"}
    return wanted <= set(item["assets"]) and assets_present(paths.item, item)


def kept_product(
    scene_id: str, folder: str | Path, method: str, seconds: float = 0.0
) -> ProductSummary | None:
    """Summary of a complete product that is there and is kept; None if there is none.

    Parameters
    ----------
    scene_id : str
    folder : path
    method : str
        `NETWORK` or `TES`.
    seconds : float

    Raises
    ------
    ParameterError
        If it was made by another method.
    """
    if not is_complete(scene_id, folder):
        return None
    path = product_paths(scene_id, folder).item
    found = (read_item(path) or {}).get("properties", {}).get("akkd:method", NETWORK)
    if found != method:
        raise ParameterError(
            f"{path}: is a product of method {found}, not {method}. Choose another output folder, "
            "or give --overwrite"
        )
    return keep(scene_id, folder, seconds)


def remove_unwritten(scene_id: str, folder: str | Path, written: Collection[str]) -> None:
    """Remove AKKD's own layers of an earlier product that the new one doesn't have."""
    for suffix, path in product_paths(scene_id, folder, ALL_LAYERS).layers.items():
        if suffix not in written and path.exists() and _own(path):
            path.unlink()
            category_file(path).unlink(missing_ok=True)


def refuse_foreign(
    scene_id: str, folder: str | Path, layers: Sequence[Layer] = LAYERS
) -> None:
    """Refuse to write over files that bear a product's names where none of them is AKKD's.

    What an earlier run of AKKD that did not come to its end left may be replaced.

    Parameters
    ----------
    scene_id : str
    folder : path
    layers : sequence of Layer
        Those that are to be written.

    Raises
    ------
    ParameterError
        Names the file and the remedy.
    """
    paths = product_paths(scene_id, folder, layers)
    item = read_item(paths.item)
    there = [path for path in paths.files if path.exists()]
    if not there or (item is not None and item.get("id") == scene_id):
        return
    if not any(_own(path) for path in paths.layers.values()):
        raise ParameterError(
            f"{there[0]}: exists and was not written by AKKD. Move it away, choose another "
            "output folder, or give --overwrite"
        )


def _own(path: Path) -> bool:
    """Whether a GeoTIFF carries AKKD's tag."""
    from akkd_core.raster import open_raster

    try:
        with open_raster(path) as reader:
            return str(reader.tags.get("SOFTWARE", "")).startswith("AKKD")
    except GranuleReadError:
        return False


def summarise(scene_id: str, folder: str | Path, status: str, seconds: float) -> ProductSummary:
    """Summary of a complete product, read from its STAC item.

    Parameters
    ----------
    scene_id : str
    folder : path
    status : str
    seconds : float
    """
    paths = product_paths(scene_id, folder, ALL_LAYERS)
    item = read_item(paths.item) or {"assets": {}}
    listed = {asset.get("href") for asset in item["assets"].values()}
    bands = item["assets"].get("LST", {}).get("raster:bands", [{}])
    found = bands[0].get("statistics", {})
    return ProductSummary(
        scene_id=scene_id,
        folder=Path(folder),
        status=status,
        files=tuple(p for p in paths.files if p == paths.item or f"./{p.name}" in listed),
        valid_percent=found.get("valid_percent", 0.0),
        lst_mean_k=found.get("mean"),
        lst_min_k=found.get("minimum"),
        lst_max_k=found.get("maximum"),
        seconds=seconds,
    )


def keep(scene_id: str, folder: str | Path, seconds: float = 0.0) -> ProductSummary:
    """Summary of a complete product that is kept; what killed runs left beside it goes.

    Parameters
    ----------
    scene_id : str
    folder : path
    seconds : float
    """
    for path in product_paths(scene_id, folder, ALL_LAYERS).files:
        remove_leftovers(path)
    return summarise(scene_id, folder, "skipped", seconds)
