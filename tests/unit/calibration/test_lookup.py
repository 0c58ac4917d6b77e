"""Counts to radiance and temperature, flags, doubts about a granule's calibration."""

from __future__ import annotations

import warnings
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from akkd_core.calibration import (
    Calibration,
    GainOffset,
    to_brightness_temperature,
    to_radiance,
)
from akkd_core.errors import CalibrationError, CalibrationWarning
from akkd_core.grid import Grid
from akkd_core.images import GranuleMetadata, Scene
from akkd_core.physics.planck import brightness_temperature
from akkd_core.quality import PixelFlag
from akkd_core.sensors import aster_tir

UCC = aster_tir().ucc
METADATA = GranuleMetadata(
    "G", "AST_L1T", "003", datetime(2003, 3, 4, tzinfo=timezone.utc), True, None, 5.0, "04.00",
    UCC, ("g.hdf",),
)  # fmt: skip
NOMINAL = Calibration.from_ucc(UCC)


def _counts(*values: int) -> np.ndarray:
    return np.broadcast_to(np.array(values, np.uint16), (5, 1, len(values))).copy()


@given(st.integers(2, 4094))
def test_radiance_is_counts_less_one_times_coefficient(dn: int) -> None:
    radiance = NOMINAL.radiance(_counts(dn))
    assert radiance.dtype == np.float32
    np.testing.assert_allclose(radiance[:, 0, 0], (dn - 1) * np.array(UCC), rtol=1e-6)


def test_largest_radiance_of_the_user_guide() -> None:
    # AST_L1T Product User's Guide, table of maximum radiances: 28.17 in band 10 (4094 x 0.006882).
    assert NOMINAL.radiance(_counts(4094))[0, 0, 0] == pytest.approx(28.17, abs=0.01)


@given(st.integers(200, 4094))
def test_temperature_is_that_of_the_radiance(dn: int) -> None:
    counts = _counts(dn)
    expected = brightness_temperature((dn - 1.0) * np.array(UCC)[:, None, None])
    np.testing.assert_allclose(NOMINAL.brightness_temperature(counts), expected, atol=2e-5)


@pytest.mark.parametrize(
    ("dn", "flag", "radiance"),
    [
        (0, PixelFlag.FILL, np.nan),
        (1, PixelFlag.INVALID, 0.0),
        (4095, PixelFlag.SATURATED, np.nan),
        (4096, PixelFlag.INVALID, np.nan),
        (65535, PixelFlag.INVALID, np.nan),
    ],
)
def test_special_counts(dn: int, flag: PixelFlag, radiance: float) -> None:
    counts = _counts(2000, dn)
    assert np.isnan(NOMINAL.brightness_temperature(counts)[:, 0, 1]).all()
    assert np.isfinite(NOMINAL.brightness_temperature(counts)[:, 0, 0]).all()
    np.testing.assert_array_equal(NOMINAL.radiance(counts)[:, 0, 1], np.full(5, radiance))
    assert NOMINAL.flags(counts).tolist() == [[0, int(flag)]]


def test_flags_of_bands_are_combined() -> None:
    counts = _counts(2000)
    counts[0], counts[2], counts[4] = 0, 4095, 5000
    assert NOMINAL.flags(counts)[0, 0] == int(
        PixelFlag.FILL | PixelFlag.SATURATED | PixelFlag.INVALID
    )
    assert (NOMINAL.flag_table[2:4095] == 0).all()


def test_recalibration() -> None:
    gain, offset = (1.01, 0.99, 1.0, 1.0, 1.02), (0.1, 0.0, -0.2, 0.0, 0.0)
    tables = Calibration.from_ucc(UCC, GainOffset(gain, offset))
    plain = 1999 * np.array(UCC)
    expected = np.array(gain) * plain + np.array(offset)
    np.testing.assert_allclose(tables.radiance(_counts(2000))[:, 0, 0], expected, rtol=1e-6)
    bt = tables.brightness_temperature(_counts(2000))[:, 0, 0]
    np.testing.assert_allclose(bt, brightness_temperature(expected), atol=2e-5)
    assert tables.flags(_counts(0, 4095)).tolist() == [[1, 2]]
    assert np.isnan(tables.radiance(_counts(0, 4095))).all()


