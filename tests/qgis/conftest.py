"""A real QGIS with the plugin from its zip, and a granule that the command line has retrieved.

Where QGIS's Python modules are absent nothing is collected: `make test` runs these tests in an
environment of their own, on the system's Python, which QGIS uses (`make test-qgis`).

The `akkd` of the other environment (AKKD_COMMAND, else that of .venv) simulates the granule,
retrieves it for comparison, and serves as the training environment.

AKKD_QGIS_ROOT names the folder of a QGIS that is unpacked, not installed; tools/test_qgis.sh starts
the process with its libraries and modules on LD_LIBRARY_PATH and PYTHONPATH. AKKD_QGIS_VERSION says
which version the run is meant for.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
HAS_QGIS = find_spec("qgis") is not None
collect_ignore_glob = [] if HAS_QGIS else ["test_*.py"]

QGIS_ROOT = os.environ.get("AKKD_QGIS_ROOT", "")
PROCESSING = f"{QGIS_ROOT}/usr/share/qgis/python/plugins"
PROGRAMS = f"{QGIS_ROOT}/usr/bin" if QGIS_ROOT else "/usr/local/bin:/usr/bin:/bin"

_status: list[int] = []


def pytest_report_header() -> str:
    if not HAS_QGIS:
        return "QGIS: none here"
    from qgis.core import Qgis

    return f"QGIS: {Qgis.QGIS_VERSION} ({QGIS_ROOT or 'installed'})"


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    _status.append(int(exitstatus))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave at once: QGIS is known to crash while the interpreter takes itself down."""
    if "qgis.core" in sys.modules and _status:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_status[-1])


@pytest.fixture(autouse=True)
def _events_of_the_test() -> Iterator[None]:
    """Let QGIS do what a test has left to it before the next begins, as its window would."""
    yield
    if "qgis.core" in sys.modules:
        from qgis.core import QgsApplication

        if QgsApplication.instance() is not None:
            QgsApplication.processEvents()


def _command() -> list[str]:
    given = os.environ.get("AKKD_COMMAND")
    path = Path(given) if given else ROOT / ".venv" / "bin" / "akkd"
    if not path.is_file():
        pytest.skip("no akkd command beside QGIS (AKKD_COMMAND, or `make install`)")
    return [str(path)]


def _without_qgis() -> dict[str, str]:
    """This process's environment without what leads to an unpacked QGIS."""
    dropped = ("LD_LIBRARY_PATH", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if name not in dropped}


