"""Processing's parameter objects, made from a form, and their values as the core wants them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from qgis import core as qgis_core
from qgis.core import (
    NULL,
    QgsMapLayer,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterFile,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingUtils,
)

from akkd_core.errors import ParameterError
from akkd_core.operations.spec import ParamKind

from .form import Field, Form, takes_layers
from .project_layers import is_raster_file
from .sources import path_of_source
from .translation import tr

_NUMBERS = (ParamKind.FLOAT, ParamKind.INTEGER)
_FEWEST_DECIMALS = 3


def _is_text(value: Any) -> bool:
    values = value if isinstance(value, (list, tuple)) and value else [value]
    return all(isinstance(one, str) and one.strip() for one in values)


def _lasting(value: Any, context: QgsProcessingContext) -> Any:
    """Texts with the sources of layers in place of their ids, which end with the project."""
    if isinstance(value, (list, tuple)):
        return [_lasting(one, context) for one in value]
    layer = QgsProcessingUtils.mapLayerFromString(value, context, False)
    return value if layer is None else layer.source()


class _AnyPath:
    """Mixed into a parameter: takes any path. Whether it can be read is the core's to say."""

    def checkValueIsAcceptable(  # noqa: N802  (QGIS's names)
        self, value: Any, context: QgsProcessingContext | None = None
    ) -> bool:
        """Accept text, or what the parameter takes by itself."""
        parent: Any = super()
        return _is_text(value) or bool(parent.checkValueIsAcceptable(value, context))

    def _like(self, other: Any) -> Any:
        mine: Any = self
        mine.setFlags(other.flags())
        mine.setHelp(other.help())
        mine.setDefaultValue(other.defaultValue())
        mine.setMetadata(other.metadata())
        return self


class FileOrFolder(_AnyPath, QgsProcessingParameterFile):
    """A file or folder, or a name that the core knows."""

    def clone(self) -> FileOrFolder:
        """Copy, as Processing asks for it."""
        made: FileOrFolder = FileOrFolder(
            self.name(), self.description(), self.behavior()
        )._like(self)
        return made


class _KeptAsText(_AnyPath):
    """Mixed into a parameter: the history keeps its paths without opening the files."""

    def valueAsPythonString(  # noqa: N802
        self, value: Any, context: QgsProcessingContext
    ) -> str:
        """Value for the history: QGIS's own way opens each file, and drops what is no layer."""
        if _is_text(value):
            return str(QgsProcessingUtils.variantToPythonLiteral(_lasting(value, context)))
        parent: Any = super()
        return str(parent.valueAsPythonString(value, context))

    def valueAsJsonObject(  # noqa: N802
        self, value: Any, context: QgsProcessingContext
    ) -> Any:
        """Value for the history as JSON, from QGIS 3.24 on; as `valueAsPythonString`."""
        if _is_text(value):
            return _lasting(value, context)
        parent: Any = super()
        return parent.valueAsJsonObject(value, context)


class LayerOrPath(_KeptAsText, QgsProcessingParameterRasterLayer):
    """A raster layer of the project, or a file or folder that need not be a raster by itself."""

    def clone(self) -> LayerOrPath:
        """Copy, as Processing asks for it."""
        made: LayerOrPath = LayerOrPath(self.name(), self.description())._like(self)
        return made


class SeveralPaths(_KeptAsText, QgsProcessingParameterMultipleLayers):
    """Several files, folders, or raster layers of the project."""

    def clone(self) -> SeveralPaths:
        """Copy, as Processing asks for it."""
        made: SeveralPaths = SeveralPaths(
            self.name(), self.description(), self.layerType()
        )._like(self)
        made.setMinimumNumberInputs(self.minimumNumberInputs())
        return made


def _label(field: Field) -> str:
    parameter = field.parameter
    label = tr(parameter.label)
    if parameter.unit and parameter.unit != parameter.label.lower():
        label = f"{label} ({parameter.unit})"
    return tr("{} (named by itself if skipped)").format(label) if field.always_written else label


