"""The layers of a product: file suffix, bands, units, ranges. One table for writer and STAC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from akkd_core.images import TIR_BANDS
from akkd_core.quality import QC_FIELDS, QC_NODATA


@dataclass(frozen=True)
class Category:
    """One value of a layer of classes.

    Parameters
    ----------
    value : int
    name : str
    colour : (int, int, int)
        Red, green, blue, 0-255.
    """

    value: int
    name: str
    colour: tuple[int, int, int]


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
    categories : tuple of Category
        Of a layer of classes, in the order of their values from 0.
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
    categories: tuple[Category, ...] = ()

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

MODEL_NODATA = 255
"""Value of the MODEL layer where nothing was produced."""

# Light grey for the teacher; then M. Okabe and K. Ito's colours (2008, without black) and those of
# P. Tol's "muted" scheme (2021) that differ most from them.
_MODEL_COLOURS = (
    (204, 204, 204), (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178),
    (213, 94, 0), (204, 121, 167), (51, 34, 136), (17, 119, 51), (136, 34, 85), (153, 153, 51),
    (136, 204, 238), (170, 68, 153), (204, 102, 119), (68, 170, 153),
)  # fmt: skip
MAX_MODELS = len(_MODEL_COLOURS)


def model_layer(names: Sequence[str] = ()) -> Layer:
    """Layer that says which model of a joint one served a pixel.

    Parameters
    ----------
    names : sequence of str
        Of the models, the teacher first; at most 16.
    """
    categories = tuple(
        Category(value, f"{'teacher' if value == 0 else 'student'} {name}", _MODEL_COLOURS[value])
        for value, name in enumerate(names)
    )
    return Layer(
        "MODEL", "model", ("MODEL",), ("model with the largest weight; 0 is the teacher",),
        "", 0.0, float(max(len(categories) - 1, 0)), "uint8", float(MODEL_NODATA),
        "Which model served the pixel", "metadata", optional=True, categories=categories,
    )  # fmt: skip


CLOUD_DISTANCE_LAYER = Layer(
    "CDIST", "cloud_distance", ("CDIST",), ("distance to the nearest cloud, 5000 m at most",),
    "m", 0.0, 5000.0, "float32", _NAN, "Distance to cloud", "metadata", optional=True,
)  # fmt: skip
"""Layer that is written where it is asked for."""

CLOSURE_LAYER = Layer(
    "CLOSURE", "closure", tuple(f"Closure{b}" for b in TIR_BANDS),
    tuple(f"brightness temperature recomputed minus measured, ASTER band {b}" for b in TIR_BANDS),
    "K", -20.0, 20.0, "float32", _NAN, "Closure of the radiative transfer, bands 10-14",
    "metadata", optional=True,
)  # fmt: skip
"""Layer that is written where it is asked for: misfit of all that was retrieved together."""

ALL_LAYERS: tuple[Layer, ...] = (*LAYERS, model_layer(), CLOUD_DISTANCE_LAYER, CLOSURE_LAYER)
"""Those that any product of AKKD's may hold."""


def qc_bit_tags() -> dict[str, str]:
    """Table of the QC layer's bits as tags: ``QC_BITS_00_01 = mandatory_qa: 0 good; ...``."""
    tags = {}
    for field in QC_FIELDS:
        meanings = "; ".join(f"{value} {text}" for value, text in enumerate(field.meanings))
        tags[f"QC_BITS_{field.first_bit:02d}_{field.last_bit:02d}"] = f"{field.name}: {meanings}"
    return tags
