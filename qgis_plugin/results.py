"""What an algorithm gives back, and the layers that QGIS opens when it is done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qgis.core import (
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

LAYERS = "layers"
SUMMARY = "summary"

_ORDER = ("LST", "LST_err", "LSE", "LSE_err", "QC", "MODEL", "bt", "radiance_toa")
_SHOWN = ("LST", "bt")


@dataclass(frozen=True)
class SceneLayer:
    """One raster of a scene's product.

    Parameters
    ----------
    path : Path
    scene : str
    suffix : str
        What the file is, e.g. ``LST``.
    """

    path: Path
    scene: str
    suffix: str

    @property
    def item(self) -> dict[str, Any]:
        """STAC item beside it; empty if there is none."""
        try:
            found = json.loads(self.path.with_name(f"{self.scene}.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def date(self) -> str:
        """Day of acquisition, ISO; empty if unknown."""
        return str(self.item.get("properties", {}).get("datetime", ""))[:10]

    @property
    def group(self) -> str:
        """Heading in the layer panel."""
        return f"{self.scene} {self.date}".strip()


def _scene_layers(outcome: Outcome) -> Iterator[SceneLayer]:
    for scene in outcome.data.get("scenes", ()):
        name = str(scene["scene"])
        found = [
            SceneLayer(path, name, path.stem[len(name) + 1 :])
            for path in map(Path, scene.get("files", ()))
            if path.suffix.lower() == ".tif"
        ]
        order = {suffix: place for place, suffix in enumerate(_ORDER)}
        yield from sorted(found, key=lambda layer: order.get(layer.suffix, len(order)))


def values_of(form: Form, outcome: Outcome) -> dict[str, Any]:
    """Values of the outputs.

    Parameters
    ----------
    form : Form
    outcome : Outcome

    Returns
    -------
    dict
        The summary; of scenes all layers, and of a single scene each by its name.
    """
    values: dict[str, Any] = {SUMMARY: "\n".join(outcome.lines)}
    if form.layers:
        layers = list(_scene_layers(outcome))
        values[LAYERS] = [str(layer.path) for layer in layers]
        if len({layer.scene for layer in layers}) == 1:
            values.update({x.suffix: str(x.path) for x in layers if x.suffix in form.layers})
    return values


class _Finish(QgsProcessingLayerPostProcessorInterface):
    """Names, styles and groups a layer after QGIS opened it; runs in the main thread."""

    def __init__(self, layer: SceneLayer) -> None:
        super().__init__()
        self._layer = layer

    def postProcessLayer(  # noqa: N802  (QGIS's name)
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        """Finish one layer."""
        if not isinstance(layer, QgsRasterLayer):
            return
        layer.setName(f"{self._layer.suffix} {self._layer.date}".strip())
        describe_layer(layer, self._layer.suffix, self._layer.item)
        style_layer(layer, self._layer.suffix)
        _group(layer, self._layer, context.project() or QgsProject.instance())


def _group(layer: QgsRasterLayer, known: SceneLayer, project: QgsProject) -> None:
    root = project.layerTreeRoot()
    node = root.findLayer(layer.id())
    if node is None:
        return
    group = root.findGroup(known.group) or root.insertGroup(0, known.group)
    if node.parent() is not group:
        copy = node.clone()
        group.addChildNode(copy)
        node.parent().removeChildNode(node)
        node = copy
    node.setItemVisibilityChecked(known.suffix in _SHOWN)
    node.setExpanded(known.suffix in _SHOWN)


# QGIS keeps no reference to what finishes a layer.
_kept: list[_Finish] = []
_MOST_KEPT = 500


def show_later(outcome: Outcome, context: QgsProcessingContext) -> None:
    """Have QGIS open the layers of scenes, once the algorithm has ended.

    Parameters
    ----------
    outcome : Outcome
    context : QgsProcessingContext
    """
    if context.project() is None:
        return
    for layer in _scene_layers(outcome):
        details = QgsProcessingContext.LayerDetails(
            f"{layer.suffix} {layer.date}".strip(),
            context.project(),
            layer.suffix,
            QgsProcessingUtils.LayerHint.Raster,
        )
        finish = _Finish(layer)
        _kept.append(finish)
        details.setPostProcessor(finish)
        if hasattr(details, "groupName"):
            details.groupName = layer.group
        context.addLayerToLoadOnCompletion(str(layer.path), details)
    del _kept[:-_MOST_KEPT]


