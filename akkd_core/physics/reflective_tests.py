"""What ASTER's bands 1-4 say of a pixel by day: cloud, snow, water, or ground that is no cloud.

Tests of the Landsat-7 cloud cover assessment (Irish et al. 2006, doi 10.14358/PERS.72.10.1179),
which the New ASTER Cloud Mask Algorithm applies to ASTER (Hulley and Hook 2008, doi
10.1029/2008GL034644), with the former's limits; snow by NDSI and near infrared (Hall et al. 1995,
doi 10.1016/0034-4257(95)00137-P), water by NDWI (McFeeters 1996, doi 10.1080/01431169608948714).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

UNTOLD, CLOUD_LIKE, SNOW_LIKE, WATER_LIKE, GROUND_LIKE = range(5)
"""Classes."""

BRIGHT_RED = 0.08
"""Cloud reflects more, band 2."""
SNOW_NDSI, SNOW_NIR = 0.4, 0.11
WATER_NDWI, WATER_NIR = 0.3, 0.10
GREEN_RATIO = 2.0
"""Cloud has less near infrared over red; growing leaves have more."""
SENESCENT_RATIO = 2.16
"""Cloud has less near infrared over green."""
SOIL_RATIO = 1.0
"""Cloud has more near infrared over band 4; bright soil and sand have less."""


def reflective_classes(reflectance: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Classes of pixels.

    Without band 4 nothing is called cloud or snow: sand, snow and cloud look alike then.

    Parameters
    ----------
    reflectance : ndarray, (4, ...)
        At the top of the atmosphere, bands 1, 2, 3N and 4, 0-1; NaN where there is none.

    Returns
    -------
    ndarray of uint8, (...)
    """
    green, red, nir, swir = (np.asarray(part, dtype=np.float32) for part in reflectance)
    small = np.float32(1e-4)
    # a comparison with NaN is false: what a band doesn't tell stays untold
    with np.errstate(invalid="ignore"):
        ndsi = (green - swir) / np.maximum(green + swir, small)
        ndwi = (green - nir) / np.maximum(green + nir, small)
        bright = red > BRIGHT_RED
        snow = (ndsi > SNOW_NDSI) & (nir > SNOW_NIR) & bright
        water = (ndwi > WATER_NDWI) & (nir < WATER_NIR)
        leaves = nir / np.maximum(red, small) > GREEN_RATIO
        cloud = (
            bright & (ndsi <= SNOW_NDSI) & ~leaves
            & (nir / np.maximum(green, small) < SENESCENT_RATIO)
            & (nir / np.maximum(swir, small) > SOIL_RATIO)
        )  # fmt: skip
        ground = (red <= BRIGHT_RED) | leaves
    classes = np.select(
        [water, snow, cloud, ground],
        [WATER_LIKE, SNOW_LIKE, CLOUD_LIKE, GROUND_LIKE],
        UNTOLD,
    )
    result: NDArray[np.uint8] = classes.astype(np.uint8)
    return result
