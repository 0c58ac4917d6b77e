"""How AST_08 and AST_05 are stored: names, scales, QA bits; and which of them lie in folders.

Scales: LP DAAC's product pages of AST_08 and AST_05 (0.1 K and 0.001 a count).

QA_DataPlane is 0 where the product has nothing against a pixel. Its upper four bits are a class of
data quality, its lower four tell of cloud and of adjacency to it: ASTER Higher-Level Data Product
Quality Assessment Plan 2.0 (JPL D-13841), section 3.2 and appendix C. That document was not to be
had in full, so classes other than 0 aren't told apart; QA_DataPlane2 (how TES got there) is read,
not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import AkkdError, GranuleReadError, InputError
from akkd_core.images import TIR_BANDS
from akkd_core.readers.aster_metadata import AsterOdl, parse_time
from akkd_core.readers.hdf4_structure import read_structure


@dataclass(frozen=True)
class QaField:
    """A field of the first QA data plane.

    Parameters
    ----------
    name : str
    shift, bits : int
        Place of its lowest bit, and its width; 0 is good in every field.
    """

    name: str
    shift: int
    bits: int

    def of(self, plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the field's value in every pixel of a plane."""
        return ((plane >> self.shift) & ((1 << self.bits) - 1)).astype(np.uint8)


DATA_QUALITY = QaField("data_quality", 4, 4)
CLOUD = QaField("cloud_and_adjacency", 0, 4)
QA_FIELDS = (DATA_QUALITY, CLOUD)
"""Fields of the first QA data plane."""

QA_RULES = ("strict", "cloud", "none")
"""What makes a pixel good: the whole first QA data plane is 0; its bits of cloud and adjacency
are; or it isn't asked."""


def accepted(plane: NDArray[np.uint8], rule: str) -> NDArray[np.bool_]:
    """Tell where the first QA data plane says what a rule of `QA_RULES` asks for.

    Parameters
    ----------
    plane : ndarray of uint8
    rule : {'strict', 'cloud', 'none'}
    """
    if rule == "none":
        return np.ones(plane.shape, dtype=np.bool_)
    found: NDArray[np.bool_] = (plane if rule == "strict" else CLOUD.of(plane)) == 0
    return found


@dataclass(frozen=True)
class ProductKind:
    """How a product is stored.

    Parameters
    ----------
    product : str
    scale : float
        K, or emissivity, a count.
    valid : tuple of int
        Lowest and highest count that is a value.
    layers : tuple of str
        Of V004, as its files' names end.
    datasets : tuple of str
        Of V003.
    stem : str
        What the names of V004's QA planes begin with.
    expected : str
        Remedy of errors.
    """

    product: str
    scale: float
    valid: tuple[int, int]
    layers: tuple[str, ...]
    datasets: tuple[str, ...]
    stem: str
    expected: str


PRODUCTS = {
    # 150-400 K: above and below nothing on Earth's land
    "AST_08": ProductKind(
        "AST_08", 0.1, (1500, 4000), ("_SKT",), ("KineticTemperature",), "_SKT",
        "Give an AST_08 granule: .hdf, or the folder, the stem or one file of its _SKT.tif and "
        "_SKT_QA_DataPlane.tif",
    ),
    # an emissivity is at most 1: 2000, which stands for no data, is out as well
    "AST_05": ProductKind(
        "AST_05", 0.001, (1, 1000), tuple(f"_SRE_TIR_B{band}" for band in TIR_BANDS),
        tuple(f"Band{band}" for band in TIR_BANDS), "_SRE_TIR",
        "Give an AST_05 granule: .hdf, or the folder, the stem or one file of its "
        "_SRE_TIR_B10.tif to B14 and _SRE_TIR_QA_DataPlane.tif",
    ),
}  # fmt: skip
"""Products that are read."""

FILE_NAME = re.compile(
    r"(?P<id>(?P<product>AST_0[58])_\d{3}\d{14}_\d{14}(?:_\d+)?)"
    r"(?P<layer>_SKT|_SRE_TIR_B1[0-4]|_(?:SKT|SRE|SRE_TIR)_QA_DataPlane2?)\.tiff?\Z",
    re.IGNORECASE,
)
"""Name of a layer of V004: ``id``, ``product``, ``layer``."""

_NAME_TIME = re.compile(r"AST_0[58]_\d{3}(\d{2})(\d{2})(\d{4})(\d{6})", re.IGNORECASE)
_PRODUCT = re.compile(r"AST_0[58](?=_)", re.IGNORECASE)


@dataclass(frozen=True)
class ProductFile:
    """A granule of AST_08 or AST_05 that was found, not yet read.

    Parameters
    ----------
    product : {'AST_08', 'AST_05'}
    path : Path
        What `open_surface_product` takes.
    acquired_at : datetime
        Aware, UTC.
    """

    product: str
    path: Path
    acquired_at: datetime


def find_products(places: Iterable[str | Path]) -> list[ProductFile]:
    """List the AST_08 and AST_05 granules in folders and among files, by product and time.

    Parameters
    ----------
    places : iterable of path
        Folders are searched with those in them.

    Returns
    -------
    list of ProductFile
        Of several processings of one granule the latest comes last. Other files are passed over.

    Raises
    ------
    GranuleReadError
        If a path is absent.
    InputError
        If none of them holds such a granule.
    """
    found: dict[tuple[str, str], ProductFile] = {}
    given = [Path(place) for place in places]
    for place in given:
        if place.is_dir():
            files = sorted(entry for entry in place.rglob("*") if entry.is_file())
        elif place.exists():
            files = [place]
        else:
            files = _siblings(place)
            if not files:
                raise GranuleReadError(f"{place}: no such file or folder. Check the path")
        for file in files:
            entry = identify(file)
            if entry is not None:
                match = FILE_NAME.match(file.name)
                found.setdefault((str(file.parent), match["id"] if match else file.name), entry)
    if not found:
        shown = ", ".join(map(str, given[:3]))
        raise InputError(f"{shown}: no AST_08 or AST_05 granule there. Give the folder of both")
    return sorted(found.values(), key=lambda e: (e.product, e.acquired_at, e.path.name))


def _siblings(stem: Path) -> list[Path]:
    if not stem.parent.is_dir():
        return []
    return sorted(f for f in stem.parent.iterdir() if f.name.startswith(f"{stem.name}_"))


def identify(file: Path) -> ProductFile | None:
    """Tell what a file is by its name, of HDF4 by its metadata; None for anything else."""
    match = FILE_NAME.match(file.name)
    if match:
        acquired = time_of_name(file.name, file)
        return None if acquired is None else ProductFile(match["product"].upper(), file, acquired)
    if file.suffix.lower() != ".hdf":
        return None
    named, acquired = _PRODUCT.match(file.name), time_of_name(file.name, file)
    if named and acquired:
        return ProductFile(named.group().upper(), file, acquired)
    try:
        odl = AsterOdl.parse(file, read_structure(file).attributes)
        if odl.short_name in PRODUCTS:
            return ProductFile(odl.short_name, file, odl.acquired_at())
    except AkkdError:
        return None
    return None


def time_of_name(name: str, path: Path) -> datetime | None:
    """Acquisition time in a granule's name (MMDDYYYYhhmmss), or None; raises GranuleReadError."""
    match = _NAME_TIME.match(name)
    if match is None:
        return None
    month, day, year, clock = match.groups()
    return parse_time(year + month + day, clock, path)


