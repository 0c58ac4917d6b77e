"""Algorithms through processing.run and models, in a PyQGIS of this process."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.qgis.alike import same_quality
from tests.qgis.rasters import read
from tests.qgis.recording import recorder

pytestmark = pytest.mark.usefixtures("qgis")


def run(algorithm: str, feedback: Any = None, **values: Any) -> dict[str, Any]:
    import processing

    return processing.run(f"akkd:{algorithm}", values, feedback=feedback)


def algorithms() -> list[Any]:
    from qgis.core import QgsApplication

    return list(QgsApplication.processingRegistry().providerById("akkd").algorithms())


def test_parameters_are_the_catalogues() -> None:
    """Of the real objects: names, defaults, bounds, choices, help, and which are advanced."""
    from qgis.core import QgsProcessingParameterDefinition

    from akkd_core.operations.catalogue import OPERATIONS

    found = {algorithm.form.operation.id: algorithm for algorithm in algorithms()}
    assert list(found) != [] and set(found) == {operation.id for operation in OPERATIONS}
    advanced = QgsProcessingParameterDefinition.Flag.FlagAdvanced
    optional = QgsProcessingParameterDefinition.Flag.FlagOptional
    for operation in OPERATIONS:
        algorithm = found[operation.id]
        for wanted in operation.parameters:
            made = algorithm.parameterDefinition(wanted.name)
            assert made.description().startswith(wanted.label)
            assert made.help().startswith(wanted.help)
            assert made.defaultValue() == wanted.default, (operation.id, wanted.name)
            assert bool(made.flags() & advanced) == wanted.advanced
            empty = not wanted.required and wanted.default is None
            assert bool(made.flags() & optional) == empty
            if wanted.choices:
                assert made.options() == list(wanted.choices)
            if wanted.minimum is not None:
                assert made.minimum() == wanted.minimum
            if wanted.maximum is not None:
                assert made.maximum() == wanted.maximum


def test_algorithms_are_complete() -> None:
    for algorithm in algorithms():
        assert algorithm.shortHelpString() and algorithm.group() and algorithm.tags()
        assert not algorithm.icon().isNull()
        for field in algorithm.form.fields:
            assert field.parameter.label in algorithm.shortHelpString()
        assert algorithm.create().name() == algorithm.name()


def test_retrieves_with_true_progress(granule: Path, product: Path, tmp_path: Path) -> None:
    feedback = recorder()
    found = run("retrieve", feedback, scenes=[str(granule)], output=str(tmp_path))
    difference = read(found["LST"]) - read(product / "GRANULE_LST.tif")
    assert np.nanmax(np.abs(difference)) <= 1e-3
    assert same_quality(read(found["QC"]), read(product / "GRANULE_QC.tif"))
    assert feedback.percents == sorted(feedback.percents) and feedback.percents[-1] == 100
    assert found["layers"][0] == found["LST"]


def test_temporary_output(granule: Path) -> None:
    found = run("retrieve", scenes=[str(granule)], output="TEMPORARY_OUTPUT")
    assert Path(found["LST"]).is_file()
    assert Path(found["LST"]).parent == Path(found["output"])


def test_model_passes_the_temperature_on(granule: Path) -> None:
    """A model takes up the rasters of a product, which stand in its folder."""
    import processing
    from qgis.core import (
        QgsProcessingModelAlgorithm,
        QgsProcessingModelChildAlgorithm,
        QgsProcessingModelChildParameterSource,
    )

    source = QgsProcessingModelChildParameterSource
    model = QgsProcessingModelAlgorithm("temperature", "test")
    retrieve = QgsProcessingModelChildAlgorithm("akkd:retrieve")
    retrieve.setChildId("retrieve")
    retrieve.addParameterSources("scenes", [source.fromStaticValue([str(granule)])])
    retrieve.addParameterSources("output", [source.fromStaticValue("TEMPORARY_OUTPUT")])
    retrieve.addParameterSources("load_results", [source.fromStaticValue(False)])
    model.addChildAlgorithm(retrieve)
    statistics = QgsProcessingModelChildAlgorithm("native:rasterlayerstatistics")
    statistics.setChildId("statistics")
    statistics.addParameterSources("INPUT", [source.fromChildOutput("retrieve", "LST")])
    statistics.addParameterSources("BAND", [source.fromStaticValue(1)])
    model.addChildAlgorithm(statistics)
    model.initAlgorithm()
    found = processing.run(model, {})
    children = found.get("CHILD_RESULTS", {})
    assert 250 < float(children["statistics"]["MEAN"]) < 320 if children else found is not None


def test_wrong_value_is_refused_in_the_catalogues_words(granule: Path) -> None:
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match="t_air 20 K: give 180-340 K"):
        run("retrieve", scenes=[str(granule)], output="TEMPORARY_OUTPUT", t_air=20)


def test_wrong_file_is_one_line(truth: Path, tmp_path: Path) -> None:
    from qgis.core import QgsProcessingException

    feedback = recorder()
    with pytest.raises(QgsProcessingException, match="not an ASTER thermal scene"):
        run("retrieve", feedback, scenes=[str(truth)], output=str(tmp_path))
    assert all("\n" not in error.strip() for error in feedback.errors)
    assert list(tmp_path.iterdir()) == []


def test_cancel_within_two_seconds_leaves_nothing(akkd: Any, work: Path, tmp_path: Path) -> None:
    scene = work / "LARGE.hdf"
    akkd("simulate", "granule", scene, "--rows", 700, "--cols", 830, "--seed", 1)
    feedback = recorder(cancel_at=5.0)
    run("retrieve", feedback, scenes=[str(scene)], output=str(tmp_path / "out"), tile_size=128)
    assert feedback.cancelled_at and time.monotonic() - feedback.cancelled_at < 2.0
    assert feedback.percents[-1] < 100
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


def test_cancel_of_a_child(training: Callable[[str], None], tmp_path: Path) -> None:
    feedback = recorder(cancel_at=0.05)
    target = tmp_path / "many.npz"
    run("simulate_scenes", feedback, output=str(target), scenes=100_000, pixels=64)
    assert feedback.cancelled_at and time.monotonic() - feedback.cancelled_at < 2.0
    assert list(tmp_path.iterdir()) == []


def test_child_reports_its_progress(training: Callable[[str], None], tmp_path: Path) -> None:
    feedback = recorder()
    found = run("simulate_granule", feedback, output=str(tmp_path / "s.hdf"), rows=20, cols=20)
    assert Path(found["output"]).is_file() and "pixels" in found["summary"]
    assert feedback.percents[-1] == 100


def test_without_a_training_environment(
    training: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from qgis.core import QgsApplication

    algorithm = QgsApplication.processingRegistry().algorithmById("akkd:train")
    assert algorithm.canExecute()[0]
    training("")
    monkeypatch.setenv("PATH", "/nowhere")
    able, message = algorithm.canExecute()
    assert not able and "pip install akkd[train]" in message
    training("/nowhere/python3")
    assert not algorithm.canExecute()[0]


def test_layer_of_the_project_is_an_input(product: Path, truth: Path) -> None:
    """A layer is taken by its id, as the forms give it, and stands for its file."""
    from qgis.core import QgsProject, QgsRasterLayer

    layer = QgsRasterLayer(str(product / "GRANULE_LST.tif"), "LST")
    QgsProject.instance().addMapLayer(layer)
    try:
        found = run("validate_truth", product=layer.id(), truth=layer)
    except Exception as error:
        assert "GRANULE_LST.tif" in str(error)
    found = run("validate_truth", product=layer.id(), truth=str(truth))
    QgsProject.instance().removeMapLayer(layer.id())
    assert "LST" in found["summary"]


def test_raster_without_an_epsg_code_where_osr_raises(truth: Path, tmp_path: Path) -> None:
    """QGIS 3.40 turns osr's exceptions on for the whole process, 3.22 doesn't."""
    from osgeo import osr

    from akkd_core.raster import open_raster
    from tools.modis_look_alike import look_alike

    modis = tmp_path / "sinusoidal.tif"
    look_alike(truth, modis)
    osr.UseExceptions()
    try:
        with open_raster(modis) as raster:
            assert raster.grid is None and raster.dtype == "uint16"
    finally:
        osr.DontUseExceptions()


@pytest.fixture
def opened(granule: Path) -> Any:
    """Layers by name, as QGIS opens them after the algorithm."""
    import processing
    from processing.gui.Postprocessing import handleAlgorithmResults
    from qgis.core import QgsApplication, QgsProcessingContext, QgsProject

    project = QgsProject.instance()
    project.clear()
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("akkd:retrieve")
    context = QgsProcessingContext()
    context.setProject(project)
    feedback = recorder()
    values = {"scenes": [str(granule)], "output": "TEMPORARY_OUTPUT"}
    processing.run(algorithm, values, context=context, feedback=feedback)
    assert handleAlgorithmResults(algorithm, context, feedback)
    yield {layer.name().split()[0]: layer for layer in project.mapLayers().values()}
    project.clear()


def test_layers_arrive_named_and_grouped(opened: dict[str, Any]) -> None:
    from qgis.core import QgsProject

    assert set(opened) == {"LST", "LST_err", "LSE", "LSE_err", "QC"}
    assert opened["LST"].name() == "LST 2019-07-04"
    (group,) = QgsProject.instance().layerTreeRoot().children()
    assert group.name() == "GRANULE 2019-07-04"
    names = [node.name().split()[0] for node in group.children()]
    assert names == ["LST", "LST_err", "LSE", "LSE_err", "QC"]
    shown = [node.name() for node in group.children() if node.itemVisibilityChecked()]
    assert shown == ["LST 2019-07-04"]


def test_temperature_is_shown_in_kelvin_or_celsius(opened: dict[str, Any]) -> None:
    layer = opened["LST"]
    shader = layer.renderer().shader().rasterShaderFunction()
    values = read(layer.source())
    low, high = np.nanpercentile(values, [2, 98])
    assert shader.minimumValue() == pytest.approx(low, abs=0.5)
    assert shader.maximumValue() == pytest.approx(high, abs=0.5)
    assert shader.colorRampItemList()[0].label.endswith(" K")
    assert set(layer.styleManager().styles()) == {"Kelvin", "Celsius"}
    layer.styleManager().setCurrentStyle("Celsius")
    items = layer.renderer().shader().rasterShaderFunction().colorRampItemList()
    assert items[0].label == f"{items[0].value - 273.15:.1f} °C"


def test_quality_is_paletted_with_names(opened: dict[str, Any]) -> None:
    layer = opened["QC"]
    classes = {int(c.value): c.label for c in layer.renderer().classes()}
    found = set(np.unique(read(layer.source())).tolist()) - {65535}
    assert set(classes) == found
    assert any("good" in label or "nominal" in label for label in classes.values())


def test_emissivity_has_names_of_bands(opened: dict[str, Any]) -> None:
    layer = opened["LSE"]
    assert layer.bandCount() == 5
    assert layer.bandName(1) == "Band 1: Emis10" and layer.bandName(5) == "Band 5: Emis14"
    assert layer.renderer().redBand() == 5


def test_metadata_is_filled(opened: dict[str, Any]) -> None:
    metadata = opened["LST"].metadata()
    assert metadata.identifier() == "GRANULE_LST"
    assert "Land surface temperature" in metadata.title()
    assert "akkd-surroundings" in metadata.abstract() and metadata.crs().isValid()
    assert metadata.extent().spatialExtents()
    (moment,) = metadata.extent().temporalExtents()
    assert moment.begin().toString("yyyy-MM-dd HH:mm") == "2019-07-04 03:15"


def test_retrieves_from_loaded_layers(granule: Path, product: Path, tmp_path: Path) -> None:
    """A layer itself, or its id; the project need not know the file."""
    from qgis.core import QgsProject, QgsRasterLayer

    made = run("preprocess", scenes=[str(granule)], output=str(tmp_path))
    layer = QgsRasterLayer(made["bt"], "temperature")
    QgsProject.instance().addMapLayer(layer)
    for number, value in enumerate(([layer], layer.id())):
        out = str(tmp_path / str(number))
        found = run("retrieve_raster", rasters=value, quantity="bt", output=out)
        ours, theirs = read(found["LST"]), read(product / "GRANULE_LST.tif")
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-3)
    QgsProject.instance().clear()
