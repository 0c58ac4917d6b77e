"""Weights of teacher and students: sums, season, domain, and the step at a border."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from akkd_core.bundle.belongs import Belongs, TrainingDomain
from akkd_core.errors import ParameterError
from akkd_core.grid import Grid
from akkd_core.joint.belonging import NOISE_K, belongs_of
from akkd_core.joint.footprints import pixel_lonlat, ring_of
from akkd_core.joint.selection import (
    Rule,
    claims_of,
    domain_share,
    footprint_share,
    in_season,
    member_weights,
)
from tests.builders.joint import WIDE, belongs

SHARES = hnp.arrays(np.float32, 12, elements=st.floats(0, 1, width=32))
DENSITIES = hnp.arrays(np.float32, 12, elements=st.floats(-50, 20, width=32))


@settings(deadline=None)
@given(st.lists(st.tuples(SHARES, DENSITIES), min_size=1, max_size=5))
def test_weights_sum_to_one(students: list[tuple[np.ndarray, np.ndarray]]) -> None:
    claims, densities = [c for c, _ in students], [d for _, d in students]
    weights = member_weights(claims, densities)
    assert weights.dtype == np.float32 and weights.shape == (len(students) + 1, 12)
    assert (weights >= 0).all() and (weights <= 1 + 1e-6).all()
    np.testing.assert_allclose(weights.sum(axis=0), 1, atol=2e-6)
    np.testing.assert_allclose(weights[0], np.prod([1 - c for c in claims], axis=0), atol=2e-6)
    for weight, claim in zip(weights[1:], claims, strict=True):
        assert (weight[claim == 0] == 0).all()


def test_one_student() -> None:
    claim = np.array([0, 0.25, 1], np.float32)
    weights = member_weights([claim], [np.zeros(3, np.float32)])
    np.testing.assert_array_equal(weights, [[1, 0.75, 0], [0, 0.25, 1]])


def test_of_two_students_the_denser_one_comes_first() -> None:
    one = np.ones(3, np.float32)
    densities = [np.array([0, 5, -20], np.float32), np.zeros(3, np.float32)]
    weights = member_weights([one, one], densities)
    assert (weights[0] == 0).all()
    np.testing.assert_allclose(weights[1], 1 / (1 + np.exp(-densities[0])), atol=1e-6)


@settings(deadline=None)
@given(
    st.lists(st.tuples(SHARES, DENSITIES), min_size=1, max_size=4), st.floats(0.001, 0.2)
)
def test_a_small_change_of_a_claim_changes_weights_little(
    students: list[tuple[np.ndarray, np.ndarray]], step: float
) -> None:
    claims, densities = [c for c, _ in students], [d for _, d in students]
    other = [np.minimum(claims[0] + np.float32(step), 1).astype(np.float32), *claims[1:]]
    change = member_weights(other, densities) - member_weights(claims, densities)
    slope = 1.0 if len(students) <= 2 else 1.5
    assert np.abs(change).max() <= slope * step + 1e-5


def test_season_is_the_month_of_the_scene_in_utc() -> None:
    summer = belongs(months=(6, 7, 8))
    assert in_season(summer, datetime(2020, 7, 1, tzinfo=timezone.utc))
    assert not in_season(summer, datetime(2020, 1, 1, tzinfo=timezone.utc))
    east = timezone(timedelta(hours=9))
    assert not in_season(summer, datetime(2020, 6, 1, 3, tzinfo=east)), "May in UTC"


def test_share_by_domain() -> None:
    distance = np.array([0, 3.9, 4, 5, 6, 60], np.float32)
    np.testing.assert_allclose(domain_share(distance, 4.0, 1.5), [1, 1, 1, 0.5, 0, 0], atol=1e-6)
    np.testing.assert_array_equal(domain_share(distance, 4.0, 1.0), [1, 1, 1, 0, 0, 0])


def test_claims_are_place_times_domain() -> None:
    spread = np.diag([16.0, 1, 1, 1, 1])
    rows = tuple(tuple(row) for row in spread.tolist())
    domain = TrainingDomain((290.0, 0.0, 0.0, 0.0, 0.0), rows, 2.0, 0.99)
    record = Belongs(None, (1,), domain)
    bt = np.full((4, 5), 290, np.float32)
    bt[1] += 4 * 2.5  # 2.5 standard deviations: half of the ramp
    bt[2] += 4 * 3.5
    place = np.array([0.5, 1, 1, 0], np.float32)
    claim, density = claims_of(record, bt, place, Rule())
    np.testing.assert_allclose(claim, [0.5, 0.5, 0, 0], atol=1e-5)
    # normal density: half of squared distance and of log determinant
    assert density[0] == pytest.approx(-np.log(4.0), abs=1e-5)
    assert density[1] == pytest.approx(-np.log(4.0) - 2.5**2 / 2, abs=1e-4)
    assert density[3] == -np.inf


GRID = Grid(32650, (300000.0, 90.0, 0.0, 4400000.0, 0.0, -90.0), 110, 130)
INNER = ring_of(GRID.window(30, 20, 60, 70))


def blended_field(rule: Rule) -> np.ndarray:
    """Temperature where the teacher says 300 K and the student, inside INNER, 301 K."""
    lonlat = pixel_lonlat(GRID, 0, 0, GRID.rows, GRID.cols)
    record = belongs([INNER])
    place = footprint_share(record, lonlat, rule).ravel()
    bt = np.full((place.size, 5), 290, np.float32)
    claim, density = claims_of(record, bt, place, rule)
    weights = member_weights([claim], [density]).reshape(2, GRID.rows, GRID.cols)
    return 300.0 * weights[0] + 301.0 * weights[1]


def largest_step(field: np.ndarray) -> float:
    return max(float(np.abs(np.diff(field, axis=axis)).max()) for axis in (0, 1))


@pytest.mark.parametrize("blend_m", [500.0, 1000.0, 2000.0])
def test_the_step_at_a_border(blend_m: float) -> None:
    blended, hard = blended_field(Rule(blend_m)), blended_field(Rule(0.0))
    assert largest_step(hard) == pytest.approx(1.0, abs=1e-4)
    assert largest_step(blended) < 1.0 / blend_m * 90.0 * 1.5
    # it is the footprint that is blended: nothing outside, all of it deep inside
    assert blended[:30].max() == pytest.approx(300.0, abs=1e-4)
    assert blended[60, 55] == pytest.approx(301.0, abs=1e-4)
    assert (hard == 301.0).sum() == 60 * 70


@pytest.mark.parametrize("values", [{"blend_m": -1}, {"blend_m": np.nan}, {"domain_ramp": 0.9}])
def test_rules_out_of_range(values: dict[str, float]) -> None:
    with pytest.raises(ParameterError):
        Rule(**values)


def test_belongs_of_samples() -> None:
    rng = np.random.default_rng(3)
    kernel = rng.normal(size=(5, 5)) + 3 * np.eye(5)
    bt = (290 + rng.normal(size=(40_000, 5)) @ kernel).astype(np.float32)
    bt[7] = np.nan
    july, december = (datetime(2020, m, 3, tzinfo=timezone.utc) for m in (7, 12))
    record = belongs_of(bt, [GRID, GRID], [july, december])
    assert record.footprint == (ring_of(GRID),)
    assert record.months == (1, 6, 7, 8, 11, 12)
    distance = record.domain.distance(bt)
    assert np.nanmean(distance <= record.domain.limit) == pytest.approx(0.99, abs=2e-4)
    # of five normal quantities: the 99 % quantile of chi with 5 degrees of freedom
    assert record.domain.limit == pytest.approx(np.sqrt(15.086), rel=0.02)
    # the same in the five temperatures themselves
    centred = (bt - np.nanmean(bt, axis=0))[:100]
    direct = np.cov(bt[np.isfinite(bt).all(axis=1)], rowvar=False)
    expected = np.sqrt(np.einsum("ij,jk,ik->i", centred, np.linalg.inv(direct), centred))
    np.testing.assert_allclose(distance[:7], expected[:7], rtol=0.02)


def test_belongs_anywhere_at_any_time_and_a_uniform_training_set() -> None:
    record = belongs_of(np.full((500, 5), 285, np.float32))
    assert record.footprint is None and record.months == tuple(range(1, 13))
    assert record.domain.covariance[0][0] == pytest.approx(NOISE_K**2)


@pytest.mark.parametrize(
    ("bt", "options"),
    [
        (np.full((99, 5), 285, np.float32), {}),
        (np.full((500, 4), 285, np.float32), {}),
        (np.full((500, 5), np.nan, np.float32), {}),
        (np.full((500, 5), 285, np.float32), {"share": 0.0}),
        (np.full((500, 5), 285, np.float32), {"season_margin": 7}),
    ],
)
def test_belongs_of_too_little(bt: np.ndarray, options: dict[str, float]) -> None:
    with pytest.raises(ParameterError):
        belongs_of(bt, **options)  # type: ignore[arg-type]


def test_wide_domain_of_the_builder_is_wide() -> None:
    assert WIDE.distance(np.full((1, 5), 340, np.float32))[0] < WIDE.limit
