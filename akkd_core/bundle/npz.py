"""Writing and reading npz files of plain float32 arrays.

numpy's own reader isn't used on files of unknown origin: this one knows one data type, is told
the arrays and shapes that must be there, and never allocates more than those need. The files are
ordinary npz files to everyone else.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from akkd_core.bundle.archive import check_archive
from akkd_core.errors import BundleIntegrityError

_MAGIC = b"\x93NUMPY\x01\x00"
_MAX_HEADER = 256
_HEADER = re.compile(rb"\{'descr': '<f4', 'fortran_order': False, 'shape': \(([0-9, ]*)\), \} *\n")


def write_npz(arrays: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Return float32 arrays as an uncompressed npz file; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            plain = np.ascontiguousarray(array, dtype="<f4")
            np.lib.format.write_array(member, plain, version=(1, 0), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    return buffer.getvalue()


def read_npz(
    data: bytes, shapes: Mapping[str, tuple[int, ...]], what: str
) -> dict[str, NDArray[np.float32]]:
    """Read exactly the named arrays with exactly these shapes.

    Parameters
    ----------
    data : bytes
        The file.
    shapes : mapping of str to tuple of int
        The arrays that must be there; no other may be.
    what : str
        Name of the file for the message.

    Returns
    -------
    dict of str to float32 array
        Read-only views.

    Raises
    ------
    BundleIntegrityError
        If anything else is found, or an array isn't plain little-endian float32 in C order.
    """
    check_archive(data, what)
    result = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {info.filename: info for info in archive.infolist()}
            if set(members) != {f"{name}.npy" for name in shapes}:
                raise BundleIntegrityError(f"{what}: its arrays aren't those of the manifest")
            for name, shape in shapes.items():
                info = members[f"{name}.npy"]
                size = 4 * math.prod(shape)
                if not size <= info.file_size <= size + _MAX_HEADER:
                    raise BundleIntegrityError(f"{what}: {name} isn't of shape {shape}")
                with archive.open(info) as member:
                    result[name] = _array(member.read(size + _MAX_HEADER + 1), shape, what, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
        raise BundleIntegrityError(f"{what}: damaged ({error})") from None
    return result


def _array(data: bytes, shape: tuple[int, ...], what: str, name: str) -> NDArray[np.float32]:
    start = len(_MAGIC) + 2
    stop = start + int.from_bytes(data[len(_MAGIC) : start], "little")
    header = _HEADER.fullmatch(data[start:stop]) if data.startswith(_MAGIC) else None
    if header is None or stop > start + _MAX_HEADER:
        raise BundleIntegrityError(f"{what}: {name} isn't a plain float32 array")
    found = tuple(int(n) for n in header.group(1).decode().split(",") if n.strip())
    if found != shape or len(data) - stop != 4 * math.prod(shape):
        raise BundleIntegrityError(f"{what}: {name} isn't of shape {shape}")
    return np.frombuffer(data, dtype="<f4", offset=stop).reshape(shape).astype("f4", copy=False)
