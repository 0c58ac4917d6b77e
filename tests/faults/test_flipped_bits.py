"""Single bits of granules flipped: a pixel is data, structure an error, the place never wrong."""

from __future__ import annotations

import random
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray

from akkd_core import open_scene
from akkd_core.errors import AkkdError, GranuleReadError
from akkd_core.grid import Grid
from akkd_core.images import Scene
from akkd_core.readers.hdf4_structure import read_structure
from akkd_core.simulation.granule import write_l1t_granule
from tests.builders import v004
from tests.builders.hdfeos import Granule, write_granule
from tests.unit.readers.scenes import counts

GRID = Grid(32648, (251955.0, 90.0, 0.0, 1744605.0, 0.0, -90.0), 40, 50)
QUICK, ALL = 40, 500
PLACE_M = 10.0
"""How far the metadata's witnesses may contradict each other; a ninth of a pixel."""


@dataclass(frozen=True)
class Original:
    """A whole granule: where to damage it, what to open, and what is then read."""

    file: Path
    opened: Path
    content: bytes
    scene: Scene
    pixels: NDArray[np.bool_]
    """Of each byte, whether it is a thermal pixel's that no checksum covers."""
    packed: NDArray[np.bool_] | None = None
    """Of each byte, whether it is of pixels that a checksum covers."""


def _pixels(path: Path) -> NDArray[np.bool_]:
    found = np.zeros(path.stat().st_size, bool)
    for dataset in read_structure(path).datasets:
        if dataset.name.startswith("ImageData") and dataset.extent is not None:
            start = dataset.extent[0]
            found[start : start + 2 * dataset.shape[0] * dataset.shape[1]] = True
    assert found.sum() == 5 * 2 * 40 * 50
    return found


def _l1t(folder: Path) -> Original:
    when = datetime(2020, 7, 1, 3, 15, tzinfo=timezone.utc)
    path = write_l1t_granule(
        folder / "l1t.hdf", counts(40, 50), GRID, acquired_at=when, daytime=True
    )
    return Original(path, path, path.read_bytes(), open_scene(path), _pixels(path))


def _l1b(folder: Path) -> Original:
    transform = (281279.4, 89.0, 13.3719, 9073854.5, 13.3719, -89.0)
    granule = Granule(counts(40, 50), transform, 32750, product="AST_L1B")
    path = write_granule(folder / "l1b.hdf", granule)
    return Original(path, path, path.read_bytes(), open_scene(path), _pixels(path))


def _v004(folder: Path) -> Original:
    files = v004.write_granule(folder, counts(40, 50), GRID.geotransform, 32648)
    nothing, packed = np.zeros((2, files[2].stat().st_size), bool)
    with rasterio.open(files[2]) as dataset:
        start, length = (
            int(dataset.get_tag_item(f"BLOCK_{what}_0_0", "TIFF", 1)) for what in ("OFFSET", "SIZE")
        )
    packed[start : start + length] = True
    return Original(files[2], folder, files[2].read_bytes(), open_scene(folder), nothing, packed)


@pytest.fixture(scope="module", params=[_l1t, _l1b, _v004], ids=["l1t", "l1b", "v004"])
def original(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Original:
    make: Callable[[Path], Original] = request.param
    return make(tmp_path_factory.mktemp("flips"))


def reread(original: Original, content: bytes) -> Scene | AkkdError:
    original.file.write_bytes(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scene = open_scene(original.opened)
            _ = scene.dn
            return scene
    except AkkdError as error:
        return error
    finally:
        original.file.write_bytes(original.content)


def flipped(content: bytes, position: int, bit: int) -> bytes:
    changed = bytearray(content)
    changed[position] ^= 1 << bit
    return bytes(changed)


def metres_off(found: Grid, expected: Grid) -> float:
    if found.epsg != expected.epsg or found.shape != expected.shape:
        return np.inf
    return float(np.abs(np.subtract(found.corners(), expected.corners())).max())


@pytest.mark.parametrize("flips", [QUICK, pytest.param(ALL, marks=pytest.mark.slow)])
def test_any_bit(original: Original, flips: int) -> None:
    dice = random.Random(flips)
    size, whole = len(original.content), original.scene
    outcomes: Counter[str] = Counter()
    for _ in range(flips):
        position, bit = dice.randrange(size), dice.randrange(8)
        found = reread(original, flipped(original.content, position, bit))
        where = f"bit {bit} of byte {position}"
        if isinstance(found, AkkdError):
            text = str(found)
            assert str(original.file.parent) in text and "\n" not in text and ". " in text, where
            assert not original.pixels[position], f"{where}: a pixel is data"
            outcomes["refused"] += 1
            continue
        assert metres_off(found.grid, whole.grid) <= PLACE_M, where
        altered = np.argwhere(found.dn != whole.dn)
        if original.pixels[position]:
            # one count, which L1B's resampling to north-up spreads over its neighbours or loses
            spread = np.ptp(altered[:, 1:], axis=0).max() if altered.size else 0
            assert len(set(altered[:, 0])) <= 1 and spread <= 2, where
            outcomes["pixel"] += 1
        else:
            outcomes["unused"] += 1
            if original.file.name == "l1t.hdf":
                assert not altered.size, where
            if original.pixels.any():
                # of counts at random a tenth of a pixel's shift is worth as much
                change = np.abs(found.dn.astype(int) - whole.dn)
                assert change.mean() < 0.12 * whole.dn[whole.dn > 0].std(), where
            else:
                # what says how pixels are packed has no checksum; one band file is concerned
                assert set(altered[:, 0]) <= {2}, where
                assert original.packed is not None
                assert not (original.packed[position] and altered.size), where
    assert outcomes["refused"] >= flips // (20 if original.packed is None else 3), outcomes
    assert original.pixels.any() <= (outcomes["pixel"] >= flips // 10), outcomes


def test_digits_of_the_place(tmp_path: Path) -> None:
    """Bits of each character of the stated corner, against what the granule says beside it."""
    original = _l1t(tmp_path)
    text = b"(1744560.000, 252000.000)"
    start = original.content.index(text)
    moved = []
    for position in range(start, start + len(text)):
        for bit in (0, 1, 2, 4):
            found = reread(original, flipped(original.content, position, bit))
            if isinstance(found, Scene):
                moved.append(metres_off(found.grid, original.scene.grid))
                assert moved[-1] <= PLACE_M, (position - start, bit)
    # the last digits may differ: a metre is no wrong place
    assert moved and min(moved) < max(moved)


def test_offsets_of_the_pixels(tmp_path: Path) -> None:
    """Each bit of where a band lies and how long it is: never pixels from elsewhere."""
    original = _l1t(tmp_path)
    first = int(np.argmax(original.pixels))
    entry = original.content.index(first.to_bytes(4, "big") + (4000).to_bytes(4, "big"))
    for position in range(entry, entry + 8):
        for bit in range(8):
            found = reread(original, flipped(original.content, position, bit))
            assert isinstance(found, GranuleReadError), (position - entry, bit)
