"""The QC layer in words."""

from __future__ import annotations

import numpy as np

from akkd_core.quality import (
    FIELDS_WITHOUT_RETRIEVAL,
    QC_NODATA,
    describe_qc,
    is_cloud,
    is_produced,
    qc_field,
)


def test_a_pixel_that_was_not_produced_tells_only_why() -> None:
    saturated = describe_qc(0b10001011)
    assert tuple(saturated) == FIELDS_WITHOUT_RETRIEVAL
    assert saturated["mandatory_qa"] == "not produced"
    assert saturated["data_quality"].startswith("saturated")
    assert describe_qc(65535) == {"mandatory_qa": "outside the scene"}


def test_a_retrieved_pixel_tells_all() -> None:
    cloudy = describe_qc(0b11_10_01_00_0001_00_10)
    assert cloudy["mandatory_qa"] == "cloud detected" and cloudy["opacity"].startswith("very opaq")
    assert cloudy["mmd"].startswith("0.1-0.15") and cloudy["lse_accuracy"].startswith("0.01-0.015")
    assert cloudy["lst_accuracy"].startswith("< 1 K")
    np.testing.assert_array_equal(
        is_produced(np.array([0, 1, 2, 3, 139], np.uint16)), [True, True, True, False, False]
    )


def test_cloud_is_probable_and_in_the_scene():
    classes = [int(v) for v in qc_field("cloud").encode(np.arange(4))]
    values = np.array([0, 1, 2, 3, *classes[1:], classes[3] | 3, QC_NODATA], np.uint16)
    expected = [False, False, True, False, False, True, True, False, False]
    np.testing.assert_array_equal(is_cloud(values), expected)
