"""How the layers of a product look: Kelvin is stored, Celsius is a style one may switch to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from qgis.core import (
    QgsColorRampShader,
    QgsContrastEnhancement,
    QgsGradientColorRamp,
    QgsGradientStop,
    QgsMultiBandColorRenderer,
    QgsPalettedRasterRenderer,
    QgsRasterLayer,
    QgsRasterShader,
    QgsSingleBandPseudoColorRenderer,
)
from qgis.PyQt.QtGui import QColor

from akkd_core.quality import QC_NODATA, describe_qc, qc_field

from .translation import tr

_ZERO_CELSIUS_K = 273.15
_LOW, _HIGH = 0.02, 0.98
_SAMPLE = 250_000
_STEPS = 9

# Perceptually even and readable by the colour-blind: inferno and viridis (van der Walt and Smith
# 2015, CC0) at equal steps.
_INFERNO = (
    "#000004", "#1b0c41", "#4a0c6b", "#781c6d", "#a52c60", "#cf4446", "#ed6925", "#fb9b06",
    "#f7d13d", "#fcffa4",
)  # fmt: skip
_VIRIDIS = ("#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58",
            "#b5de2b", "#fde725")  # fmt: skip

_QC_COLOURS = {0: "#2ca25f", 1: "#fdbf6f", 2: "#a6bddb", 3: "#525252"}
_QC_SHOWN = ("cloud", "graybody", "out_of_domain", "data_quality", "lst_accuracy")
_QC_UNREMARKABLE = ("not flagged", "no", "inside", "good")
_MOST_QC_PIXELS = 40_000_000
_MOST_CLASSES = 64


def _ramp(colours: tuple[str, ...]) -> QgsGradientColorRamp:
    last = len(colours) - 1
    stops = [QgsGradientStop(i / last, QColor(colours[i])) for i in range(1, last)]
    return QgsGradientColorRamp(QColor(colours[0]), QColor(colours[-1]), False, stops)


def _stretch(layer: QgsRasterLayer, band: int = 1) -> tuple[float, float]:
    """2-98 % of a band's values."""
    low, high = layer.dataProvider().cumulativeCut(
        band, _LOW, _HIGH, layer.extent(), _SAMPLE
    )
    if not (np.isfinite(low) and np.isfinite(high)):
        return 0.0, 1.0
    return (float(low), float(high)) if high > low else (float(low) - 0.5, float(low) + 0.5)


def _pseudocolour(
    layer: QgsRasterLayer,
    colours: tuple[str, ...],
    low: float,
    high: float,
    label: Callable[[float], str],
) -> None:
    shader_function = QgsColorRampShader(low, high, _ramp(colours))
    shader_function.setColorRampType(QgsColorRampShader.Type.Interpolated)
    ramp = _ramp(colours)
    shader_function.setColorRampItemList(
        [
            QgsColorRampShader.ColorRampItem(
                low + (high - low) * step / (_STEPS - 1),
                ramp.color(step / (_STEPS - 1)),
                label(low + (high - low) * step / (_STEPS - 1)),
            )
            for step in range(_STEPS)
        ]
    )
    settings = shader_function.legendSettings()
    if settings is not None:
        settings.setUseContinuousLegend(False)
    shader = QgsRasterShader()
    shader.setRasterShaderFunction(shader_function)
    renderer = QgsSingleBandPseudoColorRenderer(layer.dataProvider(), 1, shader)
    renderer.setClassificationMin(low)
    renderer.setClassificationMax(high)
    layer.setRenderer(renderer)


def _kelvin(value: float) -> str:
    return f"{value:.1f} K"


def _celsius(value: float) -> str:
    return f"{value - _ZERO_CELSIUS_K:.1f} °C"


def _style_temperature(layer: QgsRasterLayer) -> None:
    low, high = _stretch(layer)
    manager = layer.styleManager()
    _pseudocolour(layer, _INFERNO, low, high, _kelvin)
    manager.renameStyle(manager.currentStyle(), tr("Kelvin"))
    manager.addStyleFromLayer(tr("Celsius"))
    manager.setCurrentStyle(tr("Celsius"))
    _pseudocolour(layer, _INFERNO, low, high, _celsius)
    manager.setCurrentStyle(tr("Kelvin"))


