"""The preview: colours follow temperature, nothing is painted outside the scene."""

from __future__ import annotations

import numpy as np

from akkd_core.grid import Grid
from akkd_core.inference.preview import Preview
from tests.builders.products import empty_scene, tiles, whole


def grid(rows: int, cols: int) -> Grid:
    return Grid(32650, (0.0, 90.0, 0.0, 0.0, 0.0, -90.0), rows, cols)


def test_colours_follow_temperature() -> None:
    scene = empty_scene()
    preview = Preview(scene.grid)
    for tile in tiles(scene, 100):
        preview.add(tile)
    image, palette = preview.draw()
    rows, cols = scene.grid.shape
    assert image.shape == (rows + 46, cols)
    opacity = palette[image][:rows, :, 3]
    np.testing.assert_array_equal(opacity > 0, np.isfinite(whole(rows, cols).lst))
    lightness = palette[:250, :3].astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(np.convolve(lightness, np.ones(9) / 9, "valid")) > 0).all()
    shown = image[:rows][opacity > 0].astype(int)
    lst = whole(rows, cols).lst[opacity > 0]
    assert np.corrcoef(shown, lst)[0, 1] > 0.99
    assert (shown <= 2).mean() > 0.015 and (shown >= 247).mean() > 0.015


def test_legend_is_written() -> None:
    preview = Preview(grid(300, 340))
    preview.add(whole(300, 340))
    image, palette = preview.draw()
    legend = image[300:]
    assert (palette[legend][..., 3] == 255).all()
    assert (legend == 252).sum() > 200, "labels in ink"
    bar = legend[12, 14:-14].astype(int)
    assert bar[0] == 0 and bar[-1] == 249 and (np.diff(bar) >= 0).all()


def test_large_scene_is_thinned_and_tiles_meet() -> None:
    preview = Preview(grid(2500, 2100))
    big = whole(2500, 2100)
    for row in range(0, 2500, 512):
        for col in range(0, 2100, 512):
            part = np.s_[..., row : row + 512, col : col + 512]
            preview.add(
                type(big)(
                    row, col, big.lst[part], big.lst_err[part], big.lse[part],
                    big.lse_err[part], big.qc[part],
                )
            )
    np.testing.assert_array_equal(preview._lst, big.lst[::3, ::3])
    image, _ = preview.draw()
    assert image.shape == (834 + 46, 700)


def test_flat_and_empty_scenes() -> None:
    preview = Preview(grid(40, 50))
    image, palette = preview.draw()
    assert (palette[image][..., 3] == 0).all()
    tile = whole(40, 50)
    preview.add(type(tile)(0, 0, np.full((40, 50), 300, np.float32), tile.lst_err, tile.lse,
                           tile.lse_err, tile.qc))
    image, _ = preview.draw()
    assert image.shape[1] == 240 and len(np.unique(image[:40, 95:145])) == 1
