"""Quality: flags of input pixels, and the bits of the QC layer.

Bits 0-3 and 8-15 keep the sense of JPL's LST&E products (MOD21 / ECO2LSTE user guides);
bits 4-5 hold the cloud,
as MOD21's do, and bits 6-7 are AKKD's own. One table, used by the writer, the tags, the docs and
``akkd info``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

QC_NODATA = 65535
"""QC value of pixels outside the scene."""


class PixelFlag(IntFlag):
    """What calibration found in a pixel, any of its five bands (uint8)."""

    FILL = 1
    SATURATED = 2
    INVALID = 4


@dataclass(frozen=True)
class QCField:
    """One field of the QC layer.

    Parameters
    ----------
    name : str
    first_bit, last_bit : int
        Inclusive.
    meanings : tuple of str
        Meaning of each value of the field, in order.
    """

    name: str
    first_bit: int
    last_bit: int
    meanings: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.meanings) != 1 << (self.last_bit - self.first_bit + 1):
            raise ValueError(f"QC field {self.name} needs one meaning per value")

    def encode(self, values: NDArray[np.integer]) -> NDArray[np.uint16]:
        """Shift field values to their place. Raises ValueError if one is out of range."""
        if values.size and (values.min() < 0 or values.max() >= len(self.meanings)):
            raise ValueError(f"value out of range for QC field {self.name}")
        return (values.astype(np.uint16) << self.first_bit).astype(np.uint16)

    def decode(self, qc: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """Field values out of QC values."""
        mask = len(self.meanings) - 1
        return ((qc >> self.first_bit) & mask).astype(np.uint16)


QC_FIELDS: tuple[QCField, ...] = (
    QCField(
        "mandatory_qa",
        0,
        1,
        ("good", "nominal, see the other bits", "cloud detected", "not produced"),
    ),
    QCField(
        "data_quality",
        2,
        3,
        (
            "good",
            "fill in one or more bands",
            "saturated in one or more bands",
            "invalid count in one or more bands",
        ),
    ),
    QCField("cloud", 4, 5, ("clear", "probably clear", "probably cloudy", "cloudy")),
    QCField("out_of_domain", 6, 6, ("inside", "outside the model's domain of validity")),
    QCField("water_snow", 7, 7, ("not told", "water, snow or ice")),
    QCField(
        "opacity",
        8,
        9,
        (
            "very opaque (band 13 transmittance < 0.4)",
            "opaque (0.4-0.6)",
            "clear (0.6-0.8)",
            "very clear (>= 0.8)",
        ),
    ),
    QCField(
        "mmd",
        10,
        11,
        (
            "> 0.15 (most silicate rocks)",
            "0.1-0.15 (rocks, sand, some soils)",
            "0.03-0.1 (mostly soils, mixed pixels)",
            "< 0.03 (vegetation, snow, water, ice)",
        ),
    ),
    QCField(
        "lse_accuracy",
        12,
        13,
        ("> 0.02 (poor)", "0.015-0.02 (marginal)", "0.01-0.015 (good)", "< 0.01 (excellent)"),
    ),
    QCField(
        "lst_accuracy",
        14,
        15,
        ("> 2 K (poor)", "1.5-2 K (marginal)", "1-1.5 K (good)", "< 1 K (excellent)"),
    ),
)
"""The QC layer, bit by bit."""

FIELDS_WITHOUT_RETRIEVAL = ("mandatory_qa", "data_quality")
"""What tells something of a pixel whose ``mandatory_qa`` is 3, not produced; other bits are 0."""

_BY_NAME = {field.name: field for field in QC_FIELDS}


def qc_field(name: str) -> QCField:
    """Field by name. Raises KeyError for an unknown name."""
    return _BY_NAME[name]


def describe_qc(value: int) -> dict[str, str]:
    """Meaning of one QC value, field by field; of a pixel not produced only what says why."""
    if value == QC_NODATA:
        return {"mandatory_qa": "outside the scene"}
    qc = np.array([value], dtype=np.uint16)
    produced = bool(is_produced(qc)[0])
    return {
        field.name: field.meanings[int(field.decode(qc)[0])]
        for field in QC_FIELDS
        if produced or field.name in FIELDS_WITHOUT_RETRIEVAL
    }


def is_produced(qc: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """Where temperature and emissivity were retrieved.

    Parameters
    ----------
    qc : ndarray of uint16
        Any shape.

    Returns
    -------
    ndarray of bool
    """
    produced: NDArray[np.bool_] = qc_field("mandatory_qa").decode(qc) != 3
    return produced


def is_cloud(qc: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """Where a pixel of the scene is cloudy or probably so.

    Parameters
    ----------
    qc : ndarray of uint16
        Any shape.

    Returns
    -------
    ndarray of bool
    """
    detected = qc_field("mandatory_qa").decode(qc) == 2
    cloud = detected | (is_produced(qc) & (qc_field("cloud").decode(qc) >= 2))
    in_scene: NDArray[np.bool_] = cloud & (qc != QC_NODATA)
    return in_scene
