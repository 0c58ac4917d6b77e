"""The layers of a product: file suffix, bands, units, ranges. One table for writer and STAC."""

from __future__ import annotations

from dataclasses import dataclass

from akkd_core.images import TIR_BANDS
from akkd_core.quality import QC_FIELDS, QC_NODATA


@dataclass(frozen=True)
class Layer:
    """One GeoTIFF of a product.

    Parameters
    ----------
    suffix : str
        ``G_<suffix>.tif``.
    field : str
        Attribute of :class:`akkd_core.inference.tile.RetrievalTile`.
    bands : tuple of str
        Band descriptions.
    long_names : tuple of str
    unit : str
        Empty where dimensionless.
    valid_min, valid_max : float
        What a user may take as plausible, in ``unit``.
    dtype : str
    nodata : float
    title : str
    role : str
        ``data`` or ``metadata``, for STAC.
    optional : bool
        Whether a product is complete without it, as those of methods that give no errors are.
    """

    suffix: str
    field: str
    bands: tuple[str, ...]
    long_names: tuple[str, ...]
    unit: str
    valid_min: float
    valid_max: float
    dtype: str
    nodata: float
    title: str
    role: str
    optional: bool = False

    def band_tags(self) -> list[dict[str, str]]:
        """CF-like tags, one mapping per band."""
        return [
            {
                "units": self.unit or "1",
                "long_name": long_name,
                "valid_min": f"{self.valid_min:g}",
                "valid_max": f"{self.valid_max:g}",
            }
            for long_name in self.long_names
        ]


_NAN = float("nan")

LAYERS: tuple[Layer, ...] = (
    Layer(
        "LST", "lst", ("LST",), ("land surface temperature",),
        "K", 150.0, 400.0, "float32", _NAN, "Land surface temperature", "data",
    ),
    Layer(
        "LST_err", "lst_err", ("LST_err",), ("standard error of land surface temperature",),
        "K", 0.0, 50.0, "float32", _NAN, "Land surface temperature, 1 sigma error", "data",
        optional=True,
    ),
    Layer(
        "LSE", "lse", tuple(f"Emis{b}" for b in TIR_BANDS),
        tuple(f"land surface emissivity, ASTER band {b}" for b in TIR_BANDS),
        "", 0.0, 1.0, "float32", _NAN, "Land surface emissivity, bands 10-14", "data",
    ),
    Layer(
        "LSE_err", "lse_err", tuple(f"Emis{b}_err" for b in TIR_BANDS),
        tuple(f"standard error of land surface emissivity, ASTER band {b}" for b in TIR_BANDS),
        "", 0.0, 1.0, "float32", _NAN, "Land surface emissivity, 1 sigma error", "data",
        optional=True,
    ),
    Layer(
        "QC", "qc", ("QC",), ("quality control bit flags",),
        "", 0.0, 65534.0, "uint16", float(QC_NODATA), "Quality control bit flags", "metadata",
    ),
)
"""All layers, in the order in which they are written."""

LAYERS_WITHOUT_ERRORS: tuple[Layer, ...] = tuple(layer for layer in LAYERS if not layer.optional)
"""Those of a method that gives no errors."""


def qc_bit_tags() -> dict[str, str]:
    """Table of the QC layer's bits as tags: ``QC_BITS_00_01 = mandatory_qa: 0 good; ...``."""
    tags = {}
    for field in QC_FIELDS:
        meanings = "; ".join(f"{value} {text}" for value, text in enumerate(field.meanings))
        tags[f"QC_BITS_{field.first_bit:02d}_{field.last_bit:02d}"] = f"{field.name}: {meanings}"
    return tags
