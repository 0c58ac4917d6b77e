"""The catalogue: every operation, declared once. Command line and QGIS forms are made from it.

To add an operation, add an entry to :data:`OPERATIONS`. Standard library only.
"""

from __future__ import annotations

from akkd_core.operations.catalogue_adapt import ADAPT
from akkd_core.operations.catalogue_air import ELEVATION, PROFILE, T_AIR, TCWV
from akkd_core.operations.catalogue_archive import ARCHIVE_OPERATIONS
from akkd_core.operations.catalogue_baseline import BASELINE_OPERATIONS
from akkd_core.operations.catalogue_cloud import CLOUD_OPTIONS, VNIR_SWIR
from akkd_core.operations.catalogue_compress import COMPRESS
from akkd_core.operations.catalogue_distill import DISTILL_OPERATIONS
from akkd_core.operations.catalogue_doctor import DOCTOR
from akkd_core.operations.catalogue_install import INSTALL_OPERATIONS
from akkd_core.operations.catalogue_joint import JOINT_OPERATIONS
from akkd_core.operations.catalogue_models import MODEL_OPERATIONS
from akkd_core.operations.catalogue_reproduce import REPRODUCTION_OPERATIONS
from akkd_core.operations.catalogue_search import SEARCH_OPERATIONS
from akkd_core.operations.catalogue_validation import VALIDATION_OPERATIONS
from akkd_core.operations.spec import Operation, Outcome, Parameter, ParamKind

__all__ = [
    "FAMILIES",
    "OPERATIONS",
    "Operation",
    "Outcome",
    "ParamKind",
    "Parameter",
    "find_operation",
]

_SCENES = Parameter(
    "scenes", ParamKind.INPUT_PATH, "Scenes",
    "ASTER L1T or L1B scenes: .hdf files, or folders or band files of L1T V004.",
    multiple=True, required=True, positional=True,
)  # fmt: skip
_OUTPUT = Parameter(
    "output", ParamKind.OUTPUT_FOLDER, "Output folder",
    "Folder for the products; without it, <scene>_akkd beside each scene.",
    short="o",
)  # fmt: skip
_TILE_SIZE = Parameter(
    "tile_size", ParamKind.INTEGER, "Tile size",
    "Side of the tiles that are worked on at a time; less takes less memory.",
    default=512, minimum=64, maximum=8192, unit="pixels", advanced=True,
)  # fmt: skip
_GAIN_OFFSET = Parameter(
    "gain_offset", ParamKind.INPUT_PATH, "Recalibration table",
    "Table of gain and offset per band that recalibrates the radiance.",
    advanced=True,
)  # fmt: skip
_OVERWRITE = Parameter(
    "overwrite", ParamKind.FLAG, "Overwrite",
    "Make products anew where complete ones are there; otherwise these are kept.",
    default=False,
)  # fmt: skip
_MODEL_AND_AIR = (
    Parameter(
        "model", ParamKind.BUNDLE, "Model bundle",
        "Folder or zip of a model bundle or joint model, the name of an installed one, or "
        "compact, the small bundle shipped with AKKD; without it, the default one.",
        short="m",
    ),
    TCWV,
    T_AIR,
    PROFILE,
    ELEVATION,
)  # fmt: skip
_RUNTIME = (
    Parameter(
        "runtime", ParamKind.CHOICE, "Runtime",
        "What runs the networks; auto takes onnxruntime where it is installed, else numpy.",
        default="auto", choices=("auto", "onnxruntime", "numpy", "tensorflow"), advanced=True,
    ),
    Parameter(
        "device", ParamKind.TEXT, "Device",
        "auto, cpu, or a graphics card as gpu:0.",
        default="auto", advanced=True,
    ),
)  # fmt: skip

_SPREAD = (
    Parameter(
        "workers", ParamKind.INTEGER, "Worker processes",
        "Processes among which the scenes are shared out, each with one thread for its networks; "
        "a scene whose worker dies is begun again.",
        default=1, minimum=1, maximum=1024, advanced=True,
    ),
    Parameter(
        "scheduler", ParamKind.TEXT, "Dask scheduler",
        "Address of a Dask scheduler, as tcp://HOST:8786, on whose workers the scenes are done; "
        "they must have AKKD and see the same files.",
        advanced=True,
    ),
    Parameter(
        "manifest", ParamKind.OUTPUT_FILE, "Manifest",
        "File of JSON lines that records each scene with the SHA-256 of its product; the same "
        "command skips scenes that it tells of and whose products are unchanged.",
        advanced=True,
    ),
)  # fmt: skip

