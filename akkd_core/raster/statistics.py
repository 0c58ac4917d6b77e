"""Running statistics of a raster's bands, embedded in the file so that viewers stretch at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class BandStatistics:
    """Count, minimum, maximum, mean and standard deviation of finite pixels, block by block.

    Blocks are merged by the pairwise update of Chan, Golub and LeVeque (1979), so the result
    does not depend on the raster's size.
    """

    def __init__(self, count: int) -> None:
        self.n = np.zeros(count)
        self.minimum = np.full(count, np.inf)
        self.maximum = np.full(count, -np.inf)
        self.mean = np.zeros(count)
        self._m2 = np.zeros(count)
        self.pixels = 0

    def add(self, array: NDArray[Any]) -> None:
        """Take in a block, (band, row, col)."""
        self.pixels += array.shape[1] * array.shape[2]
        for band, block in enumerate(array):
            values = block[np.isfinite(block)].astype(np.float64)
            if not values.size:
                continue
            n, mean = values.size, values.mean()
            total = self.n[band] + n
            delta = mean - self.mean[band]
            self._m2[band] += ((values - mean) ** 2).sum() + delta**2 * self.n[band] * n / total
            self.mean[band] += delta * n / total
            self.n[band] = total
            self.minimum[band] = min(self.minimum[band], values.min())
            self.maximum[band] = max(self.maximum[band], values.max())

    @property
    def deviation(self) -> NDArray[np.float64]:
        """Population standard deviation per band; 0 where nothing is valid."""
        return np.sqrt(self._m2 / np.maximum(self.n, 1))

    def tags(self, band: int) -> dict[str, str]:
        """GDAL's statistics items of a band (counted from 0); empty where nothing is valid."""
        if not self.n[band]:
            return {}
        return {
            "STATISTICS_MINIMUM": f"{self.minimum[band]:.9g}",
            "STATISTICS_MAXIMUM": f"{self.maximum[band]:.9g}",
            "STATISTICS_MEAN": f"{self.mean[band]:.9g}",
            "STATISTICS_STDDEV": f"{self.deviation[band]:.9g}",
            "STATISTICS_VALID_PERCENT": f"{100 * self.n[band] / max(self.pixels, 1):.4g}",
        }
