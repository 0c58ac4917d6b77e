"""One Processing algorithm for any operation of the catalogue."""

from __future__ import annotations

import shlex
import traceback
from collections.abc import Mapping
from html import escape
from typing import Any

from qgis import utils
from qgis.core import (
    Qgis,
    QgsMessageLog,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputHtml,
    QgsProcessingOutputMultipleLayers,
    QgsProcessingOutputRasterLayer,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
)
from qgis.PyQt.QtGui import QIcon

from akkd_core.errors import AkkdError, OperationCancelled, ParameterError
from akkd_core.operations.spec import Outcome, ParamKind

from .child import run_child, words_of
from .environment import REMEDY
from .feedback import FeedbackProgress, warnings_to
from .form import Form, form_of
from .icon import ICON
from .parameters import facts_of, make_parameter, plain_numbers, read_values
from .results import DIFFERENCE, LAYERS, REPORT, SUMMARY, kept_scenes, show_later, values_of
from .settings import training_command, use_hdf4_python
from .translation import tr

LOG = "AKKD"
LOAD = "load_results"
_TAGS = "ASTER,thermal,LST,LSE,temperature,emissivity,TIR,AKKD"


def _html(text: str) -> str:
    return escape(text, quote=False)


def _complain(message: str) -> str:
    """One line of it; in the window it goes to the log of messages, and so to the message bar."""
    line = " ".join(message.split())
    if utils.iface is not None:
        QgsMessageLog.logMessage(line, LOG, Qgis.MessageLevel.Critical)
    return line


