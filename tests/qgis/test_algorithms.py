"""Every algorithm does real work twice: through qgis_process and through processing.run.

What a case asks for stands in `tests.qgis.cases`. A case is run once each way, and on the command
line if that is quick; what the ways leave must be alike. Processes of cases wait in a
queue beside the tests that run here, so that both cores have work.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from qgis_plugin.environment import child_environment
from tests.qgis.alike import assert_alike
from tests.qgis.case import Case, Done, Inputs, command_words
from tests.qgis.cases import CASES
from tests.qgis.conftest import QGIS_ROOT
from tests.qgis.printed import results
from tests.qgis.recording import recorder

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.algorithm)
ROOT = Path(__file__).resolve().parents[2]
MISSING_PACKAGE = 3
CANCELLED_AFTER_S = 0.4


def test_every_operation_has_one_case() -> None:
    from akkd_core.operations.catalogue import OPERATIONS
    from qgis_plugin.form import make_form

    wanted = sorted(make_form(operation).algorithm for operation in OPERATIONS)
    assert sorted(case.algorithm for case in CASES) == wanted


@pytest.fixture(scope="session")
def inputs(
    work: Path, akkd: Any, granule: Path, truth: Path, product: Path
) -> Inputs:
    from tools.modis_look_alike import look_alike

    python = Path(akkd.words[0]).with_name("python")
    subprocess.run(
        [python, "-m", "tests.qgis.make_inputs", work / "inputs", granule, product],
        check=True, cwd=ROOT, env={**child_environment(), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    modis = work / "MOD11A1.A2019185.h26v05.061_LST_Night_1km.tif"
    look_alike(truth, modis)
    return Inputs(work / "inputs", granule, truth, product, modis)


@dataclass
class Ways:
    """Runs of cases, each made once.

    Parameters
    ----------
    inputs : Inputs
    process : object
        The qgis_process binary.
    akkd : object
        The command line.
    work : Path
    pool : ThreadPoolExecutor
        For what are processes.
    """

    inputs: Inputs
    process: Any
    akkd: Any
    work: Path
    pool: ThreadPoolExecutor
    _waiting: dict[tuple[str, str], Future[Done]] = field(default_factory=dict)
    _here: dict[str, Done] = field(default_factory=dict)

    def begin(self, cases: list[Case]) -> None:
        """Queue what cases need besides this process."""
        for name, way in (("command", self._command), ("binary", self._binary)):
            for case in cases:
                if name == "binary" or not case.long:
                    self._waiting[name, case.algorithm] = self.pool.submit(way, case)

    def binary(self, case: Case) -> Done:
        """What qgis_process left."""
        return self._waiting["binary", case.algorithm].result()

    def reference(self, case: Case) -> Done | None:
        """What the command line left; of what takes long, processing.run, if that was run."""
        if case.long:
            return self._here.get(case.algorithm)
        return self._waiting["command", case.algorithm].result()

    def here(self, case: Case, run: Callable[[dict[str, Any]], dict[str, Any]]) -> Done:
        """What processing.run left."""
        out, values = self._made_ready("here", case)
        found = run(values)
        self._here[case.algorithm] = Done(self.inputs, out, found)
        return self._here[case.algorithm]

    def _made_ready(self, way: str, case: Case) -> tuple[Path, dict[str, Any]]:
        out = self.work / way / case.algorithm
        out.mkdir(parents=True)
        case.prepare(self.inputs, out)
        return out, case.values(self.inputs, out)

    def _binary(self, case: Case) -> Done:
        out, values = self._made_ready("binary", case)
        process = replace(
            self.process, environment={**self.process.environment, **models_of(out)}
        )
        return Done(self.inputs, out, results(process.run(case.algorithm, **values)))

    def _command(self, case: Case) -> Done:
        from qgis_plugin.form import form_of_algorithm

        out, values = self._made_ready("command", case)
        words = command_words(form_of_algorithm(case.algorithm).operation, values)
        run = subprocess.run(
            [*self.akkd.words, *words], capture_output=True, text=True,
            env={**child_environment(), "OMP_NUM_THREADS": "1", **models_of(out)},
        )  # fmt: skip
        if run.returncode == MISSING_PACKAGE:
            pytest.skip(run.stderr)
        assert run.returncode == 0, run.stderr
        return Done(self.inputs, out, {"summary": run.stdout.rstrip("\n")})


def models_of(out: Path) -> dict[str, str]:
    """Environment in which installed models lie in a folder."""
    return {"AKKD_MODELS": str(out / "models")}


@pytest.fixture(scope="session")
def ways(
    inputs: Inputs, process: Any, akkd: Any, work: Path, request: pytest.FixtureRequest
) -> Iterator[Ways]:
    chosen = [
        item.callspec.params["case"]
        for item in request.session.items
        if "case" in getattr(getattr(item, "callspec", None), "params", {})
    ]
    with ThreadPoolExecutor(max(1, (os.cpu_count() or 2) - 1)) as pool:
        made = Ways(inputs, process, akkd, work / "cases", pool)
        made.begin([case for case in dict.fromkeys(chosen) if not (case.long and QGIS_ROOT)])
        yield made
        pool.shutdown(cancel_futures=True)


def assert_outputs(case: Case, done: Done, given: dict[str, Any]) -> None:
    """Destinations are told and there; QGIS opens what is told to be a raster."""
    from qgis.core import QgsApplication, QgsProcessingOutputRasterLayer, QgsRasterLayer

    algorithm = QgsApplication.processingRegistry().algorithmById(f"akkd:{case.algorithm}")
    declared = {output.name(): output for output in algorithm.outputDefinitions()}
    assert set(done.results) - {"algorithm"} <= set(declared)
    for definition in algorithm.destinationParameterDefinitions():
        if definition.name() in given:
            assert done.results[definition.name()] == str(given[definition.name()])
            assert Path(done.results[definition.name()]).exists()
    for name, output in declared.items():
        if isinstance(output, QgsProcessingOutputRasterLayer) and "output" in given:
            assert done.results[name] in done.results["layers"]
            layer = QgsRasterLayer(done.results[name], name)
            assert layer.isValid() and layer.crs().isValid(), name
            assert not layer.extent().isEmpty()
    assert done.results["summary"]


def assert_like_reference(done: Done, reference: Done | None) -> None:
    if reference is not None:
        assert_alike(done.out, reference.out)


def skip_if_run_elsewhere(case: Case) -> None:
    if case.long and QGIS_ROOT:
        pytest.skip("takes long; is run in the installed QGIS")


@every_case
def test_through_processing_run(
    case: Case, ways: Ways, training: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process, with true progress; the project takes up what QGIS can show."""
    skip_if_run_elsewhere(case)
    import processing
    from processing.gui.Postprocessing import handleAlgorithmResults
    from qgis.core import QgsApplication, QgsProcessingContext, QgsProject

    project, feedback = QgsProject(), recorder()
    context = QgsProcessingContext()
    context.setProject(project)
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"akkd:{case.algorithm}")
    given: dict[str, Any] = {}

    def run(values: dict[str, Any]) -> dict[str, Any]:
        given.update({name: plain(value) for name, value in values.items()})
        monkeypatch.setenv("AKKD_MODELS", str(ways.work / "here" / case.algorithm / "models"))
        found: dict[str, Any] = processing.run(
            algorithm, dict(given), context=context, feedback=feedback
        )
        return found

    done = ways.here(case, run)
    assert feedback.errors == []
    assert feedback.percents == sorted(feedback.percents) and feedback.percents[-1] == 100
    assert_outputs(case, done, given)
    case.check(done)
    assert handleAlgorithmResults(algorithm, context, feedback)
    shown = sorted(layer.source() for layer in project.mapLayers().values())
    assert shown == sorted(str(path) for path in rasters(done))
    if not case.long:
        assert_like_reference(done, ways.reference(case))