@dataclass(frozen=True)
class CommandLine:
    """The akkd command of the other environment."""

    words: list[str]

    def __call__(self, *words: str | Path) -> str:
        """Run it; returns what it printed."""
        run = subprocess.run(
            [*self.words, *map(str, words)], capture_output=True, text=True,
            env={**_without_qgis(), "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        return run.stdout


@pytest.fixture(scope="session")
def akkd() -> CommandLine:
    return CommandLine(_command())


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("qgis")


@pytest.fixture(scope="session")
def plugins(work: Path) -> Path:
    """Folder of plugins that holds ours, unpacked from its zip."""
    # In a process of its own: here akkd_core must be the zip's.
    tool = ROOT / "tools" / "package_plugin.py"
    subprocess.run([sys.executable, str(tool), str(work / "akkd.zip")], check=True)
    with zipfile.ZipFile(work / "akkd.zip") as archive:
        archive.extractall(work / "plugins")
    return work / "plugins"


@pytest.fixture(scope="session")
def granule(work: Path, akkd: CommandLine) -> Path:
    """A simulated granule of 60 x 70 pixels."""
    path = work / "GRANULE.hdf"
    akkd("simulate", "granule", path, "--truth", work / "truth.tif", "--rows", "60", "--cols",
         "70", "--seed", "7", "--land-cover", "crops", "--tcwv", "20")  # fmt: skip
    return path


@pytest.fixture(scope="session")
def truth(granule: Path) -> Path:
    return granule.with_name("truth.tif")


@pytest.fixture(scope="session")
def product(granule: Path, akkd: CommandLine, work: Path) -> Path:
    """Folder of the product that the command line made of it."""
    akkd("retrieve", granule, "-o", work / "product")
    return work / "product"


def _environment(plugins: Path, settings: Path, path: str) -> dict[str, str]:
    runtime = settings / "runtime"
    runtime.mkdir(parents=True, exist_ok=True, mode=0o700)
    unpacked = ("LD_LIBRARY_PATH", "PYTHONPATH", "QGIS_PREFIX_PATH") if QGIS_ROOT else ()
    return {name: os.environ[name] for name in unpacked} | {
        "PATH": path, "HOME": str(settings), "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1",
        "QT_QPA_PLATFORM": "offscreen", "QGIS_PLUGINPATH": str(plugins),
        "XDG_RUNTIME_DIR": str(runtime), "QGIS_CUSTOM_CONFIG_PATH": str(settings),
    }  # fmt: skip


@dataclass(frozen=True)
class QgisProcess:
    """The real qgis_process binary with an empty profile in which only the plugin is enabled."""

    program: str
    environment: dict[str, str]

    def __call__(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        run = subprocess.run(
            [self.program, *words], capture_output=True, text=True, timeout=200,
            env=self.environment,
        )  # fmt: skip
        if check:
            assert run.returncode == 0, run.stdout + run.stderr
        return run

    def run(
        self, algorithm: str, check: bool = True, **values: object
    ) -> subprocess.CompletedProcess[str]:
        words = [
            f"{name}={one}"
            for name, value in values.items()
            for one in (value if isinstance(value, list) else [value])
        ]
        return self("run", f"akkd:{algorithm}", "--", *words, check=check)


def _empty_profile(folder: Path) -> Path:
    ini = folder / "profiles" / "default" / "QGIS" / "QGIS3.ini"
    ini.parent.mkdir(parents=True)
    ini.write_text("[PythonPlugins]\nakkd=true\n")
    return folder


def _program() -> str:
    for name in ("qgis_process.bin", "qgis_process"):
        if found := shutil.which(name, path=PROGRAMS):
            return found
    pytest.skip("no qgis_process here")


@pytest.fixture(scope="session")
def bare_process(plugins: Path, work: Path) -> QgisProcess:
    """qgis_process where no akkd is on the PATH."""
    settings = _empty_profile(work / "bare")
    return QgisProcess(_program(), _environment(plugins, settings, "/usr/bin:/bin"))


@pytest.fixture(scope="session")
def process(plugins: Path, work: Path, akkd: CommandLine) -> QgisProcess:
    """qgis_process with the training environment's akkd on the PATH, and nothing else of it."""
    tools = work / "bin"
    tools.mkdir()
    (tools / "akkd").symlink_to(akkd.words[0])
    settings = _empty_profile(work / "profile")
    return QgisProcess(_program(), _environment(plugins, settings, f"{tools}:/usr/bin:/bin"))


@pytest.fixture(scope="session")
def qgis(plugins: Path, work: Path) -> Iterator[Any]:
    """QGIS's application in this process, with Processing and the plugin."""
    for name, value in _environment(plugins, work / "here", "").items():
        if name not in ("PATH", "HOME"):
            os.environ[name] = value
    from qgis.core import QgsApplication

    application = QgsApplication([], True)
    application.initQgis()
    sys.path[:0] = [PROCESSING, str(plugins)]
    from processing.core.Processing import Processing

    Processing.initialize()
    import akkd as package

    plugin = package.classFactory(None)
    plugin.initProcessing()
    yield application
    plugin.unload()


@pytest.fixture
def training(qgis: Any, akkd: CommandLine) -> Iterator[Callable[[str], None]]:
    """Sets the training environment of the settings; the right one at first."""
    from processing.core.ProcessingConfig import ProcessingConfig

    def choose(path: str) -> None:
        ProcessingConfig.settings["AKKD_TRAINING_PYTHON"].value = path

    choose(akkd.words[0])
    yield choose
    choose("")
