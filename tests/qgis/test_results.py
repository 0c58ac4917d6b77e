"""What becomes of results in the project: layers anew, kept products, metadata, names of QC."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.qgis.rasters import read

pytestmark = pytest.mark.usefixtures("qgis")


@pytest.fixture
def project() -> Iterator[Any]:
    from qgis.core import QgsProject

    made = QgsProject.instance()
    made.clear()
    yield made
    made.clear()


def run(project: Any, name: str, **values: Any) -> tuple[dict[str, Any], list[str]]:
    """Run an algorithm and open its layers as its form does; results and warnings."""
    import processing
    from processing.gui.Postprocessing import handleAlgorithmResults
    from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingFeedback

    warned: list[str] = []

    class Feedback(QgsProcessingFeedback):
        def pushWarning(self, warning: str) -> None:  # noqa: N802
            warned.append(warning)

    algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"akkd:{name}")
    context = QgsProcessingContext()
    context.setProject(project)
    feedback = Feedback()
    found = processing.run(algorithm, values, context=context, feedback=feedback)
    assert handleAlgorithmResults(algorithm, context, feedback)
    return found, warned


def shown(layer: Any) -> Any:
    """Pixels as the layer's provider gives them."""
    block = layer.dataProvider().block(1, layer.extent(), layer.width(), layer.height())
    values = np.frombuffer(bytes(block.data()), np.float32)
    return values.reshape(layer.height(), layer.width())


def test_product_is_kept_unless_asked_and_an_open_layer_follows(
    project: Any, granule: Path, tmp_path: Path
) -> None:
    given = {"scenes": [str(granule)], "output": str(tmp_path)}
    first, warned = run(project, "retrieve", **given)
    assert warned == []
    before = read(first["LST"])
    _, warned = run(project, "retrieve", **given, tcwv="50")
    assert "Tick Overwrite" in warned[0] and np.array_equal(read(first["LST"]), before, True)
    (layer,) = project.mapLayersByName("LST 2019-07-04")
    layer.styleManager().setCurrentStyle("Celsius")
    run(project, "retrieve", **given, tcwv="50", overwrite=True)
    after = read(first["LST"])
    assert np.nanmax(np.abs(after - before)) > 0.1
    (layer,) = project.mapLayersByName("LST 2019-07-04")
    assert np.array_equal(shown(layer), after, True)
    assert set(layer.styleManager().styles()) == {"Kelvin", "Celsius"}


def test_metadata_hold_no_code(project: Any, granule: Path, tmp_path: Path) -> None:
    run(project, "retrieve", scenes=[str(granule)], output=str(tmp_path), tcwv="20")
    for layer in project.mapLayers().values():
        abstract = layer.metadata().abstract()
        assert "{" not in abstract and "None" not in abstract
        assert "Software: AKKD" in abstract and "tcwv_kg_m2 20" in abstract
        assert "ASTER" in layer.metadata().keywords("AKKD")


def test_difference_is_described_and_grouped_by_what_it_is(
    project: Any, product: Path, truth: Path, tmp_path: Path
) -> None:
    found, _ = run(project, "validate_truth", product=str(product), truth=str(truth),
                   output=str(tmp_path / "out"))  # fmt: skip
    assert Path(found["report"]).is_file()
    (group,) = project.layerTreeRoot().children()
    assert group.name() == "Compare a product with simulated truth"
    for layer in project.mapLayers().values():
        assert "RMSE" in layer.metadata().abstract().upper()
        assert layer.metadata().title().startswith("Difference, first minus second")


def test_no_two_values_of_quality_are_named_alike() -> None:
    """Pixels that were produced, alike but for one field."""
    from akkd.styles import qc_classes

    from akkd_core.quality import QC_FIELDS, QC_NODATA

    made = [(f, f.encode(np.arange(len(f.meanings)))) for f in QC_FIELDS]
    values = sorted({int(value) for _, encoded in made for value in encoded} - {3})
    classes = qc_classes([*values, QC_NODATA])
    labels = {value: label.partition(": ")[2] for value, _, label in classes}
    assert sorted(labels) == values and len(set(labels.values())) == len(values)
    for field, encoded in made:
        plain = not field.name.endswith("accuracy")
        assert not plain or all(" (MMD" not in labels.get(int(v), "") for v in encoded)
    # Shades of one quality differ, the best is the darkest.
    greens = [colour for value, colour, _ in classes if value & 3 == 0]
    assert len(set(greens)) == len(greens) and greens[0] == "#2ca25f"


def test_layers_that_are_no_files_are_refused_in_a_line(
    project: Any, product: Path, tmp_path: Path
) -> None:
    import processing
    from osgeo import gdal
    from qgis.core import QgsProcessingException, QgsRasterLayer

    raster = str(product / "GRANULE_LST.tif")
    gdal.GetDriverByName("GTiff").CreateCopy("/vsimem/m_LST.tif", gdal.Open(raster))
    tiles = "type=xyz&url=https://example.invalid/%7Bz%7D/%7Bx%7D/%7By%7D.png&zmax=1&zmin=0"
    layers = [QgsRasterLayer("/vsimem/m_LST.tif", "memory"), QgsRasterLayer(tiles, "web", "wms")]
    for layer in layers:
        project.addMapLayer(layer)
        given = {"raster": layer.id(), "reference": raster, "output": str(tmp_path / "out")}
        with pytest.raises(QgsProcessingException, match=f"layer {layer.name()}: isn't a raster"):
            processing.run("akkd:compare", given)
        with pytest.raises(QgsProcessingException, match=f"layer {layer.name()}: isn't a raster"):
            processing.run("akkd:validate_modis", {**given, "products": [layer]})
    assert not (tmp_path / "out").exists()