class OperationAlgorithm(QgsProcessingAlgorithm):
    """An operation as Processing runs it.

    Parameters
    ----------
    form : Form
    """

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.form = form
        self._values: dict[str, Any] = {}
        self._refused = ""

    def createInstance(self) -> OperationAlgorithm:  # noqa: N802  (QGIS's names from here on)
        """Another one of the same operation."""
        return OperationAlgorithm(form_of(self.form.operation.id))

    def name(self) -> str:
        """Id within the provider."""
        return self.form.algorithm

    def displayName(self) -> str:  # noqa: N802
        """Title in the toolbox."""
        return tr(self.form.operation.title)

    def group(self) -> str:
        """Heading in the toolbox."""
        return tr(self.form.group)

    def groupId(self) -> str:  # noqa: N802
        """Id of the heading."""
        return self.form.group.lower()

    def icon(self) -> QIcon:
        """Icon of the plugin."""
        return QIcon(ICON)

    def tags(self) -> list[str]:
        """Further words under which it is found."""
        return _TAGS.split(",")

    def shortDescription(self) -> str:  # noqa: N802
        """First sentence of the help."""
        return tr(self.form.operation.help.split("\n\n")[0])

    def shortHelpString(self) -> str:  # noqa: N802
        """Help of the operation and of its parameters."""
        paragraphs = tr(self.form.operation.help).split("\n\n")
        text = [f"<p>{_html(paragraph)}</p>" for paragraph in paragraphs]
        for field in self.form.fields:
            label, help_text = tr(field.parameter.label), tr(field.parameter.help)
            text.append(f"<p><b>{_html(label)}</b>: {_html(help_text + facts_of(field))}</p>")
        return "\n".join(text)

    def initAlgorithm(self, configuration: Any = None) -> None:  # noqa: N802
        """Declare parameters and outputs."""
        for field in self.form.fields:
            self.addParameter(make_parameter(field))
        if self.form.opens_layers:
            self.addParameter(
                QgsProcessingParameterBoolean(
                    LOAD, tr("Open the results in the project"), defaultValue=True
                )
            )
            for layer in self.form.layers:
                self.addOutput(QgsProcessingOutputRasterLayer(layer, layer))
            self.addOutput(QgsProcessingOutputMultipleLayers(LAYERS, tr("All layers")))
        if self.form.differences:
            self.addOutput(QgsProcessingOutputRasterLayer(DIFFERENCE, tr("Difference")))
        if self.form.report:
            # The Results Viewer lists reports by this name.
            title = tr("Report: {}").format(self.displayName())
            self.addOutput(QgsProcessingOutputHtml(REPORT, title))
        self.addOutput(QgsProcessingOutputString(SUMMARY, tr("Summary")))

    def canExecute(self) -> tuple[bool, str]:  # noqa: N802
        """Whether it can run here; otherwise what to do."""
        if self.form.in_process or training_command() is not None:
            return True, ""
        return False, tr(REMEDY)

    def checkParameterValues(  # noqa: N802
        self, parameters: dict[str, Any], context: QgsProcessingContext
    ) -> tuple[bool, str]:
        """Check bounds in the catalogue's words, then what Processing checks."""
        try:
            self.form.operation.check(**plain_numbers(self.form, parameters))
        except ParameterError as error:
            return False, str(error)
        accepted, message = super().checkParameterValues(parameters, context)
        return bool(accepted), str(message)

    def validateInputCrs(  # noqa: N802
        self, parameters: dict[str, Any], context: QgsProcessingContext
    ) -> bool:
        """Nothing to compare: QGIS would open each input for it, HDF4 files too."""
        return True

    def prepareAlgorithm(  # noqa: N802
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> bool:
        """Read the values while still in the main thread, where the project's layers live."""
        use_hdf4_python()
        try:
            self._values = read_values(self, self.form, parameters, context)
        except ParameterError as error:
            # Raised by the run: QGIS gives a message of here to the log alone.
            self._refused = str(error)
        return True

    def processAlgorithm(  # noqa: N802
        self,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> dict[str, Any]:
        """Run the operation. Raises QgsProcessingException with the core's one-line message."""
        try:
            with warnings_to(feedback):
                outcome = self._run(self._values, feedback)
            feedback.setProgress(100.0)
        except OperationCancelled:
            feedback.pushInfo(tr("cancelled"))
            return {}
        except AkkdError as error:
            raise QgsProcessingException(_complain(str(error))) from None
        except ImportError as error:
            message = tr("{}: a package is missing in QGIS's Python").format(error)
            raise QgsProcessingException(_complain(message)) from None
        except Exception as error:
            QgsMessageLog.logMessage(traceback.format_exc(), LOG, Qgis.MessageLevel.Warning)
            message = tr("unforeseen {}: {}").format(type(error).__name__, error)
            raise QgsProcessingException(_complain(message)) from None
        for failure in outcome.failures:
            feedback.reportError(_complain(failure), False)
        for scene in kept_scenes(outcome):
            message = tr("{}: the product that is there was kept. Tick Overwrite to make it anew")
            feedback.pushWarning(message.format(scene))
        for line in outcome.lines:
            feedback.pushInfo(line)
        if self.form.opens_layers and self.parameterAsBoolean(parameters, LOAD, context):
            show_later(self.form, outcome, context)
        return {**self._destinations(self._values), **values_of(self.form, outcome)}

    def _run(self, values: Mapping[str, Any], feedback: QgsProcessingFeedback) -> Outcome:
        if self._refused:
            raise ParameterError(self._refused)
        operation, progress = self.form.operation, FeedbackProgress(feedback)
        operation.check(**values)
        if self.form.in_process:
            return operation.load_runner()(progress=progress, **values)
        command = training_command()
        if command is None:
            raise ParameterError(tr(REMEDY))
        feedback.pushCommandInfo(shlex.join([*command, *words_of(operation, values)]))
        return run_child(command, operation, values, progress, feedback.pushWarning)

    def _destinations(self, values: Mapping[str, Any]) -> dict[str, Any]:
        kinds = (ParamKind.OUTPUT_FILE, ParamKind.OUTPUT_FOLDER)
        return {
            field.parameter.name: values[field.parameter.name]
            for field in self.form.fields
            if field.parameter.kind in kinds and values[field.parameter.name] is not None
        }
