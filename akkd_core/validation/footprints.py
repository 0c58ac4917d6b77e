"""Sums of a raster's pixels over footprints of any shape, by exact area of overlap.

The integral of a pixel-wise constant field over a polygon is an integral along its outline
(Green's theorem): of the field's integral from each point of the outline to the raster's right
edge. The outline is cut where it crosses borders of pixels; on a piece that integral is linear, so
that its middle gives it exactly. No weights are held: a cell costs its outline, not its area.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_CELLS_AT_ONCE = 4000


def footprint_sums(row: Floats, col: Floats, fields: Floats) -> Floats:
    """Integrate fields over polygons.

    Parameters
    ----------
    row, col : ndarray of float64, (n, vertices)
        Vertices of each polygon in a round, in pixels; (0, 0) is the raster's upper left corner.
        A simple polygon in either sense of rotation.
    fields : ndarray of float64, (field, row, col)
        Finite; outside the raster they count as 0.

    Returns
    -------
    ndarray of float64, (field, n)
        Sum over pixels of value times area of overlap, in pixels.
    """
    # what lies to the right of a pixel in its row, one column more for the empty rest
    rest = np.zeros((*fields.shape[:2], fields.shape[2] + 1))
    rest[..., :-1] = np.cumsum(fields[..., ::-1], axis=2)[..., ::-1]
    out = np.empty((fields.shape[0], row.shape[0]))
    for start in range(0, row.shape[0], _CELLS_AT_ONCE):
        part = slice(start, start + _CELLS_AT_ONCE)
        out[:, part] = _sums(row[part], col[part], fields, rest)
    return out


def footprint_areas(row: Floats, col: Floats) -> Floats:
    """Areas of polygons in pixels, float64 (n,)."""
    return np.asarray(np.abs(_signed_areas(row, col)))


def _signed_areas(row: Floats, col: Floats) -> Floats:
    after_row, after_col = np.roll(row, -1, axis=1), np.roll(col, -1, axis=1)
    # about the first vertex, as places far from the origin would drown in rounding
    x, y = col - col[:, :1], row - row[:, :1]
    after_x, after_y = after_col - col[:, :1], after_row - row[:, :1]
    return np.asarray(0.5 * (x * after_y - after_x * y).sum(axis=1))


def _sums(row: Floats, col: Floats, fields: Floats, rest: Floats) -> Floats:
    count, vertices = row.shape
    sense = np.sign(_signed_areas(row, col))
    x0, y0 = col.ravel(), row.ravel()
    x1, y1 = np.roll(col, -1, axis=1).ravel(), np.roll(row, -1, axis=1).ravel()
    edge, begin, end = _pieces(x0, y0, x1, y1)
    middle = 0.5 * (begin + end)
    x = x0[edge] + middle * (x1 - x0)[edge]
    y = y0[edge] + middle * (y1 - y0)[edge]
    height = (end - begin) * (y1 - y0)[edge]
    rows, cols = fields.shape[1:]
    r, c = np.floor(y).astype(np.intp), np.floor(x).astype(np.intp)
    counts = (r >= 0) & (r < rows) & (c < cols)
    r, c, x, height = r[counts], c[counts], x[counts], height[counts]
    cell = (edge // vertices)[counts]
    left = c < 0
    c[left], x[left] = 0, 0.0
    out = np.empty((fields.shape[0], count))
    for index, (values, right) in enumerate(zip(fields, rest, strict=True)):
        reached = values[r, c] * (c + 1 - x) + right[r, c + 1]
        out[index] = np.bincount(cell, weights=-reached * height, minlength=count)
    # from left edges less right edges, whichever way round the outline goes
    result: Floats = out * sense
    return result


def _pieces(
    x0: Floats, y0: Floats, x1: Floats, y1: Floats
) -> tuple[NDArray[np.intp], Floats, Floats]:
    """Cut edges at the borders of pixels: edge, and begin and end as shares of its length."""
    edges, shares = [np.arange(x0.size)], [np.zeros(x0.size)]
    for first, last in ((x0, x1), (y0, y1)):
        low, high = np.minimum(first, last), np.maximum(first, last)
        lowest = np.floor(low).astype(np.intp) + 1
        crossings = np.maximum(np.ceil(high).astype(np.intp) - lowest, 0)
        edge = np.repeat(np.arange(first.size), crossings)
        number = np.arange(edge.size) - np.repeat(np.cumsum(crossings) - crossings, crossings)
        border = lowest[edge] + number
        edges.append(edge)
        shares.append((border - first[edge]) / (last - first)[edge])
    edge, begin = np.concatenate(edges), np.concatenate(shares)
    order = np.lexsort((begin, edge))
    edge, begin = edge[order], begin[order]
    end = np.append(begin[1:], 1.0)
    end[np.append(edge[1:] != edge[:-1], True)] = 1.0
    return edge, begin, end
