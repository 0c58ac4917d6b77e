"""What PCC and MAE say of each other."""

from __future__ import annotations

import numpy as np
import pytest

from akkd_core.reproduction.plausibility import (
    NORMAL_RMSE_PER_MAE,
    pcc_of_normal_errors,
    rmse_floor_k,
    temperature_sd_k,
)


def test_spread_of_the_temperatures() -> None:
    # n equally likely values a step apart: step * sqrt((n**2 - 1) / 12)
    assert temperature_sd_k(4) == pytest.approx(4 * np.sqrt((13**2 - 1) / 12))
    assert temperature_sd_k(1) == pytest.approx(np.sqrt((51**2 - 1) / 12))


def test_correlation_of_normal_errors() -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(270, 320, 200_000)
    error = rng.normal(0, 2.0, truth.size)
    mae = np.abs(error).mean()
    assert 2.0 / mae == pytest.approx(NORMAL_RMSE_PER_MAE, rel=0.01)
    found = np.corrcoef(truth, truth + error)[0, 1]
    assert pcc_of_normal_errors(mae, truth.std()) == pytest.approx(found, abs=2e-4)


@pytest.mark.parametrize("slope", [1.0, 0.5, 3.0])
def test_no_prediction_beats_the_floor(slope: float) -> None:
    rng = np.random.default_rng(1)
    truth = rng.uniform(270, 320, 2000)
    predicted = slope * truth + rng.standard_t(2, truth.size)
    pcc = np.corrcoef(truth, predicted)[0, 1]
    floor = rmse_floor_k(pcc, truth.std())
    assert np.sqrt(np.mean((predicted - truth) ** 2)) >= floor
    fitted = np.polyval(np.polyfit(predicted, truth, 1), predicted)
    assert np.sqrt(np.mean((fitted - truth) ** 2)) == pytest.approx(floor, rel=1e-6)


def test_the_papers_five_bands() -> None:
    assert pcc_of_normal_errors(0.478, temperature_sd_k(4)) == pytest.approx(0.9992, abs=1e-4)
    assert rmse_floor_k(0.968, temperature_sd_k(4)) == pytest.approx(3.76, abs=0.01)
    assert rmse_floor_k(-0.5, 15.0) == 15.0
