"""Algorithms as QGIS's other ways of running use them: models, history, JSON, projects."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.builders.hdfeos_malformed import write_nameless_dimension
from tests.qgis.alike import assert_tables_alike
from tests.qgis.case import Inputs
from tests.qgis.cases import CASES
from tests.qgis.printed import results
from tests.qgis.rasters import read

FOLDER = Path("/data/of someone's")


@pytest.fixture
def model(qgis: Any, tmp_path: Path) -> Path:
    """A model saved to a file: retrieve, compare its LST with a layer, statistics of the rest."""
    from qgis.core import (
        QgsProcessingModelAlgorithm,
        QgsProcessingModelChildAlgorithm,
        QgsProcessingModelChildParameterSource,
        QgsProcessingModelOutput,
        QgsProcessingModelParameter,
        QgsProcessingParameterFile,
        QgsProcessingParameterRasterLayer,
    )

    source = QgsProcessingModelChildParameterSource
    made = QgsProcessingModelAlgorithm("LST beside a layer", "tests")
    for parameter in (
        QgsProcessingParameterFile("scene", "Scene"),
        QgsProcessingParameterRasterLayer("layer", "Layer"),
    ):
        made.addModelParameter(parameter, QgsProcessingModelParameter(parameter.name()))

    given, static = source.fromModelParameter, source.fromStaticValue

    def add(name: str, algorithm: str, **sources: Any) -> Any:
        child = QgsProcessingModelChildAlgorithm(algorithm)
        child.setChildId(name)
        for definition in child.algorithm().parameterDefinitions():
            if definition.defaultValue() is not None:  # as the designer's form fills them in
                sources.setdefault(definition.name(), static(definition.defaultValue()))
        for parameter, one in sources.items():
            child.addParameterSources(parameter, [one])
        return child

    made.addChildAlgorithm(
        add("lst", "akkd:retrieve", scenes=given("scene"), load_results=static(False),
            output=static("TEMPORARY_OUTPUT"), model=static("compact"))
    )  # fmt: skip
    compare = add(
        "compare", "akkd:compare", raster=source.fromChildOutput("lst", "LST"),
        reference=given("layer"), load_results=static(False),
    )  # fmt: skip
    report = QgsProcessingModelOutput("report", "Report")
    report.setChildOutputName("output")
    compare.setModelOutputs({"report": report})
    made.addChildAlgorithm(compare)
    statistics = add(
        "statistics", "native:rasterlayerstatistics", BAND=static(1),
        INPUT=source.fromChildOutput("compare", "difference"),
    )  # fmt: skip
    page = QgsProcessingModelOutput("page", "Page")
    page.setChildOutputName("OUTPUT_HTML_FILE")
    statistics.setModelOutputs({"page": page})
    made.addChildAlgorithm(statistics)
    path = tmp_path / "lst_beside_a_layer.model3"
    assert made.validate()[0], made.validate()
    assert made.toFile(str(path))
    return path


def _assert_model_worked(report: Path, page: Path, truth: Path) -> None:
    (difference,) = report.glob("*.tif")
    values = read(difference)
    assert np.sqrt(np.nanmean(values**2)) < 3.0
    mean = float(page.read_text().split("Mean value: ")[1].split("<")[0])
    assert mean == pytest.approx(np.nanmean(values), rel=1e-3)
    assert "truth" in (report / "report.html").read_text()


def test_saved_model_in_the_binary(
    process: Any, model: Path, granule: Path, truth: Path, tmp_path: Path
) -> None:
    report, page = tmp_path / "report", tmp_path / "page.html"
    process(
        "run", str(model), "--", f"scene={granule}", f"layer={truth}", f"compare:report={report}",
        f"statistics:page={page}",
    )  # fmt: skip
    _assert_model_worked(report, page, truth)


def test_saved_model_in_this_process(
    model: Path, granule: Path, truth: Path, tmp_path: Path
) -> None:
    import processing
    from qgis.core import QgsProcessingModelAlgorithm, QgsProject, QgsRasterLayer

    loaded = QgsProcessingModelAlgorithm()
    assert loaded.fromFile(str(model)) and loaded.canExecute()[0]
    layer = QgsRasterLayer(str(truth), "known")
    QgsProject.instance().addMapLayer(layer)
    report, page = tmp_path / "report", tmp_path / "page.html"
    found = processing.run(
        loaded,
        {"scene": str(granule), "layer": layer.id(), "compare:report": str(report),
         "statistics:page": str(page)},
    )  # fmt: skip
    QgsProject.instance().clear()
    # QGIS 3.40 leaves out the step that an output of a model comes from.
    assert found.get("compare:report", found.get("report")) == str(report)
    _assert_model_worked(report, page, truth)


class _AnyFile(Inputs):
    """Inputs whose files need not exist."""

    def __getitem__(self, name: str) -> Path:
        return self.folder / name


def _given(case: Any) -> dict[str, Any]:
    """A case's parameters as QGIS keeps them: plain values."""
    here = _AnyFile(FOLDER, FOLDER / "g.hdf", FOLDER / "t.tif", FOLDER / "p", FOLDER / "m.tif")
    values = case.values(here, FOLDER / "out")
    kept: dict[str, Any] = json.loads(json.dumps(values, default=str))
    return kept


def _arguments(command: str) -> tuple[str, dict[str, Any]]:
    """Of a call of processing.run that is given as text."""
    (call,) = ast.parse(command).body
    assert isinstance(call, ast.Expr) and isinstance(call.value, ast.Call)
    name, values = map(ast.literal_eval, call.value.args)
    return name, values


