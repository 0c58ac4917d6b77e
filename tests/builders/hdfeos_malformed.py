"""An HDF-EOS2 file on which GDAL's HDF4 driver ends the process: a swath with a nameless dimension.

Written by NASA's own library, through ctypes (Debian: libhdfeos0).
"""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest

_CREATE, _FLOAT32 = 4, 5
_LONG, _SHORT = 8, 4


def write_nameless_dimension(path: Path) -> Path:
    """Write the file; skips the calling test where the library is absent."""
    try:
        eos = ctypes.CDLL("libhdfeos.so.0")
    except OSError:
        pytest.skip("no HDF-EOS2 library (Debian package libhdfeos0)")
    file = eos.SWopen(str(path).encode(), _CREATE)
    swath = eos.SWcreate(file, b"Swath")
    done = [
        eos.SWdefdim(swath, b"", _SHORT),
        eos.SWdefdim(swath, b"NDim", _LONG),
        eos.SWdefgeofield(swath, b"Latitude", b"NDim", _FLOAT32, 0),
        eos.SWdefgeofield(swath, b"Longitude", b"NDim", _FLOAT32, 0),
        eos.SWdefdatafield(swath, b"temperature", b"NDim,", _FLOAT32, 0),
        eos.SWdetach(swath),
    ]
    swath = eos.SWattach(file, b"Swath")
    for name, shape in (
        (b"Latitude", (_LONG,)), (b"Longitude", (_LONG,)), (b"temperature", (_LONG, _SHORT)),
    ):  # fmt: skip
        data = np.zeros(shape, np.float32)
        edge = (ctypes.c_int32 * len(shape))(*shape)
        pointer = data.ctypes.data_as(ctypes.c_void_p)
        done.append(eos.SWwritefield(swath, name, None, None, edge, pointer))
    done += [eos.SWdetach(swath), eos.SWclose(file)]
    assert min(file, swath, *done) >= 0, done
    return path
