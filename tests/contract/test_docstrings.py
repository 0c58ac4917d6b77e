"""Public functions and classes are documented; what handles arrays names dtype or unit."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "akkd_core").rglob("*.py"))

Documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

UNIT_OR_DTYPE = re.compile(
    r"float(?:16|32|64)?\b|u?int(?:8|16|32|64)?\b|\bbool\b|dtype|\bK\b|W m-2|kg m-2|\bum\b|hPa"
    r"|\bkm\b|ppmv|kg/kg"
    r"|\bm\b|\bdeg(?:rees)?\b|\b0-1\b|\b0 to 1\b|unit|digital number|brightness temperature"
    r"|radiance|emissivit|transmittance"
)
ARRAY = re.compile(r"NDArray|ndarray|Array\b")


def public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Documented]]:
    """Public functions, classes and their public methods, with dotted names."""
    for node in body:
        if isinstance(node, Documented) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{prefix}{node.name}.")


def handles_arrays(node: Documented) -> bool:
    """Tell whether an argument or the result of a function is annotated as an array."""
    if isinstance(node, ast.ClassDef):
        return False
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    notes = [argument.annotation for argument in arguments] + [node.returns]
    return any(note is not None and ARRAY.search(ast.unparse(note)) for note in notes)


def check(source: str) -> list[str]:
    """Names of what is not documented well enough in a module's source."""
    tree = ast.parse(source)
    problems = [] if ast.get_docstring(tree) else ["module without a docstring"]
    for name, node in public(tree.body):
        docstring = ast.get_docstring(node)
        if not docstring:
            problems.append(f"{name}: no docstring")
        elif "." not in name and handles_arrays(node) and not UNIT_OR_DTYPE.search(docstring):
            problems.append(f"{name}: handles arrays, names neither dtype nor unit")
    return problems


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings(path: Path) -> None:
    assert check(path.read_text()) == []


def test_check_finds_what_is_missing() -> None:
    source = '''"""Module."""
def quiet(): ...
class Loud:
    """Documented."""
    def method(self): ...
def vague(values: NDArray[np.float32]) -> float:
    """Do something."""
def clear(values: NDArray[np.float32]) -> float:
    """Mean of float32 values, K."""
'''
    assert check(source) == [
        "quiet: no docstring",
        "Loud.method: no docstring",
        "vague: handles arrays, names neither dtype nor unit",
    ]
