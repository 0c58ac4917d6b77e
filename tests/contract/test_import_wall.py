"""Help is instant and imports nothing heavy; retrieval does without each package, or says so."""

from __future__ import annotations

import resource
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from akkd_core.inference.product import is_complete
from tests.builders import command
from tests.builders.command import akkd

HEAVY = (
    "numpy", "scipy", "rasterio", "pyproj", "osgeo", "h5py", "pyhdf", "onnxruntime", "tensorflow",
    "keras", "matplotlib",
)  # fmt: skip
HELP_SECONDS = 0.3


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    pytest.importorskip("pyhdf")
    folder = tmp_path_factory.mktemp("inputs")
    return command.granule(folder / "G.hdf"), command.bundle(folder / "bundle")


@pytest.mark.parametrize("words", [["--help"], ["retrieve", "--help"], ["simulate", "--help"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys\n"
        "from akkd_cli.main import cli\n"
        f"try: cli.main({words!r})\n"
        "except SystemExit as e: assert not e.code, e.code\n"
        f"found = sorted(set({HEAVY!r}) & set(sys.modules))\n"
        "assert not found, found\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], env=command.environment(), capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr


def test_help_is_instant() -> None:
    """Processor time, the best of three, so that a busy machine doesn't fail it."""
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert akkd("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(
            after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        )
    assert min(seconds) < HELP_SECONDS


@pytest.mark.parametrize(
    "shadowed",
    [("tensorflow", "keras", "h5py"), ("rasterio",), ("pyproj",), ("onnxruntime",), ("pyhdf",)],
    ids="+".join,
)
def test_retrieval_without(
    shadowed: tuple[str, ...], inputs: tuple[Path, Path], tmp_path: Path
) -> None:
    for words in (("--help",), ("retrieve", "--help"), ("info", "--help")):
        assert akkd(*words, shadowed=shadowed).returncode == 0
    scene, bundle = inputs
    run = akkd("retrieve", scene, "-m", bundle, "-o", tmp_path, shadowed=shadowed)
    remedy = {"rasterio": "pip install rasterio", "pyhdf": "pyhdf"}.get(shadowed[0])
    # GDAL stands in for either; for HDF4 also the system's, in a child process.
    if remedy is not None and run.returncode == 3:
        assert shadowed[0] == "pyhdf" or find_spec("osgeo") is None
        (line,) = run.stderr.strip().splitlines()
        assert line.startswith("error: ") and remedy in line
    else:
        assert run.returncode == 0, run.stderr
        assert is_complete("G", tmp_path)


@pytest.mark.parametrize("runtime", ["onnxruntime", "tensorflow"])
def test_a_runtime_that_is_missing_is_named(runtime: str, inputs: tuple[Path, Path]) -> None:
    scene, bundle = inputs
    run = akkd("retrieve", scene, "-m", bundle, "--runtime", runtime, shadowed=(runtime,))
    assert run.returncode == 3
    (line,) = run.stderr.strip().splitlines()
    assert line.startswith("error: ") and runtime in line and "pip install" in line


def test_without_any_raster_library_the_remedy_is_named(
    inputs: tuple[Path, Path], tmp_path: Path
) -> None:
    if find_spec("osgeo") is not None:
        pytest.skip("osgeo is installed")
    scene, bundle = inputs
    run = akkd(
        "retrieve", scene, "-m", bundle, "-o", tmp_path, shadowed=("rasterio", "pyproj")
    )
    assert run.returncode == 3 and "pip install" in run.stderr
