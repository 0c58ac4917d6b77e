"""AST_08 and AST_05: both layouts, fill, QA planes, the rotated grid, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from akkd_core.errors import (
    AkkdError,
    GranuleReadError,
    GridMismatchError,
    InputError,
    MissingBandError,
    UnsupportedGranuleError,
)
from akkd_core.grid import Grid
from akkd_core.readers.aster_l2 import (
    open_ast_05,
    open_ast_08,
    open_surface_product,
)
from akkd_core.readers.aster_l2_layout import CLOUD, DATA_QUALITY, find_products

pytest.importorskip("pyhdf")
from tests.builders.aster_l2 import WHEN, counts, stem, write_v003, write_v004  # noqa: E402
from tests.builders.v004 import write_tif  # noqa: E402

# A real AST_08's orientation (about 8.5 degrees), with fewer pixels.
ROTATED = Grid(32650, (281279.4, 89.014, 13.285, 4400854.5, 13.285, -89.014), 70, 80)
LAYERS = {"AST_08": 1, "AST_05": 5}


def field(product: str, grid: Grid = ROTATED) -> NDArray[np.float64]:
    """Values that every pixel and band has its own of."""
    ramp = np.arange(grid.rows * grid.cols).reshape(grid.shape) / (grid.rows * grid.cols)
    if product == "AST_08":
        return 280.0 + 40.0 * ramp[None]
    return np.stack([0.7 + 0.25 * ramp + 0.01 * band for band in range(5)])


def written(folder: Path, layout: str, product: str, **options: Any) -> Path:
    values = options.pop("values", field(product))
    if layout == "v003":
        name = f"{stem(product, options.get('when', WHEN), '003')}.hdf"
        return write_v003(folder / name, product, values, ROTATED, **options)
    return write_v004(folder, product, values, ROTATED, **options)


@pytest.mark.parametrize("layout", ["v003", "v004"])
@pytest.mark.parametrize("product", ["AST_08", "AST_05"])
def test_what_was_stored_comes_back(tmp_path: Path, layout: str, product: str) -> None:
    values = field(product)
    values[:, 3, 4] = np.nan
    quality = np.zeros(ROTATED.shape, np.uint8)
    quality[10, 11], quality[12, 13] = 0x90, 0x06
    path = written(tmp_path, layout, product, values=values, quality=quality)
    found = open_surface_product(path, product)
    assert (found.product, found.acquired_at) == (product, WHEN)
    assert found.granule_id.startswith(f"{product}_00") and found.values.dtype == np.float32
    np.testing.assert_allclose(found.grid.geotransform, ROTATED.geotransform, atol=1e-3)
    step = 0.1 if product == "AST_08" else 0.001
    good = np.isfinite(values)
    np.testing.assert_array_equal(np.isfinite(found.values), good)
    assert np.abs(found.values - values)[good].max() <= 0.501 * step
    np.testing.assert_array_equal(found.quality, quality)
    assert found.detail is not None and (found.detail == 9).all()
    assert DATA_QUALITY.of(found.quality)[10, 11] == 9 and CLOUD.of(found.quality)[10, 11] == 0
    assert DATA_QUALITY.of(found.quality)[12, 13] == 0 and CLOUD.of(found.quality)[12, 13] == 6


def test_counts_that_are_no_values(tmp_path: Path) -> None:
    emissivity = field("AST_05")
    emissivity[2, 5, 6], emissivity[2, 5, 7], emissivity[2, 5, 8] = 2.0, 1.0, 1.001
    found = open_ast_05(written(tmp_path, "v004", "AST_05", values=emissivity)).values[2, 5]
    assert np.isnan(found[6]) and found[7] == 1.0 and np.isnan(found[8])
    kelvin = field("AST_08")
    kelvin[0, 5, 6], kelvin[0, 5, 7], kelvin[0, 5, 8] = 149.9, 150.0, 400.1
    read = open_ast_08(written(tmp_path / "t", "v003", "AST_08", values=kelvin)).values[0, 5]
    assert np.isnan(read[6]) and read[7] == 150.0 and np.isnan(read[8])


def test_folder_stem_or_any_file(tmp_path: Path) -> None:
    written(tmp_path, "v004", "AST_08")
    written(tmp_path, "v004", "AST_05")
    name = stem("AST_05")
    for path in (tmp_path, tmp_path / name, tmp_path / f"{name}_SRE_TIR_B12.tif",
                 tmp_path / f"{name}_SRE_TIR_QA_DataPlane.tif"):  # fmt: skip
        assert open_ast_05(path).granule_id == name
    assert open_ast_08(tmp_path).granule_id == stem("AST_08")
    written(tmp_path, "v004", "AST_08", when=WHEN + timedelta(seconds=9))
    with pytest.raises(InputError, match="several granules of AST_08"):
        open_ast_08(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no granule of AST_08"):
        open_ast_08(tmp_path / "empty")


@pytest.mark.parametrize("layout", ["v003", "v004"])
def test_the_other_product_is_named(tmp_path: Path, layout: str) -> None:
    path = written(tmp_path, layout, "AST_05")
    with pytest.raises(UnsupportedGranuleError, match="AST_05.*not AST_08. Give an AST_08"):
        open_ast_08(path)


def test_another_scene_is_named(tmp_path: Path) -> None:
    from tests.builders.command import granule

    with pytest.raises(UnsupportedGranuleError, match="AST_L1T.*not AST_08"):
        open_ast_08(granule(tmp_path / "AST_L1T_A.hdf"))
    (tmp_path / "t.csv").write_text("a,b\n")
    with pytest.raises(UnsupportedGranuleError, match="a text file"):
        open_ast_08(tmp_path / "t.csv")
    with pytest.raises(GranuleReadError, match="no such file"):
        open_ast_08(tmp_path / "absent.hdf")


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    first = written(tmp_path, "v004", "AST_05")
    (tmp_path / f"{stem('AST_05')}_SRE_TIR_B12.tif").unlink()
    with pytest.raises(MissingBandError, match="lacks _SRE_TIR_B12.tif"):
        open_ast_05(first)
    first = written(tmp_path / "a", "v004", "AST_08")
    (tmp_path / "a" / f"{stem('AST_08')}_SKT_QA_DataPlane.tif").unlink()
    with pytest.raises(MissingBandError, match="lacks _SKT_QA_DataPlane.tif"):
        open_ast_08(first)
    path = written(tmp_path / "b", "v003", "AST_05", leave_out=("Band13", "QA_DataPlane"))
    with pytest.raises(MissingBandError, match="without Band13, QA_DataPlane"):
        open_ast_05(path)


def test_layers_on_two_grids(tmp_path: Path) -> None:
    first = written(tmp_path, "v004", "AST_08")
    elsewhere = (ROTATED.geotransform[0] + 90.0, *ROTATED.geotransform[1:])
    plane = tmp_path / f"{stem('AST_08')}_SKT_QA_DataPlane.tif"
    write_tif(plane, np.zeros(ROTATED.shape, np.uint8), elsewhere, 32650)
    with pytest.raises(GridMismatchError, match="SKT_QA_DataPlane"):
        open_ast_08(first)


def test_layers_of_other_types(tmp_path: Path) -> None:
    first = written(tmp_path, "v004", "AST_08")
    write_tif(first, np.zeros(ROTATED.shape, np.float32), ROTATED.geotransform, 32650)
    with pytest.raises(UnsupportedGranuleError, match="layer of float32"):
        open_ast_08(first)


def test_two_times(tmp_path: Path) -> None:
    path = written(tmp_path, "v003", "AST_08")
    other = path.rename(tmp_path / f"{stem('AST_08', WHEN + timedelta(hours=1), '003')}.hdf")
    with pytest.raises(GranuleReadError, match="03:15:00 by its metadata and at .* 04:15:00"):
        open_ast_08(other)


def test_granules_in_folders(tmp_path: Path) -> None:
    later = WHEN + timedelta(days=16)
    written(tmp_path / "one", "v004", "AST_08")
    written(tmp_path / "one", "v004", "AST_05")
    written(tmp_path / "two", "v003", "AST_05", when=later)
    renamed = written(tmp_path / "two", "v003", "AST_08", when=later)
    renamed.rename(tmp_path / "two" / "of-mine.hdf")
    (tmp_path / "two" / "AST_L1T_00307042019031500_x.hdf").write_bytes(b"\x0e\x03\x13\x01")
    (tmp_path / "note.txt").write_text("x")
    found = find_products([tmp_path])
    assert [(f.product, f.acquired_at) for f in found] == [
        ("AST_05", WHEN), ("AST_05", later), ("AST_08", WHEN), ("AST_08", later)
    ]  # fmt: skip
    for entry in found:
        assert open_surface_product(entry.path, entry.product).acquired_at == entry.acquired_at
    assert find_products([tmp_path / "one" / stem("AST_08")])[0].product == "AST_08"
    with pytest.raises(GranuleReadError, match="no such file"):
        find_products([tmp_path / "absent"])
    with pytest.raises(InputError, match="no AST_08 or AST_05"):
        find_products([tmp_path / "note.txt"])


@pytest.fixture(scope="module")
def whole_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cut")
    return write_v003(folder / "whole.hdf", "AST_08", field("AST_08"), ROTATED)


@settings(max_examples=40, deadline=None)
@given(
    keep=st.floats(0.0, 1.0),
    damage=st.lists(st.tuples(st.floats(0.0, 1.0), st.integers(0, 255)), max_size=30),
)
def test_damage_gives_an_error_of_ours(
    whole_file: Path, keep: float, damage: list[tuple[float, int]]
) -> None:
    content = bytearray(whole_file.read_bytes())
    for place, value in damage:
        content[int(place * (len(content) - 1))] = value
    path = whole_file.with_name("damaged.hdf")
    path.write_bytes(bytes(content if damage else content[: int(keep * len(content))]))
    try:
        open_ast_08(path)
    except AkkdError as error:
        assert "\n" not in str(error) and str(path) in str(error)


def test_counts_round_as_products_do() -> None:
    assert counts("AST_08", np.array([300.04, np.nan])).tolist() == [3000, 0]
