"""The preview picture of a product: temperature in colours, and a bar that says which.

Drawn by hand, since the retrieval path needs neither matplotlib nor Pillow.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from akkd_core.grid import Grid
from akkd_core.inference.tile import RetrievalTile

MAX_SIDE = 1024
"""Longest side of the picture, pixels; larger scenes are thinned."""

PERCENTILES = (2.0, 98.0)
"""Stretch of the colours."""

# "inferno" of matplotlib (S. van der Walt and N. Smith, CC0) at 17 even steps: lightness rises
# evenly, so equal steps of temperature look equal.
_RAMP = np.array(
    [
        (0, 0, 4), (11, 7, 36), (33, 12, 74), (60, 9, 101), (87, 16, 110), (113, 25, 110),
        (138, 34, 106), (163, 43, 97), (188, 55, 84), (209, 70, 68), (227, 89, 51),
        (241, 113, 31), (249, 140, 10), (252, 172, 17), (249, 203, 53), (242, 234, 105),
        (252, 255, 164),
    ],
    dtype=np.float64,
)

_GLYPHS = {
    "0": "01110 10001 10011 10101 11001 10001 01110",
    "1": "00100 01100 00100 00100 00100 00100 01110",
    "2": "01110 10001 00001 00110 01000 10000 11111",
    "3": "11111 00010 00100 00010 00001 10001 01110",
    "4": "00010 00110 01010 10010 11111 00010 00010",
    "5": "11111 10000 11110 00001 00001 10001 01110",
    "6": "00110 01000 10000 11110 10001 10001 01110",
    "7": "11111 00001 00010 00100 01000 01000 01000",
    "8": "01110 10001 10001 01110 10001 10001 01110",
    "9": "01110 10001 10001 01111 00001 00010 01100",
    "K": "10001 10010 10100 11000 10100 10010 10001",
    ".": "00000 00000 00000 00000 00000 01100 01100",
    "-": "00000 00000 00000 11111 00000 00000 00000",
    " ": "00000 00000 00000 00000 00000 00000 00000",
}

_COLOURS = 250
_CLEAR, _PAPER, _INK = 250, 251, 252
_SCALE = 2
_MARGIN, _BAR_HEIGHT, _LEGEND_HEIGHT = 14, 12, 46
_MIN_WIDTH = 240


def _palette() -> NDArray[np.uint8]:
    """Colours of the ramp, then clear, paper, ink; uint8 (253, 4)."""
    place = np.linspace(0.0, len(_RAMP) - 1, _COLOURS)
    ramp = [np.interp(place, np.arange(len(_RAMP)), _RAMP[:, c]) for c in range(3)]
    opaque = np.full(_COLOURS, 255.0)
    colours = np.stack([*ramp, opaque], axis=1).round().astype(np.uint8)
    rest = np.array([(0, 0, 0, 0), (255, 255, 255, 255), (40, 40, 46, 255)], np.uint8)
    return np.concatenate([colours, rest])


def _text_mask(text: str) -> NDArray[np.bool_]:
    rows = []
    for line in range(7):
        bits = "0".join(_GLYPHS[char].split()[line] for char in text)
        rows.append([bit == "1" for bit in bits])
    return np.kron(np.array(rows, bool), np.ones((_SCALE, _SCALE), bool))


def _nice_step(span: float) -> float:
    raw = span / 5
    power = 10.0 ** np.floor(np.log10(raw))
    return float(next(power * f for f in (1, 2, 2.5, 5, 10) if power * f >= raw * 0.999))


class Preview:
    """Collects every n-th pixel of the tiles as they pass, then draws the picture.

    Parameters
    ----------
    grid : Grid
        Of the whole scene.
    """

    def __init__(self, grid: Grid) -> None:
        self._step = -(-max(grid.shape) // MAX_SIDE)
        rows, cols = (-(-side // self._step) for side in grid.shape)
        self._lst = np.full((rows, cols), np.nan, np.float32)

    def add(self, tile: RetrievalTile) -> None:
        """Take in a tile's temperatures."""
        n = self._step
        first_row, first_col = -tile.row % n, -tile.col % n
        part = tile.lst[first_row::n, first_col::n]
        if part.size:
            row, col = (tile.row + first_row) // n, (tile.col + first_col) // n
            self._lst[row : row + part.shape[0], col : col + part.shape[1]] = part

    def draw(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Draw the picture.

        Returns
        -------
        image : ndarray of uint8, (row, col)
            Places in the palette; transparent where there is no temperature.
        palette : ndarray of uint8, (253, 4)
            Red, green, blue, opacity.
        """
        valid = np.isfinite(self._lst)
        image = np.full(valid.shape, _CLEAR, np.uint8)
        if not valid.any():
            return image, _palette()
        low, high = (float(value) for value in np.percentile(self._lst[valid], PERCENTILES))
        if high - low < 0.1:
            low, high = low - 0.5, high + 0.5
        share = np.clip((self._lst[valid] - low) / (high - low), 0.0, 1.0)
        image[valid] = (share * (_COLOURS - 1)).round().astype(np.uint8)
        return _with_legend(image, low, high), _palette()


def _with_legend(image: NDArray[np.uint8], low: float, high: float) -> NDArray[np.uint8]:
    rows, cols = image.shape
    width = max(cols, _MIN_WIDTH)
    canvas = np.full((rows + _LEGEND_HEIGHT, width), _CLEAR, np.uint8)
    left = (width - cols) // 2
    canvas[:rows, left : left + cols] = image
    legend = canvas[rows:]
    legend[:] = _PAPER
    top, bottom = 8, 8 + _BAR_HEIGHT
    bar = np.linspace(0, _COLOURS - 1, width - 2 * _MARGIN).round()
    legend[top:bottom, _MARGIN:-_MARGIN] = bar.astype(np.uint8)
    _label(legend, low, high, bottom)
    return canvas


def _label(legend: NDArray[np.uint8], low: float, high: float, bottom: int) -> None:
    width = legend.shape[1]
    length = width - 2 * _MARGIN - 1
    step = _nice_step(high - low)
    digits = 0 if step % 1 == 0 else 1
    end = 0
    for value in np.arange(np.ceil(low / step) * step, high + 1e-9, step):
        x = _MARGIN + round((value - low) / (high - low) * length)
        legend[bottom : bottom + 4, x] = _INK
        mask = _text_mask(f"{value:.{digits}f} K")
        start = min(max(x - mask.shape[1] // 2, 2), width - mask.shape[1] - 2)
        if start < end:
            continue
        y = bottom + 6
        legend[y : y + mask.shape[0], start : start + mask.shape[1]][mask] = _INK
        end = start + mask.shape[1] + 8