def plain(value: Any) -> Any:
    """Paths as QGIS takes them: as text."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    return str(value) if isinstance(value, Path) else value


def rasters(done: Done) -> list[str]:
    """Rasters that a run gave back."""
    found: Any = done.results.get("layers", [])
    return list(found)


@every_case
def test_through_the_binary(case: Case, ways: Ways, qgis: Any) -> None:
    skip_if_run_elsewhere(case)
    done = ways.binary(case)
    assert_outputs(case, done, case.values(ways.inputs, done.out))
    case.check(done)
    assert_like_reference(done, ways.reference(case))


@every_case
def test_cancelled_at_any_moment(
    case: Case, inputs: Inputs, training: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it starts, loads packages or works: it ends within 2 s, and nothing is half-written."""
    import processing

    skip_if_run_elsewhere(case)
    monkeypatch.setenv("AKKD_MODELS", str(tmp_path / "models"))
    case.prepare(inputs, tmp_path)
    values = {name: plain(value) for name, value in case.values(inputs, tmp_path).items()}
    feedback = recorder()
    timer = threading.Timer(CANCELLED_AFTER_S, feedback.cancel)
    began = time.monotonic()
    timer.start()
    processing.run(f"akkd:{case.algorithm}", values, feedback=feedback)
    took = time.monotonic() - began
    timer.cancel()
    assert took < CANCELLED_AFTER_S + 2.0
    assert feedback.errors == []
    assert [path for path in tmp_path.rglob("*") if path.name.startswith(".")] == []
