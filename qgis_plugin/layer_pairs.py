"""Which layers of a project are products and which MODIS's, by their files. Standard library."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from .sources import path_of_source

_MODIS = re.compile(r"M[OY]D(11|21)(A1|A2|B[123]|A1[DN]|_L2)?[._]", re.IGNORECASE)
_QC = re.compile(r"qc|qa", re.IGNORECASE)
_PRODUCT = re.compile(r".+_LST\.tiff?", re.IGNORECASE)


def _name(source: str) -> str:
    return PurePath(path_of_source(source)).name


def is_modis(source: str) -> bool:
    """Tell whether a layer's source is a MODIS temperature product."""
    return bool(_MODIS.match(_name(source)))


def is_product(source: str) -> bool:
    """Tell whether a layer's source is a temperature that AKKD made."""
    return bool(_PRODUCT.fullmatch(_name(source))) and not is_modis(source)


def comparison(sources: Sequence[str], current: str = "") -> dict[str, object]:
    """Values for the form of comparison with MODIS.

    Parameters
    ----------
    sources : sequence of str
        Of the project's raster layers.
    current : str
        Source of the chosen layer; comes before others of its kind.

    Returns
    -------
    dict
        ``products``, ``reference`` and ``reference_qc``, as far as there are such layers.
    """
    ordered = sorted(sources, key=lambda source: source != current)
    values: dict[str, object] = {}
    products = [source for source in ordered if is_product(source)]
    if products:
        values["products"] = [path_of_source(products[0])]
    modis = [source for source in ordered if is_modis(source)]
    files = [path_of_source(source) for source in modis if not _is_quality(source)]
    if files:
        values["reference"] = [files[0]]
    quality = [path_of_source(source) for source in modis if _is_quality(source)]
    if quality and quality[0] not in files:
        values["reference_qc"] = quality[0]
    return values


def _is_quality(source: str) -> bool:
    """Tell whether a source is a QC layer: a file of its own, or a field in a container."""
    path = path_of_source(source)
    inside = source[source.find(path) + len(path) :] if source != path else ""
    return bool(_QC.search(inside or _name(source)))
