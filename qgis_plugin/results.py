"""What an algorithm gives back, and the layers that QGIS opens when it is done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsLayerTreeLayer,
    QgsLayerTreeNode,
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsProcessingUtils,
    QgsProject,
    QgsRasterLayer,
)

from akkd_core.operations.spec import Outcome

from .form import Form
from .layer_metadata import describe_layer
from .styles import style_layer
from .translation import tr

LAYERS = "layers"
SUMMARY = "summary"
REPORT = "report"
DIFFERENCE = "difference"

_ORDER = (
    "LST", "LST_err", "LSE", "LSE_err", "QC", "MODEL", "CDIST", "CLOSURE", "bt", "radiance_toa",
)  # fmt: skip
_SHOWN = ("LST", "bt", DIFFERENCE)
_KIND = "akkd/kind"


@dataclass(frozen=True)
class ResultLayer:
    """A raster that QGIS may open.

    Parameters
    ----------
    path : Path
    kind : str
        What it is, e.g. ``LST`` or ``difference``.
    title : str
        Its name among the layers.
    group : str
        Heading among the layers.
    item : mapping
        STAC item of its product; empty if there is none.
    summary : str
        What the operation said of it, where there is no item.
    """

    path: Path
    kind: str
    title: str
    group: str
    item: Mapping[str, Any] = field(default_factory=dict)
    summary: str = ""


def _item(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _place(kind: str) -> int:
    """Where a layer stands among those of its group, from the top."""
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def _scene_layers(scene: Mapping[str, Any]) -> list[ResultLayer]:
    name = str(scene["scene"])
    rasters = [p for p in map(Path, scene.get("files", ())) if p.suffix.lower() == ".tif"]
    found = []
    for path in rasters:
        item = _item(path.with_name(f"{name}.json"))
        date = str(item.get("properties", {}).get("datetime", ""))[:10]
        kind = path.stem[len(name) + 1 :]
        found.append(
            ResultLayer(path, kind, f"{kind} {date}".strip(), f"{name} {date}".strip(), item)
        )
    return sorted(found, key=lambda layer: _place(layer.kind))


def _written_report(outcome: Outcome) -> Mapping[str, Any]:
    """Paths of the report that was written; empty if none was."""
    inside = outcome.data.get(REPORT)
    if isinstance(inside, Mapping):
        return inside
    return outcome.data if isinstance(inside, str) else {}


def _result_layers(form: Form, outcome: Outcome) -> list[ResultLayer]:
    if form.layers:
        scenes = outcome.data.get("scenes", ())
        return [layer for scene in scenes for layer in _scene_layers(scene)]
    if not form.differences:
        return []
    group, summary = tr(form.operation.title), "\n".join(outcome.lines)
    return [
        ResultLayer(path, DIFFERENCE, path.stem.replace("_", " "), group, summary=summary)
        for path in map(Path, _written_report(outcome).get("differences", ()))
    ]


def values_of(form: Form, outcome: Outcome) -> dict[str, Any]:
    """Values of the outputs.

    Parameters
    ----------
    form : Form
    outcome : Outcome

    Returns
    -------
    dict
        The summary; all layers, and of a single scene each by its name; of a comparison its report
        and the first raster of differences, temperature's if there is one.
    """
    values: dict[str, Any] = {SUMMARY: "\n".join(outcome.lines)}
    layers = _result_layers(form, outcome)
    if form.opens_layers:
        values[LAYERS] = [str(layer.path) for layer in layers]
    if form.layers and len({layer.group for layer in layers}) == 1:
        values.update({x.kind: str(x.path) for x in layers if x.kind in form.layers})
    if form.report:
        written = _written_report(outcome)
        differences = written.get("differences", ())
        values.update({REPORT: str(written[REPORT])} if REPORT in written else {})
        values.update({DIFFERENCE: str(differences[0])} if differences else {})
    return values


def kept_scenes(outcome: Outcome) -> list[str]:
    """Scenes whose products were there already and were kept."""
    scenes = outcome.data.get("scenes")
    if not isinstance(scenes, (list, tuple)):  # of what simulates: their number
        return []
    return [str(scene["scene"]) for scene in scenes if scene.get("status") == "skipped"]


class _Finish(QgsProcessingLayerPostProcessorInterface):
    """Names, styles and groups a layer after QGIS opened it; runs in the main thread."""

    def __init__(self, result: ResultLayer) -> None:
        super().__init__()
        self._result = result

    def postProcessLayer(  # noqa: N802  (QGIS's name)
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Finish one layer."""
        if not isinstance(layer, QgsRasterLayer):
            return
        result = self._result
        # A layer that was open already still shows the file that was written over.
        layer.dataProvider().reloadData()
        layer.setName(result.title)
        layer.setCustomProperty(_KIND, result.kind)
        describe_layer(layer, result.kind, result.item, result.summary)
        style_layer(layer, result.kind)
        _group(layer, result, context.project() or QgsProject.instance())


def _kind_of(node: QgsLayerTreeNode) -> str:
    layer = node.layer() if isinstance(node, QgsLayerTreeLayer) else None
    return "" if layer is None else str(layer.customProperty(_KIND))


def _group(layer: QgsRasterLayer, result: ResultLayer, project: QgsProject) -> None:
    root = project.layerTreeRoot()
    node = root.findLayer(layer.id())
    if node is None:
        return
    group = root.findGroup(result.group) or root.insertGroup(0, result.group)
    index = 0
    for place, other in enumerate(group.children()):
        if other is not node and _place(_kind_of(other)) <= _place(result.kind):
            index = place + 1
    copy = node.clone()
    group.insertChildNode(index, copy)
    node.parent().removeChildNode(node)
    copy.setItemVisibilityChecked(result.kind in _SHOWN)
    copy.setExpanded(result.kind in _SHOWN)


# QGIS keeps no reference to what finishes a layer.
_kept: list[_Finish] = []
_MOST_KEPT = 500


def show_later(form: Form, outcome: Outcome, context: QgsProcessingContext) -> None:
    """Have QGIS open the results, once the algorithm has ended.

    Parameters
    ----------
    form : Form
    outcome : Outcome
    context : QgsProcessingContext
    """
    if context.project() is None:
        return
    for result in _result_layers(form, outcome):
        details = QgsProcessingContext.LayerDetails(
            result.title, context.project(), result.kind, QgsProcessingUtils.LayerHint.Raster
        )
        finish = _Finish(result)
        _kept.append(finish)
        details.setPostProcessor(finish)
        context.addLayerToLoadOnCompletion(str(result.path), details)
    del _kept[:-_MOST_KEPT]
