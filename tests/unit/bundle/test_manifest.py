from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from akkd_core.bundle import Architecture, Manifest, ModelBundle
from akkd_core.bundle.facts import Score, Training
from akkd_core.errors import BundleIntegrityError, BundleMismatchError, BundleVersionError
from tests.builders import bundles
from tests.builders.joint import belongs
from tests.builders.retrieval import refined_bundle


def changed(path: str, value: Any) -> bytes:
    """Return the manifest's bytes with one member set, or removed where the value is None."""
    content = json.loads(bundles.bundle().manifest.to_bytes())
    where = content
    *parents, last = [int(p) if p.isdigit() else p for p in path.split("/")]
    for part in parents:
        where = where[part]
    where[last] = value
    return json.dumps(content).encode()


def test_round_trip_through_json() -> None:
    manifest = bundles.bundle().manifest.with_files({"weights.npz": "0" * 64})
    assert Manifest.from_bytes(manifest.to_bytes()) == manifest


def test_plain_json_tells_what_a_reader_needs() -> None:
    content = json.loads(bundles.bundle().manifest.to_bytes())
    assert content["format_version"] == 1
    assert content["created"] == "2026-01-31T12:00:00Z"
    pixel = content["networks"]["pixel"]
    assert pixel["inputs"][3] == {
        "name": "tcwv",
        "unit": "kg m-2",
        "per": "scene",
        "mean": 20.0,
        "scale": 15.0,
    }
    assert pixel["outputs"][0]["add_input"] == "bt_13"
    assert pixel["architecture"]["layers"][0] == {
        "units": 16,
        "activation": "tanh",
        "dropout": 0.0,
    }
    assert content["training"]["seeds"] == [7]
    assert content["domain"] == {"bt_13": [200.0, 350.0]}
    assert content["uncertainty"]["table_shape"] == [2, 3, 2]
    assert set(content["software"]) >= {"akkd", "numpy"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "../x"),
        ("name", 3),
        ("created", "yesterday"),
        ("surprise", 1),
        ("scores/0/value", "good"),
        ("scores/0", []),
        ("training/seeds", ["7"]),
        ("training/seeds", [True]),
        ("training/data_sha256", "xyz"),
        ("domain/bt_13", [350, 200]),
        ("domain/bt_13", [200]),
        ("domain/bt_13", ["a", "b"]),
        ("software/akkd", 1),
        ("files", {"weights.npz": "00"}),
        ("uncertainty/table_shape", [2, 3]),
        ("uncertainty/table_shape", [2, 3, 10**9]),
        ("networks/pixel", None),
        ("networks/pixel/inputs/0/per", "scene"),
        ("networks/pixel/inputs/0/per", "galaxy"),
        ("networks/pixel/layers/0/units", 17),
        ("networks/pixel/layers/0/units", 10**12),
        ("networks/pixel/layers/0/units", True),
        ("networks/pixel/layers/0/activation", "exec"),
        ("networks/pixel/layers", []),
        ("networks/pixel/architecture/learning_rate", -1),
        ("networks/pixel/outputs/0/scale", None),
        ("description", "x" * 20_001),
    ],
)
def test_strange_members_are_refused(path: str, value: Any) -> None:
    with pytest.raises((BundleIntegrityError, BundleMismatchError)):
        Manifest.from_bytes(changed(path, value))


@pytest.mark.parametrize("version", [0, 5, 999])
def test_other_versions_are_refused(version: int) -> None:
    with pytest.raises(BundleVersionError, match=f"version {version}"):
        Manifest.from_bytes(changed("format_version", version))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b"\xff\xfe",
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": ' + b"1" * 5000 + b"}",
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}",
        b" " * 1_000_001,
    ],
)
def test_hostile_json_is_refused(data: bytes) -> None:
    with pytest.raises(BundleIntegrityError):
        Manifest.from_bytes(data)


def test_deep_facts_are_refused() -> None:
    deep: list[Any] = []
    for _ in range(40):
        deep = [deep]
    with pytest.raises(BundleIntegrityError, match="deeper"):
        Manifest.from_bytes(changed("extra/note", deep))


