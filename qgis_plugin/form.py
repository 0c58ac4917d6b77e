"""What QGIS's forms show of an operation, told without QGIS: the catalogue in its words.

Names, defaults, bounds, choices and help are the catalogue's own. What is added here is only how a
form asks: which heading an operation stands under, where it runs, and which files a path may be.
"""

from __future__ import annotations

from dataclasses import dataclass

from akkd_core.operations.catalogue import OPERATIONS, find_operation
from akkd_core.operations.spec import Operation, Parameter, ParamKind

_GROUPS = {"Validation": "Comparison"}
_GROUP_OF = {"info": "Models"}

# These train networks, or start processes of their own, for which QGIS's Python isn't made.
_CHILDREN = frozenset({"reproduce", "validate scores"})
_IN_PROCESS = frozenset({"join"})

_LAYERS = {
    "retrieve": ("LST", "LST_err", "LSE", "LSE_err", "QC"),
    "retrieve-raster": ("LST", "LST_err", "LSE", "LSE_err", "QC"),
    "tes": ("LST", "LSE", "QC"),
    "preprocess": ("radiance_toa", "bt"),
}

_REPORTS = frozenset(
    {"validate modis", "validate aster", "validate stations", "validate truth", "compare"}
)
"""Operations that may write a report."""

_WITHOUT_DIFFERENCES = frozenset({"validate stations"})
"""Of these those that compare at points."""

_LAYERS_OR_PATHS = frozenset(
    {
        "product", "products", "raster", "rasters", "truth", "reference", "reference_qc", "dem",
        "land_cover",
    }  # fmt: skip
)
"""Names of inputs for which a layer of the project may be chosen."""

_FOLDERS = frozenset({"archive"})
"""Names of inputs that are folders."""

_PLAIN_RASTERS = frozenset({"raster", "rasters", "truth", "dem", "land_cover"})
_PLAIN_RASTERS_OF = frozenset({("compare", "reference")})
"""Inputs that are GeoTIFFs only: a data set inside an HDF file won't do."""

_PATHS_OR_WORDS = frozenset({"target", "tcwv", "t_air", "elevation"})
"""Names of texts that may be a path."""

_FILES_OR_FOLDERS = frozenset({("search", "data"), ("distill adapt", "scene")})
"""Single inputs that may be either."""

_ALWAYS_WRITTEN_FILES = frozenset({("simulate granule", "truth"), ("reproduce", "report")})
"""Optional files that are written under a name of the operation's own, if none is given."""

_FILE_FILTERS = {
    "json": "JSON (*.json)",
    "csv": "CSV (*.csv)",
    "report": "Markdown (*.md)",
    "manifest": "JSON lines (*.jsonl)",
}
_FILE_FILTERS_OF = {
    ("simulate atmospheres", "output"): "NumPy archive (*.npz);;CSV (*.csv)",
    ("simulate scenes", "output"): "NumPy archive (*.npz)",
    ("simulate granule", "output"): "HDF4 (*.hdf)",
    ("simulate granule", "truth"): "GeoTIFF (*.tif)",
    ("simulate explain", "output"): "Markdown (*.md)",
    ("join", "output"): "Zip (*.zip)",
}
_ANY_FILE = "All files (*.*)"

_CLASSES = {
    ParamKind.OUTPUT_FILE: "QgsProcessingParameterFileDestination",
    ParamKind.OUTPUT_FOLDER: "QgsProcessingParameterFolderDestination",
    ParamKind.INPUT_PATH: "QgsProcessingParameterFile",
    ParamKind.BUNDLE: "QgsProcessingParameterFile",
    ParamKind.FLOAT: "QgsProcessingParameterNumber",
    ParamKind.INTEGER: "QgsProcessingParameterNumber",
    ParamKind.CHOICE: "QgsProcessingParameterEnum",
    ParamKind.FLAG: "QgsProcessingParameterBoolean",
    ParamKind.TEXT: "QgsProcessingParameterString",
}
_LIST = "QgsProcessingParameterMultipleLayers"
_LAYER = "QgsProcessingParameterRasterLayer"
_PATHS = (ParamKind.INPUT_PATH, ParamKind.BUNDLE)


@dataclass(frozen=True)
class Field:
    """How a form asks for a parameter.

    Parameters
    ----------
    parameter : Parameter
        Of the catalogue.
    qgis_class : str
        Name of the QgsProcessingParameter class.
    folder : bool
        Of an input path: whether it is a folder.
    file_filter : str
        Of a file to be written, in QGIS's form.
    temporary : bool
        Of a destination: whether a form offers a temporary one at first.
    always_written : bool
        Of a destination: whether skipping it only leaves its name to the operation.
    browsable : bool
        Of a single input: whether files, folders and names are chosen beside each other.
    plain_raster : bool
        Of an input: whether it must be a raster file by itself.
    """

    parameter: Parameter
    qgis_class: str
    folder: bool = False
    file_filter: str = ""
    temporary: bool = False
    always_written: bool = False
    browsable: bool = False
    plain_raster: bool = False

    @property
    def optional(self) -> bool:
        """Whether it may stay empty; what has a default never is."""
        return not self.parameter.required and self.parameter.default is None