def _style_error(layer: QgsRasterLayer) -> None:
    low, high = _stretch(layer)
    _pseudocolour(layer, _VIRIDIS, low, high, lambda value: f"{value:.2f} K")


def _style_bands(layer: QgsRasterLayer) -> None:
    """Bands 14, 12, 10 as red, green, blue."""
    provider = layer.dataProvider()
    renderer = QgsMultiBandColorRenderer(provider, 5, 3, 1)
    for band, setter in (
        (5, renderer.setRedContrastEnhancement),
        (3, renderer.setGreenContrastEnhancement),
        (1, renderer.setBlueContrastEnhancement),
    ):
        low, high = _stretch(layer, band)
        enhancement = QgsContrastEnhancement(provider.dataType(band))
        enhancement.setMinimumValue(low)
        enhancement.setMaximumValue(high)
        enhancement.setContrastEnhancementAlgorithm(
            QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum
        )
        setter(enhancement)
    layer.setRenderer(renderer)


def _qc_label(value: int) -> str:
    meanings = describe_qc(value)
    words = [meanings["mandatory_qa"]]
    for name in _QC_SHOWN:
        meaning = meanings.get(name, "no")
        if meaning not in _QC_UNREMARKABLE:
            words.append(f"LST {meaning}" if name == "lst_accuracy" else
                         f"{name.replace('_', ' ')}: {meaning}")  # fmt: skip
    return f"{value}: {'; '.join(words)}"


def qc_classes(values: list[int]) -> list[tuple[int, str, str]]:
    """Value, colour and name of QC values.

    Parameters
    ----------
    values : list of int

    Returns
    -------
    list of (int, str, str)
        Best first; the shades of one mandatory QA tell its classes apart.
    """
    mandatory = qc_field("mandatory_qa")
    keyed = sorted(
        (int(mandatory.decode(np.array([value], np.uint16))[0]), -value)
        for value in values
        if value != QC_NODATA
    )
    made, seen = [], dict.fromkeys(_QC_COLOURS, 0)
    for quality, negative in keyed:
        colour = QColor(_QC_COLOURS[quality])
        made.append((-negative, colour.lighter(100 + 7 * min(seen[quality], 12)).name(),
                     _qc_label(-negative)))  # fmt: skip
        seen[quality] += 1
    return made


def _qc_values(layer: QgsRasterLayer) -> list[int]:
    """Commonest values of a QC layer; of a very large one, of a reduced picture of it."""
    cols, rows = layer.width(), layer.height()
    shrink = max(1.0, (cols * rows / _MOST_QC_PIXELS) ** 0.5)
    block = layer.dataProvider().block(
        1, layer.extent(), max(1, int(cols / shrink)), max(1, int(rows / shrink))
    )
    found, counts = np.unique(np.frombuffer(bytes(block.data()), np.uint16), return_counts=True)
    commonest = found[np.argsort(-counts, kind="stable")][:_MOST_CLASSES]
    return [int(value) for value in commonest]


def _style_qc(layer: QgsRasterLayer) -> None:
    classes = [
        QgsPalettedRasterRenderer.Class(value, QColor(colour), name)
        for value, colour, name in qc_classes(_qc_values(layer))
    ]
    layer.setRenderer(QgsPalettedRasterRenderer(layer.dataProvider(), 1, classes))


_STYLES: dict[str, Callable[[QgsRasterLayer], None]] = {
    "LST": _style_temperature,
    "LST_err": _style_error,
    "LSE": _style_bands,
    "LSE_err": _style_bands,
    "QC": _style_qc,
    "bt": _style_bands,
    "radiance_toa": _style_bands,
}


def style_layer(layer: QgsRasterLayer, kind: str) -> None:
    """Give a layer the look of what it is; others take the style beside their file, if any.

    Parameters
    ----------
    layer : QgsRasterLayer
    kind : str
        What the layer is, e.g. ``LST``.
    """
    style = _STYLES.get(kind)
    if style is not None:
        style(layer)
    else:
        layer.loadDefaultStyle()
    layer.triggerRepaint()
