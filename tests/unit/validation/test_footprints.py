"""Sums over footprints: areas by clipping polygons, known cases, speed at full size."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from akkd_core.validation.footprints import footprint_areas, footprint_sums


def clip(polygon: list[tuple[float, float]], r: int, c: int) -> float:
    """Area of a convex polygon within a pixel, by Sutherland and Hodgman's clipping."""
    for axis, limit, sign in ((0, r, 1), (0, r + 1, -1), (1, c, 1), (1, c + 1, -1)):
        kept = []
        for i, here in enumerate(polygon):
            before = polygon[i - 1]
            inside, was = sign * (here[axis] - limit) >= 0, sign * (before[axis] - limit) >= 0
            if inside != was:
                share = (limit - before[axis]) / (here[axis] - before[axis])
                kept.append(tuple(b + share * (h - b) for b, h in zip(before, here, strict=True)))
            if inside:
                kept.append(here)
        polygon = kept
        if not polygon:
            return 0.0
    y, x = np.array(polygon).T
    return 0.5 * abs(float(x @ np.roll(y, -1) - np.roll(x, -1) @ y))


def test_whole_pixels() -> None:
    fields = np.arange(12.0).reshape(1, 3, 4)
    row = np.array([[0.0, 0, 2, 2], [0, 0, 3, 3]])
    col = np.array([[1.0, 3, 3, 1], [0, 4, 4, 0]])
    found = footprint_sums(row, col, fields)
    np.testing.assert_allclose(found, [[1 + 2 + 5 + 6, 66]], atol=1e-12)
    np.testing.assert_allclose(footprint_areas(row, col), [4, 12], atol=1e-12)


def test_parts_of_pixels_and_either_sense() -> None:
    fields = np.array([[[1.0, 10.0], [100.0, 1000.0]]])
    # a square of half a pixel's side around the middle corner: a sixteenth of each
    row, col = np.array([[0.75, 0.75, 1.25, 1.25]]), np.array([[0.75, 1.25, 1.25, 0.75]])
    expected = 1111.0 / 16
    assert footprint_sums(row, col, fields)[0, 0] == pytest.approx(expected)
    assert footprint_sums(row[:, ::-1], col[:, ::-1], fields)[0, 0] == pytest.approx(expected)


def test_what_leaves_the_raster_counts_nothing() -> None:
    fields = np.ones((1, 4, 4))
    row, col = np.array([[-1.0, -1.0, 1.5, 1.5]]), np.array([[-2.0, 0.5, 0.5, -2.0]])
    assert footprint_sums(row, col, fields)[0, 0] == pytest.approx(0.75)
    assert footprint_sums(row, col + 10, fields)[0, 0] == pytest.approx(0.0, abs=1e-12)
    assert footprint_sums(row + 10, col, fields)[0, 0] == pytest.approx(0.0, abs=1e-12)
    beyond = footprint_sums(row + 3.5, col + 4.75, fields)
    assert beyond[0, 0] == pytest.approx(1.5 * 1.25)


@given(
    middle=st.tuples(st.floats(-1, 7), st.floats(-1, 8)),
    radius=st.floats(0.2, 4),
    turn=st.floats(0, 7),
    vertices=st.integers(3, 9),
)
def test_weights_are_areas_of_overlap(
    middle: tuple[float, float], radius: float, turn: float, vertices: int
) -> None:
    angle = turn + 2 * np.pi * np.arange(vertices) / vertices
    row, col = middle[0] + radius * np.sin(angle), middle[1] + radius * np.cos(angle)
    values = np.random.default_rng(1).normal(300.0, 20.0, (2, 6, 7))
    found = footprint_sums(row[None], col[None], values)[:, 0]
    polygon = list(zip(row.tolist(), col.tolist(), strict=True))
    weights = np.array([[clip(polygon, r, c) for c in range(7)] for r in range(6)])
    np.testing.assert_allclose(found, (values * weights).sum(axis=(1, 2)), atol=1e-6)


def test_a_scene_takes_moments() -> None:
    fields = np.random.default_rng(2).normal(300.0, 5.0, (3, 700, 830))
    top, left = np.meshgrid(np.arange(0.3, 690, 10.3), np.arange(0.1, 820, 10.3), indexing="ij")
    side = np.array([0.0, 0.1, 10.3, 10.2])
    row = top.ravel()[:, None] + side
    col = left.ravel()[:, None] + np.array([0.0, 10.3, 10.4, 0.1])
    started = time.process_time()
    found = footprint_sums(row, col, fields)
    assert time.process_time() - started < 5.0
    assert found.shape == (3, 67 * 80)
    # neighbours fill the raster without gap or overlap
    inside = footprint_areas(row, col).sum()
    mean = found[0].sum() / inside
    assert mean == pytest.approx(fields[0, :690, :824].mean(), abs=0.05)
