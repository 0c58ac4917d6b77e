"""How the layers of a product look: Kelvin is stored, Celsius is a style one may switch to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

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
from akkd_core.validation.difference_style import COLOURS

from .translation import tr

_ZERO_CELSIUS_K = 273.15
_LOW, _HIGH = 0.02, 0.98
_SAMPLE = 250_000
_STEPS = 9
_NARROW_K = 0.1
_CLEAREST = 4

# Perceptually even and readable by the colour-blind: inferno and viridis (van der Walt and Smith
# 2015, CC0) at equal steps.
_INFERNO = (
    "#000004", "#1b0c41", "#4a0c6b", "#781c6d", "#a52c60", "#cf4446", "#ed6925", "#fb9b06",
    "#f7d13d", "#fcffa4",
)  # fmt: skip
_VIRIDIS = ("#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58",
            "#b5de2b", "#fde725")  # fmt: skip

_QC_COLOURS = {0: "#2ca25f", 1: "#fdbf6f", 2: "#a6bddb", 3: "#525252"}
_QC_SHOWN = ("cloud", "graybody", "water_snow", "out_of_domain", "data_quality", "lst_accuracy")
_QC_UNREMARKABLE = ("not flagged", "clear", "no", "not told", "inside", "good")
_PALEST, _FEWEST_STEPS = 0.75, 3
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
    band: int = 1,
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
    renderer = QgsSingleBandPseudoColorRenderer(layer.dataProvider(), band, shader)
    renderer.setClassificationMin(low)
    renderer.setClassificationMax(high)
    layer.setRenderer(renderer)


def _kelvin(value: float) -> str:
    return f"{value:.1f} K"


def _celsius(value: float) -> str:
    return f"{value - _ZERO_CELSIUS_K:.1f} °C"


def _style_temperature(layer: QgsRasterLayer) -> None:
    low, high = _stretch(layer)
    manager, kelvin, celsius = layer.styleManager(), tr("Kelvin"), tr("Celsius")
    if kelvin in manager.styles():
        manager.setCurrentStyle(kelvin)
    else:
        manager.renameStyle(manager.currentStyle(), kelvin)
    _pseudocolour(layer, _INFERNO, low, high, _kelvin)
    if celsius not in manager.styles():
        manager.addStyleFromLayer(celsius)
    manager.setCurrentStyle(celsius)
    _pseudocolour(layer, _INFERNO, low, high, _celsius)
    manager.setCurrentStyle(kelvin)


def _style_error(layer: QgsRasterLayer) -> None:
    low, high = _stretch(layer)
    decimals = 3 if high - low < _NARROW_K else 2
    _pseudocolour(layer, _VIRIDIS, low, high, lambda value: f"{value:.{decimals}f} K")


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


def _style_closure(layer: QgsRasterLayer) -> None:
    """Band 13, the clearest, blue to red around zero."""
    limit = max(abs(value) for value in _stretch(layer, _CLEAREST))
    _pseudocolour(layer, COLOURS, -limit, limit, lambda v: f"{v:+.2f} K", _CLEAREST)


def _field_name(name: str) -> str:
    """Name of a QC field in a legend."""
    names = {
        "data_quality": tr("input"),
        "cloud": tr("cloud"),
        "graybody": tr("grey body"),
        "water_snow": tr("surface"),
        "out_of_domain": tr("model"),
        "opacity": tr("air"),
        "mmd": tr("contrast of emissivity"),
        "lse_accuracy": tr("emissivity"),
        "lst_accuracy": tr("LST"),
    }
    return names.get(name, name)


def _qc_words(name: str, meaning: str) -> str:
    # What stands in brackets explains, but for accuracy, where it judges.
    words = tr(meaning) if name.endswith("accuracy") else tr(meaning).split(" (")[0]
    return f"{_field_name(name)} {words}"


def _remarkable(meanings: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the fields that a legend always tells."""
    return tuple(
        name for name in _QC_SHOWN if meanings.get(name, "no") not in _QC_UNREMARKABLE
    )


def _qc_labels(values: Sequence[int]) -> dict[int, str]:
    """Name of each value; where names would be the same, with the fields that tell them apart."""
    meanings = {value: describe_qc(value) for value in values}
    shown = {value: _remarkable(meanings[value]) for value in values}

    def label(value: int, names: Sequence[str]) -> str:
        mine = meanings[value]
        words = [tr(mine["mandatory_qa"]), *(_qc_words(name, mine[name]) for name in names)]
        return "; ".join(words)

    alike: dict[str, list[int]] = {}
    for value in values:
        alike.setdefault(label(value, shown[value]), []).append(value)
    labels = {}
    for group in alike.values():
        apart = [
            name for name in meanings[group[0]]
            if len({meanings[value].get(name) for value in group}) > 1
        ]  # fmt: skip
        for value in group:
            more = [name for name in apart if name in meanings[value]]
            labels[value] = f"{value}: {label(value, (*shown[value], *more))}"
    return labels


def _paler(colour: str, share: float) -> str:
    """Colour mixed with white."""
    made = QColor(colour)
    parts = (made.red(), made.green(), made.blue())
    return str(QColor(*(round(part + share * (255 - part)) for part in parts)).name())


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
    labels = _qc_labels([value for value in values if value != QC_NODATA])
    by_quality: dict[int, list[int]] = {quality: [] for quality in _QC_COLOURS}
    for value in sorted(labels, reverse=True):
        by_quality[int(mandatory.decode(np.array([value], np.uint16))[0])].append(value)
    made = []
    for quality, members in by_quality.items():
        for place, value in enumerate(members):
            share = _PALEST * place / max(len(members) - 1, _FEWEST_STEPS)
            made.append((value, _paler(_QC_COLOURS[quality], share), labels[value]))
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
    "CLOSURE": _style_closure,
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