@given(st.binary(max_size=200))
def test_any_bytes_give_a_manifest_or_a_bundle_error(data: bytes) -> None:
    with pytest.raises(BundleIntegrityError):
        Manifest.from_bytes(data)


@given(st.data())
def test_cut_or_altered_bytes_give_a_manifest_or_a_bundle_error(data: st.DataObject) -> None:
    whole = bytearray(bundles.bundle().manifest.to_bytes())
    position = data.draw(st.integers(0, len(whole) - 3))
    whole[position] = data.draw(st.integers(0, 255))
    try:
        Manifest.from_bytes(bytes(whole))
    except (BundleIntegrityError, BundleMismatchError, BundleVersionError):
        pass
    with pytest.raises(BundleIntegrityError):
        Manifest.from_bytes(bytes(whole[:position]))


def test_a_missing_unit_is_named() -> None:
    units = {name: unit for name, unit in bundles.UNITS.items() if name != "tcwv"}
    with pytest.raises(BundleIntegrityError, match="tcwv"):
        bundles.bundle(units=units)


def test_an_architecture_of_other_layers_is_refused() -> None:
    with pytest.raises(BundleMismatchError):
        bundles.bundle(pixel_architecture=Architecture.of((16, 13), ("tanh", "relu")))


def test_facts_are_checked_when_built() -> None:
    with pytest.raises(BundleIntegrityError):
        Score("lst mae", float("nan"), "K", "x")
    with pytest.raises(BundleIntegrityError):
        Training("x", data_sha256="short")
    with pytest.raises(BundleIntegrityError):
        bundles.bundle(
            created=datetime(2026, 1, 1, tzinfo=timezone.utc), extra={"x": {1, 2}}
        ).manifest.to_bytes()


def test_a_bundle_must_match_its_manifest() -> None:
    whole = bundles.bundle()
    with pytest.raises(BundleMismatchError):
        ModelBundle(whole.manifest, bundles.network(scene=False), whole.scene_network)
    with pytest.raises(BundleMismatchError):
        ModelBundle(whole.manifest, whole.pixel_network, None, whole.error_table)
    with pytest.raises(BundleMismatchError):
        ModelBundle(whole.manifest, whole.pixel_network, whole.scene_network, None)


def test_a_sample_and_a_refinement_network_make_version_4() -> None:
    manifest = refined_bundle().manifest
    content = json.loads(manifest.to_bytes())
    assert content["format_version"] == 4
    assert list(content["networks"]) == ["pixel", "scene", "sample", "refinement"]
    assert content["belongs"] is None
    inputs = content["networks"]["sample"]["inputs"]
    assert [i["per"] for i in inputs] == ["pixel"] * 16 + ["scene"] * 15
    assert content["networks"]["refinement"]["outputs"][0]["add_input"] == "log_optical_depth_10"
    assert Manifest.from_bytes(manifest.to_bytes()) == manifest


def test_version_4_may_say_where_it_belongs() -> None:
    dated = replace(belongs(), period=(datetime(2026, 1, 1, tzinfo=timezone.utc),) * 2)
    for where in (dated, belongs()):
        manifest = replace(refined_bundle().manifest, belongs=where)
        assert json.loads(manifest.to_bytes())["format_version"] == 4
        assert Manifest.from_bytes(manifest.to_bytes()) == manifest


@pytest.mark.parametrize(
    ("version", "missing"), [(4, "sample"), (4, "refinement"), (1, None), (3, None), (4, "belongs")]
)
def test_networks_that_are_not_those_of_the_version_are_refused(
    version: int, missing: str | None
) -> None:
    content = json.loads(refined_bundle().manifest.to_bytes())
    content["format_version"] = version
    if missing:
        (content if missing == "belongs" else content["networks"]).pop(missing)
    with pytest.raises(BundleIntegrityError):
        Manifest.from_bytes(json.dumps(content).encode())


@pytest.mark.parametrize("without", ["sample", "refinement", "scene"])
def test_refinement_needs_its_other_networks(without: str) -> None:
    with pytest.raises(BundleIntegrityError, match="go together"):
        replace(refined_bundle().manifest, **{without: None})
    whole = refined_bundle()
    with pytest.raises(BundleMismatchError, match=without):
        replace(whole, **{f"{without}_network": None})
