"""A student alone: other times, places and temperatures than its own are outside its domain."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from akkd_core.bundle.belongs import Belongs
from akkd_core.calibration import Calibration
from akkd_core.errors import BundleMismatchError
from akkd_core.grid import Grid
from akkd_core.images import Scene
from akkd_core.joint.belonging import belongs_of
from akkd_core.joint.footprints import ring_of
from akkd_core.joint.selection import in_season
from akkd_core.joint.student_retriever import StudentRetriever
from akkd_core.quality import qc_field
from tests.builders.joint import offset_bundle
from tests.builders.retrieval import scene_in_memory, simulated

ROWS, COLS = 60, 70
AT = datetime(2019, 7, 4, 10, 30, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def scene() -> Scene:
    found = scene_in_memory(simulated(ROWS, COLS, orientation_deg=0.0).dn)
    assert found.metadata.acquired_at == AT
    return found


@pytest.fixture(scope="module")
def home(scene: Scene) -> Belongs:
    bt = Calibration.for_scene(scene.metadata).brightness_temperature(scene.dn).reshape(5, -1).T
    return belongs_of(
        bt, (scene.grid,), (AT,), share=1.0, season_margin=0, period_margin=timedelta(hours=1)
    )


def outside(scene: Scene, where: Belongs) -> np.ndarray:
    retriever = StudentRetriever(offset_bundle("student", 1.0, where), "numpy")
    (tile,) = retriever.tiles(scene, Calibration.for_scene(scene.metadata))
    assert np.isfinite(tile.lst).all()
    flagged: np.ndarray = qc_field("out_of_domain").decode(tile.qc) == 1
    return flagged


def test_its_own_scene_is_inside(scene: Scene, home: Belongs) -> None:
    assert not outside(scene, home).any()


@pytest.mark.parametrize("hours", [2, 24, 365 * 24])
def test_another_overpass_is_outside(scene: Scene, home: Belongs, hours: int) -> None:
    later = replace(scene.metadata, acquired_at=AT + timedelta(hours=hours))
    assert outside(replace(scene, metadata=later), home).all()


def test_a_neighbour_of_the_same_overpass_is_inside_by_time(home: Belongs) -> None:
    assert in_season(home, AT + timedelta(seconds=20))
    assert not in_season(home, AT + timedelta(hours=1, seconds=1))
    assert not in_season(replace(home, months=(8,)), AT)
    assert in_season(replace(home, period=None), AT + timedelta(days=366))


def test_other_places_are_outside(scene: Scene, home: Belongs) -> None:
    grid = Grid(32650, (300000.0, 90.0, 0.0, 4400000.0, 0.0, -90.0), 30, COLS)
    north = outside(scene, replace(home, footprint=(ring_of(grid),)))
    assert not north[:29].any() and north[31:].all()


def test_other_temperatures_are_outside(scene: Scene, home: Belongs) -> None:
    dn = scene.dn.copy()
    dn[:, :5] = np.minimum(dn[:, :5] * 1.5, 4000).astype(np.uint16)
    flagged = outside(Scene.from_array(dn, scene.grid, scene.metadata), home)
    assert flagged[:5].mean() > 0.95 and not flagged[5:].any()


def test_a_bundle_of_no_place_is_refused() -> None:
    with pytest.raises(BundleMismatchError, match="where it belongs"):
        StudentRetriever(offset_bundle("teacher", 0.0), "numpy")
