"""Materials: splits by group, land covers that can be drawn in every split, cavities."""

from __future__ import annotations

import numpy as np
import pytest

from akkd_core.errors import ParameterError
from akkd_core.simulation.materials import (
    LAND_COVERS,
    SPLITS,
    MaterialTable,
    all_materials,
    cavity_emissivity,
    group_splits,
    materials,
    wide_materials,
)


def test_shipped_table() -> None:
    table = all_materials()
    assert len(table) == 577
    assert table.lse.shape == (577, 5) and table.lse.dtype == np.float32
    assert 0.5 < table.lse.min() < 0.75 and 0.98 < table.lse.max() <= 1.0
    # quartz sands are dark in bands 10-12 and bright in 13-14, unlike anything else
    assert (table.lse[:, 3] - table.lse[:, 1]).max() > 0.2


def test_splits_share_no_group_and_lose_no_material() -> None:
    groups = {split: set(materials(split).group) for split in SPLITS}
    names = {split: set(materials(split).name) for split in SPLITS}
    for first in SPLITS:
        for second in SPLITS:
            if first != second:
                assert not groups[first] & groups[second]
                assert not names[first] & names[second]
    assert sum(len(materials(split)) for split in SPLITS) == len(all_materials())
    assert set(group_splits()) == set(all_materials().group)


def test_no_spectrum_but_that_of_water_is_trained_and_judged_on() -> None:
    """The library has the same spectrum, rounded, for distilled and for tap water."""
    judge, train = materials("judge"), materials("train")
    trained = {row.tobytes() for row in train.lse}
    twice = [
        name for name, row in zip(judge.name, judge.lse, strict=True) if row.tobytes() in trained
    ]
    assert twice == ["water.tapwater.none.liquid.all.tapwater.jhu.becknic.spectrum.txt"]


@pytest.mark.parametrize("split", SPLITS)
def test_every_split_can_draw_most_land_covers(split: str) -> None:
    kinds = set(materials(split).kind)
    drawable = {cover for cover, shares in LAND_COVERS.items() if next(iter(shares)) in kinds}
    assert drawable >= {"desert", "crops", "forest", "urban", "snow", "rock"}
    assert ("water" in drawable) == (split != "validation")


def test_split_sizes() -> None:
    share = len(set(materials("judge").group)) / len(set(all_materials().group))
    assert 0.25 < share < 0.35
    assert len(materials("train")) > len(materials("judge")) > len(materials("validation"))


def test_wide_materials_are_all_but_those_judged_on() -> None:
    wide, judge = wide_materials(), materials("judge")
    assert not set(wide.name) & set(judge.name) and not set(wide.group) & set(judge.group)
    assert set(wide.name) == (
        set(materials("train").name) | set(materials("validation").name) | {"ice.computed"}
    )
    assert set(wide.groups_of("snow")) == {
        "water:frost.none", "water:snow.finegranular", "water:ice.computed",
    }  # fmt: skip


def test_unknown_split() -> None:
    with pytest.raises(ParameterError, match="test"):
        materials("test")


def test_land_cover_shares() -> None:
    kinds = set(all_materials().kind)
    for shares in LAND_COVERS.values():
        assert sum(shares.values()) == pytest.approx(1.0)
        assert set(shares) <= kinds


def test_groups_of_a_kind_cover_its_rows() -> None:
    table = all_materials()
    rows = np.concatenate(list(table.groups_of("rock").values()))
    assert sorted(rows.tolist()) == [i for i, kind in enumerate(table.kind) if kind == "rock"]


@pytest.mark.parametrize(
    ("emissivity", "cavity", "expected"),
    [(0.95, 0.0, 0.95), (1.0, 0.85, 1.0), (0.8, 0.5, 0.8 / 0.9), (0.95, 0.85, 0.992167)],
)
def test_cavity(emissivity: float, cavity: float, expected: float) -> None:
    assert cavity_emissivity(np.float64(emissivity), cavity) == pytest.approx(expected, abs=1e-6)


def test_cavity_is_the_sum_of_its_reflections() -> None:
    eps, c = 0.9, 0.6
    bounces = sum(eps * ((1 - eps) * c) ** n for n in range(60))
    assert cavity_emissivity(np.float64(eps), c) == pytest.approx(bounces, rel=1e-12)


def test_table_is_checked() -> None:
    with pytest.raises(ParameterError, match="length"):
        MaterialTable(("a",), ("soil", "soil"), ("g",), np.ones((1, 5), dtype=np.float32))
    with pytest.raises(ParameterError, match="0-1"):
        MaterialTable(("a",), ("soil",), ("g",), np.full((1, 5), 1.2, dtype=np.float32))
