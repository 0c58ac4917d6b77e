"""Retrieval with joint models: who serves, blended, with errors; a lone teacher to the bit."""

from __future__ import annotations

from datetime import datetime, timezone

import numpy as np
import pytest

from akkd_core.bundle import ModelBundle
from akkd_core.bundle.belongs import Belongs
from akkd_core.calibration import Calibration
from akkd_core.errors import BundleMismatchError
from akkd_core.grid import Grid
from akkd_core.inference.layers import MODEL_NODATA
from akkd_core.inference.retriever import Retriever
from akkd_core.joint.belonging import belongs_of
from akkd_core.joint.bundle import JointBundle, JointIndex
from akkd_core.joint.footprints import ring_of
from akkd_core.joint.retriever import JointRetriever
from akkd_core.joint.selection import Rule
from akkd_core.physics.features import OUTPUT_NAMES
from akkd_core.quality import qc_field
from tests.builders.joint import belongs, offset_bundle
from tests.builders.retrieval import (
    refined_bundle,
    scene_aware_bundle,
    scene_in_memory,
    simulated,
)

ROWS, COLS = 90, 110
GRID = Grid(32650, (300000.0, 90.0, 0.0, 4400000.0, 0.0, -90.0), ROWS, COLS)
EAST = ring_of(GRID.window(-20, 55, 130, 120))
NAMES = ("lst", "lst_err", "lse", "lse_err", "qc", "model")


def joint(*members: ModelBundle, rule: Rule | None = None) -> JointBundle:
    hashes = tuple(f"{i:064x}" for i in range(len(members)))
    created = datetime(2026, 1, 31, tzinfo=timezone.utc)
    return JointBundle(JointIndex("j", created, rule or Rule(), hashes), members)


@pytest.fixture(scope="module")
def dn() -> np.ndarray:
    digital = simulated(ROWS, COLS, orientation_deg=0.0).dn.copy()
    digital[:, :10, :10] = 0
    digital[2, 50, 60] = 4095
    return digital


def run(retriever: Retriever | JointRetriever, dn: np.ndarray, tile: int = 512) -> dict:
    scene = scene_in_memory(dn)
    out: dict[str, np.ndarray] = {}
    for part in retriever.tiles(scene, Calibration.for_scene(scene.metadata), tile_size=tile):
        for name in NAMES:
            array = getattr(part, name)
            if array is not None:
                whole = out.setdefault(name, np.zeros((*array.shape[:-2], ROWS, COLS), array.dtype))
                rows, cols = array.shape[-2:]
                whole[..., part.row : part.row + rows, part.col : part.col + cols] = array
    return out


def test_without_a_claim_it_is_the_teacher_to_the_bit(dn: np.ndarray) -> None:
    teacher = scene_aware_bundle()
    expected = run(Retriever(teacher, "numpy"), dn)
    elsewhere = ring_of(Grid(32610, (3e5, 90.0, 0.0, 4.4e6, 0.0, -90.0), 50, 50))
    students = [
        offset_bundle("winter", 9.0, belongs(months=(1, 2, 12))),
        offset_bundle("elsewhere", 9.0, belongs([elsewhere])),
    ]
    found = run(JointRetriever(joint(teacher, *students), "numpy"), dn)
    for name in NAMES[:5]:
        np.testing.assert_array_equal(found[name], expected[name])
    valid = np.isfinite(expected["lst"])
    assert (found["model"] == np.where(valid, 0, MODEL_NODATA)).all()


def test_a_student_that_claims_all_is_itself(dn: np.ndarray) -> None:
    student = offset_bundle("everywhere", 0.5, belongs())
    expected = run(Retriever(student, "numpy"), dn)
    found = run(JointRetriever(joint(scene_aware_bundle(), student), "numpy"), dn)
    for name in NAMES[:4]:
        np.testing.assert_array_equal(found[name], expected[name])
    assert (found["model"][np.isfinite(found["lst"])] == 1).all()
    # the opacity is that of the teacher's atmosphere, whoever serves
    teacher = run(Retriever(scene_aware_bundle(), "numpy"), dn)
    opacity = qc_field("opacity").decode
    valid = np.isfinite(found["lst"])
    assert (opacity(found["qc"])[valid] == opacity(teacher["qc"])[valid]).all()
    assert (opacity(teacher["qc"])[valid] > 0).any()


@pytest.mark.parametrize("tile", [512, 37])
def test_the_step_at_a_border_in_a_product(dn: np.ndarray, tile: int) -> None:
    """LST less the teacher's steps no more than 1 K / blending width x pixel x 1.5."""
    teacher, student = offset_bundle("t", 0.0), offset_bundle("s", 1.0, belongs([EAST]))
    alone = run(Retriever(teacher, "numpy"), dn)["lst"].astype(np.float64)
    steps = {}
    for blend in (0.0, 1000.0):
        made = joint(teacher, student, rule=Rule(blend))
        out = run(JointRetriever(made, "numpy"), dn, tile)
        gain = out["lst"] - alone
        steps[blend] = max(np.nanmax(np.abs(np.diff(gain, axis=axis))) for axis in (0, 1))
        assert np.nanmax(np.abs(gain[:, :54])) == 0
        assert np.nanmin(gain[:, -30:]) == pytest.approx(1.0, abs=1e-4)
        served = out["model"] == 1
        assert (served == (gain > 0.5))[np.isfinite(gain)].all()
    assert steps[0.0] == pytest.approx(1.0, abs=1e-3)
    assert steps[1000.0] < 1.0 / 1000 * 90 * 1.5


