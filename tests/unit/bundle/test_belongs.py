"""The record of where a model belongs: round trip, versions, malformed records."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from akkd_core.bundle import Manifest, bundle_hash, default_bundle_path, load_bundle, save_bundle
from akkd_core.bundle.belongs import Belongs
from akkd_core.errors import BundleIntegrityError
from tests.builders import bundles
from tests.builders.joint import belongs

PERIOD = (
    datetime(2019, 7, 4, 2, 30, tzinfo=timezone.utc),
    datetime(2019, 7, 4, 4, 30, tzinfo=timezone.utc),
)
RING = ((179.5, -10.0), (-179.5, -10.0), (-179.5, -9.0))


def test_round_trip(tmp_path: Path) -> None:
    record = belongs([RING], (1, 2, 12))
    bundle = bundles.bundle(belongs=record)
    manifest = Manifest.from_bytes(bundle.manifest.to_bytes())
    assert manifest == bundle.manifest and manifest.belongs == record
    loaded = load_bundle(save_bundle(bundle, tmp_path / "b"))
    assert loaded.manifest.belongs == record
    assert bundle_hash(loaded) == bundle_hash(bundle)


def test_a_bundle_without_it_is_written_as_version_1() -> None:
    content = json.loads(bundles.bundle().manifest.to_bytes())
    assert content["format_version"] == 1 and "belongs" not in content
    content = json.loads(bundles.bundle(belongs=belongs()).manifest.to_bytes())
    assert content["format_version"] == 2 and content["belongs"]["footprint"] is None


def test_a_period_makes_it_version_3() -> None:
    record = replace(belongs([RING], (7,)), period=PERIOD)
    manifest = bundles.bundle(belongs=record).manifest
    content = json.loads(manifest.to_bytes())
    assert content["format_version"] == 3
    assert content["belongs"]["period"] == ["2019-07-04T02:30:00Z", "2019-07-04T04:30:00Z"]
    assert Manifest.from_bytes(manifest.to_bytes()).belongs == record


@pytest.mark.parametrize(
    "period", [None, [], ["2019-07-04T02:30:00Z"], [1, 2], ["2019-07-04", "2019-07-05"],
               ["2019-07-04T02:30:00Z", "2019-07-04T01:30:00Z"]],
)  # fmt: skip
def test_malformed_periods_are_refused(period: Any) -> None:
    content = bundles.bundle(belongs=replace(belongs(), period=PERIOD)).manifest.to_json()
    content["belongs"]["period"] = period
    with pytest.raises(BundleIntegrityError, match="period"):
        Manifest.from_bytes(json.dumps(content).encode())


def test_a_version_has_a_period_or_not() -> None:
    content = bundles.bundle(belongs=replace(belongs(), period=PERIOD)).manifest.to_json()
    with pytest.raises(BundleIntegrityError, match="unknown period"):
        Manifest.from_bytes(json.dumps(content | {"format_version": 2}).encode())
    content = bundles.bundle(belongs=belongs()).manifest.to_json()
    with pytest.raises(BundleIntegrityError, match="period is missing"):
        Manifest.from_bytes(json.dumps(content | {"format_version": 3}).encode())


def test_the_shipped_bundle_is_still_its_own_bytes() -> None:
    path = default_bundle_path() / "manifest.json"
    assert Manifest.from_bytes(path.read_bytes()).to_bytes() == path.read_bytes()


@pytest.mark.parametrize(("version", "has"), [(1, True), (2, False)])
def test_the_version_says_whether_it_is_there(version: int, has: bool) -> None:
    content = bundles.bundle(belongs=belongs()).manifest.to_json() | {"format_version": version}
    if not has:
        del content["belongs"]
    with pytest.raises(BundleIntegrityError, match="belongs"):
        Manifest.from_bytes(json.dumps(content).encode())


def changed(path: str, value: Any) -> dict[str, Any]:
    content = json.loads(json.dumps(belongs([RING], (6, 7)).to_json()))
    where = content
    *parents, last = [int(p) if p.isdigit() else p for p in path.split("/")]
    for part in parents:
        where = where[part]
    where[last] = value
    return content


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("surprise", 1),
        ("footprint", []),
        ("footprint", [[[0, 0], [1, 1]]]),
        ("footprint", [[[0, 0]] * 2000]),
        ("footprint", [[[0, 0], [1, 0], [1, 1]]] * 300),
        ("footprint/0/0", [0, 91]),
        ("footprint/0/0", [181, 0]),
        ("footprint/0/0", [0, 0, 0]),
        ("footprint/0/0", ["a", 0]),
        ("footprint/0/0", [True, 0]),
        ("footprint/0", "here"),
        ("months", []),
        ("months", [0, 1]),
        ("months", [13]),
        ("months", [7, 6]),
        ("months", [6, 6]),
        ("months", [True]),
        ("months", [6.0]),
        ("domain/limit", 0),
        ("domain/limit", 1e9),
        ("domain/share", 2),
        ("domain/mean", [1, 2]),
        ("domain/mean/0", 10**30),
        ("domain/covariance", [[1.0]]),
        ("domain/covariance/0", [1.0, 0.5, 0, 0, 0]),
        ("domain/covariance/0/0", 0.0),
        ("domain/covariance/0/0", -4.0),
        ("domain/covariance/0/0", 1e300),
        ("domain/covariance/0/0", 1e-30),
        ("domain/surprise", 1),
    ],
)
def test_malformed_records(path: str, value: Any) -> None:
    with pytest.raises(BundleIntegrityError):
        Belongs.from_json(changed(path, value))
