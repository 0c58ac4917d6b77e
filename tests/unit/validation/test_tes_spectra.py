"""TES on noise-free spectra is within its published performance, and where it is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from akkd_core.errors import OperationCancelled, ParameterError
from akkd_core.operations import validate_tes
from akkd_core.physics.tes import TES_PRODUCT, TesSettings
from akkd_core.validation.tes_spectra import (
    HUMIDITIES,
    NATURAL,
    SpectraReport,
    SpectraScore,
    score_spectra,
    surfaces,
)


@pytest.fixture(scope="module")
def report() -> SpectraReport:
    return score_spectra()


def score(report: SpectraReport, group: str, humidity: str) -> SpectraScore:
    (one,) = [s for s in report.scores if (s.group, s.humidity) == (group, humidity)]
    return one


def test_groups() -> None:
    spectra, groups = surfaces()
    assert spectra.shape == (5, 2 * 577)
    assert groups[NATURAL].sum() == 551 and groups["man-made"].sum() == 26
    parts = sum(groups[name].astype(int) for name in groups if name.startswith("natural, MMD"))
    assert (parts == groups[NATURAL]).all()


@pytest.mark.parametrize("humidity", list(HUMIDITIES))
def test_natural_surfaces_are_within_the_published_performance(
    report: SpectraReport, humidity: str
) -> None:
    """Gillespie et al. 1998: 1.5 K and 0.015, one sigma (68 %), with a perfect atmosphere."""
    found = score(report, NATURAL, humidity)
    assert found.lst_within > 0.94 and found.lst_mae_k < 0.55
    assert found.lse_within > 0.74 and found.lse_mae < 0.0125
    assert found.failed == 0 and found.not_converged < 0.001
    for group, lst, lse in (
        ("vegetation, canopy", 0.96, 0.80),
        ("dry vegetation, litter", 0.999, 0.77),
        ("soil, rough", 0.999, 0.68),
        ("rock, rough", 0.88, 0.62),
        ("water", 0.999, 0.65),
        ("snow and ice", 0.99, 0.0),
    ):
        found = score(report, group, humidity)
        assert found.lst_within >= lst and found.lse_within >= lse, group


def test_where_it_is_not_good(report: SpectraReport) -> None:
    """Emissivity of snow and of strong contrast, single leaves, man-made: off the regression."""
    assert score(report, "snow and ice", "dry").lse_within < 0.25
    assert score(report, "natural, MMD > 0.1", "dry").lse_within < 0.5
    assert score(report, "vegetation, single leaves", "dry").lse_bias > 0.015
    assert score(report, "man-made", "dry").lse_within < 0.55


def test_the_product_leaves_sky_in_humid_air(report: SpectraReport) -> None:
    product = score_spectra(TES_PRODUCT)
    dry, humid = (score(product, NATURAL, air) for air in ("dry", "humid"))
    assert dry.lst_within > 0.9 and dry.lse_mae < 0.015
    assert humid.lse_mae > 1.8 * score(report, NATURAL, "humid").lse_mae
    assert humid.lse_bias > 0.02 and humid.lst_bias_k < -0.8


def test_noise_costs(report: SpectraReport) -> None:
    noisy = score_spectra(TesSettings(), nedt_k=0.3, seed=4)
    for humidity in HUMIDITIES:
        clean, seen = score(report, NATURAL, humidity), score(noisy, NATURAL, humidity)
        assert seen.lst_mae_k > clean.lst_mae_k + 0.25 and seen.lse_mae > clean.lse_mae + 0.005


def test_operation(tmp_path: Path) -> None:
    path = tmp_path / "tes.json"
    outcome = validate_tes.run(json=str(path))
    assert outcome.lines[0] == "variant standard" and "all natural, rough" in outcome.lines[3]
    data = json.loads(path.read_text())
    assert data == outcome.data and data["scores"][0]["materials"] == 551
    with pytest.raises(ParameterError, match="exists"):
        validate_tes.run(json=str(path))
    with pytest.raises(ParameterError, match="variant"):
        validate_tes.run(variant="mine")


def test_cancel() -> None:
    class Cancelled:
        def update(self, fraction: float, message: str = "") -> None:
            pass

        def cancelled(self) -> bool:
            return True

    with pytest.raises(OperationCancelled):
        score_spectra(progress=Cancelled())