def facts_of(field: Field) -> str:
    """Tell unit, bounds and default of a parameter in brackets, after a space; empty without.

    Parameters
    ----------
    field : Field
    """
    parameter = field.parameter
    facts = [parameter.unit, parameter.bounds]
    if parameter.default is not None and parameter.kind is not ParamKind.FLAG:
        facts.append(tr("default {}").format(parameter.default))
    shown = ", ".join(fact for fact in facts if fact)
    return f" [{shown}]" if shown else ""


def _decimals(*values: float | None) -> int:
    """Decimals that show each of the values in full, and a few at least."""
    needed = [-int(Decimal(str(value)).as_tuple().exponent) for value in values if value]
    return max(_FEWEST_DECIMALS, *needed) if needed else _FEWEST_DECIMALS


def _element(name: str, models: bool = False) -> dict[str, Any]:
    """Metadata that name a form element; its module is loaded by forms alone."""
    wrapper = {"class": f"{__package__}.path_widgets.{name}"}
    return {"widget_wrapper": wrapper, "akkd_models": models}


def _number(field: Field) -> Any:
    parameter = field.parameter
    kinds = QgsProcessingParameterNumber.Type
    kind = kinds.Integer if parameter.kind is ParamKind.INTEGER else kinds.Double
    made = QgsProcessingParameterNumber(
        parameter.name, _label(field), kind, parameter.default, field.optional
    )
    if parameter.minimum is not None:
        made.setMinimum(parameter.minimum)
    if parameter.maximum is not None:
        made.setMaximum(parameter.maximum)
    if kind == kinds.Double:
        decimals = _decimals(parameter.default, parameter.minimum)
        made.setMetadata({"widget_wrapper": {"decimals": decimals}})
    return made


def _file(field: Field) -> Any:
    kinds = QgsProcessingParameterFile.Behavior
    made = FileOrFolder(
        field.parameter.name,
        _label(field),
        kinds.Folder if field.folder else kinds.File,
        optional=field.optional,
    )
    if field.browsable:
        models = field.parameter.kind is ParamKind.BUNDLE
        made.setMetadata(_element("NameOrPathElement", models))
    return made


def _enum(field: Field) -> Any:
    parameter = field.parameter
    return qgis_core.QgsProcessingParameterEnum(
        parameter.name,
        _label(field),
        list(parameter.choices),
        defaultValue=parameter.default,
        optional=field.optional,
        usesStaticStrings=True,
    )


def _list(field: Field) -> Any:
    kinds = QgsProcessing.SourceType
    layers = takes_layers(field.parameter)
    made = SeveralPaths(
        field.parameter.name,
        _label(field),
        kinds.TypeRaster if layers else kinds.TypeFile,
        optional=field.optional,
    )
    made.setMetadata(_element("FilesElement"))
    if field.parameter.required:
        made.setMinimumNumberInputs(1)
    return made


def _layer(field: Field) -> Any:
    made = LayerOrPath(field.parameter.name, _label(field), optional=field.optional)
    made.setMetadata(_element("LayerOrPathElement"))
    return made


def _destination(field: Field) -> Any:
    kind = getattr(qgis_core, field.qgis_class)
    words = [field.parameter.name, _label(field)]
    if field.file_filter:
        words.append(field.file_filter)
    return kind(*words, optional=field.optional, createByDefault=field.temporary)


def _plain(field: Field) -> Any:
    parameter = field.parameter
    made = getattr(qgis_core, field.qgis_class)(
        parameter.name,
        _label(field),
        defaultValue=parameter.default,
        optional=field.optional,
    )
    if field.browsable:
        made.setMetadata(_element("NameOrPathElement"))
    return made


_MAKERS = {
    "QgsProcessingParameterNumber": _number,
    "QgsProcessingParameterFile": _file,
    "QgsProcessingParameterEnum": _enum,
    "QgsProcessingParameterMultipleLayers": _list,
    "QgsProcessingParameterRasterLayer": _layer,
    "QgsProcessingParameterFileDestination": _destination,
    "QgsProcessingParameterFolderDestination": _destination,
    "QgsProcessingParameterBoolean": _plain,
    "QgsProcessingParameterString": _plain,
}


