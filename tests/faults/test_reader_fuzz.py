"""Station files and STAC items altered at random: read, or refused in one line, nothing else."""

from __future__ import annotations

import json
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from akkd_core.errors import AkkdError, GranuleReadError, InputError
from akkd_core.inference.product import is_complete, kept_product, product_paths, write_product
from akkd_core.inference.stac import read_item
from akkd_core.operations.info_product import describe_product
from akkd_core.readers.stations import read_stations
from tests.builders.products import PROVENANCE, empty_scene, tiles
from tests.builders.stations import point_blob, write_bsrn, write_points, write_surfrad

NOON = datetime(2019, 7, 4, 18, 0)
CSV = (
    "station,lat,lon,time,lw_up,lw_down,emissivity,qc\n"
    "A,40.1,-88.4,2019-07-04T18:00:00Z,450.0,320.0,0.97,0\n"
    "A,40.1,-88.4,2019-07-04T18:01:00Z,451.0,321.0,,1\n"
    "B,-30.5,12.25,2019-07-04T19:00:00+01:00,-999,322.0,0.98,\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("readers")


@pytest.fixture(scope="module")
def station_files(folder: Path) -> dict[str, bytes]:
    """A small file of each kind of station."""
    table = folder / "a.csv"
    table.write_text(CSV)
    columns = ("station", "time", "lst_k")
    rows = [(point_blob(10.0, 50.0), ("A", "2019-07-04T18:00:00Z", 300.5))]
    made = {
        "table": table,
        "surfrad": write_surfrad(folder / "a.dat", NOON, [(450.0, 320.0), (451.0, 321.0)]),
        "bsrn": write_bsrn(
            folder / "b.dat", 2019, 7, [(4, 1020, 455.0, 331.0)], latitude=40.0, longitude=-88.0
        ),
        "points": write_points(folder / "a.gpkg", columns, rows),
    }
    return {kind: path.read_bytes() for kind, path in made.items()}


def altered(whole: bytes, data: st.DataObject) -> bytes:
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        if data.draw(st.booleans()):
            content[at] = data.draw(st.integers(0, 255))
        else:
            content[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    return bytes(content)


def read_or_refuse(path: Path) -> None:
    with warnings.catch_warnings():
        # of pandas, on whatever columns it finds
        warnings.simplefilter("ignore")
        try:
            found = read_stations([path])
        except (InputError, GranuleReadError) as error:
            assert "\n" not in str(error)
            return
    for series in found:
        assert abs(series.latitude) <= 90 and abs(series.longitude) <= 180
        assert series.times.size and not np.isinf(series.lst_k).any()
        for flux in (series.longwave_up, series.longwave_down):
            assert ((flux >= 40) & (flux <= 900) | np.isnan(flux)).all()


@pytest.mark.parametrize("examples", [25, pytest.param(500, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ["table", "surfrad", "bsrn", "points"])
def test_station_files(
    kind: str, examples: int, folder: Path, station_files: dict[str, bytes]
) -> None:
    if kind in ("surfrad", "bsrn"):
        pytest.importorskip("pvlib")
    whole, path = station_files[kind], folder / f"altered {kind}"

    @settings(deadline=None, max_examples=examples, database=None)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        path.write_bytes(altered(whole, data))
        read_or_refuse(path)

    run()


@pytest.mark.parametrize(
    ("kind", "old", "new", "error"),
    [
        # an umlaut of another encoding in a name, an entry of another type, no number of a system
        ("points", b"points", b"p\xf6ints", "can't be read as a GeoPackage"),
        ("points", "UPDATE gpkg_geometry_columns SET table_name = NULL", None, "layer None is"),
        ("points", "UPDATE gpkg_geometry_columns SET srs_id = 'x'", None, "is malformed"),
        (
            "points", "UPDATE gpkg_spatial_ref_sys SET organization_coordsys_id = 'x'", None,
            "no EPSG code",
        ),
        ("points", "UPDATE gpkg_spatial_ref_sys SET organization_coordsys_id = 9", None, "EPSG"),
        ("points", "UPDATE points SET geom = zeroblob(9)", None, "no points"),
        ("points", "UPDATE points SET time = x'00ff'", None, "row 1 can't be read"),
        ("points", "UPDATE points SET lst_k = 9e999", None, "not finite"),
        # two columns run together
        ("bsrn", b"-999\n           ", b"-999\n       ", "read_bsrn"),
        ("surfrad", b"321.0", b"32l.0", "read_surfrad"),
    ],
)  # fmt: skip
def test_found_cases(
    tmp_path: Path, station_files: dict[str, bytes], kind: str, old: bytes | str,
    new: bytes | None, error: str,
) -> None:  # fmt: skip
    if kind != "points":
        pytest.importorskip("pvlib")
    path = tmp_path / f"found {kind}"
    if isinstance(old, bytes):
        assert new is not None and old in station_files[kind]
        path.write_bytes(station_files[kind].replace(old, new))
    else:
        path.write_bytes(station_files[kind])
        with closing(sqlite3.connect(path)) as base, base:
            base.execute(old)
    with pytest.raises((InputError, GranuleReadError), match=error) as caught:
        read_stations([path])
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_as_a_station_file(folder: Path, content: bytes) -> None:
    path = folder / "any"
    path.write_bytes(content)
    read_or_refuse(path)


@pytest.fixture(scope="module")
def product(folder: Path) -> Path:
    scene = empty_scene(60, 70)
    write_product(tiles(scene), scene, folder=folder / "p", provenance=PROVENANCE)
    return folder / "p"


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Ways to every value inside a JSON value."""
    yield path
    inner = dict(enumerate(value)) if isinstance(value, list) else value
    for key, item in inner.items() if isinstance(inner, dict) else ():
        yield from places(item, (*path, key))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=9)
    | st.sampled_from(["../../../../etc/passwd", "a\0b", "./", "x" * 300]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["href", "statistics", "a"]), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


def put(item: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    target = item
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    return item


def ask(folder: Path) -> None:
    """All that reads an item: whether it is whole, what is kept, what ``akkd info`` tells."""
    whole = is_complete("G1", folder)
    try:
        kept = kept_product("G1", folder, "network")
        assert (kept is not None) is whole
    except InputError as error:
        assert whole and "is a product of method" in str(error)
    try:
        describe_product(product_paths("G1", folder).item)
    except AkkdError as error:
        assert "\n" not in str(error)


def test_stac_items(product: Path) -> None:
    path = product_paths("G1", product).item
    text = path.read_text()
    ways = list(places(json.loads(text)))

    @settings(deadline=None, max_examples=60, database=None)
    @given(st.sampled_from(ways), JSON)
    @example(("assets", "LST", "href"), "a\0b")
    @example(("assets", "LST"), ["href"])
    @example(("assets", "LST", "raster:bands"), [])
    @example(("assets", "LST", "raster:bands"), {"a": 1})
    @example(("assets", "LST", "raster:bands", 0, "statistics"), "text")
    @example(("properties",), [])
    @example(("properties", "akkd:ancillary"), "text")
    def run(way: tuple[Any, ...], value: Any) -> None:
        path.write_text(json.dumps(put(json.loads(text), way, value)))
        ask(product)

    try:
        assert is_complete("G1", product)
        run()
    finally:
        path.write_text(text)


@pytest.mark.parametrize(
    "content",
    [b"", b"[" * 100_000, b'{"assets": ' * 50_000, b"\xff\xfe", b"1" * 10_000, b'{"assets": {}'],
)
def test_items_that_are_no_json(product: Path, content: bytes) -> None:
    path = product_paths("G1", product).item
    text = path.read_bytes()
    try:
        path.write_bytes(content)
        assert read_item(path) is None
        ask(product)
    finally:
        path.write_bytes(text)
