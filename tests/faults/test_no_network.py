"""Nothing is fetched unasked: commands run in a process that ends where a network is asked for."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from akkd_core.operations.catalogue import find_operation
from akkd_core.progress import SilentProgress
from tests.builders import command

GUARD = """
import ctypes, struct, sys

# A filter of the kernel's (seccomp): socket() of IPv4 or IPv6 kills the process, from Python as
# from any library. Numbers of linux/seccomp.h, linux/filter.h and x86_64's system calls.
KILL, ALLOW = 0x80000000, 0x7FFF0000
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
SOCKET, INET, INET6 = 41, 2, 10
program = b"".join(struct.pack("<HBBI", *step) for step in [
    (LOAD, 0, 0, 0), (EQUAL, 0, 4, SOCKET),
    (LOAD, 0, 0, 16), (EQUAL, 1, 0, INET), (EQUAL, 0, 1, INET6),
    (RETURN, 0, 0, KILL), (RETURN, 0, 0, ALLOW),
])
steps = ctypes.create_string_buffer(program, len(program))
head = struct.pack("<HxxxxxxQ", len(program) // 8, ctypes.addressof(steps))
libc = ctypes.CDLL(None, use_errno=True)
NO_NEW_PRIVILEGES, SECCOMP, FILTER = 38, 22, 2
assert libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
if libc.prctl(SECCOMP, FILTER, ctypes.create_string_buffer(head, 16), 0, 0) != 0:
    sys.exit(99)
"""
KILLED, NOT_ALLOWED = -31, 99

COMMANDS = """
import os
from akkd_cli.main import cli

scene, truth, out, *more = sys.argv[1:]
quick = [["retrieve", scene, "-o", out], ["doctor"]]
others = [
    ["info", out],
    ["models"],
    ["preprocess", scene, "-o", out + "-p"],
    ["validate", "truth", out, "--truth", truth, "-o", out + "-r"],
    ["tes", scene, "-o", out + "-t", "--atmosphere", "tcwv=20"],
]
for words in quick + others * bool(more):
    code = cli.main(words, standalone_mode=False)
    assert not code, (words, code)
print("all done")
"""


def guarded(script: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("the guard is written for Linux on x86_64")
    environment = command.environment()
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    run = subprocess.run(
        [sys.executable, "-c", GUARD + script, *map(str, words)],
        capture_output=True, text=True, env=environment,
    )  # fmt: skip
    if run.returncode == NOT_ALLOWED:
        pytest.skip("this kernel takes no filter")
    return run


@pytest.mark.parametrize(
    "attempt",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9), 1)",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9/', timeout=1)",
    ],
)
def test_the_guard_sees_an_attempt(attempt: str) -> None:
    assert guarded(f"\ntry:\n    {attempt}\nexcept OSError:\n    pass\n").returncode == KILLED
    assert guarded("import socket; socket.socketpair(); print('local')").stdout == "local\n"


def test_onnxruntime_is_imported_in_one_place(repo_root: Path) -> None:
    """Where its telemetry, which is on by default from 1.29 on, is turned off before."""
    importing = re.compile(r"^\s*(import|from) onnxruntime|import_module\(.onnxruntime", re.M)
    sources = [
        path
        for folder in ("akkd_core", "cli", "qgis_plugin", "benchmarks", "tools")
        for path in (repo_root / folder).rglob("*.py")
    ]
    found = [path.name for path in sources if importing.search(path.read_text(encoding="utf-8"))]
    assert found == ["onnx_import.py"]


@pytest.mark.parametrize("more", [(), pytest.param(("all",), marks=pytest.mark.slow)])
def test_commands_ask_for_no_network(
    more: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyhdf")
    monkeypatch.setenv("AKKD_MODELS", str(tmp_path / "models"))
    scene, truth = tmp_path / "s.hdf", tmp_path / "truth.tif"
    operation = find_operation("simulate granule")
    values = {parameter.name: parameter.default for parameter in operation.parameters}
    values |= {"output": str(scene), "truth": str(truth), "rows": 40, "cols": 30, "seed": 1}
    operation.load_runner()(progress=SilentProgress(), **values)
    run = guarded(COMMANDS, scene, truth, tmp_path / "out", *more)
    assert run.returncode == 0, (run.returncode, run.stderr)
    assert run.stdout.endswith("all done\n")
