"""The valid pixels of a tile, in a row, and the tile made of what was retrieved from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from akkd_core.calibration import SampleCalibration
from akkd_core.images import TIR_BANDS, Scene
from akkd_core.inference.cloud_mask import MARGIN, NOTHING, CloudMask, padded_window
from akkd_core.inference.quality_layer import quality_layer
from akkd_core.inference.tile import RetrievalTile
from akkd_core.inference.windows import Window
from akkd_core.physics.features import OUTPUT_NAMES
from akkd_core.quality import QC_NODATA


@dataclass(frozen=True, eq=False)
class PixelRetrieval:
    """What was retrieved from n pixels.

    Parameters
    ----------
    values : ndarray of float32, (n, 6)
        Land surface temperature, K, and emissivity of bands 10-14.
    errors : ndarray of float32, (n, 6)
        Their standard errors; NaN where not known.
    transmittance_13 : ndarray of float32, (n,)
        Retrieved, 0-1; 0 where the bundle retrieves no atmosphere.
    in_domain : ndarray of bool, (n,)
    """

    values: NDArray[np.float32]
    errors: NDArray[np.float32]
    transmittance_13: NDArray[np.float32]
    in_domain: NDArray[np.bool_]


class TilePixels:
    """A tile's input.

    Parameters
    ----------
    scene : Scene
    calibration : SampleCalibration
    window : Window
        Where the tile lies.
    margin : int
        Pixels that are read around it, for the cloud mask.

    Attributes
    ----------
    place : Window
        The tile with its margin, as far as the raster reaches.
    around : ndarray of float32, (5, row, col)
        Brightness temperature in ``place``, K.
    valid : ndarray of bool, (row, col)
        Where all five brightness temperatures are finite.
    bt : ndarray of float32, (n, 5)
        Brightness temperature of the valid pixels, K.
    """

    def __init__(
        self, scene: Scene, calibration: SampleCalibration, window: Window, margin: int = MARGIN
    ) -> None:
        self.window = window
        self._calibration = calibration
        place = padded_window(window, scene.grid.rows, scene.grid.cols, margin)
        samples = scene.read(place.row, place.col, place.rows, place.cols)
        self.place, self.around = place, calibration.brightness_temperature(samples)
        row, col = window.row - place.row, window.col - place.col
        inner = np.s_[:, row : row + window.rows, col : col + window.cols]
        self._samples, bt = samples[inner], self.around[inner]
        self.valid: NDArray[np.bool_] = np.asarray(np.isfinite(bt).all(axis=0))
        self.bt: NDArray[np.float32] = np.ascontiguousarray(bt[:, self.valid].T)

    def tile(
        self,
        found: PixelRetrieval,
        clouds: CloudMask,
        model: NDArray[np.uint8] | None = None,
        closure: NDArray[np.float32] | None = None,
    ) -> RetrievalTile:
        """Put what was retrieved in its place.

        Parameters
        ----------
        found : PixelRetrieval
        clouds : CloudMask
        model : ndarray of uint8, (row, col), optional
            Which model served each pixel.
        closure : ndarray of float32, (n, 5), optional
            Of the valid pixels, see `akkd_core.inference.closure`.

        Returns
        -------
        RetrievalTile
        """
        window, valid = self.window, self.valid
        qc = quality_layer(
            self._samples,
            self._calibration.flags(self._samples),
            valid,
            found.values,
            found.errors,
            found.transmittance_13,
            clouds.classes[valid],
            clouds.water_snow[valid] != NOTHING,
            found.in_domain,
        )
        full = np.full((2, len(OUTPUT_NAMES), *valid.shape), np.nan, dtype=np.float32)
        full[0][:, valid] = found.values.T
        full[1][:, valid] = found.errors.T
        distance = clouds.distance_m
        if distance is not None:
            distance = np.where(qc == QC_NODATA, np.float32(np.nan), distance)
        misfit = None
        if closure is not None:
            misfit = np.full((len(TIR_BANDS), *valid.shape), np.nan, dtype=np.float32)
            misfit[:, valid] = closure.T
        return RetrievalTile(
            window.row, window.col, full[0, 0], full[1, 0], full[0, 1:], full[1, 1:], qc, model,
            distance, misfit,
        )  # fmt: skip
