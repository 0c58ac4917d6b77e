"""`akkd search` as a command: one line where something is missing, nothing but its own lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders.command import akkd
from tests.builders.search import options, training_set


@pytest.mark.parametrize("missing", ["tensorflow", "keras"])
def test_a_missing_package_is_one_line_with_the_remedy(missing: str, tmp_path: Path) -> None:
    data = training_set(tmp_path / "demo.npz")
    run = akkd("search", "--data", data, *options(), shadowed=(missing,))
    assert run.returncode == 3
    (line,) = run.stderr.strip().splitlines()
    assert line.startswith("error: architecture search needs TensorFlow and AutoKeras")
    assert "pip install 'akkd[train]'" in line


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--layers", "9-3"), "layers '9-3'"),
        (("--units", "32,2000"), "2000"),
        (("--activations", "sine"), "activations 'sine'"),
        (("--max-parameters", "10"), "smallest network"),
        (("--data", "none.npz"), "none.npz"),
    ],
)
def test_bad_input_is_one_line(words: tuple[str, str], text: str, tmp_path: Path) -> None:
    data = training_set(tmp_path / "demo.npz")
    run = akkd("search", tmp_path / "out", "--data", data, *words)
    assert run.returncode == 2
    (line,) = run.stderr.strip().splitlines()
    assert line.startswith("error: ") and text in line
    assert not (tmp_path / "out").exists()