RETRIEVE = Operation(
    "retrieve",
    "Retrieve temperature and emissivity",
    "Retrieval",
    "Retrieve land surface temperature and emissivity from ASTER scenes.\n\n"
    "For a scene G writes G_LST.tif (K), G_LST_err.tif (K), G_LSE.tif (emissivity of bands "
    "10-14), G_LSE_err.tif, G_QC.tif (bit flags), G_preview.png and G.json (STAC item); with a "
    "joint model G_MODEL.tif (which model served the pixel), too. Each appears only when whole; a "
    "batch that was interrupted goes on where it stopped.",
    (
        _SCENES,
        _OUTPUT,
        *_MODEL_AND_AIR,
        *CLOUD_OPTIONS,
        VNIR_SWIR,
        _OVERWRITE,
        *_RUNTIME,
        _TILE_SIZE,
        _GAIN_OFFSET,
        *_SPREAD,
    ),
    "akkd_core.operations.retrieve:run",
)  # fmt: skip

RETRIEVE_RASTER = Operation(
    "retrieve-raster",
    "Retrieve temperature and emissivity from a raster",
    "Retrieval",
    "Retrieve land surface temperature and emissivity from GeoTIFFs of ASTER's thermal bands.\n\n"
    "They hold digital numbers, radiance or brightness temperature of bands 10-14: one file of "
    "all five, or five files. Place and pixels of the product are the raster's own; 0, NaN and "
    "the file's nodata value are missing. Writes what retrieve writes, named by the file.",
    (
        Parameter(
            "rasters", ParamKind.INPUT_PATH, "Raster",
            "GeoTIFF with bands 10-14 in this order, or five GeoTIFFs of one band each.",
            multiple=True, required=True, positional=True,
        ),
        Parameter(
            "quantity", ParamKind.CHOICE, "Quantity",
            "What the values are: counts of L1T or L1B, radiance in W m-2 sr-1 um-1, or "
            "brightness temperature in K.",
            choices=("dn", "radiance", "bt"), required=True,
        ),
        Parameter(
            "output", ParamKind.OUTPUT_FOLDER, "Output folder",
            "Folder for the product; without it, <raster>_akkd beside the raster.",
            short="o",
        ),
        Parameter(
            "bands", ParamKind.TEXT, "Numbers of the bands",
            "Which bands of the one file are bands 10-14, as 1,2,3,4,5; needed where it has more "
            "than five and doesn't name them.",
        ),
        Parameter(
            "acquired_at", ParamKind.TEXT, "Time of acquisition",
            "As 2019-07-04T10:30:00Z (UTC); needed where neither the raster's tags nor its name "
            "tell.",
        ),
        Parameter(
            "view_zenith", ParamKind.FLOAT, "View zenith",
            "View zenith angle, noted in the product.",
            minimum=0.0, maximum=60.0, unit="degrees",
        ),
        *_MODEL_AND_AIR,
        *CLOUD_OPTIONS,
        _OVERWRITE,
        *_RUNTIME,
        _TILE_SIZE,
    ),
    "akkd_core.operations.retrieve_raster:run",
)  # fmt: skip

PREPROCESS = Operation(
    "preprocess",
    "Calibrate to radiance and brightness temperature",
    "Retrieval",
    "Write calibrated radiance and brightness temperature of ASTER scenes.\n\n"
    "For a scene G writes G_radiance_toa.tif (W m-2 sr-1 um-1) and G_bt.tif (K), bands 10-14.",
    (_SCENES, _OUTPUT, _OVERWRITE, _TILE_SIZE, _GAIN_OFFSET),
    "akkd_core.operations.preprocess:run",
)

INFO = Operation(
    "info",
    "Tell what a scene, product or bundle is",
    "Retrieval",
    "Tell what a scene, a product, a model bundle or a QC value is.\n\n"
    "For a scene: product, date, footprint, bands, cloud, missing data. For a model bundle: its "
    "manifest. For a joint model: members and rule. For a product (folder, .json or .tif): "
    "provenance, statistics and what its QC layer says. For a number 0-65535: the meaning of that "
    "QC value, bit by bit.",
    (
        Parameter(
            "target", ParamKind.TEXT, "What",
            "Path of a scene, product or bundle; name of a shipped or installed "
            "bundle; or a QC value.",
            required=True, positional=True,
        ),
    ),
    "akkd_core.operations.info:run",
)  # fmt: skip

OPERATIONS: tuple[Operation, ...] = (
    RETRIEVE,
    RETRIEVE_RASTER,
    PREPROCESS,
    INFO,
    *INSTALL_OPERATIONS,
    DOCTOR,
    *MODEL_OPERATIONS,
    *ARCHIVE_OPERATIONS,
    *SEARCH_OPERATIONS,
    *DISTILL_OPERATIONS,
    COMPRESS,
    ADAPT,
    *JOINT_OPERATIONS,
    *VALIDATION_OPERATIONS,
    *BASELINE_OPERATIONS,
    *REPRODUCTION_OPERATIONS,
)
"""All operations, in the order in which faces list them."""


FAMILIES: dict[str, str] = {
    "distill": "Distil a teacher of many scenes into students of single ones.",
    "simulate": "Simulate atmospheres, training sets and granules with known truth.",
    "validate": "Compare products with references.",
}
"""Help of command families: the first word of operations whose id has two."""


def find_operation(operation_id: str) -> Operation:
    """Operation by id. Raises KeyError for an unknown one."""
    return {operation.id: operation for operation in OPERATIONS}[operation_id]