def test_errors_hold_the_spread(dn: np.ndarray) -> None:
    teacher = offset_bundle("t", 0.0, sigma=0.3)
    student = offset_bundle("s", 2.0, belongs([EAST]), sigma=0.6)
    alone = run(Retriever(teacher, "numpy"), dn)
    found = run(JointRetriever(joint(teacher, student), "numpy"), dn)
    share = (found["lst"].astype(float) - alone["lst"]) / 2.0
    expected = np.sqrt(
        (1 - share) * 0.3**2 + share * 0.6**2 + share * (1 - share) * 2.0**2
    )
    np.testing.assert_allclose(found["lst_err"], expected, atol=2e-3)
    # two equal models, blended: not less than either
    twin = offset_bundle("twin", 0.0, belongs([EAST]), sigma=0.3)
    found = run(JointRetriever(joint(teacher, twin), "numpy"), dn)
    valid = np.isfinite(found["lst"])
    np.testing.assert_allclose(found["lst_err"][valid], 0.3, rtol=1e-6)


def test_a_member_without_errors_leaves_them_unknown_where_it_serves(dn: np.ndarray) -> None:
    student = offset_bundle("s", 1.0, belongs([EAST]), sigma=None)
    found = run(JointRetriever(joint(offset_bundle("t", 0.0), student), "numpy"), dn)
    assert np.isnan(found["lst_err"][:, 60:]).all()
    assert np.isfinite(found["lst_err"][20:, :54]).all()


def test_the_training_domain_decides(dn: np.ndarray) -> None:
    """A student of the cold half of the scene leaves the warm half to the teacher."""
    scene = scene_in_memory(dn)
    bt = Calibration.for_scene(scene.metadata).brightness_temperature(dn)
    pixels = bt[:, np.isfinite(bt).all(axis=0)].T
    cold = pixels[pixels[:, 3] < np.median(pixels[:, 3])]
    record = belongs_of(np.ascontiguousarray(cold))
    student = offset_bundle("cold", 1.0, record)
    out = run(JointRetriever(joint(offset_bundle("t", 0.0), student), "numpy"), dn)
    distance = np.full(bt.shape[1:], np.nan)
    distance[np.isfinite(bt).all(axis=0)] = record.domain.distance(np.ascontiguousarray(pixels))
    limit = record.domain.limit
    assert (out["model"][distance <= limit] == 1).all()
    assert (out["model"][distance > 1.5 * limit] == 0).all()
    assert (out["model"] == 0).any() and (out["model"] == 1).sum() > 0.45 * len(pixels)


def test_outside_the_validity_of_any_member_that_serves(dn: np.ndarray) -> None:
    narrow = offset_bundle("s", 0.0, belongs([EAST]), domain={"bt_13": (100.0, 101.0)})
    out = run(JointRetriever(joint(offset_bundle("t", 0.0), narrow), "numpy"), dn)
    flagged = qc_field("out_of_domain").decode(out["qc"]) == 1
    valid = np.isfinite(out["lst"])
    assert not flagged[:, :54][valid[:, :54]].any()
    assert flagged[:, 57:][valid[:, 57:]].all()


def test_two_students_at_one_place(dn: np.ndarray) -> None:
    everywhere = [offset_bundle(name, k, belongs()) for name, k in (("a", 1.0), ("b", 3.0))]
    found = run(JointRetriever(joint(offset_bundle("t", 0.0), *everywhere), "numpy"), dn)
    alone = run(Retriever(offset_bundle("t", 0.0), "numpy"), dn)
    gain = found["lst"] - alone["lst"]
    np.testing.assert_allclose(gain[np.isfinite(gain)], 2.0, atol=1e-4)




@pytest.mark.parametrize(
    ("student", "message"),
    [
        (offset_bundle("s", 0.0), "doesn't say where it belongs"),
        (offset_bundle("s", 0.0, belongs(), outputs=("lst",)), "lse_10"),
        (offset_bundle("s", 0.0, belongs(), outputs=OUTPUT_NAMES[1:]), "gives no lst"),
        (offset_bundle("s", 0.0, belongs(), sensor="ECOSTRESS"), "ECOSTRESS"),
    ],
)
def test_bundles_that_can_not_be_joined(student: ModelBundle, message: str) -> None:
    with pytest.raises(BundleMismatchError, match=message):
        joint(offset_bundle("t", 0.0), student)


def test_belongs_are_those_of_the_students() -> None:
    record: Belongs = belongs(months=(3,))
    made = joint(offset_bundle("t", 0.0, belongs()), offset_bundle("s", 0.0, record))
    assert made.belongs == (record,)


def test_a_teacher_that_sees_surroundings_may_be_joined(dn: np.ndarray) -> None:
    teacher = refined_bundle()
    alone = run(Retriever(teacher, "numpy"), dn)
    far = belongs(domain=belongs_of(np.random.default_rng(1).normal(200, 1, (500, 5))).domain)
    made = joint(teacher, offset_bundle("s", 3.0, far))
    found = run(JointRetriever(made, "numpy"), dn)
    for name in ("lst", "lst_err", "lse", "lse_err", "qc"):
        np.testing.assert_array_equal(found[name], alone[name])
    beside = run(JointRetriever(joint(teacher, offset_bundle("s", 3.0, belongs([EAST])))), dn, 40)
    west = np.s_[:, :50]
    np.testing.assert_allclose(beside["lst"][west], alone["lst"][west], atol=2e-3)
    assert np.nanmax(np.abs(beside["lst"] - alone["lst"])) > 0.1
