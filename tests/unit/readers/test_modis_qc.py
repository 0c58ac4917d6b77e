"""Quality layers of MODIS's temperatures: bits of each product, and layers that don't fit."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from akkd_core.errors import GranuleReadError
from akkd_core.readers.modis_qc import decode_quality, scheme_of


def decode(product: str, *values: int, dtype: str = "uint8") -> object:
    return decode_quality(np.array([values], dtype=dtype), product, "q.hdf: QC")


@pytest.mark.parametrize(
    "product",
    ["MOD11A1", "MYD11A2", "MOD11B1", "MOD11B3", "MOD21A2", "MOD21A1D", "MOD21", "MOD11_L2"],
)  # fmt: skip
def test_zero_is_good_in_every_product(product: str) -> None:
    dtype = "uint8" if scheme_of(product).bits == 8 else "uint16"  # type: ignore[union-attr]
    found = decode(product, 0, 1, 2, 3, dtype=dtype)
    assert found.good.tolist() == [[True, False, False, False]]
    assert found.produced.tolist() == [[True, True, False, False]]
    assert found.mandatory.tolist() == [[0, 1, 2, 3]]


def test_accuracy_runs_in_opposite_senses() -> None:
    """MOD11: 00 is within 1 K. MOD21: 00 is worse than 2 K, 11 better than 1 K."""
    eight = [0b00_000000, 0b01_000000, 0b10_000000, 0b11_000000]
    assert decode("MOD11A1", *eight).lst_error_k.tolist() == [[1.0, 2.0, 3.0, inf]]
    assert decode("MOD21A2", *eight).lst_error_k.tolist() == [[inf, 2.0, 1.5, 1.0]]
    sixteen = [value << 8 for value in eight]
    found = decode("MOD21A1D", *sixteen, dtype="uint16")
    assert found.lst_error_k.tolist() == [[inf, 2.0, 1.5, 1.0]]
    # a cell that was not produced has no accuracy
    assert np.isnan(decode("MOD11A1", 2).lst_error_k).all()
    assert np.isnan(decode("MOD11_L2", 0, dtype="uint16").lst_error_k).all()


def test_cloud_bits() -> None:
    for product in ("MOD21A1N", "MOD11_L2"):
        found = decode(product, 0, 0b010000, 0b100000, 0b110000, dtype="uint16")
        assert found.near_cloud.tolist() == [[False, True, True, True]]
    assert not decode("MOD11A1", 0b110000).near_cloud.any()


def test_layers_that_do_not_fit() -> None:
    with pytest.raises(GranuleReadError, match="how MOD13A1 packs its quality is unknown"):
        decode("MOD13A1", 0)
    with pytest.raises(GranuleReadError, match="an unnamed product"):
        decode("", 0)
    with pytest.raises(GranuleReadError, match="0 to 256 don't fit the 8 bits of MOD11A1"):
        decode("MOD11A1", 0, 256, dtype="uint16")
    with pytest.raises(GranuleReadError, match="of 8 bits, MOD21A1D has 16"):
        decode("MOD21A1D", 0)
    with pytest.raises(GranuleReadError, match="-1 to 0 don't fit"):
        decode("MOD11A1", -1, 0, dtype="int16")
    for bad in (0.5, np.nan):
        with pytest.raises(GranuleReadError, match="fractions or NaN"):
            decode_quality(np.array([[0.0, bad]]), "MOD11A1", "q.tif")
    # whole floats and wider integers, as converters leave them, are fine
    assert decode_quality(np.array([[0.0, 65.0]]), "MOD11A1", "q.tif").good.tolist() == [
        [True, False]
    ]


@given(st.integers(0, 65535))
def test_every_value_of_mod21_has_a_meaning(value: int) -> None:
    found = decode("MOD21A1D", value, dtype="uint16")
    assert bool(found.good[0, 0]) == (value % 4 == 0)
    if value % 4 < 2:
        assert found.lst_error_k[0, 0] == (inf, 2.0, 1.5, 1.0)[value // 16384]