@dataclass(frozen=True)
class Form:
    """An operation as Processing shows it.

    Parameters
    ----------
    operation : Operation
    algorithm : str
        Id within the provider.
    group : str
    in_process : bool
        Whether it runs inside QGIS; otherwise in the training environment.
    fields : tuple of Field
    layers : tuple of str
        Rasters of a scene's product, which a model can take up.
    report : bool
        Whether it may write a report.
    differences : bool
        Whether rasters of differences stand beside the report.
    """

    operation: Operation
    algorithm: str
    group: str
    in_process: bool
    fields: tuple[Field, ...]
    layers: tuple[str, ...] = ()
    report: bool = False
    differences: bool = False

    @property
    def opens_layers(self) -> bool:
        """Whether there are results that QGIS can show."""
        return bool(self.layers) or self.differences


def _qgis_class(parameter: Parameter) -> str:
    if parameter.multiple and parameter.kind in _PATHS:
        return _LIST
    return _LAYER if takes_layers(parameter) else _CLASSES[parameter.kind]


def takes_layers(parameter: Parameter) -> bool:
    """Tell whether raster layers of the project may be chosen for an input."""
    return parameter.kind is ParamKind.INPUT_PATH and parameter.name in _LAYERS_OR_PATHS


def _file_filter(operation: Operation, parameter: Parameter) -> str:
    if parameter.kind is not ParamKind.OUTPUT_FILE:
        return ""
    own = _FILE_FILTERS_OF.get((operation.id, parameter.name))
    return own or _FILE_FILTERS.get(parameter.name, _ANY_FILE)


def make_field(operation: Operation, parameter: Parameter) -> Field:
    """Tell how a form asks for a parameter.

    Parameters
    ----------
    operation : Operation
    parameter : Parameter
    """
    key = (operation.id, parameter.name)
    # Where products go beside the scene unasked, QGIS's custom is a temporary folder.
    temporary = parameter.required or _shows_results(operation, parameter)
    return Field(
        parameter,
        _qgis_class(parameter),
        folder=parameter.kind is ParamKind.INPUT_PATH and parameter.name in _FOLDERS,
        file_filter=_file_filter(operation, parameter),
        temporary=temporary,
        always_written=_always_written(key, parameter) and not temporary,
        browsable=_browsable(key, parameter),
        plain_raster=parameter.name in _PLAIN_RASTERS or key in _PLAIN_RASTERS_OF,
    )


def _shows_results(operation: Operation, parameter: Parameter) -> bool:
    folder = parameter.kind is ParamKind.OUTPUT_FOLDER
    return folder and (operation.id in _LAYERS or operation.id in _REPORTS)


def _always_written(key: tuple[str, str], parameter: Parameter) -> bool:
    folder = parameter.kind is ParamKind.OUTPUT_FOLDER and not parameter.required
    return folder or key in _ALWAYS_WRITTEN_FILES


def _browsable(key: tuple[str, str], parameter: Parameter) -> bool:
    if parameter.multiple or parameter.name in _FOLDERS:
        return False
    named = parameter.name in _PATHS_OR_WORDS and parameter.kind is ParamKind.TEXT
    return parameter.kind is ParamKind.BUNDLE or named or key in _FILES_OR_FOLDERS


def runs_in_process(operation: Operation) -> bool:
    """Tell whether an operation runs inside QGIS."""
    if operation.id in _CHILDREN:
        return False
    return operation.group != "Training" or operation.id in _IN_PROCESS


def make_form(operation: Operation) -> Form:
    """Tell how Processing shows an operation.

    Parameters
    ----------
    operation : Operation
    """
    return Form(
        operation,
        operation.id.replace(" ", "_").replace("-", "_"),
        _GROUP_OF.get(operation.id) or _GROUPS.get(operation.group, operation.group),
        runs_in_process(operation),
        tuple(make_field(operation, parameter) for parameter in operation.parameters),
        _LAYERS.get(operation.id, ()),
        operation.id in _REPORTS,
        operation.id in _REPORTS - _WITHOUT_DIFFERENCES,
    )


def all_forms() -> tuple[Form, ...]:
    """Forms of all operations, in the catalogue's order."""
    return tuple(make_form(operation) for operation in OPERATIONS)


def form_of(operation_id: str) -> Form:
    """Form of an operation by its id. Raises KeyError for an unknown one."""
    return make_form(find_operation(operation_id))


def form_of_algorithm(algorithm: str) -> Form:
    """Form of an algorithm by its id within the provider. Raises KeyError for an unknown one."""
    return {form.algorithm: form for form in all_forms()}[algorithm]