@pytest.mark.parametrize("version", ["01.02", "02.05", "2.06", " 02.17"])
def test_old_radiometric_versions_warn(version: str, tmp_path: Path) -> None:
    metadata = replace(METADATA, radiometric_version=version)
    with pytest.warns(CalibrationWarning, match=r"known to be in error.*--gain-offset.*ibaraki"):
        Calibration.for_scene(metadata)
    table = tmp_path / "g.csv"
    table.write_text("band,gain,offset\n" + "".join(f"{b},1,0\n" for b in range(10, 15)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Calibration.for_scene(metadata, table).recalibration is not None


@pytest.mark.parametrize("version", ["03.00", "04.12", "05.01", "", "12.0", "garbage"])
def test_other_versions_do_not(version: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Calibration.for_scene(replace(METADATA, radiometric_version=version))


def test_summer_2006_warns_in_versions_3_and_4() -> None:
    summer = replace(METADATA, acquired_at=datetime(2006, 7, 1, tzinfo=timezone.utc))
    with pytest.warns(CalibrationWarning, match="less accurate about late June"):
        Calibration.for_scene(replace(summer, radiometric_version="03.01"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Calibration.for_scene(replace(summer, radiometric_version="05.00"))


@pytest.mark.filterwarnings("ignore::akkd_core.errors.CalibrationWarning")
def test_coefficients_out_of_range_name_the_granule() -> None:
    with pytest.raises(CalibrationError, match=r"^G: unit conversion .* Download the granule"):
        Calibration.for_scene(replace(METADATA, ucc=tuple(1000 * u for u in UCC)))


def test_coefficients_that_differ_warn_and_are_used() -> None:
    metadata = replace(METADATA, ucc=(0.006822, *UCC[1:]))
    with pytest.warns(CalibrationWarning, match="band 10 has unit conversion .*0.006822.*0.006882"):
        tables = Calibration.for_scene(metadata)
    assert tables.radiance(_counts(1001))[0, 0, 0] == pytest.approx(6.822, rel=1e-6)


def test_whole_scene() -> None:
    dn = np.full((5, 3, 4), 1500, np.uint16)
    dn[3, 0, 0] = 0
    grid = Grid(32648, (0.0, 90.0, 0.0, 0.0, 0.0, -90.0), 3, 4)
    scene = Scene.from_array(dn, grid, METADATA)
    radiance, bt = to_radiance(scene), to_brightness_temperature(scene)
    assert radiance.radiance_toa[0, 0, 0] == pytest.approx(1499 * UCC[0], rel=1e-6)
    assert np.isnan(radiance.radiance_toa[3, 0, 0]) and np.isnan(bt.bt[3, 0, 0])
    assert bt.flags[0, 0] == radiance.flags[0, 0] == 1 and bt.flags.sum() == 1
    assert bt.grid is grid and bt.metadata is METADATA
    cold = Calibration.from_ucc(UCC, GainOffset((0.5,) * 5, (0.0,) * 5))
    assert (to_brightness_temperature(scene, cold).bt[0, 1:] < bt.bt[0, 1:]).all()


def test_wrong_counts() -> None:
    for bad in (np.zeros((5, 2, 2), np.int16), np.zeros((4, 2, 2), np.uint16)):
        with pytest.raises(CalibrationError, match="expected uint16"):
            NOMINAL.radiance(bad)
    with pytest.raises(CalibrationError, match="not five in 0-1"):
        Calibration.from_ucc((1.0, 0.1, 0.1, 0.1, 0.1))
