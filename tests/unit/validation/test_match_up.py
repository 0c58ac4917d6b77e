"""Match-ups: what is refused, and what filters and subsets count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from akkd_core.errors import InputError, ParameterError
from akkd_core.grid import Grid
from akkd_core.validation.match_up import ComparisonMaps, FilterStep, MatchUp, apply_filters

GRID = Grid(32650, (0.0, 90.0, 0.0, 0.0, 0.0, -90.0), 2, 2)


def match_up(**changes: Any) -> MatchUp:
    values: dict[str, Any] = {
        "product": "ours",
        "reference": "MOD11A1.A2019305.h14v09.061",
        "quantity": "LST",
        "unit": "K",
        "estimate": np.array([301.0, 302.0, 304.0]),
        "values": np.array([300.0, 302.0, 303.0]),
        "cluster": np.array([0, 0, 1]),
        "columns": {"row": np.array([0, 0, 5])},
        "filters": (FilterStep("good QC", 9, 3),),
    }
    return MatchUp(**(values | changes))


def test_difference_and_metrics() -> None:
    found = match_up(subsets={"warm": np.array([False, True, True])})
    assert found.difference.tolist() == [1.0, 0.0, 1.0]
    assert found.metrics().bias == pytest.approx(2 / 3)
    assert found.metrics("warm").n == 2
    assert found.metrics("warm").bias == pytest.approx(0.5)


def test_nothing_left_says_which_filter_took_it() -> None:
    empty = np.empty(0)
    with pytest.raises(InputError, match="no valid cell left .good QC: 9 to 0.") as caught:
        match_up(
            estimate=empty, values=empty, cluster=np.empty(0, np.intp), columns={},
            filters=(FilterStep("good QC", 9, 0), FilterStep("view zenith", 0, 0)),
        )  # fmt: skip
    assert "view zenith" not in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="overlap"):
        match_up(
            estimate=empty, values=empty, cluster=np.empty(0, np.intp), columns={}, filters=()
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values": np.array([300.0, np.nan, 303.0])}, "values holds values that aren't finite"),
        ({"cluster": np.array([0, 1])}, r"cluster is \(2,\), expected \(3,\)"),
        ({"columns": {"lon": np.zeros(4)}}, "column lon"),
        ({"subsets": {"warm": np.array([0, 1, 1])}}, "expected bool"),
        ({"times": np.zeros(2, "datetime64[s]")}, "times"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        match_up(**changes)


def test_filters_count_one_after_the_other() -> None:
    candidates = np.array([True, True, True, False])
    passed, steps = apply_filters(
        candidates,
        [
            ("clear", np.array([True, True, False, True])),
            ("near in time", np.array([False, True, False, True])),
        ],
    )
    assert passed.tolist() == [False, True, False, False]
    assert [(step.name, step.before, step.after) for step in steps] == [
        ("clear", 3, 2),
        ("near in time", 2, 1),
    ]
    assert candidates.sum() == 3
    with pytest.raises(ParameterError, match="leaves 4 of 3"):
        FilterStep("more", 3, 4)


def test_maps_lie_on_their_grid() -> None:
    estimate = np.array([[1, np.nan], [3, 4]], np.float32)
    maps = ComparisonMaps(GRID, None, estimate, np.ones((2, 2), np.float32))
    assert maps.difference[1].tolist() == [2.0, 3.0]
    assert np.isnan(maps.difference[0, 1])
    with pytest.raises(ParameterError, match="reference is"):
        ComparisonMaps(GRID, None, estimate, np.ones((2, 3), np.float32))
    nowhere = Grid(0, GRID.geotransform, 2, 2)
    with pytest.raises(ParameterError, match="needs its WKT"):
        ComparisonMaps(nowhere, None, estimate, estimate)