def make_parameter(field: Field) -> QgsProcessingParameterDefinition:
    """Parameter object of a field.

    Parameters
    ----------
    field : Field
    """
    made = _MAKERS[field.qgis_class](field)
    made.setHelp(tr(field.parameter.help) + facts_of(field))
    if field.parameter.advanced:
        made.setFlags(made.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
    return made


def _layer_path(layer: QgsMapLayer, field: Field) -> str:
    """Path of the file behind a layer. Raises ParameterError if there is none."""
    source = layer.source()
    path = path_of_source(source)
    contained = field.plain_raster and path != source.split("|")[0]
    if contained or not is_raster_file(layer):
        raise ParameterError(
            tr(
                "layer {}: isn't a raster file on this computer. Save it as a GeoTIFF (Export, "
                "Save As) and choose that"
            ).format(layer.name())
        )
    return path


def _path(value: Any, field: Field, context: QgsProcessingContext) -> str:
    """Path of a file, or of the one behind a layer."""
    if isinstance(value, QgsMapLayer):
        return _layer_path(value, field)
    text = str(value).strip()
    if text and not Path(text).exists():
        layer = QgsProcessingUtils.mapLayerFromString(text, context, False)
        if layer is not None:
            return _layer_path(layer, field)
    return path_of_source(text)


def _several(
    algorithm: QgsProcessingAlgorithm,
    given: Mapping[str, Any],
    field: Field,
    context: QgsProcessingContext,
) -> tuple[str, ...]:
    name = field.parameter.name
    if field.parameter.kind is ParamKind.TEXT:
        return tuple(str(algorithm.parameterAsString(given, name, context)).split())
    value = given[name]
    if not isinstance(value, (list, tuple, str, QgsMapLayer)):
        # An expression or a property; Processing knows how to read it.
        value = algorithm.parameterAsFileList(given, name, context)
    values = value if isinstance(value, (list, tuple)) else [value]
    paths = (_path(one, field, context) for one in values)
    return tuple(path for path in paths if path)


def _one(
    algorithm: QgsProcessingAlgorithm,
    given: Mapping[str, Any],
    field: Field,
    context: QgsProcessingContext,
) -> Any:
    kind, name = field.parameter.kind, field.parameter.name
    if kind in (ParamKind.INPUT_PATH, ParamKind.BUNDLE):
        value = given[name]
        layer = isinstance(value, QgsMapLayer)
        text = value if layer else algorithm.parameterAsString(given, name, context)
        return _path(text, field, context)
    read = {
        ParamKind.FLOAT: algorithm.parameterAsDouble,
        ParamKind.INTEGER: algorithm.parameterAsInt,
        ParamKind.FLAG: algorithm.parameterAsBoolean,
        ParamKind.CHOICE: algorithm.parameterAsEnumString,
        ParamKind.OUTPUT_FILE: algorithm.parameterAsFileOutput,
        ParamKind.OUTPUT_FOLDER: algorithm.parameterAsString,
        ParamKind.TEXT: algorithm.parameterAsString,
    }[kind]
    return read(given, name, context)


def read_values(
    algorithm: QgsProcessingAlgorithm,
    form: Form,
    given: Mapping[str, Any],
    context: QgsProcessingContext,
) -> dict[str, Any]:
    """Values for the operation's runner, by parameter name, as the command line gives them.

    Parameters
    ----------
    algorithm : QgsProcessingAlgorithm
    form : Form
    given : mapping
        What Processing gives.
    context : QgsProcessingContext

    Raises
    ------
    ParameterError
        If a layer is no file.
    """
    values: dict[str, Any] = {}
    for field in form.fields:
        parameter = field.parameter
        missing = () if parameter.multiple and parameter.default is None else parameter.default
        if given.get(parameter.name) in (None, NULL):
            values[parameter.name] = missing
            continue
        read = _several if parameter.multiple else _one
        value = read(algorithm, given, field, context)
        values[parameter.name] = missing if value == "" else value
    return values


def _number_or_none(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def plain_numbers(form: Form, given: Mapping[str, Any]) -> dict[str, float]:
    """Numbers that were given as such or as text, for the catalogue's own check of bounds.

    Parameters
    ----------
    form : Form
    given : mapping
    """
    names = [f.parameter.name for f in form.fields if f.parameter.kind in _NUMBERS]
    numbers = {name: _number_or_none(given.get(name)) for name in names}
    return {name: number for name, number in numbers.items() if number is not None}
