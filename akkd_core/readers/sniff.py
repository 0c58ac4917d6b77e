"""What a file is, by its content: so that an error can say what it is and what was expected."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from akkd_core.errors import GranuleReadError, MissingBandError, UnsupportedGranuleError
from akkd_core.readers.aster_metadata import AsterOdl
from akkd_core.readers.hdf4_structure import MAGIC, Hdf4Structure
from akkd_core.readers.odl import join_pieces, parse_odl

EXPECTED = (
    "Give an ASTER L1T or L1B granule (.hdf), or the folder or TIR band files of an L1T V004"
)
"""The remedy of every error about a wrong file."""


class FileKind(Enum):
    """Kinds of file, as far as their first bytes tell."""

    HDF4 = "an HDF4 file"
    TIFF = "a TIFF image"
    HDF5 = "an HDF5 file (netCDF-4, or an HDF-EOS5 product)"
    NETCDF = "a netCDF classic file"
    JPEG = "a JPEG image"
    PNG = "a PNG image"
    JPEG2000 = "a JPEG 2000 image"
    ZIP = "a ZIP archive"
    GZIP = "a gzip archive"
    PDF = "a PDF document"
    TEXT = "a text file"
    UNKNOWN = "no file format that AKKD knows"


_MAGICS = (
    (MAGIC, FileKind.HDF4),
    (b"II*\0", FileKind.TIFF),
    (b"MM\0*", FileKind.TIFF),
    (b"II+\0", FileKind.TIFF),
    (b"MM\0+", FileKind.TIFF),
    (b"\x89HDF\r\n\x1a\n", FileKind.HDF5),
    (b"CDF", FileKind.NETCDF),
    (b"\xff\xd8\xff", FileKind.JPEG),
    (b"\x89PNG", FileKind.PNG),
    (b"\0\0\0\x0cjP  ", FileKind.JPEG2000),
    (b"PK\x03\x04", FileKind.ZIP),
    (b"\x1f\x8b", FileKind.GZIP),
    (b"%PDF", FileKind.PDF),
)


def sniff(path: Path) -> FileKind:
    """Kind of a file by its first bytes.

    Raises
    ------
    GranuleReadError
        If the file is absent, empty, unreadable or not a regular file.
    """
    try:
        if not path.exists():
            raise GranuleReadError(f"{path}: no such file. Check the path")
        if not path.is_file():
            raise GranuleReadError(f"{path}: not a regular file. {EXPECTED}")
        with path.open("rb") as handle:
            head = handle.read(512)
    except GranuleReadError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise GranuleReadError(
            f"{path}: can't be read ({reason}). Check path and permissions"
        ) from error
    if not head:
        raise GranuleReadError(f"{path}: the file is empty. Download the granule again")
    for magic, kind in _MAGICS:
        if head.startswith(magic):
            return kind
    printable = sum(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head)
    return FileKind.TEXT if printable == len(head) else FileKind.UNKNOWN


def unsupported(path: Path, what: str) -> UnsupportedGranuleError:
    """Error that tells what the file is and what was expected."""
    return UnsupportedGranuleError(f"{path}: is {what}, not an ASTER thermal scene. {EXPECTED}")


def aster_level(structure: Hdf4Structure, odl: AsterOdl) -> str:
    """``AST_L1T`` or ``AST_L1B``, of an HDF4 granule with a thermal swath.

    Raises
    ------
    MissingBandError
        If it is ASTER Level 1 without thermal bands.
    UnsupportedGranuleError
        If it is anything else.
    """
    name = odl.short_name
    swaths = [key for key, kind in structure.eos_objects.items() if kind == "swath"]
    thermal = any(d.name.startswith("ImageData1") and len(d.name) > 10 for d in structure.datasets)
    if name in ("AST_L1T", "AST_L1B") and not thermal:
        others = f" (it has {', '.join(swaths)})" if swaths else ""
        raise MissingBandError(
            f"{structure.path}: {name} granule without thermal bands{others}. "
            "AKKD needs TIR bands 10-14; choose a granule whose TIR was on"
        )
    if name in ("AST_L1T", "AST_L1B"):
        return name
    if not name and thermal:
        rotated = abs(odl.number("MAPORIENTATIONANGLE") or 0.0) > 0.01
        return "AST_L1B" if rotated or not odl.numbers("UPPERLEFTM") else "AST_L1T"
    raise unsupported(structure.path, describe_hdf4(structure, name))


def describe_hdf4(structure: Hdf4Structure, short_name: str = "") -> str:
    """Say in a few words what an HDF4 file holds."""
    name = short_name or _eos_short_name(structure)
    objects = [f"{kind} {key}" for key, kind in structure.eos_objects.items()]
    if objects:
        shown = ", ".join(objects[:3]) + (", ..." if len(objects) > 3 else "")
        return f"{f'product {name}' if name else 'an HDF-EOS file'} ({shown})"
    if name:
        return f"product {name}"
    return f"an HDF4 file with {len(structure.datasets)} data sets and no HDF-EOS metadata"


def _eos_short_name(structure: Hdf4Structure) -> str:
    """SHORTNAME of any EOS product's CoreMetadata, or empty."""
    try:
        text = join_pieces(structure.attributes, "CoreMetadata")
        return parse_odl(text, str(structure.path)).text("SHORTNAME") or ""
    except GranuleReadError:
        return ""
