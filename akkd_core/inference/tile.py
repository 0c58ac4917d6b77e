"""What retrieval hands on: one tile of land surface temperature, emissivity, errors and QC."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import InputError
from akkd_core.images import TIR_BANDS

_OPTIONAL = ("model", "cloud_distance", "closure")


@dataclass(frozen=True)
class RetrievalTile:
    """A rectangle of results.

    Parameters
    ----------
    row, col : int
        Upper left corner in the scene, pixels.
    lst, lst_err : ndarray of float32, (row, col)
        Land surface temperature and its standard error, K; NaN where not produced.
    lse, lse_err : ndarray of float32, (5, row, col)
        Emissivity of bands 10-14 and its standard error, 0-1; NaN where not produced. The errors
        are None if the method gives none.
    qc : ndarray of uint16, (row, col)
        Bits of :data:`akkd_core.quality.QC_FIELDS`; 65535 outside the scene.
    model : ndarray of uint8, (row, col), optional
        Which model of a joint one served the pixel, 0 the teacher; 255 where nothing was produced.
    cloud_distance : ndarray of float32, (row, col), optional
        To the nearest cloud, m; NaN outside the scene.
    closure : ndarray of float32, (5, row, col), optional
        Brightness temperature recomputed minus measured, K; NaN where not produced.

    Raises
    ------
    InputError
        If types or shapes don't fit together.
    """

    row: int
    col: int
    lst: NDArray[np.float32]
    lst_err: NDArray[np.float32] | None
    lse: NDArray[np.float32]
    lse_err: NDArray[np.float32] | None
    qc: NDArray[np.uint16]
    model: NDArray[np.uint8] | None = None
    cloud_distance: NDArray[np.float32] | None = None
    closure: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        plane = self.lst.shape
        cube = (len(TIR_BANDS), *plane)
        expected = {
            "lst": (plane, np.float32),
            "lst_err": (plane, np.float32),
            "lse": (cube, np.float32),
            "lse_err": (cube, np.float32),
            "qc": (plane, np.uint16),
            "model": (plane, np.uint8),
            "cloud_distance": (plane, np.float32),
            "closure": (cube, np.float32),
        }
        if len(plane) != 2 or min(self.row, self.col) < 0:
            raise InputError(f"tile at ({self.row}, {self.col}) of shape {plane} is no rectangle")
        for name, (shape, dtype) in expected.items():
            array = getattr(self, name)
            if array is None and (name in _OPTIONAL or name.endswith("_err")):
                continue
            if array.shape != shape or array.dtype != dtype:
                raise InputError(
                    f"tile's {name} is {array.dtype} {array.shape}, "
                    f"expected {np.dtype(dtype)} {shape}"
                )
