"""PNG of few colours: the frequent ones exactly, the others near."""

from __future__ import annotations

import io

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="needs the viz extra")

from akkd_core.figures.palette import PAGE_DPI, palette_png, reduce_colours  # noqa: E402
from akkd_core.figures.style import COLOURS, make_figure, png_bytes  # noqa: E402
from tests.builders.png import png_size  # noqa: E402


def test_few_colours_stay_exactly() -> None:
    rng = np.random.default_rng(1)
    colours = rng.integers(0, 256, (100, 3), dtype=np.uint8)
    pixels = colours[rng.integers(0, 100, (40, 50))]
    palette, index = reduce_colours(pixels)
    assert len(palette) == 100 and index.shape == (40, 50)
    np.testing.assert_array_equal(palette[index], pixels)


def test_many_colours_go_to_near_ones() -> None:
    # colours that fade into white, as at the edges of lines
    share = np.linspace(0.0, 1.0, 100)[None, :, None]
    own = np.array([[0, 114, 178], [213, 94, 0], [0, 158, 115], [51, 51, 51]])[:, None]
    pixels = np.repeat(255 - share * (255 - own), 25, axis=0).round().astype(np.uint8)
    pixels[:50, :50] = (0, 114, 178)
    palette, index = reduce_colours(pixels)
    assert len(palette) <= 256
    np.testing.assert_array_equal(palette[index][:50, :50], pixels[:50, :50])
    far = np.abs(palette[index].astype(int) - pixels).max(axis=-1)
    assert far.max() < 32 and np.median(far) < 8


def test_a_chart_is_the_same_to_the_eye_and_smaller() -> None:
    from PIL import Image

    figure, (axes,) = make_figure()
    for i, colour in enumerate(COLOURS):
        axes.plot([0, 1], [0, i], color=colour, linewidth=5)
    full, small = png_bytes(figure, PAGE_DPI), palette_png(figure)
    assert png_size(small) == png_size(full) and len(small) < 0.7 * len(full)
    before, after = (
        np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
        for data in (full, small)
    )
    assert np.abs(before - after).mean() < 0.5
    seen = {tuple(pixel) for pixel in after.reshape(-1, 3)}
    assert all(tuple(int(c[i : i + 2], 16) for i in (1, 3, 5)) in seen for c in COLOURS)
