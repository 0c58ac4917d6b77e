"""QGIS's style of a difference raster: blue, white, red around zero (a .qml that it loads unasked).

Colours: ColorBrewer's RdBu of 11 classes, reversed (Harrower and Brewer 2003, The Cartographic
Journal 40, 27-37): told apart with any colour vision.
"""

from __future__ import annotations

import math
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from akkd_core.errors import ParameterError

COLOURS = (
    "#053061", "#2166ac", "#4393c3", "#92c5de", "#d1e5f0", "#f7f7f7",
    "#fddbc7", "#f4a582", "#d6604d", "#b2182b", "#67001f",
)  # fmt: skip
"""From the most negative to the most positive difference."""

_CENTRAL_PERCENT = 98.0
_ROUND = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


def round_limit(difference: NDArray[np.floating]) -> float:
    """Round number that holds the central 98 % of differences on both sides of zero.

    Parameters
    ----------
    difference : ndarray of float
        NaN where there is none.

    Returns
    -------
    float
        Positive, in the differences' unit.
    """
    finite = np.abs(difference[np.isfinite(difference)])
    held = float(np.percentile(finite, _CENTRAL_PERCENT)) if finite.size else 0.0
    if held <= 0.0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(held))
    return next(step * power for step in _ROUND if step * power >= held * (1 - 1e-9))


def difference_style(limit: float, unit: str) -> str:
    """Write the style as QGIS 3 reads it.

    Parameters
    ----------
    limit : float
        The scale goes from minus this to this; what is beyond takes the last colour.
    unit : str
        For the legend.

    Raises
    ------
    ParameterError
        If the limit isn't positive.
    """
    if not (limit > 0 and math.isfinite(limit)):
        raise ParameterError(f"style of a difference: limit is {limit}, must be positive")
    values = np.linspace(-limit, limit, len(COLOURS)).round(9).tolist()
    items = "\n".join(
        f'          <item value="{value!r}" color="{colour}" alpha="255" '
        f"label={quoteattr(_label(value, unit))}/>"
        for value, colour in zip(values, COLOURS, strict=True)
    )
    ends = f'classificationMin="{-limit!r}" classificationMax="{limit!r}"'
    return f"""<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.22.0" styleCategories="Symbology" hasScaleBasedVisibilityFlag="0">
  <pipe>
    <rasterrenderer type="singlebandpseudocolor" band="1" opacity="1" alphaBand="-1" {ends}>
      <rasterTransparency/>
      <minMaxOrigin>
        <limits>None</limits>
        <extent>WholeRaster</extent>
        <statAccuracy>Estimated</statAccuracy>
      </minMaxOrigin>
      <rastershader>
        <colorrampshader colorRampType="INTERPOLATED" classificationMode="1" clip="0" \
minimumValue="{-limit!r}" maximumValue="{limit!r}">
{items}
        </colorrampshader>
      </rastershader>
    </rasterrenderer>
    <brightnesscontrast brightness="0" contrast="0"/>
    <huesaturation saturation="0" colorizeOn="0"/>
    <rasterresampler maxOversampling="2"/>
  </pipe>
  <blendMode>0</blendMode>
</qgis>
"""


def _label(value: float, unit: str) -> str:
    text = f"{value:+.4g}" if abs(value) > 1e-12 else "0"
    return f"{text} {unit}".strip().replace("-", "\N{MINUS SIGN}")