def _told(values: dict[str, Any]) -> dict[str, Any]:
    """Values with numbers as QGIS 3.22 writes some: as text, without decimals of 0."""
    return {
        name: f"{value:g}" if isinstance(value, (int, float)) and not isinstance(value, bool)
        else value
        for name, value in values.items()
    }  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.algorithm)
def test_history_keeps_every_parameter(qgis: Any, case: Any) -> None:
    """Python's call and, where QGIS has them, qgis_process's command and JSON hold the values."""
    from qgis.core import QgsApplication, QgsProcessingContext

    given = _given(case)
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"akkd:{case.algorithm}")
    context = QgsProcessingContext()
    name, values = _arguments(algorithm.asPythonCommand(given, context))
    assert name == f"akkd:{case.algorithm}" and _told(values) == _told(given)
    if hasattr(algorithm, "asMap"):
        kept = algorithm.asMap(given, context)
        assert _told(kept["inputs"]) == _told(given)
        command, complete = algorithm.asQgisProcessCommand(given, context)
        assert complete and f"akkd:{case.algorithm}" in command


def test_history_names_the_file_of_a_layer(qgis: Any, product: Path) -> None:
    """A layer's id ends with its project."""
    from qgis.core import QgsApplication, QgsProcessingContext, QgsProject, QgsRasterLayer

    path = str(product / "GRANULE_LST.tif")
    project = QgsProject()
    layer = QgsRasterLayer(path, "ours")
    project.addMapLayer(layer)
    context = QgsProcessingContext()
    context.setProject(project)
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("akkd:compare")
    values = {"raster": layer.id(), "reference": "/other.tif"}
    _, kept = _arguments(algorithm.asPythonCommand(values, context))
    assert kept == {"raster": path, "reference": "/other.tif"}
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("akkd:validate_modis")
    _, kept = _arguments(algorithm.asPythonCommand({"products": [layer.id(), "/b"]}, context))
    assert kept == {"products": [path, "/b"]}


def test_history_leaves_files_closed(qgis: Any, tmp_path: Path) -> None:
    """A file on which GDAL's HDF-EOS route ends the process; QGIS's own way opens it."""
    from qgis.core import QgsApplication, QgsProcessingContext

    path = str(write_nameless_dimension(tmp_path / "nameless.hdf"))
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("akkd:validate_modis")
    given = {"products": [path], "reference": [path], "reference_qc": path}
    _, kept = _arguments(algorithm.asPythonCommand(given, QgsProcessingContext()))
    assert kept == given


def test_call_from_the_history_runs(
    qgis: Any, granule: Path, product: Path, tmp_path: Path
) -> None:
    import processing
    from qgis.core import QgsApplication, QgsProcessingContext

    algorithm = QgsApplication.processingRegistry().createAlgorithmById("akkd:retrieve")
    values = {"scenes": [str(granule)], "output": str(tmp_path), "tile_size": 64}
    name, kept = _arguments(algorithm.asPythonCommand(values, QgsProcessingContext()))
    found = processing.run(name, kept)
    np.testing.assert_allclose(read(found["LST"]), read(product / "GRANULE_LST.tif"), atol=1e-3)


def test_results_as_json(process: Any, granule: Path, tmp_path: Path) -> None:
    run = process(
        "--json", "run", "akkd:preprocess", "--", f"scenes={granule}", f"output={tmp_path}"
    )
    found = json.loads(run.stdout[run.stdout.index("{") :])["results"]
    assert read(found["bt"]).shape[0] == 5
    assert sorted(found["layers"]) == sorted([found["bt"], found["radiance_toa"]])


def test_parameters_as_json(
    qgis: Any, process: Any, granule: Path, product: Path, tmp_path: Path
) -> None:
    from qgis.core import Qgis

    if Qgis.QGIS_VERSION_INT < 32400:
        pytest.skip("qgis_process reads JSON from QGIS 3.24 on")
    values = {"scenes": [str(granule)], "output": str(tmp_path), "tile_size": 64}
    run = subprocess.run(
        [process.program, "run", "akkd:retrieve", "-"], input=json.dumps({"inputs": values}),
        capture_output=True, text=True, timeout=200, env=process.environment,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    found = json.loads(run.stdout[run.stdout.index("{") :])
    assert found["inputs"]["tile_size"] == 64
    np.testing.assert_allclose(
        read(found["results"]["LST"]), read(product / "GRANULE_LST.tif"), atol=1e-3
    )


def test_layers_of_a_project_in_the_binary(
    qgis: Any, process: Any, akkd: Any, product: Path, truth: Path, tmp_path: Path
) -> None:
    """Layers are named, as a form names them: by their id or name in the project."""
    from qgis.core import QgsProject, QgsRasterLayer

    project = QgsProject()
    layers = [QgsRasterLayer(str(product / "GRANULE_LST.tif"), "ours"),
              QgsRasterLayer(str(truth), "known")]  # fmt: skip
    project.addMapLayers(layers)
    assert project.write(str(tmp_path / "project.qgz"))
    run = process(
        "run", "akkd:validate_truth", f"--PROJECT_PATH={tmp_path / 'project.qgz'}",
        f"--product={layers[0].id()}", "--truth=known", f"--csv={tmp_path / 'here.csv'}",
    )  # fmt: skip
    project.clear()
    akkd("validate", "truth", product, "--truth", truth, "--csv", tmp_path / "there.csv")
    assert results(run)["csv"] == str(tmp_path / "here.csv")
    assert_tables_alike(tmp_path / "here.csv", tmp_path / "there.csv")
